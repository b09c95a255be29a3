package console

import (
	"errors"
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/keymap"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

func (r *rig) frame() string { return r.View().Content }

func (r *rig) sees(want ...string) {
	r.t.Helper()
	plain := kittest.Plain(r.frame())
	for _, w := range want {
		if !strings.Contains(plain, w) {
			r.t.Errorf("%q is not on the screen:\n%s", w, plain)
		}
	}
}

func TestFrame(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Banner, o.ReadOnly = "demo", true })
	snap := r.snap
	snap.Problems = make([]impact.Problem, 3)
	snap.Problems[0].Severity = impact.Critical
	r.take(snap)
	for _, size := range [][2]int{{80, 24}, {140, 40}, {60, 15}} {
		r.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		kittest.Check(t, r.frame(), size[0], size[1])
		counts := "✗ 1 critical  ! 2 warnings"
		if size[0] < 80 {
			counts = "✗ 1  ! 2"
		}
		r.sees("RINGSIDE", "demo", "read-only", counts, "1 Home", "3 Containers", "this is home")
	}
	r.send(tea.WindowSizeMsg{Width: 44, Height: 10})
	kittest.Check(t, r.frame(), 44, 10)
	r.sees("a little too small", "It has 44x10; Ringside needs 60x15")
	r.press("X")
	if len(r.dialogs) > 0 {
		t.Error("a key acted on what cannot be seen")
	}
	if cmd := r.Update(press("q")); cmd == nil || cmd() != (tea.QuitMsg{}) {
		t.Error("q does not leave a small window")
	}
}

func TestNoColourLeavesSigns(t *testing.T) {
	r := newRig(t)
	r.send(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	if r.look.Theme.Selected != "7" || r.look.Theme.TabActive == r.look.Theme.Tab {
		t.Error("without colour the selection cannot be seen")
	}
	r.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI256})
	if r.look.Theme.Selected == "7" {
		t.Error("colour did not come back")
	}
}

// TestThemeFollowsTheTerminal unless the configuration asks for one.
func TestThemeFollowsTheTerminal(t *testing.T) {
	yes := true
	for _, c := range []struct {
		asked *bool
		back  color.Color
		dark  bool
	}{{nil, color.Black, true}, {nil, color.White, false}, {&yes, color.White, true}} {
		r := newRig(t, func(o *Options) { o.Dark = c.asked })
		r.send(tea.BackgroundColorMsg{Color: c.back})
		if r.look.Theme.Dark != c.dark {
			t.Errorf("on %v: dark is %v", c.back, r.look.Theme.Dark)
		}
	}
}

func TestGoingAndComingBack(t *testing.T) {
	r := newRig(t)
	r.press("3")
	r.sees("this is containers")
	r.press("esc")
	r.sees("this is home")
	r.press("esc")
	r.sees("this is home")
	r.send(screen.Go{Screen: "containers", Subject: "container/7", Open: "logs"})
	if r.other.shown != "container/7" || len(r.other.did) != 1 || r.other.did[0] != keymap.ShowLogs {
		t.Errorf("shown %q, did %v", r.other.shown, r.other.did)
	}
}

func TestKeysDoNotRefresh(t *testing.T) {
	r := newRig(t)
	r.tick()
	before := r.home.refreshed
	r.press("j", "k", "down")
	if r.home.refreshed != before || len(r.home.did) != 3 {
		t.Errorf("%d refreshes by keys, did %v", r.home.refreshed-before, r.home.did)
	}
	r.home.typing = true
	r.press("j", "q", "X")
	if r.home.typed != "jqX" {
		t.Errorf("typed %q", r.home.typed)
	}
	if h := r.hints(); !strings.Contains(h, "keep it") || strings.Contains(h, "go to") {
		t.Errorf("while typing the hints are %q", h)
	}
	for _, line := range r.trail.last() {
		if strings.Contains(line, "jqX") || strings.HasSuffix(line, " q") {
			t.Errorf("the trail tells what was typed: %q", line)
		}
	}
}

func TestActs(t *testing.T) {
	r := newRig(t)
	r.press("X")
	d := r.topPlan()
	if d.phase != review || d.plan.Steps[0].Name != "stop tokyo-1/web" {
		t.Fatalf("phase %v, plan %+v", d.phase, d.plan)
	}
	r.press("esc")
	r.home.selection[0].Name = "paused"
	r.press("Z")
	if d := r.topPlan(); d.plan.Kind != "container.unpause" {
		t.Errorf("pause of a paused one plans %s", d.plan.Kind)
	}
	r.press("esc")
	r.home.selection = nil
	r.press("X")
	r.sees("nothing is selected")
	r.home.selection = []fleet.Target{container("a", ""), container("b", "")}
	r.press("a")
	r.sees("Act on 2 containers", "rename", "restart")
	r.press("r")
	if d := r.topPlan(); len(d.plan.Targets) != 2 || d.plan.Kind != "container.restart" {
		t.Errorf("the menu planned %+v", d.plan)
	}
	r.press("esc")
	r.send(screen.Act{Action: "container.rename", Targets: r.home.selection})
	r.sees("cannot rename: it takes one at a time")
}

func TestArgumentsAreAskedFor(t *testing.T) {
	r := newRig(t)
	r.send(screen.Act{Action: "container.rename", Targets: r.home.selection})
	r.sees("rename tokyo-1/web")
	r.press("n", "e", "w", "enter")
	if d := r.topPlan(); d.op.args["name"] != "new" {
		t.Errorf("arguments %v", d.op.args)
	}
	r.press("esc")
	r.press("X", "ctrl+o")
	if len(r.dialogs) != 1 {
		t.Fatalf("%d dialogs", len(r.dialogs))
	}
	r.press("backspace", "backspace", "3", "0", "enter")
	if d := r.topPlan(); d.op.args["timeout"] != "30" {
		t.Errorf("arguments %v", d.op.args)
	}
	r.sees("with timeout 30")
}

func TestQuitAsksWhileARunGoesOn(t *testing.T) {
	r := newRig(t)
	quits := func(key string) bool {
		cmd := r.Update(press(key))
		if cmd == nil {
			return false
		}
		_, quit := cmd().(tea.QuitMsg)
		return quit
	}
	if !quits("q") {
		t.Error("q does not leave")
	}
	r.runner.runs = []actions.RunRecord{{ID: "a", Status: actions.Running}}
	if quits("q") {
		t.Error("q leaves a running plan")
	}
	r.sees("Leave while a plan is running?", "1 run is going on")
	if quits("n") || len(r.dialogs) > 0 {
		t.Error("no does not stay")
	}
	if quits("ctrl+c") || !quits("ctrl+c") {
		t.Error("ctrl+c twice does not leave, or once does")
	}
}

func TestLeavingWaitsForTheTerminalsAnswer(t *testing.T) {
	slow := true
	r := newRig(t, func(o *Options) { o.Slow = &slow })
	r.link(ackTick, 0)
	r.View()
	r.link(ackDue, r.ack.gen)
	if cmd := r.quit(); cmd == nil || !r.leaving {
		t.Fatal("does not wait")
	}
	if msg := r.link(ackAnswered, 0)(); msg != (tea.QuitMsg{}) {
		t.Errorf("after the answer: %v", msg)
	}
}

func TestHelpOfThePlace(t *testing.T) {
	r := newRig(t)
	r.home.selection[0].Name = "paused"
	r.toasts = toasts{}
	r.press("?")
	kittest.Within(t, r.dialogs[0].View(78, 22), 78, 22)
	kittest.Within(t, r.dialogs[0].View(138, 38), 138, 38)
	rows := helpRows(r.o.Keys, r.home.Scopes(), func(id keymap.ID) string {
		if id == keymap.ActStop {
			return "it is stopped"
		}
		return ""
	})
	var why string
	for _, row := range rows {
		why += row.why
	}
	if why != "it is stopped" || rows[0].text != "containers" || rows[0].keys != "" {
		t.Errorf("rows %+v", rows)
	}
}

func TestPaletteGoesAndActs(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Extra = []Command{{ID: "x", Title: "kill the engine", Run: func() error { return errors.New("it is dead") }}}
	})
	fill(r.o.Store, 100)
	r.tick()
	r.press(":", "0", "0", "4", "2", "enter")
	if r.other.shown != "container/42" {
		t.Errorf("shown %q", r.other.shown)
	}
	r.press("1", "ctrl+p", "k", "i", "l", "l", "space", "t", "enter")
	r.sees("kill the engine: it is dead")
	r.press(":", "r", "e", "s", "t", "a", "enter")
	if d := r.topPlan(); d.plan.Kind != "container.restart" {
		t.Errorf("planned %s", d.plan.Kind)
	}
}

// Hosts: their screen is on a key and on the palette, what happens to their power
// is in the picture, and what is on hold is quieter.
func TestHosts(t *testing.T) {
	power := &fakeScreen{name: "power"}
	r := newRig(t, func(o *Options) {
		o.Screens = append(o.Screens, power)
		o.Fleet.Hosts = []fleet.Host{{Name: "sw001", Site: "tokyo", Rack: "r1"}, {Name: "sw002", Site: "tokyo", Rack: "r1", BMC: &fleet.BMC{Address: "192.0.2.2"}}}
	})
	r.press("2")
	r.sees("2 Power", "this is power")
	r.press("r")
	if !slices.Contains(power.did, keymap.Refresh) {
		t.Error("the screen is not told to read again")
	}
	r.press("1", ":", "s", "w", "0", "0", "enter")
	if power.shown != "host//sw002" {
		t.Errorf("the palette leads to %q", power.shown)
	}
	off := &bmc.Facts{Host: "sw002", Power: bmc.Off, Was: bmc.On, Changed: noon.Add(-time.Minute), Insecure: "tls: off"}
	r.o.Store.Put(fleet.Reading{Source: "bmc/sw002", At: noon, Facts: off})
	r.tick()
	r.sees("1 critical", "insecure")
	r.history.hosts = map[string]string{"sw002": "disks are changed"}
	if r.tick(); r.critical != 0 || len(r.snap.Problems) != 1 {
		t.Errorf("on hold: %+v", r.snap.Problems)
	}
	r.history.hosts = nil
	r.runner.runs = []actions.RunRecord{{ID: "run-1", Kind: "power.off", Status: actions.Running, Alive: true, Created: noon, Actor: actions.Actor{User: "aoi"},
		Steps: []actions.StepRecord{{Target: fleet.Target{Kind: fleet.KindHost, Name: "sw002"}, Status: actions.Running, Started: noon.Add(-2 * time.Minute), Acted: true}}}}
	if r.tick(); len(r.snap.Asked) != 1 || r.snap.Asked[0].By != "aoi" || r.critical != 0 {
		t.Errorf("asked for: %+v, problems %+v", r.snap.Asked, r.snap.Problems)
	}
}

func BenchmarkKey10000(b *testing.B) {
	r := newRig(b)
	fill(r.o.Store, 10_000)
	r.tick()
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			r.Update(press("j"))
			_ = r.View()
		}
	})
	b.Run("tick", func(b *testing.B) {
		for b.Loop() {
			r.Update(tickMsg{r.pump.picture()})
		}
	})
	r.press(":")
	b.Run("palette key", func(b *testing.B) {
		for b.Loop() {
			r.Update(press("4"))
			_ = r.View()
			r.Update(press("backspace"))
		}
	})
	b.Run("palette fuzzy", func(b *testing.B) {
		for b.Loop() {
			r.Update(press("x"))
			_ = r.View()
			r.Update(press("backspace"))
		}
	})
}

// Every tab can be seen on a terminal of 80 columns, and its key on the smallest.
func TestTabsFit(t *testing.T) {
	names := []string{"power", "containers", "swift", "registries", "services", "runs"}
	r := newRig(t, func(o *Options) {
		o.Screens = o.Screens[:1]
		for _, n := range names {
			o.Screens = append(o.Screens, &fakeScreen{name: n})
		}
	})
	for _, c := range []struct {
		width, running int
		want           string
	}{
		{140, 2, " 1 Home  2 Power  3 Containers  4 Swift  5 Registries  6 Services  7 Runs  ◐ 2 runs going on"},
		{80, 0, " 1 Home 2 Power 3 Containers 4 Swift 5 Registries 6 Services 7 Runs"},
		{80, 2, " 1 Home 2 Power 3 Containers 4 Swift 5 Registries 6 Services 7 Runs ◐ 2"},
		{60, 2, " 1 Home 2 3 4 5 6 7 ◐ 2 runs going on"},
	} {
		r.resize(c.width, 24)
		r.running = c.running
		line := strings.TrimRight(kittest.Plain(r.tabs()), " ")
		kittest.Within(t, r.tabs(), c.width, 1)
		if got := strings.TrimRight(strings.TrimSuffix(line, "? help"), " "); got != c.want || !strings.HasSuffix(line, "? help") {
			t.Errorf("%d columns: %q", c.width, line)
		}
	}
}
