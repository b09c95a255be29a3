package swift

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// checkObject writes an object, reads it back and deletes it.
func checkObject(ctx context.Context, c *Cluster, policy string) (o TestObject, put, get, del time.Duration, err error) {
	o = NewTestObject(policy)
	if put, err = c.WriteTest(ctx, o); err == nil {
		get, err = c.ReadTest(ctx, o)
	}
	del, left := c.DeleteTest(ctx, o)
	return o, put, get, del, cmp.Or(err, left)
}

func TestTestObject(t *testing.T) {
	w := newWorld(t, small())
	o, put, get, del, err := checkObject(t.Context(), w.Cluster, "")
	if err != nil {
		t.Fatal(err)
	}
	if o.Container != "ringside-health" || put <= 0 || get <= 0 || del <= 0 {
		t.Errorf("%+v %v %v %v", o, put, get, del)
	}
	if left := w.lab.Objects("ringside-health"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if o, _, _, _, err := checkObject(t.Context(), w.Cluster, "archive"); err != nil || o.Container != "ringside-health-archive" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := w.WriteTest(t.Context(), NewTestObject("bronze")); TroubleOf(err) != Rejected {
		t.Errorf("a policy that does not exist: %v", err)
	}
	has := func(want bool) {
		t.Helper()
		if there, err := w.HasTest(t.Context(), o); there != want || err != nil {
			t.Errorf("it is there: %v, %v", there, err)
		}
	}
	has(false)
	if _, err := w.WriteTest(t.Context(), o); err != nil {
		t.Error(err)
	}
	has(true)
	w.lab.Garble(true)
	has(true)
	if _, err := w.ReadTest(t.Context(), o); TroubleOf(err) != Garbled || !strings.Contains(err.Error(), "what came back is not what was written") {
		t.Errorf("%v", err)
	}
	w.lab.Garble(false)
	for range 2 { // also when it is gone already
		if _, err := w.DeleteTest(t.Context(), o); err != nil {
			t.Error(err)
		}
		has(false)
	}
	w.lab.FailAPI(http.StatusServiceUnavailable)
	for what, err := range map[string]error{"write": second(w.WriteTest(t.Context(), o)), "read": second(w.ReadTest(t.Context(), o)), "delete": second(w.DeleteTest(t.Context(), o)),
		"look": second(w.HasTest(t.Context(), o))} {
		if TroubleOf(err) != Rejected || !strings.Contains(err.Error(), "503") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A refused token is replaced, once for each refusal and not before.
func TestLoginAgain(t *testing.T) {
	w := newWorld(t, small())
	for range 3 {
		if _, err := w.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.lab.Logins(); n != 1 {
		t.Errorf("%d logins for three questions", n)
	}
	w.lab.Forget()
	if _, err := w.Ping(t.Context()); err != nil || w.lab.Logins() != 2 {
		t.Errorf("%v, %d logins", err, w.lab.Logins())
	}
	list, err := w.Containers(t.Context(), "images", 2)
	if err != nil || len(list) != 2 || list[0] != (ContainerTotals{"logs-2026", 9_120_004, 55 << 40}) {
		t.Errorf("%v, %v", list, err)
	}
}

// The key is in no error, and a wrong one is not tried again at once.
func TestWrongKey(t *testing.T) {
	w := newWorld(t, small())
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.fleet.Credentials["lab-swift"] = fleet.Credential{Name: "lab-swift", Username: "admin:admin", Password: fleet.Secret{File: path}}
	c := New(w.fleet, w.spec)
	_, err := c.Ping(t.Context())
	if TroubleOf(err) != BadLogin || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	w.fleet.Credentials["lab-swift"] = fleet.Credential{Name: "lab-swift", Username: "admin:admin", Password: fleet.Secret{Env: "RINGSIDE_NO_SUCH_VARIABLE"}}
	if _, err := New(w.fleet, w.spec).Ping(t.Context()); TroubleOf(err) != NoSecret {
		t.Errorf("%v", err)
	}
	spec := w.spec
	spec.Auth = nil
	c = New(w.fleet, spec)
	if a, err := c.Ping(t.Context()); err != nil || a.Account != "" || len(a.Policies) != 2 || a.Totals.Known() {
		t.Errorf("without a login: %+v, %v", a, err)
	}
	if _, err := c.WriteTest(t.Context(), NewTestObject("")); TroubleOf(err) != BadLogin {
		t.Errorf("%v", err)
	}
}

// TestKeystone logs in as clouds.yaml says, against a Keystone that knows one user.
func TestKeystone(t *testing.T) {
	w := newWorld(t, small())
	logins := 0
	var keystone *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/auth/tokens", func(rw http.ResponseWriter, r *http.Request) {
		var q struct {
			Auth struct {
				Identity struct {
					Password struct {
						User struct{ Name, Password string }
					}
				}
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		if u := q.Auth.Identity.Password.User; u.Name != "oncall" || u.Password != "hunter2" {
			http.Error(rw, `{"error":{"code":401,"message":"The request you have made requires authentication."}}`, http.StatusUnauthorized)
			return
		}
		logins++
		// The lab's proxy knows no Keystone: it gets a token of its own.
		req, _ := http.NewRequest("GET", w.spec.Proxies[0]+"/auth/v1.0", nil)
		req.Header.Set("X-Auth-User", "admin:admin")
		key, _ := os.ReadFile(filepath.Join(w.lab.Dir(), "key"))
		req.Header.Set("X-Auth-Key", strings.TrimSpace(string(key)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		res.Body.Close()
		rw.Header().Set("X-Subject-Token", res.Header.Get("X-Auth-Token"))
		rw.WriteHeader(http.StatusCreated)
		fmt.Fprintf(rw, `{"token":{"expires_at":%q,"catalog":[{"type":"object-store","name":"swift","endpoints":[{"interface":"public","region":"tokyo","region_id":"tokyo","url":%q}]}]}}`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339), w.spec.Proxies[0]+"/v1/AUTH_admin")
	})
	keystone = httptest.NewServer(mux)
	t.Cleanup(keystone.Close)
	clouds := func(password string) {
		path := filepath.Join(t.TempDir(), "clouds.yaml")
		text := fmt.Sprintf("clouds:\n  arch:\n    region_name: tokyo\n    auth: {auth_url: %q, username: oncall, password: %q, project_name: ops, user_domain_name: Default, project_domain_name: Default}\n", keystone.URL+"/v3", password)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("OS_CLIENT_CONFIG_FILE", path)
	}
	spec := w.spec
	spec.Proxies, spec.Auth = nil, &fleet.SwiftAuth{Cloud: "arch"}

	clouds("hunter2")
	c := New(w.fleet, spec)
	a, err := c.Ping(t.Context())
	if err != nil || a.Account != "AUTH_admin" || a.Login != "cloud arch" || a.URL != w.spec.Proxies[0] || a.Version != "2.33.0" || logins != 1 {
		t.Fatalf("%+v, %v, %d logins", a, err, logins)
	}
	w.lab.Forget()
	if _, err := c.WriteTest(t.Context(), NewTestObject("")); err != nil || logins != 2 {
		t.Errorf("%v, %d logins", err, logins)
	}
	clouds("wrong")
	if _, err := New(w.fleet, spec).Ping(t.Context()); TroubleOf(err) != BadLogin || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v", err)
	}
	spec.Auth = &fleet.SwiftAuth{Cloud: "archive"}
	if _, err := New(w.fleet, spec).Ping(t.Context()); TroubleOf(err) != NoSecret || !strings.Contains(err.Error(), `"archive" not found`) {
		t.Errorf("%v", err)
	}
}

func TestInsecure(t *testing.T) {
	f := &fleet.Fleet{}
	for _, c := range []struct {
		url  string
		skip bool
		want string
	}{
		{"http://proxy.example:8080", false, "plain HTTP"},
		{"http://127.0.0.1:8080", false, ""},
		{"http://localhost:8080", false, ""},
		{"https://proxy.example", false, ""},
		{"https://proxy.example", true, "the certificate is not checked"},
	} {
		spec := fleet.Cluster{Name: "a", Proxies: []string{c.url}, Auth: &fleet.SwiftAuth{TempAuth: "x"}, TLS: &fleet.TLS{SkipVerify: c.skip}}
		if got := New(f, spec).api.session.insecure(c.url); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q", c.url, got)
		}
	}
}

// TLS to the proxy: the authority of the configuration is trusted, a stranger is not.
func TestProxyTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/info" {
			fmt.Fprint(w, `{"swift":{"version":"2.33.0","policies":[{"name":"gold","default":true}]}}`)
			return
		}
		fmt.Fprint(w, "OK")
	}))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pemOf(s.Certificate().Raw), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		tls  *fleet.TLS
		want Trouble
	}{
		"trusted":  {&fleet.TLS{CA: ca}, ""},
		"stranger": {nil, BadTLS},
		"skipped":  {&fleet.TLS{SkipVerify: true}, ""},
		"no file":  {&fleet.TLS{CA: ca + "x"}, BadTLS},
		"no PEM":   {&fleet.TLS{CA: "api_test.go"}, BadTLS},
	} {
		_, err := New(&fleet.Fleet{}, fleet.Cluster{Name: "a", Proxies: []string{s.URL}, TLS: c.tls}).Ping(t.Context())
		if TroubleOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSSH fetches rings through a program that stands for ssh: it runs the command
// here, and fails as the test says.
func TestSSH(t *testing.T) {
	w := newWorld(t, small())
	dir := t.TempDir()
	script := filepath.Join(dir, "ssh")
	log := filepath.Join(dir, "log")
	body := "#!/bin/sh\necho \"$*\" >>" + log + "\n[ -s " + dir + "/say ] && { cat " + dir + "/say >&2; exit 255; }\neval \"last=\\${$#}\"\nexec sh -c \"$last\"\n"
	if err := os.WriteFile(script, []byte(body), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RINGSIDE_SSH", script)
	spec := w.spec
	spec.Rings.SSH = "ops@sw001:2222"
	c := New(w.fleet, spec)
	w.Cluster = c
	o := w.sweep()
	if len(o.Policies) != 4 || o.Rings.From != "ops@sw001:2222:"+w.lab.Dir() || o.Rings.Conf == nil || o.Rings.ConfMD5 == "" || o.Rings.Changed["object"].IsZero() || !allUp(o) {
		t.Fatalf("%+v %v", o.Rings, o.NodeCount())
	}
	said, _ := os.ReadFile(log)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "-T -o BatchMode=yes ") || !strings.Contains(lines[0], " -l ops -p 2222 -- sw001 cd -- '") {
		t.Errorf("%d calls:\n%s", len(lines), said)
	}
	for range 2 { // at the second nothing has changed: one list and no fetch
		if err := c.rings.update(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if said, _ := os.ReadFile(log); strings.Count(string(said), "\n") != 2+2+1 {
		t.Errorf("calls:\n%s", said)
	}

	for text, want := range map[string]string{
		"ops@sw001: Permission denied (publickey).\n":         "ssh: sw001 does not let us in",
		"Host key verification failed.\r\n":                   "the host key of sw001 is not known",
		"kex_exchange_identification: \x1b[31mred\x1b[0m\r\n": "ssh to sw001: kex_exchange_identification: red",
	} {
		if err := os.WriteFile(dir+"/say", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := New(w.fleet, spec).Sweep(t.Context(), func(fleet.Reading) {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := os.Remove(dir + "/say"); err != nil {
		t.Fatal(err)
	}
	spec.Rings.Path = "/nowhere/it's"
	if err := New(w.fleet, spec).Sweep(t.Context(), func(fleet.Reading) {}); err == nil || !strings.Contains(err.Error(), "does not exist there") {
		t.Errorf("%v", err)
	}
}

func TestDiscover(t *testing.T) {
	w := newWorld(t, small())
	env := map[string]string{}
	getenv := func(name string) string { return env[name] }
	got := Discover(w.lab.Dir(), getenv)
	if len(got) != 1 || got[0].Name != "swift" || got[0].Rings.Path != w.lab.Dir() || got[0].Origin != w.lab.Dir() || got[0].Auth != nil {
		t.Errorf("%+v", got)
	}
	env["OS_CLOUD"] = "archive"
	if got := Discover(w.lab.Dir(), getenv); got[0].Auth == nil || got[0].Auth.Cloud != "archive" {
		t.Errorf("%+v", got)
	}
	if got := Discover(t.TempDir(), getenv); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCompareNodes(t *testing.T) {
	list := []string{"db", "10.0.0.10", "[::1]:6200", "10.0.0.9", "10.0.0.9:6210", "::1", "alpha"}
	slices.SortFunc(list, compareNodes)
	if got := strings.Join(list, " "); got != "10.0.0.9 10.0.0.9:6210 10.0.0.10 ::1 [::1]:6200 alpha db" {
		t.Error(got)
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
