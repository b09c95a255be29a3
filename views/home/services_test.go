package home

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/traffic"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

// served adds services: one that can be swapped, one whose old colour is held, and in
// trouble one that is not well and one whose proxies disagree.
func served(s screen.Snapshot, trouble bool) screen.Snapshot {
	f := *s.Fleet
	s.Fleet = &f
	add := func(name string, live fleet.Colour, rps float64, versions ...string) *impact.Service {
		spec := fleet.Service{Name: name, Environment: "production", Engines: []string{"tokyo-1"}, Traffic: []fleet.Traffic{{Name: "haproxy"}}}
		f.Services = append(f.Services, spec)
		svc := impact.Service{Service: spec, Live: live, Blue: impact.ColourState{Colour: fleet.Blue}, Green: impact.ColourState{Colour: fleet.Green}}
		for i, v := range versions {
			c := svc.Colour(fleet.Colours[i])
			p := impact.Place{Engine: "tokyo-1", Known: true}
			if v != "" {
				p.Container = &docker.Container{ID: name + v, Name: name + "-" + string(fleet.Colours[i]), State: docker.Running, Health: docker.Healthy, Labels: map[string]string{fleet.LabelImage: "team/" + name + ":" + v, fleet.LabelRun: "run-" + v}}
			}
			c.Places = []impact.Place{p}
		}
		svc.Colour(live).Rate = traffic.Rate{Known: true, Requests: rps}
		svc.Proxies = []impact.ProxyState{{Name: "haproxy", View: &traffic.View{Live: live, Kept: live, Keeps: true}, At: noon.Add(-time.Second)}}
		s.Services = append(s.Services, svc)
		return &s.Services[len(s.Services)-1]
	}
	add("web", fleet.Blue, 41, "1.9.1", "1.9.2")
	s.Runs = append([]actions.RunRecord{{ID: "run-1.9.2", Kind: "service.deploy", Title: "deploy web 1.9.2 in green", Status: actions.Succeeded, Created: noon.Add(-time.Hour),
		Targets: []fleet.Target{f.Services[0].Target()}, Steps: []actions.StepRecord{{Name: "gate of green: 10 good previews in a row", Status: actions.Succeeded, Done: 10}}}}, s.Runs...)
	add("api", fleet.Green, 7.25, "3.1.7", "3.2.0")
	s.Holds = []actions.Hold{{Target: fleet.Target{Kind: fleet.KindContainer, ID: "api3.1.7"}, Until: noon.Add(22 * time.Minute)}}
	if trouble {
		add("pay", fleet.Blue, 0, "5.0.2", "").Blue.Places[0].Container.Health = docker.Unhealthy
		torn := add("search", fleet.Blue, 0, "1.4.0", "1.4.1")
		torn.Live, torn.Why = "", "east has green live, and west has blue"
		s.Problems = append(s.Problems, impact.ServiceProblems(s.Services)...)
		impact.Sort(s.Problems)
	}
	return s
}

// swapping is a swap of web that goes on.
func swapping(s screen.Snapshot) screen.Snapshot {
	s.Runs = append([]actions.RunRecord{{ID: "r9", Kind: "service.swap", Title: "swap web", Status: actions.Running, Alive: true, Created: noon.Add(-9 * time.Second),
		Targets: []fleet.Target{s.Fleet.Services[0].Target()}, Steps: []actions.StepRecord{{Name: "switch haproxy to green", Status: actions.Succeeded},
			{Name: "watch green for 10s", Status: actions.Running, Started: noon.Add(-4 * time.Second), Done: 4, Total: 10, Unit: "seconds"}, {Name: "drain blue"}}}}, s.Runs...)
	return s
}

func TestServiceFrames(t *testing.T) {
	all := func(trouble bool) screen.Snapshot {
		return swifted(powered(served(picture(trouble), trouble)), trouble)
	}
	for name, c := range map[string]struct {
		snap screen.Snapshot
		w, h int
		look screen.Look
	}{
		"services-80x21":  {all(true), 80, 21, screen.Look{Theme: kit.NewTheme(true, false)}},
		"services-140x37": {swapping(all(true)), 140, 37, screen.Look{Theme: kit.NewTheme(true, false)}},
		"services-calm":   {swapping(served(picture(false), false)), 80, 21, screen.Look{Theme: kit.NewTheme(true, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			frame := home(c.snap, c.w, c.h, c.look).View()
			kittest.Check(t, frame, c.w, c.h)
			kittest.Golden(t, name, frame)
		})
	}
}

func TestServiceRows(t *testing.T) {
	read := func(s screen.Snapshot) string {
		var out []string
		for _, r := range servicesPane.read(s).rows {
			glyph, _ := r.sign.look(kit.NewTheme(true, true))
			out = append(out, glyph+" "+strings.Join(r.cells, " | "))
		}
		return strings.Join(out, "\n")
	}
	s := served(screen.Snapshot{Fleet: &fleet.Fleet{}, Now: noon}, true)
	want := "* web | blue 1.9.1 live | green 1.9.2 ready, gate 10/10 | 0 err  41 rps\n" +
		"* api | green 3.2.0 live | blue 3.1.7 held 22m for rollback | 0 err  7.2 rps\n" +
		"x pay | blue 5.0.2 live | tokyo-1/pay-blue is unhealthy | 0 err  0 rps\n" +
		"x search | not decided | east has green live, and west has blue | "
	if got := read(s); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := read(swapping(s)); !strings.HasPrefix(got, "% web | blue 1.9.1 live | swap 1/3: watch green for 10s, 6s left | 0 err  41 rps\n") {
		t.Errorf("while it is swapped:\n%s", got)
	}
	half := swapping(s)
	half.Runs[0].Alive = false
	if got := read(half); !strings.HasPrefix(got, "! web | blue 1.9.1 live | swap left half way | ") {
		t.Errorf("left half way:\n%s", got)
	}
	s.Services[0].Proxies[0].View.Kept = fleet.Green
	s.Services[1].Blue.Places[0].Known = false
	s.Services[1].Green.Rate = traffic.Rate{}
	s.Holds = nil
	want = "! web | blue 1.9.1 live | a proxy keeps another colour for its next start | 0 err  41 rps\n" +
		"* api | green 3.2.0 live | blue 3.1.7 not known | ? err  ? rps\n"
	if got := read(s); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is watched is said in words that a human would use.
func TestServicesAreCounted(t *testing.T) {
	s := served(screen.Snapshot{Fleet: &fleet.Fleet{}, Now: noon}, false)
	s.Services[1].Proxies[0].At = time.Time{}
	if got := calm([]census{servicesPane.read(s).census}); got != "nothing needs you so far; 2 services, 1 still connecting" {
		t.Error(got)
	}
	s.Services[0].Proxies[0].At = time.Time{}
	if got := calm([]census{servicesPane.read(s).census}); got != "asking 2 services" {
		t.Error(got)
	}
}

// d, s and b work on the service under the cursor: it is what home has selected.
func TestServicesAreSelected(t *testing.T) {
	s := home(served(picture(false), false), 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
	if fmt.Sprint(s.Looking()) != "map[traffic/api/haproxy:[api] traffic/web/haproxy:[web]]" {
		t.Errorf("looked at: %v", s.Looking())
	}
	for range s.panes {
		if s.focused().name == "Services" {
			break
		}
		s.Do(keymap.NextPane)
	}
	s.Do(keymap.Down)
	if got := s.Selection(); len(got) != 1 || got[0] != s.snap.Fleet.Services[1].Target() {
		t.Fatalf("selected: %v", got)
	}
	if a, ok := s.Do(keymap.DeploySwap)().(screen.Act); !ok || a.Action != "service.deploy" || a.Args["swap"] != "true" || a.Targets[0].Name != "api" {
		t.Errorf("D asks for %+v", a)
	}
	if got := s.Do(keymap.Open)(); got != (screen.Go{Screen: "services", Subject: "service//api", Open: "detail"}) {
		t.Errorf("enter leads to %+v", got)
	}
}

// The strip of services stands below the halves, whose gap is filled all the same.
func TestServicesStandBelow(t *testing.T) {
	all := swifted(powered(served(picture(true), true)), true)
	for _, c := range []struct {
		snap screen.Snapshot
		w, h int
		want string
	}{
		{all, 80, 21, "Attention Power/Containers Swift/Activity Services"},
		{all, 140, 37, "Attention Power/Containers Swift/Activity Services"},
		{all, 60, 15, "Attention Power Containers"},
		{served(picture(true), true), 80, 21, "Attention Containers Services"},
	} {
		s := home(c.snap, c.w, c.h, screen.Look{Theme: kit.NewTheme(true, false)})
		var got []string
		for _, sh := range s.shelves {
			var names []string
			for _, p := range sh.panes {
				names = append(names, p.name)
			}
			got = append(got, strings.Join(names, "/"))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%dx%d: %s, want %s", c.w, c.h, text, c.want)
		}
	}
}
