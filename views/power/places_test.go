package power

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

// Words say what is wrong, and the foot why; a colour alone says nothing.
func TestTroubleInWords(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 30)
	r.See("? silent", "⊘ wrong password", "⊘ sessions full", "~ unknown", "was on")
	r.screen.Show("host//sw011")
	r.See("sw011: user oncall is refused (check credentials.bmc)")
	r.screen.Show("host//sw008")
	r.See("identify light on · not verified: tls: {skip_verify: true} · redfish")
	r.screen.Show("host//sw006")
	r.See("sw006: main power fault · cooling fault")
	r.Resize(140, 37)
	if l := r.line("sw008  "); !strings.Contains(l, "! redfish") {
		t.Errorf("an unverified connection has no sign: %q", l)
	}
}

func TestNoBMC(t *testing.T) {
	w := ring(2, 2)
	w.fleet.Hosts[0].BMC, w.fleet.Hosts[1].BMC = nil, nil
	r := newRobot(t, w, 80, 21)
	r.See("no host has a BMC: add hosts with bmc: {address, credential} to ringside.yaml")
	r.Press("a")
	if got, ok := r.Last().(screen.Toast); !ok || !got.Bad {
		t.Errorf("acts on nothing: %#v", r.Last())
	}
}

func TestMarksAndActs(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	r.Press("/").Text("sw[002-004]").Press("enter", "*", "esc").See("3 marked")
	r.Press("X")
	a, ok := r.Last().(screen.Act)
	if !ok || a.Action != "power.off" || len(a.Targets) != 3 {
		t.Fatalf("X asks for %#v", r.Last())
	}
	want := fleet.Target{Kind: fleet.KindHost, Name: "sw002", Site: "tokyo", Environment: "production"}
	if a.Targets[0] != want {
		t.Errorf("target %+v, want %+v", a.Targets[0], want)
	}
	for key, action := range map[string]string{"U": "power.on", "F": "power.force", "T": "power.cycle", "R": "power.reset", "B": "power.boot", "I": "power.identify"} {
		if r.Press(key); r.Last().(screen.Act).Action != action {
			t.Errorf("%s asks for %v", key, r.Last())
		}
	}
	if r.Press("a"); len(r.Last().(screen.Menu).Targets) != 3 {
		t.Errorf("a offers %v", r.Last())
	}
	r.Press("esc").Miss("marked")
	if got := r.screen.Selection(); len(got) != 1 || got[0].Name != "sw002" {
		t.Errorf("without marks %v is selected", got)
	}
	r.Press("b") // by site: a heading stands for its hosts
	r.Press("home")
	if n := len(r.screen.Selection()); n != 25 {
		t.Errorf("the heading of tokyo stands for %d hosts", n)
	}
	r.Press("-").See("▸ tokyo", "16 on").Miss("sw003  ")
	r.screen.Show("host//sw003")
	r.See("sw003  ")
}

// The map shows the cursor's host, the marked ones, and folds where it would take
// more than a third.
func TestMap(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	r.screen.Show("host//sw002")
	if !strings.Contains(r.screen.View(), ";7m□") {
		t.Error("the cursor's host is not highlighted on the map")
	}
	r.Press("space")
	if !strings.Contains(r.screen.View(), ";4m□") {
		t.Error("the marked host is not underlined on the map")
	}
	r.Press("m").Miss("r02 ■?⊘⊘")
	r.Press("m").See("r02 ■?⊘⊘")
	r = newRobot(t, ring(1000, 20), 80, 21)
	r.See("tokyo    ■ 500 on", "shanghai ■ 500 on", "■ 1000 on").Miss("■■■")
	r.Resize(200, 60)
	r.See("r01 ■■■■■■■■■■■■■■■■■■■■")
	if n := r.screen.list.mapRows; n > 20 {
		t.Errorf("the map takes %d of 60 lines", n)
	}
}

func TestGoToAHostThatIsNotKnownYet(t *testing.T) {
	w := newWorld()
	hosts := w.fleet.Hosts
	w.fleet = &fleet.Fleet{}
	r := newRobot(t, w, 80, 21)
	r.Run(r.screen.Show("host//sw003"))
	r.Run(r.screen.Do(keymap.Open))
	w.fleet = &fleet.Fleet{Hosts: hosts}
	r.Tick()
	r.See("Overview", "sw003")
	if got := r.screen.Title(); got != "Power › sw003" {
		t.Errorf("title %q", got)
	}
	r.Press("esc")
	for subject, want := range map[fleet.Target]string{
		{Kind: fleet.KindSite, Name: "shanghai"}:                "site:shanghai  ",
		{Kind: fleet.KindRack, Scope: "tokyo", Name: "r01"}:     "8/41 shown",
		{Kind: fleet.KindSite, Name: "sw[001-002],sw003"}:       "3/41 shown",
		{Kind: fleet.KindHost, Name: "東京-踏み台-with-a-long-name"}: "▌ ░ not read yet",
	} {
		r.Run(r.screen.Show(subject.Key()))
		r.See(want)
	}
}

func TestCopy(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	r.Press("space", "space", "c")
	o, ok := r.Last().(screen.Overlay)
	if !ok {
		t.Fatalf("c asks for %#v", r.Last())
	}
	for id, want := range map[string]string{"name": "sw001\nsw002", "BMC address": "sw001.bmc.example\nsw002.bmc.example", "SSH address": "", hostRange: "sw[001-002]"} {
		if got := o.Answer(kit.Item{ID: id}); got != (copied{id, want}) {
			t.Errorf("%s copies %#v, want %q", id, got, want)
		}
	}
}

func TestOverviewTellsWhatItDoesNotKnow(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 40)
	r.bmcs.errs[bootPart] = &bmc.Error{Host: "sw010", Trouble: bmc.Unsupported, Why: "no boot options"}
	r.bmcs.errs[infoPart] = &bmc.Error{Host: "sw010", Trouble: bmc.Silent, Why: "no answer from sw010.bmc.example:623", Hint: "is it plugged in?"}
	open(r, "sw010")
	r.See("? silent", "last known    on", "this BMC does not offer a boot override", "hardware      no answer from sw010.bmc.example:623 (is it plugged in?)", "trying again: no answer")
	// What a BMC does not offer is not asked for again; what failed is.
	if len(r.beats) != 1 || r.beats[0].(beat).part != infoPart {
		t.Errorf("to be read again: %v", r.beats)
	}
	r.bmcs.errs[infoPart] = nil
	r.Run(r.screen.Update(r.beats[0]))
	r.See("Supermicro SSG-6049P").Miss("trying again")
	if r.bmcs.reads[bootPart] != 1 {
		t.Errorf("the boot override was read %d times", r.bmcs.reads[bootPart])
	}
	r.Press("esc")

	// A BMC that refuses our password is left alone, lest it locks the account.
	open(r, "sw011")
	r.See("trouble       user oncall is refused", "boot          not asked for: wrong password; r asks all the same")
	if n := r.bmcs.reads[bootPart]; n != 1 {
		t.Errorf("%d reads of a BMC that refuses us", n-1)
	}
	r.bmcs.errs[bootPart] = &bmc.Error{Host: "sw011", Trouble: bmc.WrongPassword, Why: "user oncall is refused"}
	r.beats = nil
	r.Run(r.screen.Do(keymap.Refresh))
	r.See("r tries again: user oncall is refused", "Supermicro")
	if r.bmcs.reads[bootPart] != 2 || len(r.beats) != 1 {
		t.Errorf("asked for: %d reads, then %v", r.bmcs.reads[bootPart], r.beats)
	}
	r.Press("esc")
	open(r, "sw011")
	r.bmcs.errs[bootPart] = nil
	r.world.put("sw011", nil)
	r.Tick()
	r.See("PXE, next boot only, UEFI")

	if got := bootWords(bmc.Boot{Device: bmc.Disk}); got != "disk, for how long is not told" {
		t.Errorf("flags that are not told: %q", got)
	}
}

func TestEmptyAndNotOffered(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	r.bmcs.events, r.bmcs.sensors = nil, nil
	open(r, "sw001")
	toTab(r, "Events")
	r.See("the event log is empty")
	r.Press("shift+tab").See("the BMC offers sensors, and has none")
	r.Press("esc")
	r.bmcs.errs[sensorsPart] = &bmc.Error{Host: "sw001", Trouble: bmc.Unsupported}
	open(r, "sw001")
	toTab(r, "Sensors")
	r.See("this BMC does not offer sensors")
	toTab(r, "On it")
	r.See("no engine is configured with host: sw001", "none of the newest runs")
}

// Sensors are read only while they are seen, one read at a time, and answers for
// what was left are dropped.
func TestReadsEndWithTheDetail(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	open(r, "sw001")
	if n := r.bmcs.reads[sensorsPart] + r.bmcs.reads[eventsPart]; n != 0 {
		t.Fatalf("%d reads of what is not seen", n)
	}
	toTab(r, "Sensors")
	last := r.beats[len(r.beats)-1]
	r.Press("tab") // away from the sensors
	r.Run(r.screen.Update(last))
	if n := r.bmcs.reads[sensorsPart]; n != 1 {
		t.Errorf("%d reads of sensors that nobody looks at", n)
	}
	r.Press("shift+tab")
	if n := r.bmcs.reads[sensorsPart]; n != 2 {
		t.Errorf("%d reads after coming back to what is due", n)
	}

	r.bmcs.block = make(chan struct{})
	d := r.screen.detail
	cmd := d.read(sensorsPart)
	if d.read(sensorsPart) != nil {
		t.Error("two reads of one part at a time")
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	r.Press("esc")
	select {
	case m := <-done:
		if a := m.(answer); a.err != context.Canceled {
			t.Errorf("a read that was left ends with %v", a.err)
		}
		r.Run(r.screen.Update(m)) // too late: nothing is open
	case <-time.After(60 * time.Second):
		t.Fatal("leaving the detail does not end its reads")
	}
	r.Run(r.screen.Update(last))
	if n := r.bmcs.reads[sensorsPart]; n != 3 {
		t.Errorf("a beat of a closed detail reads: %d", n)
	}
}

func TestLateAnswersAreDropped(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	open(r, "sw001")
	d := r.screen.detail
	d.take(answer{to: d, part: infoPart, asked: d.reads[infoPart].asked - 1, value: bmc.Info{Vendor: "someone else"}, at: noon})
	r.See("Supermicro").Miss("someone else")
}

func TestRefreshReadsAgain(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	open(r, "sw001")
	r.Run(r.screen.Do(keymap.Refresh))
	if r.bmcs.reads[infoPart] != 2 || r.bmcs.reads[bootPart] != 2 || r.bmcs.reads[eventsPart] != 0 {
		t.Errorf("reads after a refresh: %v", r.bmcs.reads)
	}
}

func TestEventsAreFiltered(t *testing.T) {
	r := newRobot(t, newWorld(), 80, 21)
	open(r, "sw001")
	toTab(r, "Events")
	r.Press("/").Text("fan !psu").Press("enter")
	r.See("FAN3: Lower Critical", "only fan !psu").Miss("PSU2", "Log area cleared")
	r.Press("esc").See("PSU2")
	if r.Press("esc"); r.screen.detail != nil {
		t.Error("esc without a filter does not leave the detail")
	}
}

func TestTracesKeepToTheirRange(t *testing.T) {
	theme := kit.NewTheme(true, false)
	for want, samples := range map[string][]float64{
		"▁▅█": {40, 50, 60},
		"▅▅▅": {42, 42.3, 41.9},
		"▅ ▅": {7, nan, 7},
		"▁▁":  {0, 0},
		"":    nil,
	} {
		if got := trace(theme, samples, 10); got != want {
			t.Errorf("%v is drawn as %q, want %q", samples, got, want)
		}
	}
}

func TestWideKeepsTheOverview(t *testing.T) {
	r := newRobot(t, newWorld(), 140, 37)
	open(r, "sw003")
	r.See("last change", "[Sensors]", "CPU1 Temp", "│")
	toTab(r, "Events")
	r.See("last change", "[Events]", "Lower Critical")
	r.Resize(80, 21)
	r.See("[Events]").Miss("last change")
	kittest.Check(t, r.screen.View(), 80, 21)
}

func TestPlansAreWhole(t *testing.T) {
	for p := range parts {
		if plan[p].limit <= 0 || plan[p].again <= 0 || plan[p].read == nil {
			t.Errorf("part %d has no plan", p)
		}
		if !slices.ContainsFunc(pages, func(x page) bool { return slices.Contains(x.parts, p) }) {
			t.Errorf("part %d is on no page", p)
		}
	}
}
