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
	"slices"
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

func TestRedfishPower(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 2}, {Name: "c", Protocol: Redfish, Model: 3}}})
	for _, b := range s.All() {
		v := visit(t, s, b)
		v.logIn()
		system := "/redfish/v1/Systems/" + b.model().system
		reset := system + "/Actions/ComputerSystem.Reset"
		info := v.want(http.StatusOK, "GET", system, nil)
		if follow(info, "Actions", "#ComputerSystem.Reset", "target") != reset {
			t.Fatalf("target is not %s: %v", reset, info["Actions"])
		}
		allowed, _ := follow(info, "Actions", "#ComputerSystem.Reset", "ResetType@Redfish.AllowableValues").([]any)
		if b.model().actionInfo {
			more := v.want(http.StatusOK, "GET", follow(info, "Actions", "#ComputerSystem.Reset", "@Redfish.ActionInfo").(string), nil)
			allowed = follow(more["Parameters"].([]any)[0], "AllowableValues").([]any)
		}
		is := func(state string) {
			t.Helper()
			until(t, state, func() bool { return v.want(http.StatusOK, "GET", system, nil)["PowerState"] == state })
		}
		for kind := range resets { // what is offered works, what is not is refused
			is("On")
			if !slices.Contains(allowed, any(kind)) {
				v.want(http.StatusBadRequest, "POST", reset, object{"ResetType": kind})
				continue
			}
			_, before := b.Booted()
			v.want(http.StatusNoContent, "POST", reset, object{"ResetType": kind})
			switch kind {
			case "ForceOff", "GracefulShutdown", "PushPowerButton":
				is("Off")
				for _, refused := range []string{"ForceRestart", "GracefulRestart", "PowerCycle", "Nmi", "GracefulShutdown"} {
					if slices.Contains(allowed, any(refused)) {
						v.want(http.StatusConflict, "POST", reset, object{"ResetType": refused})
					}
				}
				v.want(http.StatusNoContent, "POST", reset, object{"ResetType": "On"})
			case "ForceRestart", "GracefulRestart", "PowerCycle":
				until(t, "boot after "+kind, func() bool { _, n := b.Booted(); return n == before+1 })
			}
		}
		is("On")
		v.want(http.StatusBadRequest, "POST", reset, object{"ResetType": "Explode"})
		v.want(http.StatusBadRequest, "POST", reset, object{"Reset": "On"})
	}
}

// TestRedfishPowerStates: turning on and off are told while they last.
func TestRedfishPowerStates(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}}})
	for i, b := range s.All() {
		v := visit(t, s, b)
		system := "/redfish/v1/Systems/" + b.model().system
		do := func(kind string, wants ...string) {
			t.Helper()
			v.want(http.StatusNoContent, "POST", system+"/Actions/ComputerSystem.Reset", object{"ResetType": kind})
			for _, want := range wants {
				if got := v.want(http.StatusOK, "GET", system, nil)["PowerState"]; got != want {
					t.Errorf("%s: %v, want %s", kind, got, want)
				}
				clock.move(10 * time.Second)
			}
		}
		do("ForceOff", "PoweringOff", "Off")
		do("On", "PoweringOn", "On")
		do("GracefulShutdown", []string{"PoweringOff", "On"}[i], "Off")
		do("On", "PoweringOn", "On")
		b.Set(NeverSoftOff, true)
		do("GracefulShutdown", "On", "On", "On")
		do("ForceOff", "PoweringOff", "Off")
		b.Set(Stuck, true)
		do("On", "Off", "Off")
	}
}

func TestRedfishBoot(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 2}}})
	b := s.Host("a")
	v := visit(t, s, b)
	system := "/redfish/v1/Systems/System.Embedded.1"
	boot := func() string {
		t.Helper()
		o := v.want(http.StatusOK, "GET", system, nil)["Boot"].(object)
		return fmt.Sprint(o["BootSourceOverrideEnabled"], " ", o["BootSourceOverrideTarget"], " ", o["BootSourceOverrideMode"])
	}
	restart := func(from string) {
		t.Helper()
		_, n := b.Booted()
		v.want(http.StatusNoContent, "POST", system+"/Actions/ComputerSystem.Reset", object{"ResetType": "PowerCycle"})
		until(t, "the boot", func() bool { _, m := b.Booted(); return m > n })
		if got, _ := b.Booted(); got != from {
			t.Errorf("booted from %s, want %s", got, from)
		}
	}
	set := func(want string, o object) {
		t.Helper()
		v.want(http.StatusNoContent, "PATCH", system, object{"Boot": o})
		if got := boot(); got != want {
			t.Errorf("%v became %q, want %q", o, got, want)
		}
	}
	if got := boot(); got != "Disabled None Legacy" {
		t.Errorf("at first %q", got)
	}
	set("Once Pxe UEFI", object{"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once", "BootSourceOverrideMode": "UEFI"})
	restart("pxe")
	if got := boot(); !strings.HasPrefix(got, "Disabled None") {
		t.Errorf("after the boot %q", got)
	}
	restart("disk")
	set("Continuous BiosSetup Legacy", object{"BootSourceOverrideTarget": "BiosSetup", "BootSourceOverrideEnabled": "Continuous", "BootSourceOverrideMode": "Legacy"})
	restart("bios")
	restart("bios")
	set("Disabled None Legacy", object{"BootSourceOverrideEnabled": "Disabled"})
	restart("disk")
	for _, bad := range []object{{"BootSourceOverrideTarget": "Moon"}, {"BootSourceOverrideEnabled": "Twice"}, {"BootSourceOverrideMode": 1}, {"Device": "Pxe"}} {
		v.want(http.StatusBadRequest, "PATCH", system, object{"Boot": bad})
	}
}

func TestRedfishLight(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}}})
	v := visit(t, s, s.Host("a"))
	v.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Blinking"})
	if got := v.want(http.StatusOK, "GET", "/redfish/v1/Systems/1", nil)["IndicatorLED"]; got != "Blinking" {
		t.Errorf("the light is %v", got)
	}
	v.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Off"})
	v.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Green"})
	v.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/1", object{"LocationIndicatorActive": true})
	w := visit(t, s, s.Host("b"))
	w.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/system", object{"LocationIndicatorActive": true})
	if got := w.want(http.StatusOK, "GET", "/redfish/v1/Systems/system", nil)["LocationIndicatorActive"]; got != true {
		t.Errorf("the light is %v", got)
	}
	w.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/system", object{"IndicatorLED": "Lit"})
}

// TestRedfishLog reads a long log page by page, oldest or newest first, and
// clears it.
func TestRedfishLog(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1, Events: 130}, {Name: "b", Protocol: Redfish, Model: 2, Events: 130}, {Name: "c", Protocol: Redfish, Model: 3, Events: 20, Clockless: true}}})
	for b, log := range map[*BMC]string{
		s.Host("a"): "/redfish/v1/Managers/1/LogServices/SEL",
		s.Host("b"): "/redfish/v1/Managers/BMC.Embedded.1/LogServices/SEL",
		s.Host("c"): "/redfish/v1/Systems/system/LogServices/SEL",
	} {
		v := visit(t, s, b)
		v.logIn()
		var all []object
		for path := log + "/Entries"; path != ""; {
			page := v.want(http.StatusOK, "GET", path, nil)
			for _, m := range page["Members"].([]any) {
				all = append(all, m.(object))
			}
			path, _ = page["Members@odata.nextLink"].(string)
		}
		if len(all) < b.spec.Events {
			t.Fatalf("%s: %d entries", b.Name(), len(all))
		}
		newest := all[len(all)-1]
		if b.model().newestFirst {
			newest = all[0]
		}
		if newest["Id"] != fmt.Sprint(len(all)) || newest["Message"] == "" || newest["Severity"] == "" {
			t.Errorf("%s: newest is %v", b.Name(), newest)
		}
		at, err := time.Parse(time.RFC3339, newest["Created"].(string))
		if err != nil || (at.Year() == 1970) != b.spec.Clockless {
			t.Errorf("%s: date %v: %v", b.Name(), newest["Created"], err)
		}
		v.want(http.StatusNoContent, "POST", log+"/Actions/LogService.ClearLog", object{})
		if got := v.want(http.StatusOK, "GET", log+"/Entries", nil)["Members"].([]any); len(got) != 1 {
			t.Errorf("%s: after clearing %v", b.Name(), got)
		}
	}
}

func TestRedfishSensors(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}, {Name: "c", Protocol: Redfish, Model: 2, Off: true}}})
	s.Host("a").Set(FanFault, true)
	s.Host("a").Set(SupplyFault, true)
	v := visit(t, s, s.Host("a"))
	thermal := v.want(http.StatusOK, "GET", "/redfish/v1/Chassis/1/Thermal", nil)
	fans := thermal["Fans"].([]any)
	if len(fans) != 4 || follow(fans[2], "Reading") != 0.0 || follow(fans[2], "Status", "Health") != "Critical" || follow(fans[0], "Status", "Health") != "OK" {
		t.Errorf("fans are %v", fans)
	}
	if got := thermal["Temperatures"].([]any); len(got) != 4 || follow(got[2], "ReadingCelsius").(float64) < 40 {
		t.Errorf("temperatures are %v", got)
	}
	power := v.want(http.StatusOK, "GET", "/redfish/v1/Chassis/1/Power", nil)
	if w := follow(power["PowerControl"].([]any)[0], "PowerConsumedWatts").(float64); w < 100 || w > 500 {
		t.Errorf("draws %v W", w)
	}
	if got := follow(power["PowerSupplies"].([]any)[1], "Status", "Health"); got != "Critical" {
		t.Errorf("the failed supply is %v", got)
	}
	if got := follow(v.want(http.StatusOK, "GET", "/redfish/v1/Systems/1", nil), "Status", "Health"); got != "Critical" {
		t.Errorf("the system is %v", got)
	}
	w := visit(t, s, s.Host("b"))
	if got := w.want(http.StatusOK, "GET", "/redfish/v1/Chassis/chassis/Sensors?$expand=.($levels=1)", nil)["Members"].([]any); len(got) != len(sensors) || follow(got[2], "ReadingUnits") != "Cel" {
		t.Errorf("sensors are %v", got)
	}
	w.want(http.StatusNotFound, "GET", "/redfish/v1/Chassis/chassis/Thermal", nil)
	off := visit(t, s, s.Host("c")).want(http.StatusOK, "GET", "/redfish/v1/Chassis/System.Embedded.1/Thermal", nil)
	if fan := off["Fans"].([]any)[0]; follow(fan, "Reading") != nil || follow(fan, "Status", "State") != "UnavailableOffline" {
		t.Errorf("a fan of a host that is off: %v", fan)
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
