package swap_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/container"
	"ringside/actions/deploy"
	"ringside/actions/ledger"
	"ringside/actions/service"
	"ringside/actions/swap"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/lab"
	"ringside/backends/registry"
	"ringside/backends/traffic"
	"ringside/backends/traffic/traffictest"
	"ringside/backends/watch"
)

const patience = time.Minute

// world is what plans of services work with: the fleet of a lab, or real engines and
// proxies.
type world struct {
	*docker.Set
	proxies *traffic.Set
}

func (w world) Proxies(service string) []*traffic.Proxy { return w.proxies.Proxies(service) }

// rig is everything from the registry to engines and proxies.
type rig struct {
	*actions.Runner
	reg   *actions.Registry
	env   *actions.Env
	led   *ledger.Ledger
	world world
	fleet *fleet.Fleet
	sites *registry.Set
	s     fleet.Service
	times atomic.Int32
}

// once is true the first time.
func (r *rig) once() bool { return r.times.Add(1) == 1 }

// open opens a ledger and what the fleet names; at is called before and after every
// step's act, with its index, and may be nil.
func open(ctx context.Context, f *fleet.Fleet, path string, at func(point string, step int)) (*rig, error) {
	led, err := ledger.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	r := &rig{world: world{docker.NewSet(f.Engines), traffic.NewSet(f.Services)}, led: led, fleet: f, s: f.Services[0]}
	r.env = &actions.Env{Fleet: f, State: func() *watch.State { return nil }, Ledger: led, Actor: ledger.Self("command"), Now: time.Now}
	r.reg = actions.NewRegistry(slices.Concat(actions.Guards(), container.Guards())...)
	if r.sites, err = registry.NewSet(f); err != nil {
		return nil, err
	}
	for _, a := range slices.Concat(deploy.Actions(r.world, r.sites), swap.Actions(r.world), container.Actions(r.world)) {
		r.reg.Add(watched(a, at))
	}
	r.Runner = actions.NewRunner(r.env, r.reg, actions.Options{})
	return r, nil
}

// watched puts a hook around every step of an action's plans.
func watched(a actions.Action, at func(point string, step int)) actions.Action {
	if at == nil {
		return a
	}
	wrap := func(p *actions.Plan, err error) (*actions.Plan, error) {
		if err != nil {
			return nil, err
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			do, undo := s.Do, s.Undo
			s.Do = func(ctx context.Context, pr actions.Progress) error {
				at("before", i)
				err := do(ctx, pr)
				at("after", i)
				return err
			}
			if undo != nil {
				s.Undo = func(ctx context.Context, pr actions.Progress) error {
					at("undo", i)
					err := undo(ctx, pr)
					at("undone", i)
					return err
				}
			}
		}
		return p, nil
	}
	build, rebuild := a.Build, a.Rebuild
	a.Build = func(ctx context.Context, env *actions.Env, t []fleet.Target, args actions.Args) (*actions.Plan, error) {
		return wrap(build(ctx, env, t, args))
	}
	a.Rebuild = func(ctx context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
		return wrap(rebuild(ctx, env, raw))
	}
	return a
}

func (r *rig) close() {
	r.world.Close()
	r.sites.Close()
	r.led.Close()
}

// shape is what a lab of the tests is made of.
type shape struct {
	environment string // default development
	proxies     int
	rate        float64
	gate        fleet.Gate
	verify      time.Duration
	releases    map[string]lab.Release
	compose     string
}

func (s shape) options() lab.Options {
	if s.environment == "" {
		s.environment = "development"
	}
	if s.verify == 0 {
		s.verify = 300 * time.Millisecond
	}
	s.gate.Times, s.gate.Within = 3, cmp.Or(s.gate.Within, patience)
	releases := map[string]lab.Release{"team/web:2": {}, "team/web:3": {}}
	for k, v := range s.releases {
		releases[k] = v
	}
	blue := func() []lab.ContainerSpec {
		return []lab.ContainerSpec{{Name: "web-blue-1", Image: "team/web:1", Labels: map[string]string{fleet.LabelService: "web", fleet.LabelColour: "blue", fleet.LabelRun: "1", fleet.LabelImage: "team/web:1"}, Policy: "unless-stopped",
			Health: &lab.HealthSpec{Test: []string{"CMD", "true"}, Interval: 30 * time.Millisecond}}}
	}
	return lab.Options{Releases: releases,
		Engines: []lab.EngineOptions{
			{Name: "tokyo-1", Site: "tokyo", Environment: s.environment, PullTakes: 24 * time.Millisecond, Containers: blue()},
			{Name: "tokyo-2", Site: "tokyo", Environment: s.environment, PullTakes: 24 * time.Millisecond, Containers: blue()}},
		Services: []lab.ServiceOptions{{Name: "web", Engines: []string{"tokyo-1", "tokyo-2"}, Image: "team/web", Proxies: s.proxies, Rate: s.rate, Gate: s.gate, Compose: s.compose,
			Health: 30 * time.Millisecond, Verify: s.verify, Drain: 700 * time.Millisecond, Hold: time.Hour}}}
}

func newLab(t testing.TB, s shape) (*lab.Lab, *rig) {
	t.Helper()
	l, err := lab.Start(s.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r, err := open(t.Context(), l.Fleet(), filepath.Join(t.TempDir(), "ledger.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return l, r
}

var confirmed = actions.Approval{Confirmed: true}

func (r *rig) build(t testing.TB, id string, args actions.Args) *actions.Plan {
	t.Helper()
	p, err := r.reg.Build(t.Context(), r.env, id, []fleet.Target{r.s.Target()}, args)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// act builds a plan and runs it to its end.
func (r *rig) act(t testing.TB, id string, args actions.Args) actions.RunRecord {
	t.Helper()
	p := r.build(t, id, args)
	if p.Blocked() {
		t.Fatalf("%s is blocked:\n%s", id, said(p.Findings))
	}
	run, err := r.Start(t.Context(), p, confirmed)
	return r.ended(t, run, err)
}

// done is act for what must work.
func (r *rig) done(t testing.TB, id string, args actions.Args) actions.RunRecord {
	t.Helper()
	rec := r.act(t, id, args)
	if rec.Status != actions.Succeeded {
		t.Fatalf("%s: %s %s\n%s", rec.Title, rec.Status, rec.Error, steps(rec))
	}
	return rec
}

func (r *rig) ended(t testing.TB, id string, err error) actions.RunRecord {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// steps tells a run's steps for a failure message.
func steps(rec actions.RunRecord) string {
	var b strings.Builder
	for _, s := range rec.Steps {
		fmt.Fprintf(&b, "  %d %-11s %s %s\n", s.Stage, s.Status, s.Name, s.Error)
		for _, o := range s.Output {
			fmt.Fprintf(&b, "      %s\n", o)
		}
	}
	return b.String()
}

// said lists findings as "level guard: text".
func said(findings []actions.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s %s", f.Level, f.Guard, f.Subject, f.Text))
	}
	return strings.Join(lines, "\n")
}

func (r *rig) look(t testing.TB) impact.Service {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return service.Look(ctx, r.world, r.s)
}

// picture is the whole of a service in a few words, the same for two worlds that
// differ in nothing that counts.
func (r *rig) picture(t testing.TB) string {
	t.Helper()
	st := r.look(t)
	var b strings.Builder
	fmt.Fprintf(&b, "live %s, settled %v", st.Live, st.Settled())
	for _, c := range []*impact.ColourState{&st.Blue, &st.Green} {
		for _, p := range c.Places {
			fmt.Fprintf(&b, "; %s on %s:", c.Colour, p.Engine)
			if p.Err != nil {
				b.WriteString(" not read")
			}
			for _, x := range append([]*docker.Container{p.Container}, p.Others...) {
				if x != nil {
					fmt.Fprintf(&b, " %s %s", impact.ReleaseOf(x).Version, x.State)
				}
			}
		}
	}
	holds, err := r.led.Holds(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "; %d holds", len(holds))
	for _, name := range r.s.Engines {
		e, _ := r.world.Engine(name)
		if list, err := e.Labelled(context.Background(), fleet.LabelLock+"="+r.s.Name); err != nil || len(list) > 0 {
			fmt.Fprintf(&b, "; %s has %d locks (%v)", name, len(list), err)
		}
	}
	return b.String()
}

// load begins a load through every proxy of the service. Where many tests run side by
// side it leaves them the processor: a gap of 10 ms is met all the same.
func (r *rig) load(t testing.TB) func() traffictest.Result { return r.loadOf(t, 10*time.Millisecond) }

func (r *rig) loadOf(t testing.TB, pause time.Duration) func() traffictest.Result {
	t.Helper()
	var all []*traffictest.Running
	for _, p := range r.world.Proxies(r.s.Name) {
		l := traffictest.Load{URL: p.Spec().URL, Host: p.Spec().Host, Fast: 2, Pause: pause, Slow: 1, Streams: 1}.Start(t)
		l.Warm(t)
		all = append(all, l)
	}
	return func() (sum traffictest.Result) {
		sum.By = map[string]int64{}
		for _, l := range all {
			res := l.Stop()
			sum.Requests, sum.Failed, sum.Cut, sum.IdleClosed = sum.Requests+res.Requests, sum.Failed+res.Failed, sum.Cut+res.Cut, sum.IdleClosed+res.IdleClosed
			sum.Slowest = max(sum.Slowest, res.Slowest)
			for k, v := range res.By {
				sum.By[k] += v
			}
			if sum.First == "" {
				sum.First = res.First
			}
		}
		return sum
	}
}

// soon is a context of its own, also after a test's has ended.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// renamed puts the names of the real engines into what a picture should be.
func renamed(picture string) string {
	return strings.NewReplacer("tokyo-1", "eng-a", "tokyo-2", "eng-b").Replace(picture)
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
	}
}
