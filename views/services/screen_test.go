package services

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/traffic"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
	"ringside/views/screen/screentest"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// world is a fleet of services made by hand.
type world struct {
	fleet *fleet.Fleet
	store *watch.Store
	runs  []actions.RunRecord
	holds []actions.Hold
	now   time.Time
	facts map[string]*docker.Facts
}

func newFleet() *world {
	return &world{fleet: &fleet.Fleet{}, store: watch.NewStore(), now: noon, facts: map[string]*docker.Facts{}}
}

// serve adds a service on engines with a HAProxy, and on more with names of their own.
func (w *world) serve(name, environment string, engines []string, proxies ...string) {
	if len(proxies) == 0 {
		proxies = []string{"haproxy"}
	}
	s := fleet.Service{Name: name, Environment: environment, Engines: engines, Image: "registry.tyo.example:5000/team/" + name}
	for _, p := range proxies {
		s.Traffic = append(s.Traffic, fleet.Traffic{Name: p, HAProxy: &fleet.HAProxy{Socket: "/run/" + p, Blue: "be_" + name + "_blue", Green: "be_" + name + "_green"}})
	}
	w.fleet.Services = append(w.fleet.Services, s)
	for _, e := range engines {
		if w.facts[e] == nil {
			w.facts[e] = &docker.Facts{Engine: e}
			w.fleet.Engines = append(w.fleet.Engines, fleet.Engine{Name: e, Site: "tokyo", Environment: environment})
		}
	}
}

// run puts a container of a colour on an engine.
func (w *world) run(engine, service string, c fleet.Colour, version, run string, age time.Duration, change ...func(*docker.Container)) *docker.Container {
	image := "registry.tyo.example:5000/team/" + service
	x := &docker.Container{Engine: engine, ID: engine + service + string(c) + version, Name: service + "-" + string(c) + "-" + run, Image: image, Tag: version,
		Digest: "sha256:" + strings.Repeat(fmt.Sprintf("%02x", len(version)+len(service)+int(version[len(version)-1])), 32), State: docker.Running, Health: docker.Healthy, Created: noon.Add(-age),
		Labels: map[string]string{fleet.LabelService: service, fleet.LabelColour: string(c), fleet.LabelRun: run, fleet.LabelImage: image + ":" + version, fleet.LabelBy: "tanaka"}}
	for _, f := range change {
		f(x)
	}
	w.facts[engine].Containers = append(w.facts[engine].Containers, x)
	return x
}

// proxy reports what a proxy has live, with rates of the live colour.
func (w *world) proxy(service, proxy string, live fleet.Colour, rps, errs float64, change ...func(*traffic.View)) {
	side := func(c fleet.Colour) traffic.Side {
		return traffic.Side{Name: "be_" + service + "_" + string(c), Servers: []traffic.Server{{Name: "s1", State: traffic.Up}}}
	}
	v := &traffic.View{Live: live, LiveName: "be_" + service + "_" + string(live), Keeps: true, Kept: live, KeptName: "be_" + service + "_" + string(live), Blue: side(fleet.Blue), Green: side(fleet.Green)}
	if live == fleet.Blue {
		v.Blue.Sessions = 3
	} else {
		v.Green.Sessions = 3
	}
	for _, f := range change {
		f(v)
	}
	f := &traffic.Facts{Service: service, Proxy: proxy, Kind: "haproxy", View: v}
	for i := range 40 {
		s := traffic.Sample{At: w.now.Add(time.Duration(i-40) * time.Second), Over: time.Second, Blue: traffic.Rate{Known: true}, Green: traffic.Rate{Known: true}}
		r := traffic.Rate{Known: true, Requests: rps * (1 + 0.2*float64(i%5)), Errors: errs}
		if live == fleet.Green {
			s.Green = r
		} else {
			s.Blue = r
		}
		f.Past, f.BlueRate, f.GreenRate = append(f.Past, s), s.Blue, s.Green
	}
	w.store.Put(fleet.Reading{Source: "traffic/" + service + "/" + proxy, At: w.now.Add(-time.Second), Took: time.Millisecond, Facts: f})
}

func (w *world) snapshot() screen.Snapshot {
	for name, f := range w.facts {
		w.store.Put(fleet.Reading{Source: "docker/" + name, At: w.now, Facts: f})
	}
	s := screen.Snapshot{Fleet: w.fleet, State: w.store.State(), Runs: w.runs, Holds: w.holds, Now: w.now}
	s.Services = impact.Services(s.Fleet, s.State)
	return s
}

// record makes a run on a service.
func record(id, kind, service, title string, age time.Duration, status actions.Status, params map[string]any, steps ...actions.StepRecord) actions.RunRecord {
	params["service"] = service
	raw, err := json.Marshal(params)
	if err != nil {
		panic(err)
	}
	for i := range steps {
		steps[i].Index = i
	}
	r := actions.RunRecord{ID: id, Kind: kind, Title: title, Params: raw, Actor: actions.Actor{User: "aoi"}, Status: status, Created: noon.Add(-age), Alive: !status.Final(),
		Targets: []fleet.Target{{Kind: fleet.KindService, Name: service}}, Steps: steps}
	if status.Final() {
		r.Ended = r.Created.Add(40 * time.Second)
	}
	return r
}

// newWorld has a service of every kind.
func newWorld() *world {
	w := newFleet()
	w.serve("web", "production", []string{"tokyo-1", "tokyo-2"}, "edge-1", "edge-2")
	for _, e := range []string{"tokyo-1", "tokyo-2"} {
		w.run(e, "web", fleet.Blue, "1.9.1", "01k9q2m4xt7a3", 9*24*time.Hour)
		w.run(e, "web", fleet.Green, "1.9.2", "01kb01hv3nq8d", 22*time.Minute)
	}
	w.proxy("web", "edge-1", fleet.Blue, 41, 0)
	w.proxy("web", "edge-2", fleet.Blue, 39, 0.4)
	w.serve("api", "production", []string{"tokyo-1"})
	w.run("tokyo-1", "api", fleet.Green, "3.2.0", "01kb11", 26*time.Hour)
	kept := w.run("tokyo-1", "api", fleet.Blue, "3.1.7", "01kb10", 30*24*time.Hour)
	w.proxy("api", "haproxy", fleet.Green, 7.25, 0)
	w.holds = []actions.Hold{{Target: fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: kept.ID, Name: kept.Name}, By: "aoi", Why: "kept for a rollback of api (run r2)", Until: noon.Add(22 * time.Minute)}}
	w.serve("pay", "production", []string{"tokyo-2"})
	w.run("tokyo-2", "pay", fleet.Blue, "5.0.2", "01ka", 17*24*time.Hour, func(c *docker.Container) { c.Health = docker.Unhealthy })
	w.proxy("pay", "haproxy", fleet.Blue, 2, 1.5)
	w.serve("search", "verification", []string{"tokyo-test"}, "east", "west")
	w.run("tokyo-test", "search", fleet.Blue, "1.4.0", "01kc", 8*24*time.Hour)
	w.run("tokyo-test", "search", fleet.Green, "1.4.1", "01kd", time.Hour, func(c *docker.Container) { c.Labels[fleet.LabelMigration] = fleet.MigrationContract })
	w.proxy("search", "east", fleet.Green, 1, 0)
	w.proxy("search", "west", fleet.Blue, 1, 0)
	w.serve("docs", "development", []string{"shanghai-dev"})
	w.run("shanghai-dev", "docs", fleet.Blue, "12", "01ke", time.Hour, func(c *docker.Container) { c.State, c.Health = docker.Exited, "" })
	w.proxy("docs", "haproxy", fleet.Blue, 0, 0, func(v *traffic.View) { v.Kept, v.KeptName = fleet.Green, "be_docs_green" })
	w.serve("mail", "production", []string{"tokyo-2"})
	w.store.Put(fleet.Reading{Source: "traffic/mail/haproxy", At: noon.Add(-time.Minute), Err: &traffic.Error{Service: "mail", Proxy: "haproxy", Op: "read", Why: "/run/haproxy: it is not there", Hint: "is the proxy running here, and the path right?"}})
	w.serve("new-service-with-a-long-name", "production", []string{"tokyo-3"})
	w.runs = []actions.RunRecord{
		record("01kb01hv3nq8d", "service.deploy", "web", "deploy web 1.9.2 in green", 22*time.Minute, actions.Succeeded,
			map[string]any{"colour": "green", "release": impact.Release{Version: "1.9.2"}}, actions.StepRecord{Name: "gate of green: 10 good previews in a row", Status: actions.Succeeded, Done: 10, Total: 10, Unit: "previews"}),
		record("r3", "service.swap", "web", "swap web from green 1.9.0 to blue 1.9.1", 9*24*time.Hour, actions.Succeeded,
			map[string]any{"from": "green", "to": "blue", "was": impact.Release{Version: "1.9.0"}, "will": impact.Release{Version: "1.9.1"}}),
		record("r1", "service.deploy", "web", "deploy web 1.9.0b in green", 10*24*time.Hour, actions.Failed,
			map[string]any{"colour": "green", "release": impact.Release{Version: "1.9.0b"}}),
	}
	w.runs[2].Error, w.runs[2].Reason = "green is not healthy after 1m0s: it is unhealthy", "ticket 4711"
	return w
}

// swapping is a swap of web in its drain.
func swapping(w *world) {
	r := record("r9", "service.swap", "web", "swap web from blue 1.9.1 to green 1.9.2", 25*time.Second, actions.Running,
		map[string]any{"from": "blue", "to": "green", "drain": 30 * time.Second, "will": impact.Release{Version: "1.9.2", Run: "01kb01hv3nq8d"}},
		actions.StepRecord{Name: "gate of green: 10 good previews in a row", Status: actions.Succeeded, Started: noon.Add(-25 * time.Second), Ended: noon.Add(-24 * time.Second), Done: 10},
		actions.StepRecord{Name: "switch edge-1 to green", Status: actions.Succeeded, Started: noon.Add(-24 * time.Second), Ended: noon.Add(-24 * time.Second)},
		actions.StepRecord{Name: "watch green for 10s", Status: actions.Succeeded, Started: noon.Add(-24 * time.Second), Ended: noon.Add(-14 * time.Second), Done: 10, Total: 10, Unit: "seconds", Output: []string{"green held for 10s: 812 answers, 0 errors"}},
		actions.StepRecord{Name: "drain blue", Status: actions.Running, Started: noon.Add(-14 * time.Second), Done: 9, Total: 12, Unit: "sessions"},
		actions.StepRecord{Name: "keep blue for 30m0s", Status: actions.Pending})
	w.runs = append([]actions.RunRecord{r}, w.runs...)
	w.proxy("web", "edge-1", fleet.Green, 41, 0)
	w.proxy("web", "edge-2", fleet.Green, 39, 0)
}

// robot drives a screen as the console does.
type robot struct {
	screentest.Robot[*robot]
	world  *world
	screen *Screen
	acts   []keymap.ID // those that the console does itself
}

// keeping is the screen behind a console that keeps acts to itself.
type keeping struct {
	*Screen
	acts *[]keymap.ID
}

func (k keeping) Do(id keymap.ID) tea.Cmd {
	if strings.HasPrefix(string(id), "service.") || id == keymap.Acts {
		*k.acts = append(*k.acts, id)
		return nil
	}
	return k.Screen.Do(id)
}

func newRobot(t testing.TB, w *world, width, height int) *robot {
	t.Helper()
	r := &robot{world: w, screen: New()}
	r.Start(t, r, keeping{r.screen, &r.acts}, func() screen.Snapshot { return r.world.snapshot() }, width, height)
	return r
}

// first are the names in the list's order.
func (r *robot) order() string {
	var out []string
	for _, it := range r.screen.list.Shown() {
		out = append(out, it.Service)
	}
	return strings.Join(out, " ")
}

func TestSortAndFilter(t *testing.T) {
	r := newRobot(t, newWorld(), 140, 37)
	for id, want := range map[string]string{
		"fleet":     "web api pay search docs mail new-service-with-a-long-name",
		"service":   "api docs mail new-service-with-a-long-name pay search web",
		"attention": "search mail pay docs web new-service-with-a-long-name api",
		"requests":  "web api pay docs search mail new-service-with-a-long-name",
		"errors":    "pay web api docs search mail new-service-with-a-long-name",
		"deployed":  "docs api web pay search mail new-service-with-a-long-name",
		"held":      "api web pay search docs mail new-service-with-a-long-name",
	} {
		r.Run(r.screen.Update(orderPicked{id}))
		if got := r.order(); got != want {
			t.Errorf("sorted by %s: %s, want %s", id, got, want)
		}
	}
	r.Run(r.screen.Update(orderPicked{"requests"}))
	if r.Press("O"); r.order() != "docs pay api web search mail new-service-with-a-long-name" {
		t.Errorf("reversed: %s", r.order())
	}
	for query, want := range map[string]string{
		"health:unhealthy": "pay", "other:held": "api", "live:blue env:prod": "web pay", "version:1.9.2": "web", "by:tanaka !live:blue": "api",
		"engine:tokyo-1": "web api", "proxy:edge": "web", "~nwsrv": "new-service-with-a-long-name", "not there": "mail",
	} {
		r = newRobot(t, newWorld(), 140, 37)
		if r.Press("/").Text(query); r.order() != want {
			t.Errorf("%s: %s, want %s", query, r.order(), want)
		}
		r.See(fmt.Sprintf("%d/7 shown", len(strings.Fields(want))))
		if r.Press("esc"); len(r.screen.list.Shown()) != 7 {
			t.Errorf("%s: esc leaves %s", query, r.order())
		}
	}
	r.Press("/").Text("colour:blue")
	r.See("no field colour; fields: service live version health other env engine proxy by")
}

func TestActsAreAboutWhatIsSelected(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	target := func(name string) {
		t.Helper()
		if got := r.screen.Selection(); len(got) != 1 || got[0] != (fleet.Target{Kind: fleet.KindService, Name: name, Environment: "production"}) {
			t.Errorf("selection %v, want %s", got, name)
		}
	}
	target("web")
	r.Press("down")
	target("api")
	r.Press("d", "s", "b", "E", "K", "a")
	if fmt.Sprint(r.acts) != "[service.deploy service.swap service.rollback service.retire service.settle acts]" {
		t.Errorf("acts %v", r.acts)
	}
	r.Press("enter").See("● green 3.2.0  api", "○ blue held 22m for a rollback")
	target("api")
	r.Press("D")
	if a, ok := r.Last().(screen.Act); !ok || a.Action != "service.deploy" || a.Args["swap"] != "true" || a.Targets[0].Name != "api" {
		t.Errorf("D asks for %+v", r.Last())
	}
	for key, want := range map[string]string{"x": "no run is going on with api", "u": "no run with api was left half way"} {
		r.Press(key)
		if m, ok := r.Last().(screen.Toast); !ok || !strings.Contains(m.Text, want) {
			t.Errorf("%s: %+v", key, r.Last())
		}
	}
	r.Press("esc", "space", "space")
	if got := r.screen.Selection(); len(got) != 2 {
		t.Errorf("marked: %v", got)
	}
}

// A run that goes on is told by its step, with what it counts down.
func TestARunIsSeen(t *testing.T) {
	w := newWorld()
	swapping(w)
	r := newRobot(t, w, 140, 37)
	r.See("◐ swap 3/5: drain blue, 3 open, 16s left", "◐ 1 being changed")
	r.Press("enter").See("◐ swap web from blue 1.9.1 to green 1.9.2", "◐ drain blue", "████████░░ 3 open, 16s left", "○ keep blue for 30m0s", "x cancels it", "green held for 10s: 812 answers, 0 errors")
	if r.Press("x"); r.Last() != (screen.RunAct{Run: "r9", What: "cancel"}) {
		t.Errorf("x asks for %+v", r.Last())
	}
	if r.Press("u"); r.Last() == (screen.RunAct{Run: "r9", What: "resume"}) {
		t.Error("a run that goes on is resumed")
	}
	w.runs[0].Alive = false
	w.runs[0].Steps[3].Status = actions.Pending
	r.Tick()
	r.See("! left half way: swap web", "u goes on with it")
	if r.Press("u"); r.Last() != (screen.RunAct{Run: "r9", What: "resume"}) {
		t.Errorf("u asks for %+v", r.Last())
	}
	r.Press("esc").See("! swap left half way", "! 1 left half way")
}

func TestWhatIsLookedAt(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	if n := len(r.screen.Looking()); n != 9 {
		t.Errorf("%d proxies are looked at in the list, want all 9", n)
	}
	if r.Press("enter"); fmt.Sprint(r.screen.Looking()) != "map[traffic/web/edge-1:[web] traffic/web/edge-2:[web]]" {
		t.Errorf("looked at in the detail: %v", r.screen.Looking())
	}
	if r.Press("esc"); len(r.screen.Looking()) != 9 {
		t.Errorf("looked at after it: %v", r.screen.Looking())
	}
}

func TestShow(t *testing.T) {
	w := newWorld()
	r := newRobot(t, w, 80, 21)
	r.Press("/").Text("api").Press("enter")
	r.screen.Show("service//pay")
	if r.Press("enter"); r.screen.Title() != "Services › pay" {
		t.Errorf("title %q", r.screen.Title())
	}
	// One that is not known yet is opened when it is; the keys until then mean it.
	r.screen.Show("service//late")
	r.Run(r.screen.Do(keymap.Open))
	if got := r.screen.Selection(); got != nil {
		t.Errorf("an act would work on %v", got)
	}
	w.serve("late", "production", []string{"tokyo-1"})
	f := *w.fleet
	w.fleet = &f
	if r.Tick(); r.screen.Title() != "Services › late" {
		t.Errorf("title %q", r.screen.Title())
	}
	r.See("? not read yet  late")
}

func TestCopy(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	pick := func(key string) (out screen.Copy) {
		t.Helper()
		r.Press("c")
		o, ok := r.Last().(screen.Overlay)
		if !ok {
			t.Fatalf("c asks for %+v", r.Last())
		}
		_, result, done := o.Dialog.Update(kittest.Key(key))
		if !done {
			t.Fatalf("%q does not pick", key)
		}
		r.Answer(result)
		out, _ = r.Last().(screen.Copy)
		return out
	}
	if c := pick("n"); c.Text != "web" {
		t.Errorf("%+v", c)
	}
	if c := pick("d"); !strings.HasPrefix(c.Text, "sha256:") || len(c.Text) != 71 {
		t.Errorf("%+v", c)
	}
	if c := pick("j"); !strings.Contains(c.Text, `"other_state":"ready"`) {
		t.Errorf("%+v", c)
	}
	r.Press("*")
	if c := pick("n"); strings.Count(c.Text, "\n") != 6 {
		t.Errorf("%+v", c)
	}
	r.Press("esc", "home", "enter")
	if c := pick("t"); !strings.Contains(c.Text, "be_web_blue") || strings.Contains(c.Text, "\x1b") {
		t.Errorf("%+v", c)
	}
}

func TestDetailFilter(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	r.Press("enter", "/").Text("edge").Press("enter").See("only edge", "edge-2").Miss("sha256")
	r.Press("esc").See("sha256")
	if r.Press("esc"); r.screen.Title() != "Services" {
		t.Errorf("title %q", r.screen.Title())
	}
}
