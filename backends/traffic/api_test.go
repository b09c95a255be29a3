package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// fakeCaddy is Caddy's admin API as far as a switch needs it. It has the ETag in a
// trailer, as Caddy 2.6 has it, or in a header.
type fakeCaddy struct {
	mu      sync.Mutex
	object  map[string]any
	version int
	trailer bool
	deaf    bool // accepts and does not act
	meddle  func()
	reset   map[string]int // by method: how many requests are still to be reset, before they are read
	lost    bool           // the answer to the next change is
}

// drop ends a connection without an answer, as a listener does that is replaced.
func drop(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

func (f *fakeCaddy) etag() string { return fmt.Sprintf(`"/config/x %d"`, f.version) }

func (f *fakeCaddy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.reset[r.Method] > 0:
		f.reset[r.Method]--
		drop(w)
	case r.URL.Path == "/reverse_proxy/upstreams":
		io.WriteString(w, `[{"address":"a:1","num_requests":4,"fails":0},{"address":"a:2","num_requests":0,"fails":2}]`)
	case r.Method == http.MethodGet && r.URL.Path == "/config/apps/http":
		json.NewEncoder(w).Encode(map[string]any{"servers": []any{map[string]any{"upstreams": []any{map[string]any{"@id": "up"}}, "stream_close_delay": "5m"}}})
	case r.Method == http.MethodGet:
		if f.trailer {
			w.Header().Set("Trailer", "Etag")
		} else {
			w.Header().Set("Etag", f.etag())
		}
		json.NewEncoder(w).Encode(f.object)
		w.Header().Set("Etag", f.etag())
		if f.meddle != nil {
			f.meddle()
		}
	case r.Header.Get("If-Match") != f.etag():
		w.WriteHeader(http.StatusPreconditionFailed)
	default:
		var body any
		json.NewDecoder(r.Body).Decode(&body)
		if f.deaf {
			return
		}
		f.version++
		if strings.HasSuffix(r.URL.Path, "/upstreams") {
			f.object["upstreams"] = body
		} else {
			f.object = body.(map[string]any)
		}
		if f.lost {
			drop(w)
		}
	}
}

func caddyProxy(t *testing.T, f *fakeCaddy, id string) *Proxy {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return New(fleet.Service{Name: "web"}, fleet.Traffic{Name: "edge", Caddy: &fleet.Caddy{Admin: srv.URL, ID: id, Blue: []string{"a:1"}, Green: []string{"a:2"}}})
}

func TestCaddy(t *testing.T) {
	handler := func() map[string]any {
		return map[string]any{"@id": "web", "handler": "reverse_proxy", "upstreams": []any{map[string]any{"dial": "a:1", "max_requests": 9.0}}}
	}
	upstream := func() map[string]any { return map[string]any{"@id": "up", "dial": "a:1"} }
	for name, c := range map[string]struct {
		f    *fakeCaddy
		id   string
		note bool // that streams are cut
	}{
		"handler, header":   {&fakeCaddy{object: handler()}, "web", true},
		"handler, trailer":  {&fakeCaddy{object: handler(), trailer: true}, "web", true},
		"upstream, header":  {&fakeCaddy{object: upstream()}, "up", false},
		"upstream, trailer": {&fakeCaddy{object: upstream(), trailer: true}, "up", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := caddyProxy(t, c.f, c.id)
			v, err := p.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if v.Live != fleet.Blue || !v.Agrees() || v.Blue.Sessions != 4 || v.Green.Servers[0].State != Down || c.note != strings.Contains(strings.Join(v.Notes, ";"), "stream_close_delay") {
				t.Errorf("%+v", v)
			}
			if err := p.Switch(t.Context(), fleet.Blue, fleet.Green); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(c.f.object); !strings.Contains(got, "@id:"+c.id) || !strings.Contains(got, "a:2") || c.id == "web" && !strings.Contains(got, "max_requests:9") {
				t.Errorf("the configuration is now %s", got)
			}
		})
	}
}

// Whoever comes second is told, and a proxy that does nothing is found out.
func TestCaddyRefuses(t *testing.T) {
	object := map[string]any{"@id": "up", "dial": "a:1"}
	f := &fakeCaddy{object: object}
	f.meddle = func() { f.version++ }
	err := caddyProxy(t, f, "up").Switch(t.Context(), fleet.Blue, fleet.Green)
	if err == nil || !strings.Contains(err.Error(), "somebody changed Caddy's configuration at the same moment") {
		t.Errorf("a race: %v", err)
	}
	err = caddyProxy(t, &fakeCaddy{object: object, deaf: true}, "up").Switch(t.Context(), fleet.Blue, fleet.Green)
	if err == nil || !strings.Contains(err.Error(), "accepted the switch and did not act") {
		t.Errorf("a deaf one: %v", err)
	}
	var moved *MovedError
	err = caddyProxy(t, &fakeCaddy{object: map[string]any{"@id": "up", "dial": "c:3"}}, "up").Switch(t.Context(), fleet.Blue, fleet.Green)
	if !errors.As(err, &moved) || moved.Have != "" || moved.HaveName != "c:3" {
		t.Errorf("somewhere else: %v", err)
	}
	err = caddyProxy(t, &fakeCaddy{object: map[string]any{"handler": "file_server"}}, "web").Switch(t.Context(), fleet.Blue, fleet.Green)
	if err == nil || !strings.Contains(err.Error(), "neither a reverse_proxy handler nor an upstream") {
		t.Errorf("another handler: %v", err)
	}
}

// Caddy replaces the listener of its admin API with every change, and drops who waits
// at the old one: what broke is asked again, and a change is looked for before.
func TestCaddyDropsConnections(t *testing.T) {
	for name, c := range map[string]struct {
		reset map[string]int
		lost  bool
		want  string // of the error
		live  string
	}{
		"reads":                {map[string]int{"GET": 2}, false, "", "a:2"},
		"all reads":            {map[string]int{"GET": 1000}, false, "connection reset by peer", "a:1"},
		"the change":           {map[string]int{"PATCH": 1}, false, "", "a:2"},
		"every change":         {map[string]int{"PATCH": 1000}, false, "connection reset by peer", "a:1"},
		"the change's answer":  {nil, true, "", "a:2"},
		"both, and the answer": {map[string]int{"GET": 1, "PATCH": 1}, true, "", "a:2"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakeCaddy{object: map[string]any{"@id": "up", "dial": "a:1"}, reset: c.reset, lost: c.lost}
			err := caddyProxy(t, f, "up").Switch(t.Context(), fleet.Blue, fleet.Green)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if f.object["dial"] != c.live {
				t.Errorf("it has %v", f.object)
			}
		})
	}
}

// fakeTraefik follows its file as the file provider does, a moment later, and tells
// by its API what is in force.
type fakeTraefik struct {
	file  string
	after time.Duration // from a change until it is in force
	mu    sync.Mutex
	force string
	seen  string
	at    time.Time
}

func (f *fakeTraefik) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, _ := os.ReadFile(f.file)
	if text := string(b); text != f.seen {
		f.seen, f.at = text, time.Now()
	}
	if time.Since(f.at) >= f.after {
		f.force = f.seen
	}
	_, rest, _ := strings.Cut(f.force, "use: ")
	value := strings.TrimSpace(rest)
	switch r.URL.Path {
	case "/api/http/services/web@file":
		fmt.Fprintf(w, `{"loadBalancer":{"servers":[{"url":%q}]},"serverStatus":{%q:"UP"},"name":"web@file"}`, value, value)
	case "/api/http/routers/web@file":
		fmt.Fprintf(w, `{"service":%q}`, value)
	default:
		http.NotFound(w, r)
	}
}

func TestTraefik(t *testing.T) {
	for name, c := range map[string]struct {
		service, router, blue, green string
	}{
		"servers of a service": {"web", "", "http://10.0.0.1:19001", "http://10.0.0.1:19002"},
		"service of a router":  {"", "web", "web-blue", "web-green"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "web.yml")
			if err := os.WriteFile(file, []byte("# by hand\nuse: "+c.blue+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			f := &fakeTraefik{file: file, after: 50 * time.Millisecond}
			f.force = "use: " + c.blue
			srv := httptest.NewServer(f)
			defer srv.Close()
			p := New(fleet.Service{Name: "web"}, fleet.Traffic{Name: "edge", Traefik: &fleet.Traefik{File: file, API: srv.URL, Service: c.service, Router: c.router, Blue: []string{c.blue}, Green: []string{c.green}}})
			if v, err := p.Look(t.Context()); err != nil || v.Live != fleet.Blue || !v.Agrees() {
				t.Fatalf("%+v, %v", v, err)
			}
			if err := p.Switch(t.Context(), fleet.Blue, fleet.Green); err != nil {
				t.Fatal(err)
			}
			if b, _ := os.ReadFile(file); string(b) != "# by hand\nuse: "+c.green+"\n" {
				t.Errorf("the file is now %q", b)
			}
			// A human edits the file: for a moment file and proxy differ.
			f.mu.Lock()
			f.after = time.Hour
			f.mu.Unlock()
			if err := os.WriteFile(file, []byte("use: "+c.blue+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			v, err := p.Look(t.Context())
			if err != nil || v.Live != fleet.Green || v.Kept != fleet.Blue || v.Agrees() {
				t.Fatalf("%+v, %v", v, err)
			}
			if err := p.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if v, err := p.Look(t.Context()); err != nil || v.Live != fleet.Green || !v.Agrees() {
				t.Errorf("settled: %+v, %v", v, err)
			}
			// It does not follow: the file is put back, so that it does not switch later.
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := p.Switch(ctx, fleet.Green, fleet.Blue); err == nil {
				t.Error("switched although Traefik does not follow")
			}
			if v, err := p.Look(t.Context()); err != nil || v.Live != fleet.Green || !v.Agrees() {
				t.Errorf("after a switch that did not work: %+v, %v", v, err)
			}
		})
	}
}
