package impact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// stage is a service web on two engines, each on a host of its own, behind a proxy.
type stage struct {
	fleet *fleet.Fleet
	store *watch.Store
	facts map[string]*docker.Facts
}

func newStage(environment string) *stage {
	s := &stage{&fleet.Fleet{}, watch.NewStore(), map[string]*docker.Facts{}}
	svc := fleet.Service{Name: "web", Environment: environment, Traffic: []fleet.Traffic{{Name: "haproxy"}}}
	for i := range 2 {
		host, engine := fmt.Sprintf("sw%03d", i+1), fmt.Sprintf("tokyo-%d", i+1)
		s.fleet.Hosts = append(s.fleet.Hosts, fleet.Host{Name: host})
		s.fleet.Engines = append(s.fleet.Engines, fleet.Engine{Name: engine, Host: host})
		svc.Engines = append(svc.Engines, engine)
		s.facts[engine] = &docker.Facts{Engine: engine}
	}
	s.fleet.Services = []fleet.Service{svc}
	return s
}

func (s *stage) run(engine string, c fleet.Colour, health docker.Health) *stage {
	f := s.facts[engine]
	f.Containers = append(f.Containers, &docker.Container{Engine: engine, ID: engine + string(c), Name: "web-" + string(c), State: docker.Running, Health: health,
		Labels: map[string]string{fleet.LabelService: "web", fleet.LabelColour: string(c), fleet.LabelImage: "team/web:1.9." + fmt.Sprint(len(c))}})
	return s
}

func (s *stage) live(c fleet.Colour) *stage {
	s.store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: noon, Facts: &traffic.Facts{View: &traffic.View{Live: c, Keeps: true, Kept: c}}})
	return s
}

func (s *stage) state(read ...string) *watch.State {
	for _, e := range read {
		s.store.Put(fleet.Reading{Source: "docker/" + e, At: noon, Facts: s.facts[e]})
	}
	return s.store.State()
}

func servicesOnly(list []Loss) string {
	var out []string
	for _, l := range list {
		if l.Guard == "services" {
			out = append(out, l.Level+" "+l.Subject+": "+l.Text)
		}
	}
	return strings.Join(out, "\n")
}

func TestServicesAreLostWithHosts(t *testing.T) {
	well, both := docker.Healthy, []string{"tokyo-1", "tokyo-2"}
	for name, tt := range map[string]struct {
		s     *stage
		read  []string
		hosts []string
		want  string
	}{
		"one of two":            {newStage("production").run("tokyo-1", "blue", well).run("tokyo-2", "blue", well).live("blue"), both, []string{"sw001"}, "warn web: the live blue 1.9.4 runs there; tokyo-2 must take all of its users"},
		"both":                  {newStage("production").run("tokyo-1", "blue", well).run("tokyo-2", "blue", well).live("blue"), both, []string{"sw001", "sw002"}, "block web: the live blue 1.9.4 runs there and nowhere else that is known to be well: its users get nothing until tokyo-1, tokyo-2 are back"},
		"the other is ill":      {newStage("production").run("tokyo-1", "blue", well).run("tokyo-2", "blue", docker.Unhealthy).live("blue"), both, []string{"sw001"}, "block web: the live blue 1.9.4 runs there and nowhere else that is known to be well: its users get nothing until tokyo-1 is back"},
		"the other is not read": {newStage("production").run("tokyo-1", "blue", well).run("tokyo-2", "blue", well).live("blue"), both[:1], []string{"sw001"}, "block web: the live blue 1.9.4 runs there and nowhere else that is known to be well: its users get nothing until tokyo-1 is back"},
		"the last, development": {newStage("development").run("tokyo-1", "blue", well).live("blue"), both, []string{"sw001"}, "warn web: the live blue 1.9.4 runs there and nowhere else that is known to be well: its users get nothing until tokyo-1 is back"},
		"idle only":             {newStage("production").run("tokyo-1", "blue", well).run("tokyo-2", "green", well).live("blue"), both, []string{"sw002"}, "warn web: its idle green 1.9.5 runs there: no swap and no rollback to it until the host is back"},
		"nothing there":         {newStage("production").run("tokyo-1", "blue", well).live("blue"), both, []string{"sw002"}, "note web: it may be deployed there, and runs nothing there now"},
		"the host is not read":  {newStage("production").run("tokyo-1", "blue", well).live("blue"), both[:1], []string{"sw002"}, "warn web: it may run there: the engine cannot be read"},
		"live is not known":     {newStage("production").run("tokyo-1", "blue", well), both, []string{"sw001"}, "warn web: it runs there, and which of its colours users have is not known: haproxy was not read yet"},
		"another host":          {newStage("production").run("tokyo-1", "blue", well).live("blue"), both, []string{"sw009"}, ""},
	} {
		if got := servicesOnly(HostLoss(tt.s.fleet, tt.s.state(tt.read...), tt.hosts, noon)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

func TestContainersOfServicesAreLost(t *testing.T) {
	s := newStage("production").run("tokyo-1", "blue", docker.Healthy).run("tokyo-2", "blue", docker.Healthy).run("tokyo-1", "green", docker.Healthy).live("blue")
	list := Services(s.fleet, s.state("tokyo-1", "tokyo-2"))
	ids := func(all ...string) map[string]bool {
		out := map[string]bool{}
		for _, id := range all {
			out[id] = true
		}
		return out
	}
	for name, tt := range map[string]struct {
		ids  map[string]bool
		want string
	}{
		"one of two":     {ids("tokyo-1blue"), "warn web: blue 1.9.4 is live and goes away here; tokyo-2 must take all of its users"},
		"both":           {ids("tokyo-1blue", "tokyo-2blue"), "block web: blue 1.9.4 is live and goes away with nothing to take its place: its users get nothing; swap to the other colour first"},
		"idle":           {ids("tokyo-1green"), "note web: green 1.9.5 is not live; it goes away: no swap and no rollback to it then. ringside retire takes it away in order"},
		"something else": {ids("db"), ""},
	} {
		if got := servicesOnly(LiveLoss(list, tt.ids, "goes away")); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
	list[0].Live, list[0].Why = "", "haproxy does not answer"
	if got := servicesOnly(LiveLoss(list, ids("tokyo-1blue"), "goes away")); got != "warn web: blue 1.9.4 goes away, and whether users have it is not known: haproxy does not answer" {
		t.Error(got)
	}
}

func TestServiceProblems(t *testing.T) {
	s := newStage("production").run("tokyo-1", "blue", docker.Healthy).run("tokyo-2", "blue", docker.Unhealthy).live("blue")
	problems := func() string { return told(ServiceProblems(Services(s.fleet, s.state("tokyo-1", "tokyo-2")))) }
	if got := problems(); got != "critical web: blue is live and not well: tokyo-2/web-blue is unhealthy" {
		t.Error(got)
	}
	s.facts["tokyo-2"].Containers[0].Health = docker.Healthy
	if got := problems(); got != "" {
		t.Error(got)
	}
	s.store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: noon.Add(time.Second), Facts: &traffic.Facts{View: &traffic.View{Live: "blue", Keeps: true, Kept: "green"}}})
	if got := problems(); got != "critical web: proxy haproxy has blue live and keeps green: a reload would switch" {
		t.Error(got)
	}
	s.store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: noon.Add(2 * time.Second), Facts: &traffic.Facts{View: &traffic.View{LiveName: "be_x", Why: "be_x is neither colour"}}})
	if got := problems(); got != "critical web: no colour is live everywhere" {
		t.Error(got)
	}
	s.store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: noon.Add(3 * time.Second), Err: errors.New("no answer")})
	if got := problems(); !strings.Contains(got, "warning web: proxy haproxy does not answer") {
		t.Error(got)
	}
}

// An engine whose facts are the same pointer is not searched again; new facts are.
func TestServiceMemo(t *testing.T) {
	s := newStage("production").run("tokyo-1", "blue", docker.Healthy).live("blue")
	var m ServiceMemo
	if got := m.Services(s.fleet, s.state("tokyo-1")); got[0].Blue.Empty() {
		t.Fatal("the container is not found")
	}
	s.facts["tokyo-1"].Containers = nil // facts are never changed; if they are, only the memo remembers
	if got := m.Services(s.fleet, s.state("tokyo-1")); got[0].Blue.Empty() {
		t.Error("the same facts were searched again")
	}
	s.facts["tokyo-1"] = &docker.Facts{Engine: "tokyo-1"}
	if got := m.Services(s.fleet, s.state("tokyo-1")); !got[0].Blue.Empty() {
		t.Error("new facts were not searched")
	}
}

// One picture of 50 services on 10 engines with 1,000 containers each.
func BenchmarkServices(b *testing.B) {
	s := newStage("production")
	for i := range 10 {
		name := fmt.Sprintf("e%d", i)
		f := &docker.Facts{Engine: name}
		for n := range 1000 {
			f.Containers = append(f.Containers, &docker.Container{ID: fmt.Sprint(name, n), Labels: map[string]string{"a": "b"}})
		}
		s.fleet.Engines = append(s.fleet.Engines, fleet.Engine{Name: name})
		s.facts[name] = f
		s.state(name)
	}
	for i := range 50 {
		s.fleet.Services = append(s.fleet.Services, fleet.Service{Name: fmt.Sprint("s", i), Engines: []string{fmt.Sprintf("e%d", i%10)}, Traffic: []fleet.Traffic{{Name: "haproxy"}}})
	}
	state := s.store.State()
	var m ServiceMemo
	for b.Loop() {
		m.Services(s.fleet, state)
	}
}
