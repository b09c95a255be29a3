package home

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

var noon = time.Date(2026, 11, 23, 12, 4, 0, 0, time.UTC)

// picture is a fleet of five engines. Troubled ones have an unhealthy and a
// restarting container, and one engine does not answer.
func picture(trouble bool) screen.Snapshot {
	f := &fleet.Fleet{Environment: "production", Sites: []fleet.Site{{Name: "tokyo"}, {Name: "shanghai"}}}
	store := watch.NewStore()
	for i, name := range []string{"tokyo-1", "tokyo-2", "tokyo-3", "shanghai-1", "上海-2"} {
		site := "tokyo"
		if i > 2 {
			site = "shanghai"
		}
		f.Engines = append(f.Engines, fleet.Engine{Name: name, Site: site})
		facts := &docker.Facts{Engine: name, Site: site, Version: "29.1.3", CPUs: 16, Memory: 64 << 30}
		for n := range 8 {
			facts.Containers = append(facts.Containers, &docker.Container{Engine: name, Site: site, ID: fmt.Sprint(name, n),
				Name: fmt.Sprint("web-", n), State: docker.Running, Tag: "1.9.1", Known: true, Started: noon.Add(-time.Hour)})
		}
		if trouble && i == 0 {
			facts.Containers[0].Name, facts.Containers[0].Health = "api", docker.Unhealthy
			c := facts.Containers[1]
			c.Name, c.State, c.Restarts, c.ExitCode, c.Finished = "決済-ワーカー", docker.Restarting, 14, 1, noon.Add(-20*time.Second)
		}
		store.Put(fleet.Reading{Source: "docker/" + name, At: noon.Add(-2 * time.Second), Facts: facts})
		if trouble && i == 3 {
			store.Put(fleet.Reading{Source: "docker/" + name, At: noon.Add(-90 * time.Second).Add(time.Minute), Err: errors.New("dial tcp 10.1.0.4:2376: connection refused")})
		}
	}
	s := screen.Snapshot{Fleet: f, State: store.State(), Now: noon}
	s.Problems = impact.Docker(f, s.State, noon)
	if trouble {
		s.Runs = []actions.RunRecord{
			{ID: "r3", Title: "restart tokyo-2/web-3", Status: actions.Running, Alive: true, Actor: actions.Actor{User: "aoi"}, Created: noon.Add(-3 * time.Second), Steps: make([]actions.StepRecord, 2)},
			{ID: "r2", Title: "stop 3 containers on 2 engines", Status: actions.Succeeded, Actor: actions.Actor{User: "aoi"}, Created: noon.Add(-5 * time.Minute)},
			{ID: "r1", Title: "pull registry.tyo.example:5000/team/web:1.9.2", Status: actions.Failed, Error: "disk full", Actor: actions.Actor{User: "ren"}, Created: noon.Add(-26 * time.Hour)},
		}
	}
	return s
}

// powered adds 120 hosts in two sites: one off, one silent, one that refuses us, one
// with a fault and one on its way off.
func powered(s screen.Snapshot) screen.Snapshot {
	store := watch.NewStore()
	f := *s.Fleet
	s.Fleet = &f
	for e := range s.State.All() {
		store.Put(fleet.Reading{Source: e.Source, At: e.At, Facts: e.Facts})
	}
	for i := range 120 {
		h := fleet.Host{Name: fmt.Sprintf("sw%03d", i+1), Site: []string{"tokyo", "tokyo", "shanghai"}[i/40], Rack: fmt.Sprintf("r%02d", i/20+1), BMC: &fleet.BMC{Address: "192.0.2.1"}}
		s.Fleet.Hosts = append(s.Fleet.Hosts, h)
		r := fleet.Reading{Source: "bmc/" + h.Name, At: noon.Add(-time.Second)}
		f := &bmc.Facts{Host: h.Name, Driver: "ipmi", Power: bmc.On, Health: bmc.OK}
		r.Facts = f
		switch i + 1 {
		case 17:
			f.Power = bmc.Off
		case 33:
			r.Facts, r.Err = nil, &bmc.Error{Host: h.Name, Op: "read power", Trouble: bmc.Silent, Why: "no answer from 192.0.2.1:623"}
		case 58:
			r.Facts, r.Err = nil, &bmc.Error{Host: h.Name, Op: "read power", Trouble: bmc.WrongPassword, Why: "user oncall is refused"}
		case 91:
			f.Health, f.Faults = bmc.Critical, []string{"cooling fault"}
		}
		store.Put(r)
	}
	s.Asked = []impact.Asked{{Host: "sw100", Want: bmc.Off, Verb: bmc.SoftOff, By: "aoi", Run: "r9", At: noon.Add(-12 * time.Second)}}
	s.State = store.State()
	s.Problems = append(s.Problems, impact.Power(s.Fleet, s.State, s.Asked, nil, noon)...)
	impact.Sort(s.Problems)
	return s
}

// swifted adds a cluster of 120 nodes, two of them down.
func swifted(s screen.Snapshot, trouble bool) screen.Snapshot {
	r, err := ring.New(ring.Spec{PartPower: 1, Devices: []*ring.Device{{Name: "d1", Weight: 1, IP: "10.0.0.1", Port: 6200}}, Rows: [][]uint16{{0, 0}, {0, 0}, {0, 0}}})
	if err != nil {
		panic(err)
	}
	o := &swift.Overview{Cluster: fleet.Cluster{Name: "objects", Site: "tokyo"}, Rings: &swift.Rings{}, Now: noon}
	for i := range 120 {
		o.Nodes = append(o.Nodes, &swift.NodeView{Name: fmt.Sprint("10.0.0.", i+1), Host: fmt.Sprintf("sw%03d", i+1), State: swift.Up, At: noon.Add(-2 * time.Second)})
	}
	gold := &swift.PolicyView{Ring: ring.Named{Ring: r, Name: "object", Kind: ring.Object, Policy: ring.Policy{Name: "gold"}}, Devices: swift.Count{Total: 600, Up: 600}}
	o.Policies = []*swift.PolicyView{{Ring: ring.Named{Ring: r, Name: "account", Kind: ring.Account}}, gold}
	if trouble {
		o.Nodes[16].State, o.Nodes[87].State = swift.Down, swift.Unknown
		gold.Figures = swift.Figures{AtLeast: ring.Counts{Degraded: 9120, BelowQuorum: 412}, AtMost: ring.Counts{Degraded: 12400, BelowQuorum: 500, Unreadable: 3}}
		full := &swift.DeviceView{Node: o.Nodes[4], Name: "d2", Usage: &swift.Usage{Mounted: true, Size: 100, Used: 96}}
		o.Capacity.Fullest = full
		o.Recovery = swift.Recovery{Filling: []*swift.DeviceView{full}, Parts: 1300, Bytes: 1 << 40, Rate: 1 << 30, Over: time.Minute}
		o.Proxies = []*swift.ProxyView{{Address: "proxy:8080", State: swift.Down}}
	}
	s.Clusters = append(s.Clusters, o)
	return s
}

func home(snap screen.Snapshot, w, h int, l screen.Look) *Screen {
	s := New()
	s.Restyle(l)
	s.Resize(w, h)
	s.Refresh(snap)
	return s
}

func TestFrames(t *testing.T) {
	colour := screen.Look{Theme: kit.NewTheme(true, false)}
	plain := kit.NewTheme(false, false)
	plain.Selected = "7"
	for name, c := range map[string]struct {
		snap screen.Snapshot
		w, h int
		look screen.Look
	}{
		"trouble-80x21":  {picture(true), 80, 21, colour},
		"trouble-140x37": {picture(true), 140, 37, colour},
		"calm-80x21":     {picture(false), 80, 21, colour},
		"ascii-80x21":    {picture(true), 80, 21, screen.Look{Theme: kit.NewTheme(true, true), Marker: true}},
		"light-80x21":    {picture(true), 80, 21, screen.Look{Theme: plain}},
		"small-60x12":    {picture(true), 60, 12, colour},
		"power-80x21":    {powered(picture(true)), 80, 21, colour},
		"power-calm":     {powered(picture(false)), 80, 30, screen.Look{Theme: kit.NewTheme(true, true)}},
		"power-140x37":   {powered(picture(true)), 140, 37, colour},
		"power-60x12":    {powered(picture(true)), 60, 12, colour},
		"swift-80x21":    {swifted(powered(picture(true)), true), 80, 21, colour},
		"swift-140x37":   {swifted(powered(picture(true)), true), 140, 37, colour},
		"swift-calm":     {swifted(powered(picture(false)), false), 80, 30, screen.Look{Theme: kit.NewTheme(true, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			frame := home(c.snap, c.w, c.h, c.look).View()
			kittest.Check(t, frame, c.w, c.h)
			kittest.Golden(t, name, frame)
		})
	}
}

func TestEverySizeHolds(t *testing.T) {
	for name, snap := range map[string]screen.Snapshot{"containers": picture(true), "hosts too": powered(picture(true)), "clusters too": swifted(powered(picture(true)), true),
		"syncs too": moving(synced(swifted(powered(picture(true)), true), true)), "nothing": {Fleet: &fleet.Fleet{}}} {
		s := home(snap, 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
		for w := 1; w < 200; w += 13 {
			for h := 1; h < 60; h += 5 {
				s.Resize(w, h)
				kittest.Check(t, s.View(), w, h)
				if t.Failed() {
					t.Fatalf("%s at %dx%d", name, w, h)
				}
			}
		}
	}
}

// The panes that are there, and how they stand.
func TestLayout(t *testing.T) {
	hostsOnly := powered(picture(false))
	hostsOnly.Fleet = &fleet.Fleet{Hosts: hostsOnly.Fleet.Hosts}
	for _, c := range []struct {
		snap screen.Snapshot
		w, h int
		want string // a slash between those that stand side by side
	}{
		{picture(false), 80, 21, "Attention Containers Activity"},
		{powered(picture(true)), 80, 21, "Attention Power/Containers Activity"},
		{powered(picture(true)), 80, 18, "Attention Power/Containers"}, // the map needs the room
		{powered(picture(true)), 140, 37, "Attention Power/Containers Activity"},
		{powered(picture(true)), 77, 40, "Attention Power Containers Activity"},
		{powered(picture(true)), 60, 12, "Attention Power Containers"},
		{powered(picture(true)), 60, 8, "Attention Power"},
		{swifted(powered(picture(true)), true), 80, 21, "Attention Power/Containers Swift/Activity"},
		{swifted(powered(picture(true)), true), 140, 37, "Attention Power/Containers Swift/Activity"},
		{swifted(powered(picture(true)), true), 190, 50, "Attention Power/Containers/Swift Activity"},
		{swifted(powered(picture(true)), true), 60, 20, "Attention Power Containers Swift"},
		{swifted(picture(true), true), 80, 21, "Attention Containers/Swift Activity"},
		{synced(swifted(powered(picture(true)), true), true), 80, 21, "Attention Power/Containers Swift/Registries"},
		{synced(swifted(powered(picture(true)), true), true), 140, 37, "Attention Power/Containers Swift/Registries Activity"},
		{synced(swifted(powered(picture(true)), true), true), 190, 50, "Attention Power/Containers/Swift Registries/Activity"},
		{hostsOnly, 80, 21, "Attention Power Activity"},
		{screen.Snapshot{Fleet: &fleet.Fleet{}}, 80, 21, "Attention Containers Activity"}, // it says how to begin
	} {
		s := home(c.snap, c.w, c.h, screen.Look{Theme: kit.NewTheme(true, false)})
		var got []string
		sum := 0
		for _, sh := range s.shelves {
			var names []string
			for _, p := range sh.panes {
				names = append(names, p.name)
			}
			got = append(got, strings.Join(names, "/"))
			sum += sh.height
		}
		if text := strings.Join(got, " "); text != c.want || sum != c.h {
			t.Errorf("%dx%d: %s in %d lines, want %s", c.w, c.h, text, sum, c.want)
		}
	}
}

func TestThreeAbreast(t *testing.T) {
	var panes []*pane
	for range 4 {
		panes = append(panes, newPane(&system{half: true, good: 5}))
	}
	for w, want := range map[int]string{77: "1 1 1 1", 78: "2 2", 179: "2 2", 180: "3 1"} {
		var got []string
		for _, s := range shelve(panes, w) {
			got = append(got, fmt.Sprint(len(s.panes)))
			sum := 0
			for _, n := range s.widths {
				sum += n
			}
			if sum != w {
				t.Errorf("a shelf of %v columns in %d", s.widths, w)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("in %d columns %v, want %s", w, got, want)
		}
	}
}

// Without a line under the cursor a pane leads to its screen; with one to the host.
func TestPowerPaneLeadsSomewhere(t *testing.T) {
	s := home(powered(picture(true)), 80, 14, screen.Look{Theme: kit.NewTheme(true, false)})
	s.Do(keymap.NextPane)
	if got := s.Do(keymap.Open)(); got != (screen.Go{Screen: "power"}) {
		t.Errorf("the map leads to %+v", got)
	}
	if s.Selection() != nil || s.Do(keymap.Copy) != nil {
		t.Error("a line that is not shown is acted on")
	}
	s.Resize(140, 37)
	if got := s.Do(keymap.Open)(); got != (screen.Go{Screen: "power", Subject: "host//sw100", Open: "detail"}) {
		t.Errorf("a host that changes leads to %+v", got)
	}
	rack := fleet.Target{Kind: fleet.KindRack, Scope: "tokyo", Name: "r01"}
	if got := place(rack); got != (screen.Go{Screen: "power", Subject: "rack/tokyo/r01"}) {
		t.Errorf("a rack leads to %+v", got)
	}
}

func TestCalmInWords(t *testing.T) {
	fresh := picture(false)
	old := fresh
	old.Now = noon.Add(10 * time.Second)
	half := fresh
	half.Fleet = &fleet.Fleet{Engines: append(fresh.Fleet.Engines[:5:5], fleet.Engine{Name: "late"})}
	none := screen.Snapshot{Fleet: &fleet.Fleet{}, Now: noon}
	unread := screen.Snapshot{Fleet: fresh.Fleet, State: watch.NewStore().State(), Now: noon}
	for want, s := range map[string]screen.Snapshot{
		"nothing needs you; 40 containers on 5 engines, all read within 5s":        fresh,
		"nothing needs you; 40 containers on 5 engines, all read within 15s":       old,
		"nothing needs you so far; 40 containers on 6 engines, 1 still connecting": half,
		"no engine is known; ringside init writes a starter file":                  none,
		"asking 5 engines": unread,
		"nothing needs you; 40 containers on 5 engines, 120 storage nodes, all read within 5s": swifted(fresh, false),
		"nothing needs you so far; 120 hosts, 40 containers on 5 engines, 2 still connecting":  powered(fresh),
	} {
		screen := New()
		screen.Refresh(s)
		if got := screen.all[0].empty; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEngineRows(t *testing.T) {
	rows, n := engines(picture(true))
	if n.up != 39 || n.all != 40 || n.unhealthy != 1 {
		t.Errorf("tally %+v", n)
	}
	want := []string{"tokyo-1 tokyo 7/8 2 in trouble  29.1.3 16 cpu 64G ", "shanghai-1 shanghai 8/8 no answer  29.1.3 16 cpu 64G 2s"}
	if got := strings.Join(rows[0].cells, " "); got != want[0] {
		t.Errorf("%q, want %q", got, want[0])
	}
	if got := strings.Join(rows[3].cells, " "); got != want[1] || !rows[3].dim {
		t.Errorf("%q, want %q", got, want[1])
	}
}

func TestKeysLeadSomewhere(t *testing.T) {
	s := home(picture(true), 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
	answer := func(id keymap.ID) any {
		if cmd := s.Do(id); cmd != nil {
			return cmd()
		}
		return nil
	}
	if got := answer(keymap.Open); got != (screen.Go{Screen: "containers", Subject: s.snap.Problems[0].Subject.Key(), Open: place(s.snap.Problems[0].Subject).Open}) {
		t.Errorf("open a problem: %+v", got)
	}
	for range s.snap.Problems {
		if r := s.focused().selected(); r.target.Kind == fleet.KindContainer {
			break
		}
		s.Do(keymap.Down)
	}
	sel := s.Selection()
	if len(sel) != 1 || sel[0].Kind != fleet.KindContainer {
		t.Fatalf("selection %+v", sel)
	}
	if got := answer(keymap.ShowLogs); got != (screen.Go{Screen: "containers", Subject: sel[0].Key(), Open: "logs"}) {
		t.Errorf("logs: %+v", got)
	}
	s.Do(keymap.NextPane)
	if got, ok := answer(keymap.ShowLogs).(screen.Toast); !ok || !got.Bad {
		t.Error("the log of an engine was promised")
	}
	s.Do(keymap.NextPane)
	if got := answer(keymap.Open); got != (screen.Go{Screen: "runs", Subject: "r3", Open: "detail"}) {
		t.Errorf("open a run: %+v", got)
	}
	if s.Selection() != nil {
		t.Error("a run can be acted on")
	}
}

// The cursor stays on its problem when a worse one comes in above it.
func TestCursorStays(t *testing.T) {
	snap := picture(true)
	s := home(snap, 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
	s.Do(keymap.Down)
	before := s.focused().selected().key
	snap.Problems = append([]impact.Problem{{ID: "new", Severity: impact.Critical, Text: "worse"}}, snap.Problems...)
	s.Refresh(snap)
	if got := s.focused().selected().key; got != before {
		t.Errorf("cursor on %s, was on %s", got, before)
	}
}

func BenchmarkRefreshAndView(b *testing.B) {
	snap := powered(picture(true))
	for i := range 10_000 {
		snap.Problems = append(snap.Problems, impact.Problem{ID: fmt.Sprint(i), Severity: impact.Warning, Text: "x"})
	}
	s := home(snap, 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			s.Do(keymap.Down)
			_ = s.View()
		}
	})
	b.Run("tick", func(b *testing.B) {
		for b.Loop() {
			s.Refresh(snap)
		}
	})
}

// The worst of a cluster comes first, what may be is said as a range, and every line
// leads to the cluster.
func TestSwiftRows(t *testing.T) {
	c := swiftPane.read(swifted(screen.Snapshot{Now: noon}, true))
	var got []string
	for _, r := range c.rows {
		glyph, _ := r.sign.look(kit.NewTheme(true, true))
		got = append(got, glyph+" "+strings.Join(r.cells, " "))
		if r.open != (screen.Go{Screen: "swift", Subject: "cluster//objects"}) {
			t.Errorf("%v leads to %+v", r.cells, r.open)
		}
	}
	want := []string{
		"! objects 0-3 unreadable, 412-500 below quorum, 9120-12400 degraded",
		"x nodes 118 of 120 up: sw017 sw088",
		"! proxies 0 of 1 up",
		"! fullest sw005/d2 96%",
		"! gold 2 parts, 600 dev, 3 replicas",
		"% recovery 1 disk, about 17m left, about 1300 partitions to move",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	unread := swifted(screen.Snapshot{Now: noon}, true)
	unread.Clusters[0].Rings, unread.Clusters[0].RingsErr = nil, errors.New("no such directory")
	if r := swiftPane.read(unread).rows[0]; r.sign != bad || r.cells[1] != "its rings cannot be read" {
		t.Errorf("a cluster without rings is %+v", r)
	}
	node := fleet.Target{Kind: fleet.KindNode, Scope: "objects", Name: "sw017"}
	if g := place(node); g != (screen.Go{Screen: "swift", Subject: "node/objects/sw017", Open: "detail"}) {
		t.Errorf("a node leads to %+v", g)
	}
}
