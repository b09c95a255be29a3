package swift

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/swift"
)

// world is a cluster of the lab, watched.
type world struct {
	*Cluster
	t       testing.TB
	lab     *lab.Cluster
	fleet   *fleet.Fleet
	memo    Memo
	mu      sync.Mutex
	entries map[string]Entry
	changed chan struct{}
}

// small is a cluster that a test can break: eight nodes in four zones.
func small() lab.Options {
	o := lab.Options{Name: "objects", Site: "tokyo", Environment: "production", Disks: 3, PartPower: 8, Calm: true}
	for n := range 8 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
	}
	return o
}

func newWorld(t testing.TB, o lab.Options) *world {
	t.Helper()
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &world{t: t, lab: l, fleet: &fleet.Fleet{}, entries: map[string]Entry{}, changed: make(chan struct{}, 1)}
	l.Fleet(w.fleet)
	w.Cluster = New(w.fleet, w.fleet.Clusters[0])
	return w
}

// Agree reports whether all who told have the same file and none is missing.
func (a Agreement) Agree() bool {
	return len(a.Groups) <= 1 && len(a.Missing) == 0 && len(a.Unreadable) == 0
}

// put keeps a reading as the watch store does.
func (w *world) put(r fleet.Reading) {
	w.mu.Lock()
	e := w.entries[r.Source]
	switch {
	case r.Err == nil:
		e = Entry{Facts: r.Facts, At: r.At}
	case e.Err == nil:
		e.Err, e.Since = r.Err, r.At
	default:
		e.Err = r.Err
	}
	w.entries[r.Source] = e
	w.mu.Unlock()
	token(w.changed)
}

func (w *world) overview() *Overview { return w.overviewAt(time.Now()) }

func (w *world) overviewAt(now time.Time) *Overview {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Join(Input{Fleet: w.fleet, Cluster: w.spec, Now: now, Memo: &w.memo,
		Read: func(source string) (Entry, bool) { e, ok := w.entries[source]; return e, ok }})
}

// sweep reads everything once.
func (w *world) sweep() *Overview {
	w.t.Helper()
	if err := w.Sweep(w.t.Context(), w.put); err != nil {
		w.t.Fatal(err)
	}
	return w.overview()
}

// watch begins to watch until the test ends.
func (w *world) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.Watch(ctx, w.put); close(done) }()
	w.t.Cleanup(func() { cancel(); <-done })
}

// until waits for a condition of the overview, asking everything again.
func (w *world) until(what string, is func(*Overview) bool) *Overview {
	w.t.Helper()
	limit := time.After(60 * time.Second)
	var asked time.Time
	for {
		if o := w.overview(); is(o) {
			return o
		}
		if time.Since(asked) > 200*time.Millisecond { // a real server has other things to do as well
			w.Refresh()
			asked = time.Now()
		}
		select {
		case <-w.changed:
		case <-time.After(200 * time.Millisecond):
		case <-limit:
			w.explain(what)
		}
	}
}

// explain ends the test with what is known instead of what was waited for.
func (w *world) explain(what string) {
	w.t.Helper()
	o := w.overview()
	for _, n := range o.Nodes {
		w.t.Logf("%s %s %s", n.Label(), n.State, n.Why)
		if n.Facts != nil {
			w.t.Logf("%+v", *n.Facts)
		}
		for _, d := range n.Devices {
			w.t.Logf("%s %s %s %+v", d.Label(), d.State, d.Why, d.Usage)
		}
	}
	for _, p := range o.Proxies {
		w.t.Logf("proxy %s %s %s", p.Address, p.State, p.Why)
	}
	w.t.Fatalf("never saw: %s (rings: %v, api: %v)", what, o.RingsErr, o.APIErr)
}

func allUp(o *Overview) bool {
	return o.NodeCount() == Count{Total: 8, Up: 8} && o.ProxyCount().Up == 1 && o.API != nil
}

func (o *Overview) mustNode(t testing.TB, name string) *NodeView {
	t.Helper()
	n, ok := o.Node(name)
	if !ok {
		t.Fatalf("there is no node %s", name)
	}
	return n
}

func (o *Overview) mustDevice(t testing.TB, label string) *DeviceView {
	t.Helper()
	for _, d := range o.Devices {
		if d.Label() == label {
			return d
		}
	}
	t.Fatalf("there is no device %s", label)
	return nil
}

func (o *Overview) file(t testing.TB, name string) Agreement {
	t.Helper()
	for _, a := range o.Files {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("there is no file %s", name)
	return Agreement{}
}

func TestCalmCluster(t *testing.T) {
	for name, byPort := range map[string]bool{"by address": false, "by port": true} {
		t.Run(name, func(t *testing.T) {
			opts := small()
			opts.ByPort = byPort
			w := newWorld(t, opts)
			o := w.sweep()
			if !allUp(o) || o.DeviceCount() != (Count{Total: 24, Up: 24}) {
				t.Fatalf("nodes %+v, devices %+v, proxies %+v", o.NodeCount(), o.DeviceCount(), o.ProxyCount())
			}
			if got := fmt.Sprintln(len(o.Policies), o.Policies[2].Ring.Title(), o.Policies[3].Ring.Title(), o.Policies[3].Ring.Quorum()); got != "4 gold archive ec 4+2\n" {
				t.Error(got)
			}
			for _, p := range o.Policies {
				if !p.Figures.Exact() || p.Figures.AtLeast.Degraded != 0 || p.Figures.AtLeast.Partitions != p.Ring.Partitions() {
					t.Errorf("%s: %+v", p.Ring.Name, p.Figures)
				}
			}
			for _, a := range o.Files {
				want := 9 // with the proxy
				if !a.Agree() || a.OursDiffers() || len(a.Unknown) > 0 || len(a.Groups) != 1 || len(a.Groups[0].Members) != want {
					t.Errorf("%+v", a)
				}
			}
			n := o.mustNode(t, "sw003")
			if n.Host != "sw003" || n.State != Up || n.Zone != 3 || !n.DriftKnown || n.Drift.Abs() > time.Second || n.Facts.Version.Value != "2.33.0" {
				t.Errorf("%+v", n)
			}
			if n.Facts.Memory.Known() || n.Facts.Memory.Why() != "not read yet" {
				t.Error("the memory is read although nobody looks")
			}
			if s := n.Facts.Servers; len(s) != 1 || s[0].Up.Err != nil || len(s[0].Kinds) != 3 {
				t.Errorf("servers = %+v", s)
			}
			c := o.Capacity
			if c.Disks != 24 || c.Unknown != 0 || c.Size != 24*8<<40 || c.PerNode != 3*8<<40 || len(c.Policies) != 2 {
				t.Errorf("capacity = %+v", c)
			}
			if p := c.Policies[0]; p.Overhead != 3 || p.Total != c.Size/3 || p.Free <= 0 || p.Free > p.Usable || p.First == nil || p.Known != 24 || p.PerHost <= 0 {
				t.Errorf("gold = %+v", p)
			}
			if p := c.Policies[1]; p.Overhead != 1.5 {
				t.Errorf("archive = %+v", p)
			}
			if a := o.API; a.Account != "AUTH_admin" || a.Version != "2.33.0" || a.Totals.Value.Containers != 5 || a.Login != "admin:admin" || a.Insecure != "" ||
				len(a.Policies) != 2 || a.Policies[1].Totals.Objects != 18_204+9_120_004 || !slices.Contains(a.Features, "slo") {
				t.Errorf("api = %+v", a)
			}
			if len(o.Replication) != 4 || o.Replication[2].Known != 8 || o.Replication[2].Longest < 30*time.Minute || !o.Replication[3].Erasure || o.Replication[3].Known != 8 {
				t.Errorf("replication = %+v", o.Replication)
			}
			if len(o.Victims)+len(o.Strays)+len(o.Recovery.Filling)+len(o.Recovery.Draining) != 0 || o.NobodyAnswers || o.MountCheckOff || o.Async.Unknown != 0 {
				t.Errorf("something is wrong with a calm cluster: %+v %+v %+v", o.Victims, o.Strays, o.Recovery)
			}
		})
	}
}

// Each fault is seen where the facts say it shows, and nowhere else.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world)
		is   func(*testing.T, *Overview) bool
	}{
		{"hung", func(w *world) { w.lab.Hang("sw002", true) }, func(t *testing.T, o *Overview) bool {
			n := o.mustNode(t, "sw002")
			return n.State == Down && TroubleOf(n.Err) == Silent && o.NodeCount() == Count{Total: 8, Up: 7, Down: 1} &&
				o.DeviceCount() == Count{Total: 24, Up: 21, Down: 3} && o.Policies[2].Figures.AtLeast.Degraded > 0 && o.Policies[2].Off.Len() == 3 &&
				o.mustDevice(t, "sw002/d1").State == DeviceOff && slices.Equal(o.file(t, "object").Unknown, []string{n.Name})
		}},
		{"dead", func(w *world) { w.lab.Stop("sw002") }, func(t *testing.T, o *Overview) bool {
			return o.mustNode(t, "sw002").State == Down && TroubleOf(o.mustNode(t, "sw002").Err) == Refused
		}},
		{"no recon", func(w *world) { w.lab.Fail("sw002", "time", 404) }, func(t *testing.T, o *Overview) bool {
			n := o.mustNode(t, "sw002") // something answers there: not down, but nobody knows how its disks are
			f := o.Policies[2].Figures
			return n.State == Unknown && strings.Contains(n.Why, "no recon") && f.AtLeast.Degraded == 0 && f.AtMost.Degraded > 0 && o.Policies[2].Maybe.Len() == 3
		}},
		{"unmounted", func(w *world) { w.lab.Unmount("sw003", "d2") }, func(t *testing.T, o *Overview) bool {
			d := o.mustDevice(t, "sw003/d2")
			return d.State == Unmounted && o.DeviceCount().Down == 1 && o.Policies[0].Off.Len() == 1 && o.NodeCount().Up == 8
		}},
		{"no directory", func(w *world) { w.lab.Remove("sw003", "d2") }, func(t *testing.T, o *Overview) bool {
			d := o.mustDevice(t, "sw003/d2")
			return d.State == Absent && d.Why == "there is no /srv/node/d2" && d.Usage == nil
		}},
		{"I/O errors", func(w *world) { w.lab.Break("sw003", "d2") }, func(t *testing.T, o *Overview) bool {
			d := o.mustDevice(t, "sw003/d2")
			return d.State == Faulty && strings.Contains(d.Why, "Input/output error")
		}},
		{"stray directory", func(w *world) { w.lab.Stray("sw003", "lost+found") }, func(t *testing.T, o *Overview) bool {
			return len(o.Strays) == 1 && o.Strays[0].Name == "lost+found" && o.Strays[0].Node.Host == "sw003" && !o.Strays[0].Mounted && o.DeviceCount().Up == 24
		}},
		{"full disk", func(w *world) { w.lab.Fill("sw004", "d1", true) }, func(t *testing.T, o *Overview) bool {
			d := o.mustDevice(t, "sw004/d1")
			part, _ := d.Fullness()
			return part == 1 && o.Capacity.Fullest == d && o.Capacity.Policies[0].Free == 0 && o.Capacity.Policies[0].First == d && d.State == DeviceOK
		}},
		{"empty disk", func(w *world) { w.lab.Empty("sw004", "d1") }, func(t *testing.T, o *Overview) bool {
			d := o.mustDevice(t, "sw004/d1")
			r := o.Recovery
			parts := int64(d.Parts)
			return len(r.Filling) == 1 && r.Filling[0] == d && r.Parts > parts*9/10 && r.Parts < parts*11/10
		}},
		{"stale ring", func(w *world) { w.lab.Stale("sw005", true) }, func(t *testing.T, o *Overview) bool {
			a := o.file(t, "object")
			return len(a.Groups) == 2 && a.Groups[1].Behind == 2 && a.Groups[1].Version == 1231 && a.Groups[0].Version == 1233 &&
				slices.Equal(a.Groups[1].Members, []string{o.mustNode(t, "sw005").Name}) && !a.OursDiffers() && slices.Equal(o.mustNode(t, "sw005").StaleRings, []string{"object"})
		}},
		{"ring missing", func(w *world) { w.lab.Lose("sw005", "object-1", true) }, func(t *testing.T, o *Overview) bool {
			a := o.file(t, "object-1")
			return len(a.Groups) == 1 && slices.Equal(a.Missing, []string{o.mustNode(t, "sw005").Name}) && !a.Agree()
		}},
		{"dangerous pair", func(w *world) { w.lab.Drift("sw006", true); w.lab.Quarantine("sw006", "0", 88) }, func(t *testing.T, o *Overview) bool {
			n := o.mustNode(t, "sw006")
			return n.ConfDiffers && len(o.Quarantine.Rising) == 1 && o.Quarantine.Rising[0] == n && o.Quarantine.New == 88 && !n.Facts.Quarantined.Value.Rose.IsZero()
		}},
		{"clock", func(w *world) { w.lab.Skew("sw007", 90*time.Second) }, func(t *testing.T, o *Overview) bool {
			n := o.Clock.Worst
			// Its replication is as old as before: its times are put onto our clock.
			return n.Host == "sw007" && (n.Drift-90*time.Second).Abs() < time.Second && o.Clock.Ours.Abs() < time.Second &&
				n.Facts.Replication.Object.Value.Last.Before(time.Now())
		}},
		{"late replication", func(w *world) { w.lab.Late("sw007", 12*24*time.Hour) }, func(t *testing.T, o *Overview) bool {
			r := o.Replication[2]
			return r.Oldest.Host == "sw007" && o.Now.Sub(r.OldestAt) > 12*24*time.Hour
		}},
		{"async", func(w *world) { w.lab.Async("sw008", 21) }, func(t *testing.T, o *Overview) bool {
			return o.Async.Pending == 21 && o.Async.Most.Host == "sw008" && o.Async.Known == 8 && o.Now.Sub(o.Async.Oldest) < 10*time.Minute
		}},
		{"a check fails", func(w *world) { w.lab.Fail("sw001", "diskusage", 500) }, func(t *testing.T, o *Overview) bool {
			n := o.mustNode(t, "sw001")
			return n.State == Up && n.Facts.Usage.Err != nil && n.Facts.Usage.Known() && strings.Contains(n.Facts.Usage.Err.Error(), "one disk with I/O errors")
		}},
		{"a disk holds a check back", func(w *world) { w.lab.Stick("sw001", "diskusage", true) }, func(t *testing.T, o *Overview) bool {
			n := o.mustNode(t, "sw001")
			return n.State == Up && TroubleOf(n.Facts.Usage.Err) == Silent && n.Facts.RingMD5.Err == nil
		}},
		{"proxy", func(w *world) { w.lab.HangProxy(true) }, func(t *testing.T, o *Overview) bool {
			return o.ProxyCount().Down == 1 && o.NodeCount().Up == 8
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, small())
			w.watch()
			w.until("a calm cluster", allUp)
			c.do(w)
			w.until(c.name, func(o *Overview) bool { return c.is(t, o) })
		})
	}
}

// A node that comes back is asked everything again.
func TestRecovers(t *testing.T) {
	w := newWorld(t, small())
	w.watch()
	w.until("a calm cluster", allUp)
	w.lab.Hang("sw002", true)
	o := w.until("the silence", func(o *Overview) bool { return o.mustNode(t, "sw002").State == Down })
	if n := o.mustNode(t, "sw002"); n.Facts == nil || n.Since.IsZero() || o.mustDevice(t, "sw002/d1").Usage == nil {
		t.Error("what was known is gone")
	}
	w.lab.Hang("sw002", false)
	w.until("the return", allUp)
}

// A node is asked everything over one connection, however often. On a busy machine the
// next question may come before net/http has the connection back, and opens another.
func TestOneConnection(t *testing.T) {
	w := newWorld(t, small())
	w.watch()
	o := w.until("a calm cluster", allUp)
	seen := o.mustNode(t, "sw001").At
	for range 5 {
		o = w.until("another sweep", func(o *Overview) bool { return o.mustNode(t, "sw001").At.After(seen) })
		seen = o.mustNode(t, "sw001").At
	}
	if n := w.lab.Connections("sw001"); n < 1 || n > 3 {
		t.Errorf("%d connections for six sweeps", n)
	}
}

// Nodes that hang hold up nobody: each one that is well has answered before the
// first of the others is given up.
func TestHungNodesHoldUpNobody(t *testing.T) {
	o := lab.Options{Calm: true, Disks: 2, PartPower: 8}
	for n := range 60 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
	}
	w := newWorld(t, o)
	const limit = 4 * time.Second // a busy machine may take long for forty nodes
	w.spec.Recon.Timeout = limit
	for n := range 20 {
		w.lab.Hang(o.Nodes[3*n], true)
	}
	var mu sync.Mutex
	up, given := 0, 0
	err := w.Sweep(t.Context(), func(r fleet.Reading) {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := r.Facts.(*Node); ok {
			if up++; given > 0 {
				t.Errorf("%s answered only after a node was given up", r.Source)
			}
		} else if strings.Contains(r.Source, "/node/") {
			if given++; r.Took < limit || TroubleOf(r.Err) != Silent {
				t.Errorf("%s was given up after %v: %v", r.Source, r.Took, r.Err)
			}
		}
	})
	if err != nil || up != 40 || given != 20 {
		t.Errorf("%v: %d answered, %d were given up", err, up, given)
	}
}

// Recon is asked at another port of a node while the object server is down, and at
// the object server again when it is back.
func TestOtherPort(t *testing.T) {
	serve := func(at string) *httptest.Server {
		ln, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		s := &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", "x-server/1")
			switch r.URL.Path {
			case "/recon/time":
				fmt.Fprint(w, time.Now().Unix())
			case "/recon/version":
				fmt.Fprintf(w, `{"version":%q}`, ln.Addr())
			default:
				http.NotFound(w, r)
			}
		})}}
		s.Start()
		return s
	}
	object, container := serve("127.0.0.1:0"), serve("127.0.0.1:0")
	defer container.Close()
	portOf := func(s *httptest.Server) int { return s.Listener.Addr().(*net.TCPAddr).Port }
	at, number := object.Listener.Addr().String(), portOf(object)
	c := New(&fleet.Fleet{}, fleet.Cluster{Name: "a"})
	n := c.newNode(&place{node: "127.0.0.1", address: "127.0.0.1", ports: []port{{number, []Kind{Object}}, {portOf(container), []Kind{Container}}}})
	for _, step := range []struct {
		do   func()
		down bool // the object server
		asks string
	}{
		{func() {}, false, at},
		{func() { object.Close() }, true, container.Listener.Addr().String()},
		{func() {}, true, container.Listener.Addr().String()},
		{func() { object = serve(at) }, false, container.Listener.Addr().String()}, // seen to be back at the end of a sweep
		{func() {}, false, at},
	} {
		step.do()
		clear(n.due)
		clear(n.servers)
		if _, err := n.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if down := n.facts.Servers[0].Up.Err != nil; down != step.down || n.facts.Version.Value != step.asks || n.facts.Servers[1].Up.Err != nil {
			t.Errorf("asked %s, want %s; servers %+v", n.facts.Version.Value, step.asks, n.facts.Servers)
		}
	}
	object.Close()
}

// A sweep does not wait longer for the API than for a node.
func TestSweepWithHungProxy(t *testing.T) {
	w := newWorld(t, small())
	w.lab.HangProxy(true)
	began := time.Now()
	o := w.sweep()
	if took := time.Since(began); took > apiLimit/2 || TroubleOf(o.APIErr) != Silent || o.ProxyCount().Down != 1 || o.NodeCount().Up != 8 {
		t.Errorf("%v: %v, proxies %+v, nodes %+v", took, o.APIErr, o.ProxyCount(), o.NodeCount())
	}
}

// When no node answers it is our own network: nothing is called down.
func TestNobodyAnswers(t *testing.T) {
	w := newWorld(t, small())
	for _, h := range w.fleet.Hosts {
		w.lab.Hang(h.Name, true)
	}
	o := w.sweep()
	f := o.Policies[2].Figures
	if !o.NobodyAnswers || o.NodeCount().Unknown != 8 || f.AtLeast.Degraded != 0 || f.AtMost.Unreadable != f.AtMost.Partitions {
		t.Errorf("%v %+v %+v", o.NobodyAnswers, o.NodeCount(), f)
	}
}

// Facts that nobody renews become unknown, not down.
func TestStale(t *testing.T) {
	w := newWorld(t, small())
	w.sweep()
	o := w.overviewAt(time.Now().Add(StaleAfter + time.Second))
	if c := o.NodeCount(); c.Unknown != 8 || o.NobodyAnswers {
		t.Errorf("%+v", c)
	}
}

// Disks that are plain directories are not mounted anywhere: that is no fault.
func TestMountCheckOff(t *testing.T) {
	w := newWorld(t, small())
	for _, h := range w.fleet.Hosts {
		for _, d := range []string{"d1", "d2", "d3"} {
			w.lab.Unmount(h.Name, d)
		}
	}
	if o := w.sweep(); !o.MountCheckOff || o.DeviceCount().Up != 24 {
		t.Errorf("%v %+v", o.MountCheckOff, o.DeviceCount())
	}
}

func TestWhatIf(t *testing.T) {
	w := newWorld(t, small())
	o := w.sweep()
	gold := func(s Selection) WhatIf {
		all, unknown := o.WhatIf(s)
		if len(unknown) > 0 {
			t.Errorf("unknown: %v", unknown)
		}
		return all[2]
	}
	if w := gold(Selection{Nodes: []string{"sw001"}}); w.Devices != 3 || w.Then.AtLeast.Degraded == 0 || w.Then.AtLeast.BelowQuorum != 0 || w.Now.AtLeast.Degraded != 0 {
		t.Errorf("a node: %+v", w)
	}
	if w := gold(Selection{Devices: []string{"sw001/d1", o.Nodes[1].Name + "/d2"}}); w.Devices != 2 {
		t.Errorf("two devices: %+v", w)
	}
	if w := gold(Selection{Zones: []Zone{{1, 1}, {1, 2}, {1, 3}, {1, 4}}}); w.Then.AtLeast.Unreadable != 256 {
		t.Errorf("everything: %+v", w)
	}
	// What is down already is in both, and counts once.
	w.lab.Unmount("sw001", "d1")
	o = w.sweep()
	if w := gold(Selection{Nodes: []string{"sw001"}}); w.Devices != 2 || w.Now.AtLeast.Degraded == 0 {
		t.Errorf("with a disk down: %+v", w)
	}
	if _, unknown := o.WhatIf(Selection{Nodes: []string{"sw099"}, Devices: []string{"sw001/d9", "d1"}}); !slices.Equal(unknown, []string{"sw099", "sw001/d9", "d1"}) {
		t.Error(unknown)
	}
}

// The demo's story is seen.
func TestStory(t *testing.T) {
	o := lab.Options{Speed: 1}
	w := newWorld(t, o)
	v := w.sweep()
	stale := v.file(t, "object").Groups[1]
	if v.NodeCount() != (Count{Total: 120, Up: 119, Down: 1}) || v.mustNode(t, "sw089").State != Down || len(stale.Members) != 2 || stale.Behind != 2 {
		t.Errorf("%+v %+v", v.NodeCount(), stale)
	}
	if v.Capacity.Fullest.Label() != "sw005/d2" || v.Clock.Worst.Host != "sw064" || v.Replication[2].Oldest.Host != "sw071" || len(v.Versions) != 2 || len(v.Strays) != 1 {
		t.Errorf("%v %v %v %v %v", v.Capacity.Fullest.Label(), v.Clock.Worst.Host, v.Replication[2].Oldest.Host, v.Versions, v.Strays)
	}
}

// Rings are read again when their files change; one that breaks keeps the last good.
func TestRingsChange(t *testing.T) {
	w := newWorld(t, small())
	w.watch()
	o := w.until("a calm cluster", allUp)
	before, _ := o.Rings.Ring("object")
	path := w.lab.Dir() + "/object.ring.gz"
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(good[:len(good)/2])
	o = w.until("a broken ring", func(o *Overview) bool { return len(o.Rings.Broken) == 1 })
	if kept, ok := o.Rings.Ring("object"); !ok || kept.Ring != before.Ring || o.Rings.Broken[0].Name != "object.ring.gz" {
		t.Errorf("the last good ring is gone: %+v", o.Rings.Broken)
	}
	write(good)
	w.until("a mended ring", func(o *Overview) bool { return len(o.Rings.Broken) == 0 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.until("a ring less", func(o *Overview) bool { _, there := o.Rings.Ring("object"); return !there && len(o.Policies) == 3 })
}

func TestNoRings(t *testing.T) {
	f := &fleet.Fleet{Clusters: []fleet.Cluster{{Name: "a", Rings: fleet.RingFiles{Path: t.TempDir()}}, {Name: "b", Rings: fleet.RingFiles{Path: t.TempDir() + "/x"}}}}
	for i, want := range []string{"there is no *.ring.gz", "does not exist"} {
		err := New(f, f.Clusters[i]).Sweep(t.Context(), func(fleet.Reading) {})
		if err == nil || !strings.Contains(err.Error(), want) || TroubleOf(err) != BadFile {
			t.Errorf("%v", err)
		}
	}
}

// Who looks at a node has its memory read.
func TestLook(t *testing.T) {
	w := newWorld(t, small())
	w.watch()
	o := w.until("a calm cluster", allUp)
	w.Look([]string{o.mustNode(t, "sw001").Name})
	o = w.until("its memory", func(o *Overview) bool { return o.mustNode(t, "sw001").Facts.Memory.Known() })
	if o.mustNode(t, "sw002").Facts.Memory.Known() {
		t.Error("the memory of a node is read that nobody looks at")
	}
}
