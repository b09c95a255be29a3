package traffic_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/traffic"
	"ringside/backends/traffic/traffictest"
)

var kinds = []string{"haproxy", "caddy", "nginx"}

const patience = 30 * time.Second

// rig is one real proxy with both colours behind it.
type rig struct {
	*traffic.Proxy
	real        *traffictest.Real
	blue, green *traffictest.App
}

func newRig(t *testing.T, kind string) *rig {
	t.Helper()
	r := &rig{real: traffictest.StartProxies(t, "", "", kind)}
	r.blue = traffictest.StartApp(t, "blue", r.real.Blue[0])
	r.green = traffictest.StartApp(t, "green", r.real.Green[0])
	r.Proxy = traffic.New(fleet.Service{Name: "demo", Gate: fleet.Gate{Path: "/healthz"}}, r.real.Traffic(kind))
	until(t, "both colours ready", func() bool {
		v := r.look(t)
		blue, _ := v.Blue.Ready()
		green, _ := v.Green.Ready()
		return blue && green
	})
	return r
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

func (r *rig) look(t testing.TB) *traffic.View {
	t.Helper()
	v, err := r.Look(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (r *rig) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// served asks as a user and says which colour answered.
func (r *rig) served(t testing.TB) string {
	t.Helper()
	a, err := r.Probe(soon(t), "/")
	r.must(t, err)
	return a.Header.Get("X-Served-By")
}

// What is live, the preview, the switch, and what a second operator gets.
func TestRealSwitch(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, kind)
			if v := r.look(t); v.Live != fleet.Blue || !v.Agrees() || r.served(t) != "blue" {
				t.Fatalf("at first: %+v, served by %s", v, r.served(t))
			}
			for _, c := range fleet.Colours {
				a, err := r.Preview(soon(t), c, "/healthz")
				r.must(t, err)
				if a.Status != 200 || a.Header.Get("X-Served-By") != string(c) || a.Took <= 0 {
					t.Errorf("preview of %s: %+v", c, a)
				}
			}
			r.must(t, r.Switch(soon(t), fleet.Blue, fleet.Green))
			if v := r.look(t); v.Live != fleet.Green || !v.Agrees() || r.served(t) != "green" {
				t.Errorf("switched: %+v, served by %s", v, r.served(t))
			}
			r.must(t, r.Switch(soon(t), fleet.Blue, fleet.Green)) // again is no error
			r.must(t, r.Switch(soon(t), fleet.Green, fleet.Blue))
			if got := r.served(t); got != "blue" {
				t.Errorf("back: served by %s", got)
			}
		})
	}
}

// Twenty swaps under load, as in the facts: HAProxy drops nothing at all; the
// others close idle connections, and Caddy 2.6 cuts streams.
func TestRealSwapsUnderLoad(t *testing.T) {
	const swaps = 20
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, kind)
			l := traffictest.Standard(r.Spec().URL).Start(t)
			l.Warm(t)
			var took time.Duration
			from := fleet.Blue
			for range swaps {
				before := l.Result().Requests
				began := time.Now()
				r.must(t, r.Switch(soon(t), from, from.Other()))
				took += time.Since(began)
				from = from.Other()
				until(t, "some more load", func() bool { return l.Result().Requests > before+400 })
			}
			res := l.Stop()
			t.Logf("%s: %d swaps, %v, %v a swap", kind, swaps, res, (took / swaps).Round(10*time.Microsecond))
			if res.Failed > 0 {
				t.Errorf("%d of %d requests failed, the first: %s", res.Failed, res.Requests, res.First)
			}
			if res.By["blue"] == 0 || res.By["green"] == 0 {
				t.Errorf("served by %v: the load did not see both colours", res.By)
			}
			if kind == "haproxy" && res.Cut+res.IdleClosed > 0 || kind == "nginx" && res.Cut > 0 {
				t.Errorf("%d streams cut, %d idle connections closed", res.Cut, res.IdleClosed)
			}
		})
	}
}

// A switch outlives a reload of the proxy by somebody else, and what a reload would
// change by itself is seen before it does.
func TestRealReload(t *testing.T) {
	r := newRig(t, "haproxy")
	pid := func() string { b, _ := os.ReadFile(r.real.Get("HAPROXY_PID")); return strings.Fields(string(b))[0] }
	reload := func() {
		r.must(t, exec.Command("kill", "-USR2", pid()).Run())
	}
	r.must(t, r.Switch(soon(t), fleet.Blue, fleet.Green))
	reload()
	until(t, "green after the reload", func() bool { v, err := r.Look(soon(t)); return err == nil && v.Live == fleet.Green && v.Agrees() })
	// A human writes the file by hand.
	text, err := os.ReadFile(r.real.Get("HAPROXY_MAP"))
	r.must(t, err)
	r.must(t, os.WriteFile(r.real.Get("HAPROXY_MAP"), []byte(strings.Replace(string(text), "be_green", "be_blue", 1)), 0o644))
	if v := r.look(t); v.Live != fleet.Green || v.Kept != fleet.Blue || v.Agrees() {
		t.Errorf("file and process differ: %+v", v)
	}
	r.must(t, r.Settle(soon(t)))
	if v := r.look(t); v.Live != fleet.Green || !v.Agrees() {
		t.Errorf("settled: %+v", v)
	}
}

// Sessions on the old colour count down: requests and streams.
func TestRealSessions(t *testing.T) {
	for _, kind := range []string{"haproxy", "caddy"} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, kind)
			l := traffictest.Load{URL: r.Spec().URL, Host: "demo.local", Streams: 3}.Start(t)
			until(t, "three streams", func() bool { return r.look(t).Blue.Sessions == 3 })
			if kind == "haproxy" {
				r.must(t, r.Switch(soon(t), fleet.Blue, fleet.Green))
				if v := r.look(t); v.Blue.Sessions != 3 {
					t.Errorf("streams stay on the old colour: %d sessions", v.Blue.Sessions)
				}
			}
			l.Stop()
			until(t, "no session", func() bool { return r.look(t).Blue.Sessions == 0 })
		})
	}
}

// A colour that is down, or gone, is seen to be so.
func TestRealHealth(t *testing.T) {
	r := newRig(t, "haproxy")
	r.green.Sick.Store(true)
	until(t, "green is down", func() bool {
		ok, why := r.look(t).Green.Ready()
		return !ok && strings.Contains(why, "503")
	})
	r.green.Sick.Store(false)
	until(t, "green is back", func() bool { ok, _ := r.look(t).Green.Ready(); return ok })
	if v := r.look(t); v.Green.Servers[0].Address != r.real.Green[0] || v.Green.Servers[0].State != traffic.Up {
		t.Errorf("%+v", v.Green)
	}
}

// What cannot be switched says why, and nothing is changed.
func TestRealTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		break_ func(*rig, *fleet.Traffic)
		want   string
	}{
		"no such map":       {"haproxy", func(_ *rig, s *fleet.Traffic) { s.HAProxy.Map = "/etc/other.map" }, "HAProxy has no map /etc/other.map"},
		"no such key":       {"haproxy", func(_ *rig, s *fleet.Traffic) { s.HAProxy.Key = "other.local" }, "the running map has no key other.local"},
		"no such backend":   {"haproxy", func(_ *rig, s *fleet.Traffic) { s.HAProxy.Green = "be_lime" }, "HAProxy has no backend be_lime"},
		"no such socket":    {"haproxy", func(_ *rig, s *fleet.Traffic) { s.HAProxy.Socket = "/run/no/such.sock" }, "it is not there"},
		"file not writable": {"haproxy", func(_ *rig, s *fleet.Traffic) { s.HAProxy.File = "/proc/version" }, "it has no key demo.local"},
		"no such id":        {"caddy", func(_ *rig, s *fleet.Traffic) { s.Caddy.ID = "other" }, "unknown object ID 'other'"},
		"caddy is off":      {"caddy", func(_ *rig, s *fleet.Traffic) { s.Caddy.Admin = "http://127.0.0.1:1" }, "nobody listens there"},
		"no such upstream":  {"nginx", func(_ *rig, s *fleet.Traffic) { s.Nginx.Upstream = "other" }, "it has no block upstream other"},
		"bad configuration": {"nginx", func(r *rig, s *fleet.Traffic) {
			f, _ := os.OpenFile(s.Nginx.Config, os.O_APPEND|os.O_WRONLY, 0)
			f.WriteString("nonsense;\n")
			f.Close()
		}, `unknown directive "nonsense"`},
		"reload fails": {"nginx", func(_ *rig, s *fleet.Traffic) { s.Nginx.Reload = []string{"sh", "-c", "echo no; exit 3"} }, "the reload command failed: no"},
		"pid of another": {"nginx", func(r *rig, s *fleet.Traffic) {
			s.Nginx.PID = r.real.Dir + "/other.pid"
			os.WriteFile(s.Nginx.PID, []byte("2\n"), 0o644)
		}, "is not nginx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.kind)
			spec := r.real.Traffic(c.kind)
			c.break_(r, &spec)
			broken := traffic.New(fleet.Service{Name: "demo", Gate: fleet.Gate{Path: "/healthz"}}, spec)
			err := broken.Switch(soon(t), fleet.Blue, fleet.Green)
			var e *traffic.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "service demo: proxy "+c.kind+": switch to green: ") {
				t.Errorf("%v, want %s", err, c.want)
			}
			if v := r.look(t); v.Live != fleet.Blue || !v.Agrees() || r.served(t) != "blue" {
				t.Errorf("something was changed: %+v", v)
			}
		})
	}
}
