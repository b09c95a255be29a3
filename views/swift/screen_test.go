package swift

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	plans "ringside/actions/swift"
	"ringside/backends/fleet"
	"ringside/backends/swift"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// What is marked is taken down in the figures: with what is down already, and as
// the backend works it out.
func TestWhatIfFollowsTheMarks(t *testing.T) {
	w := troubled(t)
	r := newRobot(t, w, 80, 21).page(nodesPage)
	r.Miss("If ")
	r.Press("space", "space")
	r.See("If 2 nodes go off, besides what is off now")
	want, _ := w.overview().WhatIf(swift.Selection{Nodes: []string{"sw001", "sw002"}})
	gold := want[2]
	r.See(fmt.Sprintf("%s → %s", span(gold.Now.AtLeast.Degraded, gold.Now.AtMost.Degraded), span(gold.Then.AtLeast.Degraded, gold.Then.AtMost.Degraded)))
	r.page(disksPage).Press("end", "up", "space")
	r.See("If 2 nodes and 1 disk go off")
	r.Press("i").Miss("If 2 nodes").Press("i").See("If 2 nodes")
	r.Press("esc").Miss("If 2 nodes")
	if n := len(r.screen.nodes.Marked()) + len(r.screen.disks.Marked()); n > 0 {
		t.Errorf("esc left %d marks", n)
	}
	r.page(nodesPage).Press("home", "space").See("If sw001 (4 disks) goes off")
}

// The screen does not wait for an answer: what was known is shown until it is there,
// one question is worked out at a time, and the last one is answered.
func TestWhatIfIsWorkedOutBeside(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21).page(nodesPage)
	r.Press("space")
	before := r.Frame()
	r.Hold = true
	r.Press("space", "space", "space")
	if len(r.Held) != 1 {
		t.Fatalf("%d questions are worked out at once", len(r.Held))
	}
	if !strings.Contains(before, "If sw001") || !strings.Contains(r.Frame(), "If 4 nodes go off") {
		t.Error("the question is not the one that is asked")
	}
	stale := r.Frame()
	if got, want := figuresOf(stale), figuresOf(before); got != want {
		t.Errorf("figures that nobody asked for:\n%s\nwant those of before:\n%s", got, want)
	}
	r.Release()
	if r.screen.ask.busy || !r.screen.ask.current() || len(r.screen.ask.known.to.nodes) != 4 {
		t.Errorf("the last question is not answered: %+v", r.screen.ask.known.to)
	}
	if figuresOf(r.Frame()) == figuresOf(before) {
		t.Error("the figures did not change")
	}
	// To unmark costs nothing: the answer without marks is known.
	r.Hold = true
	r.Press("esc")
	if !r.screen.ask.current() || r.screen.ask.asked.asks() {
		t.Error("the answer without marks is forgotten")
	}
}

func figuresOf(frame string) string {
	_, panel, _ := strings.Cut(frame, "BELOW QUORUM")
	return panel
}

// A picture in which nothing that matters changed asks for no new answer; one in
// which a node went down does.
func TestWhatIfAsksOnlyWhenItMust(t *testing.T) {
	w := calm(t, 16, 4)
	r := newRobot(t, w, 80, 21).page(nodesPage).Press("space")
	known := r.screen.ask.known.to.o
	r.Tick()
	if r.screen.ask.known.to.o != known {
		t.Error("the same question was worked out again")
	}
	w.silence("sw009")
	r.Tick()
	if r.screen.ask.known.to.o == known || !r.screen.ask.current() {
		t.Error("a node that went down is not in the answer")
	}
}

// In a calm cluster every single node is safe; the largest set is marked, and is
// safe indeed.
func TestSafe(t *testing.T) {
	w := calm(t, 16, 4)
	r := newRobot(t, w, 140, 37).page(nodesPage)
	for _, n := range r.screen.nodes.All() {
		c, _ := w.overview().WhatIf(swift.Selection{Nodes: []string{n.Name}})
		below, parts := 0, 0
		for _, d := range n.Devices {
			parts += d.Parts
		}
		for _, f := range c {
			below += f.Then.AtMost.BelowQuorum
		}
		if (below == 0) != n.loss.safe() || n.loss.belowQuorum != below || n.loss.replicas != parts {
			t.Errorf("%s: %+v, want %d below quorum", n.label, n.loss, below)
		}
	}
	r.Press("N")
	marked := r.screen.nodes.Marked()
	if toast, ok := r.Last().(screen.Toast); !ok || toast.Bad != (len(marked) == 0) {
		t.Errorf("N said %+v", r.Last())
	}
	for _, f := range r.screen.ask.known.figures {
		if f.Then.AtMost.BelowQuorum > 0 {
			t.Errorf("the safe set puts %d partitions of %s below quorum", f.Then.AtMost.BelowQuorum, f.Policy.Ring.Name)
		}
	}
	r.Press("esc", "home", "n")
	n, _ := r.screen.nodes.Current()
	if l := r.Last().(screen.Toast); n.Key() == address(0) && !l.Bad {
		t.Error("n went nowhere and said nothing")
	} else if n.Key() != address(0) && !n.loss.safe() {
		t.Errorf("n went to %s, which is not safe", n.label)
	}
}

// With rings of replicas only, all nodes of a zone are safe together, and n walks
// through those that are.
func TestNextSafeWalks(t *testing.T) {
	w := calm(t, 16, 4)
	w.rings.Rings = w.rings.Rings[:3]
	w.put(swift.RingsSource("objects"), &swift.Rings{Cluster: "objects", Rings: w.rings.Rings, Conf: w.rings.Conf}, nil)
	r := newRobot(t, w, 140, 37).page(nodesPage)
	r.Press("n", "space") // sw002 is marked
	if got := r.screen.ask.asked.nodes; len(got) != 1 || got[0] != address(1) {
		t.Fatalf("marked %v", got)
	}
	for _, n := range r.screen.nodes.All() {
		if n.Zone == 2 && !n.loss.safe() {
			t.Errorf("%s is in the zone of the marked one and not safe: %+v", n.label, n.loss)
		}
	}
	r.Press("n")
	if n, _ := r.screen.nodes.Current(); n.Zone != 2 || n.label == "sw002" {
		t.Errorf("the next safe node is %s of zone %d", n.label, n.Zone)
	}
	r.Press("N")
	if n := len(r.screen.nodes.Marked()); n < 4 {
		t.Errorf("the largest safe set has %d nodes, a zone has 4", n)
	}
}

// Acts are for hosts.
func TestActsAreOnHosts(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21).page(nodesPage)
	r.Press("X")
	want := screen.Act{Action: "power.off", Targets: []fleet.Target{{Kind: fleet.KindHost, Name: "sw001", Site: "tokyo", Environment: "production"}}}
	if got := fmt.Sprintf("%+v", r.Last()); got != fmt.Sprintf("%+v", want) {
		t.Errorf("X asks for %s", got)
	}
	r.Press("space", "space", "a")
	if m, ok := r.Last().(screen.Menu); !ok || len(m.Targets) != 2 || len(r.screen.Selection()) != 2 {
		t.Errorf("a asks for %+v, the selection is %v", r.Last(), r.screen.Selection())
	}
	r.Press("end", "space", "X") // sw016 is no host of the fleet
	if m, ok := r.Last().(screen.Toast); !ok || !m.Bad || !strings.Contains(m.Text, "10.0.0.16") || r.screen.Selection() != nil {
		t.Errorf("a node without a host: %+v", r.Last())
	}
	r.page(disksPage)
	if r.screen.Selection() != nil {
		t.Error("a disk can be acted on")
	}
	r.page(nodesPage).Press("esc", "home", "enter", "X")
	if m, ok := r.Last().(screen.Act); !ok || m.Targets[0].Name != "sw001" {
		t.Errorf("X on an opened node asks for %+v", r.Last())
	}
}

// Every way in leads to its place, also before anything is known.
func TestShow(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21)
	r.screen.Show("node/objects/sw007")
	if n, _ := r.screen.nodes.Current(); r.screen.tab != nodesPage || n.label != "sw007" {
		t.Errorf("at %s of page %d", n.label, r.screen.tab)
	}
	r.screen.Show("device/objects/sw009/d3")
	if d, _ := r.screen.disks.Current(); r.screen.tab != disksPage || d.label != "sw009/d3" {
		t.Errorf("at %s of page %d", d.label, r.screen.tab)
	}
	r.screen.Show("cluster//objects")
	if r.screen.tab != overviewPage {
		t.Errorf("the cluster is on page %d", r.screen.tab)
	}

	w := troubled(t)
	known := w.store
	w.store = calm(t, 4, 2).store // another picture at first
	late := newRobot(t, w, 80, 21)
	late.screen.Show("node/objects/sw011")
	late.screen.Do(keymap.Open)
	if late.screen.detail != nil {
		t.Fatal("something else was opened")
	}
	w.store = known
	late.Tick()
	if late.screen.detail == nil || late.screen.detail.label != "sw011" {
		t.Error("what was meant is not opened as soon as it is known")
	}
	if looking := late.screen.Looking(); fmt.Sprint(looking) != "map[swift/objects:[10.0.0.11]]" {
		t.Errorf("looking at %v", looking)
	}
}

func TestBackLeavesStepByStep(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21).page(nodesPage)
	r.Press("space", "/").Text("sw00").Press("enter", "enter")
	for _, step := range []struct {
		what string
		left func() bool
	}{
		{"the node", func() bool { return r.screen.detail == nil }},
		{"the filter", func() bool { return len(r.screen.nodes.Shown()) == 16 }},
		{"the marks", func() bool { return len(r.screen.nodes.Marked()) == 0 }},
		{"the page", func() bool { return r.screen.tab == overviewPage }},
	} {
		if step.left() {
			t.Fatalf("%s was left too early", step.what)
		}
		if !r.screen.Back() || !step.left() {
			t.Fatalf("%s is not left", step.what)
		}
	}
	if r.screen.Back() {
		t.Error("there was nothing left to leave")
	}
}

// The key asks for the policy and leads to a plan; what the newest run came to stays
// on screen.
func TestProbe(t *testing.T) {
	w := troubled(t)
	r := newRobot(t, w, 80, 21)
	r.Press("H")
	r.Answer(nil)
	if _, ok := r.Last().(screen.Act); ok {
		t.Fatal("a plan although nobody chose")
	}
	r.Press("H")
	r.Answer(kit.Item{ID: "archive"})
	act, ok := r.Last().(screen.Act)
	if !ok || act.Action != plans.Probe || act.Args["policy"] != "archive" || fmt.Sprint(act.Targets) != "[objects]" {
		t.Fatalf("asked for %+v", r.Last())
	}
	step := func(s actions.Status, err, out string) actions.StepRecord {
		return actions.StepRecord{Status: s, Error: err, Output: []string{"found done", out}}
	}
	run := actions.RunRecord{Kind: plans.Probe, Targets: act.Targets, Params: []byte(`{"policy":"archive"}`), Status: actions.Running, Alive: true,
		Steps: []actions.StepRecord{step(actions.Succeeded, "", "written in 12 ms"), step(actions.Succeeded, "", "read back in 3 ms"), step(actions.Succeeded, "", "deleted in 4 ms")}}
	see := func(parts ...string) {
		t.Helper()
		other := run
		other.Kind = "power.on"
		elsewhere := run
		elsewhere.Targets = []fleet.Target{{Kind: fleet.KindCluster, Name: "backup"}}
		older := run
		older.Status = actions.Interrupted
		w.runs = []actions.RunRecord{other, elsewhere, run, older}
		r.Tick()
		r.Press("end").See(parts...)
	}
	r.Miss("test object")
	see("writing, reading back and deleting an object")
	run.Status, run.Alive, run.Ended = actions.Succeeded, false, w.now.Add(-3*time.Minute)
	see("● test object", "3m ago, policy archive: written in 12 ms, read back in 3 ms,", "deleted in 4 ms")
	run.Status, run.Steps[1] = actions.Failed, step(actions.Failed, "read it back: 503 Service Unavailable", "")
	see("✗ test object", "503 Service Unavailable")
	run.Status = actions.Running
	see("left half way")
}

// Several clusters: one is looked at, the others are a key away, and marks and
// lookups of one mean nothing in another.
func TestClusters(t *testing.T) {
	w := troubled(t)
	second := w.fleet.Clusters[0]
	second.Name = "backup"
	w.fleet.Clusters = append(w.fleet.Clusters, second)
	w.put(swift.RingsSource("backup"), &swift.Rings{Cluster: "backup", Rings: w.rings.Rings, Conf: w.rings.Conf}, nil)
	r := newRobot(t, w, 80, 21).See("objects (1 of 2)").page(nodesPage).Press("space", "C")
	r.Answer(kit.Item{ID: "backup"})
	r.See("backup (2 of 2)", "? 16 unknown").Miss("marked")
	r.Press("L").Text("gold 7").Press("enter").See("gold, partition 7")
	r.screen.Show("cluster//objects")
	r.See("objects (1 of 2)")
	newRobot(t, calm(t, 4, 2), 80, 21).Press("C")
}

// Nothing is claimed before it is known.
func TestBeforeAnythingIsRead(t *testing.T) {
	w := calm(t, 4, 2)
	empty := &world{fleet: w.fleet, store: w.store, now: noon}
	fresh := calm(t, 4, 2)
	fresh.fleet.Clusters[0].Name = "other"
	r := newRobot(t, &world{fleet: fresh.fleet, store: empty.store, now: noon}, 80, 21)
	r.See("reading the ring files of other").page(nodesPage).See("no ring is read yet").Miss("● 0 up of 0 ·")
	w.fleet.Clusters[0].Name = "broken"
	w.put(swift.RingsSource("broken"), nil, &swift.Error{Cluster: "broken", Part: "rings", Trouble: swift.BadFile, Why: "object.ring.gz: unexpected end", Hint: "copy it again"})
	newRobot(t, w, 80, 21).See("unexpected end", "without ring files nobody knows which nodes there are")
	none := newRobot(t, &world{fleet: &fleet.Fleet{}, store: w.store, now: noon}, 80, 21)
	none.See("no Swift cluster is known")
	for range pages { // no key falls over nothing
		none.Press("tab")
		for _, k := range []string{"L", "H", "C", "c", "w", "down", "end"} {
			none.Press(k)
		}
		if none.screen.tab == nodesPage {
			none.Press("n", "N", "i", "space", "*", "enter", "a", "X", "o")
		}
		none.Frame()
	}
}
