package bmc

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"ringside/backends/fleet"
)

type object = map[string]any

// fake is a Redfish service made of resources by path, for what the lab's makes
// do not do.
type fake struct {
	*httptest.Server
	host fleet.Host

	mu       sync.Mutex
	tree     map[string]any
	on       map[string]http.HandlerFunc // "POST /path", before the tree
	requests []string                    // "GET /redfish/v1/ token body"
	tokens   map[string]bool
}

const fakeSystem = "/redfish/v1/Systems/1"

func newFake(t *testing.T, plain bool) *fake {
	t.Helper()
	f := &fake{on: map[string]http.HandlerFunc{}, tokens: map[string]bool{}, tree: map[string]any{
		"/redfish/v1/": object{"@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "RedfishVersion": "1.6.0",
			"Systems": object{"@odata.id": "/redfish/v1/Systems"}, "Links": object{"Sessions": object{"@odata.id": "/redfish/v1/Sessions"}}},
		"/redfish/v1/Systems": object{"Members": []any{object{"@odata.id": fakeSystem}}},
		fakeSystem: object{"Id": "1", "PowerState": "On", "Actions": object{"#ComputerSystem.Reset": object{"target": fakeSystem + "/Reset",
			"ResetType@Redfish.AllowableValues": []string{"On", "ForceOff", "GracefulShutdown", "ForceRestart", "PowerCycle"}}}},
	}}
	f.Server = httptest.NewUnstartedServer(f)
	b := &fleet.BMC{Credential: "sim", Driver: "redfish", Plain: plain}
	if plain {
		f.Start()
	} else {
		f.StartTLS()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
		b.TLS = &fleet.TLS{CA: write(t, string(ca))}
	}
	t.Cleanup(f.Close)
	at := f.Listener.Addr().(*net.TCPAddr)
	b.Address, b.Port = "127.0.0.1", at.Port
	f.host = fleet.Host{Name: "sw001", BMC: b}
	return f
}

func (f *fake) controller(t testing.TB) *Controller {
	return opened(t, New(f.host, account(t, "admin", "secret")))
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
	h := f.on[r.Method+" "+r.URL.Path]
	v, found := f.tree[r.URL.Path]
	known := f.tokens[r.Header.Get("X-Auth-Token")]
	f.mu.Unlock()
	switch {
	case h != nil:
		h(w, r)
	case r.URL.Path == "/redfish/v1/Sessions":
		f.session(w, string(body))
	case !known && r.URL.Path != "/redfish/v1/":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusNoContent)
	case !found:
		w.WriteHeader(http.StatusNotFound)
	default:
		answerJSON(w, v)
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	if s, ok := v.(string); ok {
		_, _ = io.WriteString(w, s)
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (f *fake) session(w http.ResponseWriter, body string) {
	if !strings.Contains(body, `"secret"`) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	f.mu.Lock()
	token := "token" + itoa(len(f.tokens))
	f.tokens[token] = true
	f.mu.Unlock()
	w.Header().Set("X-Auth-Token", token)
	w.Header().Set("Location", "/redfish/v1/Sessions/"+token)
	w.WriteHeader(http.StatusCreated)
}

// expire ends all sessions.
func (f *fake) expire() { f.with(func() { clear(f.tokens); f.tokens["never"] = false }) }

func (f *fake) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// system changes the system's resource.
func (f *fake) system(change object) {
	f.with(func() {
		s := f.tree[fakeSystem].(object)
		for k, v := range change {
			s[k] = v
		}
	})
}

// seen returns the requests that begin with prefix.
func (f *fake) seen(prefix string) (out []string) {
	f.with(func() {
		for _, r := range f.requests {
			if strings.HasPrefix(r, prefix) {
				out = append(out, r)
			}
		}
	})
	return out
}
