package bmc

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// visitor is a Redfish client that knows nothing of this package.
type visitor struct {
	*testing.T
	http        *http.Client
	base, token string
	user, pass  string // basic authentication when there is no token
}

func visit(t *testing.T, s *BMCs, b *BMC) *visitor {
	t.Helper()
	h := b.host().BMC
	ca, err := os.ReadFile(h.TLS.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("no certificate in %s", h.TLS.CA)
	}
	secret, err := s.Credentials()[Credential].Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(tr.CloseIdleConnections)
	return &visitor{T: t, http: &http.Client{Transport: tr, Timeout: 20 * time.Second}, base: fmt.Sprintf("https://%s:%d", h.Address, h.Port), user: Username, pass: secret}
}

// ask sends a request; the answer's body is empty or JSON.
func (v *visitor) ask(method, path string, body any) (*http.Response, object, error) {
	v.Helper()
	var r io.Reader
	if body != nil {
		p, err := json.Marshal(body)
		if err != nil {
			v.Fatal(err)
		}
		r = bytes.NewReader(p)
	}
	req, err := http.NewRequestWithContext(v.Context(), method, v.base+path, r)
	if err != nil {
		v.Fatal(err)
	}
	switch {
	case v.token != "":
		req.Header.Set("X-Auth-Token", v.token)
	case v.user != "":
		req.SetBasicAuth(v.user, v.pass)
	}
	res, err := v.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, err
	}
	var out object
	if len(p) > 0 {
		if err := json.Unmarshal(p, &out); err != nil {
			v.Fatalf("%s %s: %v: %s", method, path, err, p)
		}
		if got := res.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			v.Errorf("%s %s: content type %q", method, path, got)
		}
	}
	if got := res.Header.Get("OData-Version"); got != "4.0" {
		v.Errorf("%s %s: OData-Version %q", method, path, got)
	}
	return res, out, nil
}

// want sends a request that must have this status.
func (v *visitor) want(status int, method, path string, body any) object {
	v.Helper()
	res, out, err := v.ask(method, path, body)
	if err != nil {
		v.Fatalf("%s %s: %v", method, path, err)
	}
	if res.StatusCode != status {
		v.Fatalf("%s %s: status %d, want %d: %v", method, path, res.StatusCode, status, out)
	}
	if status >= 400 {
		e, _ := out["error"].(object)
		if e == nil || !strings.HasPrefix(fmt.Sprint(e["code"]), "Base.") || e["message"] == "" || e["@Message.ExtendedInfo"] == nil {
			v.Errorf("%s %s: no Redfish error: %v", method, path, out)
		}
	}
	return out
}

// logIn opens a session and returns its path.
func (v *visitor) logIn() string {
	v.Helper()
	res, out, err := v.ask("POST", "/redfish/v1/SessionService/Sessions", object{"UserName": v.user, "Password": v.pass})
	if err != nil || res.StatusCode != http.StatusCreated {
		v.Fatalf("log in: %v, %v", out, err)
	}
	v.token = res.Header.Get("X-Auth-Token")
	if v.token == "" || out["@odata.id"] != res.Header.Get("Location") {
		v.Fatalf("session without token or place: %v, %v", res.Header, out)
	}
	return res.Header.Get("Location")
}

// follow finds a value behind keys.
func follow(v any, keys ...string) any {
	for _, k := range keys {
		o, _ := v.(object)
		v = o[k]
	}
	return v
}

// TestRedfishIsWhole walks from the root along every link (DSP0266 sections 6.5,
// 8.2 and 9.5): each leads to a resource that says the same of itself.
func TestRedfishIsWhole(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 2}, {Name: "c", Protocol: Redfish, Model: 3, Events: 120}}})
	for _, b := range s.All() {
		v := visit(t, s, b)
		v.logIn()
		seen := map[string]bool{}
		queue := []string{"/redfish/v1/"}
		var links func(x any)
		links = func(x any) {
			switch x := x.(type) {
			case object:
				for k, w := range x {
					if path, ok := w.(string); ok && (k == "@odata.id" || k == "@Redfish.ActionInfo" || strings.HasSuffix(k, "nextLink")) && !strings.Contains(path, "#") && !seen[path] {
						seen[path] = true
						queue = append(queue, path)
					}
					links(w)
				}
			case []any:
				for _, w := range x {
					links(w)
				}
			}
		}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			r := v.want(http.StatusOK, "GET", path, nil)
			if bare, _, _ := strings.Cut(path, "?"); r["@odata.id"] != bare || !strings.HasPrefix(fmt.Sprint(r["@odata.type"]), "#") || r["Name"] == nil {
				t.Errorf("%s says of itself: %v %v %v", path, r["@odata.id"], r["@odata.type"], r["Name"])
			}
			if m, ok := r["Members"].([]any); ok {
				if n := r["Members@odata.count"]; n == nil || int(n.(float64)) < len(m) {
					t.Errorf("%s: %v members, has %d", path, n, len(m))
				}
			} else if r["Id"] == nil {
				t.Errorf("%s has no Id", path)
			}
			links(r)
		}
		if len(seen) < 15 {
			t.Errorf("%s: only %d resources", b.Name(), len(seen))
		}
		v.want(http.StatusNotFound, "GET", "/redfish/v1/Systems/elsewhere", nil)
		v.want(http.StatusNotFound, "GET", "/redfish/v1/Nothing", nil)
	}
}

func TestRedfishSessions(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish}}})
	b := s.Host("a")
	v := visit(t, s, b)
	system := "/redfish/v1/Systems/" + b.model().system

	stranger := *v
	stranger.user = ""
	stranger.want(http.StatusUnauthorized, "GET", system, nil)
	stranger.want(http.StatusUnauthorized, "GET", "/redfish/v1/Nothing", nil)
	stranger.want(http.StatusOK, "GET", "/redfish/v1/", nil)
	stranger.want(http.StatusUnauthorized, "POST", "/redfish/v1/SessionService/Sessions", object{"UserName": Username, "Password": "wrong"})
	stranger.token = "forged"
	stranger.want(http.StatusUnauthorized, "GET", system, nil)

	var places []string
	for range 4 {
		places = append(places, v.logIn())
	}
	c := b.Counters()
	if c.Opened != 4 || c.Open != 4 || c.Closed != 0 {
		t.Errorf("four sessions: %+v", c)
	}
	// The fifth finds no slot, and neither does a name and password without one.
	other := *v
	other.token = ""
	other.want(http.StatusServiceUnavailable, "POST", "/redfish/v1/SessionService/Sessions", object{"UserName": v.user, "Password": v.pass})
	other.want(http.StatusServiceUnavailable, "GET", system, nil)
	v.want(http.StatusOK, "GET", system, nil)
	for _, p := range places {
		v.want(http.StatusNoContent, "DELETE", p, nil)
		if p != places[3] {
			v.want(http.StatusNotFound, "DELETE", p, nil)
		}
	}
	v.want(http.StatusUnauthorized, "GET", system, nil) // its session was the last to go
	other.want(http.StatusOK, "GET", system, nil)
	if c := b.Counters(); c.Opened != 4 || c.Closed != 4 || c.Open != 0 || c.Lost != 0 {
		t.Errorf("after closing: %+v", c)
	}
	if n := b.Counters().Commands["GET /redfish/v1/Systems/{system}"]; n != 6 {
		t.Errorf("the system was asked for %d times", n)
	}
}

// TestRedfishFaults: each fault is another failure, and goes.
func TestRedfishFaults(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}}})
	b := s.Host("a")
	v := visit(t, s, b)
	fails := func(is func(error) bool) {
		t.Helper()
		if _, _, err := v.ask("GET", "/redfish/v1/Systems/1", nil); err == nil || !is(err) {
			t.Errorf("the error is %v", err)
		}
	}
	well := func() {
		t.Helper()
		v.want(http.StatusOK, "GET", "/redfish/v1/Systems/1", nil)
	}
	well()
	v.http.Timeout = 300 * time.Millisecond
	b.Set(Silent, true)
	fails(os.IsTimeout) // on the connection that is open
	v.http.CloseIdleConnections()
	fails(os.IsTimeout) // while shaking hands
	v.http.Timeout = 20 * time.Second
	b.Set(Silent, false)
	well()

	b.Set(Refused, true)
	fails(func(err error) bool {
		return errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "refused")
	})
	b.Set(Refused, false)
	well()

	b.Set(UnknownCA, true)
	fails(func(err error) bool { var u x509.UnknownAuthorityError; return errors.As(err, &u) })
	b.Set(UnknownCA, false)
	well()

	v.logIn()
	b.Set(SessionsFull, true)
	v.want(http.StatusUnauthorized, "GET", "/redfish/v1/Systems/1", nil)
	v.token = ""
	v.want(http.StatusServiceUnavailable, "POST", "/redfish/v1/SessionService/Sessions", object{"UserName": v.user, "Password": v.pass})
	b.Set(SessionsFull, false)
	well()

	b.Set(WrongPassword, true)
	v.want(http.StatusUnauthorized, "GET", "/redfish/v1/Systems/1", nil)
	b.Set(WrongPassword, false)
	well()

	b.Set(Starting, true)
	v.want(http.StatusServiceUnavailable, "GET", "/redfish/v1/Systems/1", nil)
	b.Set(Starting, false)
	well()

	b.Slow(200 * time.Millisecond)
	began := time.Now()
	well()
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("a slow BMC took %v", took)
	}
	b.Slow(0)

	v.logIn()
	v.want(http.StatusNoContent, "POST", "/redfish/v1/Managers/1/Actions/Manager.Reset", object{"ResetType": "GracefulRestart"})
	v.token = ""
	until(t, "the BMC is back", func() bool {
		res, _, err := v.ask("GET", "/redfish/v1/Systems/1", nil)
		if err != nil || res.StatusCode == http.StatusOK {
			return err == nil
		}
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("while it restarts: %v", res.Status)
		}
		return false
	})
	if c := b.Counters(); c.Lost != 2 || c.Open != 0 || b.Power() != "On" {
		t.Errorf("after the restart: %+v, power %s", c, b.Power())
	}
}
