//go:build linux

package swap_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/deploy"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic/traffictest"
)

// The tests here are on real engines (.ci/engines up DIR; source DIR/env) and real
// proxies: RINGSIDE_REQUIRE_ENGINES=1 RINGSIDE_REQUIRE_PROXIES=1.

func liveEnv(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" && os.Getenv("RINGSIDE_REQUIRE_ENGINES") == "1" {
		t.Fatalf("%s is not set: run .ci/engines up DIR and source DIR/env", name)
	}
	if v == "" {
		t.Skipf("%s is not set: no real engine (see .ci/engines)", name)
	}
	return v
}

var serial atomic.Int64

// real says what a service on the real engines is made of.
type real struct {
	kinds       []string // proxies; default haproxy twice
	environment string
	verify      time.Duration
	gate        fleet.Gate
	drain       time.Duration
	health      string // interval of the engines' own checks, which are what costs most; default 1s
}

// start starts proxies, and the first release on both engines, blue and live.
func (o real) start(t testing.TB) *fleet.Fleet {
	t.Helper()
	image := liveEnv(t, "RINGSIDE_TEST_SERVICE")
	if o.kinds == nil {
		o.kinds = []string{"haproxy", "haproxy2"}
	}
	if o.environment == "" {
		o.environment = "development"
	}
	if o.verify == 0 {
		o.verify = 300 * time.Millisecond
	}
	if o.drain == 0 {
		o.drain = 700 * time.Millisecond
	}
	if o.health == "" {
		o.health = "1s"
	}
	o.gate.Times, o.gate.Status, o.gate.Errors, o.gate.Within = max(3, o.gate.Times), 200, 1, cmp.Or(o.gate.Within, patience)
	if o.gate.Path == "" {
		o.gate.Path = "/healthz"
	}
	p := freePorts(t, 4)
	at := func(a, b int) string { return fmt.Sprintf("127.0.0.1:%d 127.0.0.1:%d", p[a], p[b]) }
	px := traffictest.StartProxies(t, at(0, 1), at(2, 3), o.kinds...)
	dir := t.TempDir()
	compose := filepath.Join(dir, "compose.yaml")
	err := os.WriteFile(compose, []byte(`name: svc
services:
  svc:
    image: `+image+`
    network_mode: host
    command: ["-listen", "127.0.0.1:${RINGSIDE_PORT}"]
    environment: {COLOUR: "${RINGSIDE_COLOUR}"}
    restart: "no"
    stop_grace_period: 8s
    healthcheck: {test: [CMD, /svc, -probe, "http://127.0.0.1:${RINGSIDE_PORT}/healthz"], interval: `+o.health+`, timeout: 10s, retries: 3, start_period: 0s}
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("svc%d-%d", os.Getpid()%10_000, serial.Add(1))
	s := fleet.Service{Name: name, Environment: o.environment, Engines: []string{"eng-a", "eng-b"}, Image: image, Compose: fleet.Compose{File: compose, Service: "svc"},
		Ports: fleet.Ports{Publish: fleet.Publish{IP: "127.0.0.1", Blue: p[0], Green: p[2]}, Engines: map[string]fleet.Publish{"eng-b": {IP: "127.0.0.1", Blue: p[1], Green: p[3]}}},
		Gate:  o.gate, Verify: o.verify, Drain: o.drain, Hold: time.Hour}
	for _, k := range o.kinds {
		s.Traffic = append(s.Traffic, px.Traffic(k))
	}
	f := &fleet.Fleet{Environment: o.environment, Services: []fleet.Service{s}, Engines: []fleet.Engine{
		{Name: "eng-a", Site: "lab", Environment: o.environment, Address: liveEnv(t, "RINGSIDE_TEST_ENGINE_A")},
		{Name: "eng-b", Site: "lab", Environment: o.environment, Address: liveEnv(t, "RINGSIDE_TEST_ENGINE_B")}}}
	set := docker.NewSet(f.Engines)
	t.Cleanup(func() { sweep(t, set, name); set.Close() })
	var wg sync.WaitGroup
	for _, e := range set.All() {
		wg.Go(func() {
			if err := first(t.Context(), e, s); err != nil {
				t.Error(err)
			}
		})
	}
	if wg.Wait(); t.Failed() {
		t.FailNow()
	}
	return f
}

// first runs release 1 in blue.
func first(ctx context.Context, e *docker.Engine, s fleet.Service) error {
	name := service.Container(s.Name, fleet.Blue, "1")
	spec, err := deploy.Describe(ctx, s, e.Spec().Name, fleet.Blue)
	if err == nil {
		_, err = e.Pull(ctx, s.Image+":1", nil)
	}
	spec.Config.Image = s.Image + ":1"
	for k, v := range map[string]string{fleet.LabelService: s.Name, fleet.LabelColour: "blue", fleet.LabelRun: "1", fleet.LabelImage: s.Image + ":1"} {
		spec.SetLabel(k, v)
	}
	if err == nil {
		_, _, err = e.Create(ctx, name, spec)
	}
	if err == nil {
		err = e.Start(ctx, name)
	}
	if err == nil {
		err = service.Healthy(ctx, e, name, patience)
	}
	return err
}

// sweep removes what a test left of a service.
func sweep(t testing.TB, set *docker.Set, service string) {
	for _, e := range set.All() {
		for _, label := range []string{fleet.LabelService, fleet.LabelLock} {
			list, err := e.Labelled(t.Context(), label+"="+service)
			if t.Context().Err() != nil { // after the test: its context is over
				list, err = e.Labelled(soon(t), label+"="+service)
			}
			if err != nil {
				t.Error(err)
			}
			for _, c := range list {
				if err := e.Remove(soon(t), c.ID, true, true); err != nil && !docker.IsNotFound(err) {
					t.Error(err)
				}
			}
		}
	}
}

var ports struct {
	sync.Mutex
	next int
}

// freePorts are ports that nobody else gets from here, below those of .ci/proxies, labs
// and .ci/engines. Another process begins elsewhere.
func freePorts(t testing.TB, n int) (out []int) {
	t.Helper()
	const first, span = 4_000, 3_000
	ports.Lock()
	defer ports.Unlock()
	for range span {
		ports.next++
		port := first + (os.Getpid()*97+ports.next)%span
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			ln.Close()
			if out = append(out, port); len(out) == n {
				return out
			}
		}
	}
	t.Fatalf("there are no %d free ports from %d on", n, first)
	return nil
}

func openReal(t testing.TB, o real) *rig {
	t.Helper()
	r, err := open(t.Context(), o.start(t), filepath.Join(t.TempDir(), "ledger.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	until(t, "blue is up in every proxy", func() bool {
		st := r.look(t)
		for _, p := range st.Proxies {
			if p.View == nil {
				return false
			}
			if ok, _ := p.View.Blue.Ready(); !ok {
				return false
			}
		}
		return true
	})
	return r
}

// Twenty swaps by plans, with two real engines and each kind of real proxy, under
// load: with HAProxy nobody notices anything.
func TestRealTwentySwaps(t *testing.T) {
	for _, kinds := range [][]string{{"haproxy", "haproxy2"}, {"nginx"}, {"caddy"}} {
		t.Run(kinds[0], func(t *testing.T) {
			t.Parallel()
			r := openReal(t, real{kinds: kinds, drain: 450 * time.Millisecond, health: "4s"}) // longer than a slow request
			r.done(t, "service.deploy", actions.Args{"image": "2"})
			r.expect(t, deployed)
			stop := r.loadOf(t, 4*time.Millisecond)
			began := time.Now()
			for i := range 20 {
				r.done(t, "service.swap", nil)
				if st := r.look(t); st.Live != []fleet.Colour{fleet.Green, fleet.Blue}[i%2] {
					t.Fatalf("swap %d: live is %q", i, st.Live)
				}
			}
			res := stop()
			t.Logf("%v: 20 swaps by plans on two engines: %v, %v a swap", kinds, res, (time.Since(began) / 20).Round(time.Millisecond))
			if res.Failed > 0 || kinds[0] == "haproxy" && res.Cut+res.IdleClosed > 0 || kinds[0] == "nginx" && res.Cut > 0 {
				t.Errorf("%v, first %s", res, res.First)
			}
			r.done(t, "service.retire", nil)
		})
	}
}

// What goes wrong on real engines, told by the engines' own words.
func TestRealGoesWrong(t *testing.T) {
	for name, c := range map[string]struct {
		image  string
		real   real
		want   string
		errors bool
	}{
		"never healthy":           {image: "ill", real: real{gate: fleet.Gate{Within: 25 * time.Second}}, want: `it is unhealthy: its check says "the probe of http`},
		"dies at once":            {image: "dies", want: "ended with exit code 7; its last words: cannot connect to db:5432: no such host"},
		"sick after the switch":   {image: "sick", real: real{verify: 20 * time.Second}, want: "green did not hold: ", errors: true},
		"errors after the switch": {image: "errors", real: real{verify: 20 * time.Second}, want: "of its answers are errors", errors: true},
		// Every third answer of an engine is an error: of five in a row from two engines at least one.
		"preview with errors": {image: "errors", real: real{gate: fleet.Gate{Path: "/", Times: 5, Within: 10 * time.Second}}, want: "does not pass the gate: "},
		"stamped":             {image: "verification", real: real{environment: "production"}, want: "the image is stamped for verification, and this is production: plan it again, where this can be overridden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := openReal(t, c.real)
			args := actions.Args{"image": c.image, "swap": "true"}
			if p := r.build(t, "service.deploy", args); p.Blocked() && name == "stamped" {
				if !strings.Contains(said(p.Findings), "block stamp: "+r.s.Image+":verification the image is stamped for verification, and this is production") {
					t.Errorf("%s", said(p.Findings))
				}
				return // an earlier test had the engines pull it, so that it is known beforehand
			}
			stop := r.load(t)
			rec := r.act(t, "service.deploy", args)
			if rec.Status != actions.Failed || !strings.Contains(steps(rec), c.want) {
				t.Errorf("%s %s, want %q\n%s", rec.Status, rec.Error, c.want, steps(rec))
			}
			if st := r.look(t); st.Live != fleet.Blue || !st.Settled() {
				t.Errorf("live is %q, settled %v", st.Live, st.Settled())
			}
			if res := stop(); !c.errors && res.Failed+res.IdleClosed > 0 {
				t.Errorf("%v, first %s", res, res.First)
			}
			id, err := r.Rollback(t.Context(), rec.ID, confirmed)
			if rec := r.ended(t, id, err); rec.Status != actions.RolledBack {
				t.Errorf("rolled back: %s %s\n%s", rec.Status, rec.Error, steps(rec))
			}
			r.expect(t, atFirst)
		})
	}
}

var realScene = scene{set: func(t *testing.T, before ...string) (string, *rig) {
	t.Helper()
	return stage(t, real{verify: 150 * time.Millisecond}.start(t), before...)
}}

// Killed at every step, with real engines and real HAProxy: before or after it, and
// resumed or rolled back; with RINGSIDE_TEST_ALL=1 each of the four (fatesOf), which
// takes a quarter of an hour. The pull has a test of its own, since engines that have
// the image skip it.
func TestRealKilledAtEveryStep(t *testing.T)     { killEveryStep(t, realScene, "get ") }
func TestRealUndoKilledAtEveryStep(t *testing.T) { killEveryUndo(t, realScene) }

func TestRealKilledAtThePull(t *testing.T) {
	t.Setenv("RINGSIDE_TEST_IMAGE", "3") // nobody else's
	third := strings.NewReplacer("2 running", "3 running").Replace
	for n, i := range []int{0, 4} {
		for _, f := range fatesOf(realScene, n) {
			t.Run(fmt.Sprintf("%s %d/%s", f.point, i, f.way), func(t *testing.T) {
				for _, engine := range []string{"A", "B"} {
					host := liveEnv(t, "RINGSIDE_TEST_ENGINE_"+engine)
					list, err := exec.Command("docker", "-H", host, "images", "-aq", "--filter", "label=release=3").Output()
					for _, id := range strings.Fields(string(list)) {
						err = errors.Join(err, exec.Command("docker", "-H", host, "rmi", "-f", id).Run())
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				dir, r := realScene.set(t)
				if s := r.build(t, "service.deploy", argsOf("service.deploy")).Steps[i]; !strings.HasPrefix(s.Name, "get ") {
					t.Fatalf("step %d is %s", i, s.Name)
				}
				killAndGoOn(t, dir, r, "service.deploy", fmt.Sprint(f.point, " ", i), f.way, atFirst, third(swapped))
			})
		}
	}
}
