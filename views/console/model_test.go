package console

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"ringside/actions"
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

func TestPlanDialog(t *testing.T) {
	r := newRig(t)
	for i := range 49 {
		r.home.selection = append(r.home.selection, container(fmt.Sprint("web-", i), "production"))
	}
	r.press("T")
	d := r.topPlan()
	d.plan.Findings = []actions.Finding{
		{Guard: "hold", Level: actions.Block, Subject: "tokyo-1/web", Text: "held by ren until 14:00: leave it alone while the index is rebuilt, please; ask ren first"},
		{Guard: "stale", Level: actions.Warn, Subject: "tokyo-1", Text: "last read 40s ago"},
		{Guard: "environment", Level: actions.Note, Text: "two sites"}}
	d.plan.Confirm = actions.Confirm{Kind: actions.TypeOut, Word: "50", Why: "production"}
	d.form = newConfirmForm(d.plan, false, d.theme)
	golden := func(name string, w, h int) {
		t.Helper()
		frame := d.View(w, h)
		kittest.Within(t, frame, w, h)
		kittest.Golden(t, name, frame)
	}
	golden("plan-review", 78, 30)
	golden("plan-review-80x24", 78, 22)
	r.press("ctrl+a", "pgdown", "pgdown")
	golden("plan-all-steps", 78, 22)
	r.press("enter")
	golden("plan-missing", 78, 22)
	r.press("5", "0", "tab", "n", "o", "tab", "y", "e", "s", "enter")
	if len(r.runner.started) != 1 || r.runner.started[0] != (actions.Approval{Confirmed: true, Reason: "no", Override: "yes"}) {
		t.Fatalf("approved %+v", r.runner.started)
	}
	run := actions.RunRecord{ID: "run-1", Title: "restart", Status: actions.Running, Alive: true, Created: noon, Actor: actions.Actor{Session: "me"}}
	for i, s := range d.plan.Steps {
		run.Steps = append(run.Steps, actions.StepRecord{Index: i, Name: s.Name, Status: actions.Pending})
	}
	run.Steps[0].Status, run.Steps[0].Started, run.Steps[0].Ended = actions.Succeeded, noon, noon.Add(1500*time.Millisecond)
	run.Steps[1].Status, run.Steps[1].Error, run.Steps[1].Output = actions.Failed, "tokyo-1/web-0: no such container; nothing was changed", []string{"one", "two", "three", "four"}
	run.Steps[2].Status, run.Steps[2].Started, run.Steps[2].Done, run.Steps[2].Total = actions.Running, noon, 30, 120
	r.now = noon.Add(4 * time.Second)
	r.runner.runs = []actions.RunRecord{run}
	r.tick()
	golden("plan-running", 78, 22)
	r.press("x")
	golden("plan-cancel", 78, 22)
	r.press("n", "x", "y")
	if len(r.runner.cancelled) != 1 {
		t.Errorf("cancelled %v", r.runner.cancelled)
	}
	run.Status, run.Ended, run.Error = actions.Failed, noon.Add(5*time.Second), "1 of 50 steps failed"
	r.runner.runs = []actions.RunRecord{run}
	r.tick()
	golden("plan-ended", 78, 22)
	if len(r.toasts.list) > 0 {
		t.Error("a toast tells what the dialog shows")
	}
	r.press("enter")
	if len(r.dialogs) > 0 {
		t.Error("the dialog stays")
	}
}

func TestRunInTheBackgroundEndsInAToast(t *testing.T) {
	r := newRig(t)
	r.press("X", "enter", "y")
	r.runner.runs = []actions.RunRecord{{ID: "run-1", Title: "stop web", Status: actions.Running, Alive: true, Created: noon, Actor: actions.Actor{Session: "me"}}}
	r.tick()
	r.press("esc")
	if len(r.dialogs) > 0 || len(r.toasts.list) > 0 {
		t.Fatal("not in the background")
	}
	r.sees("1 run going on")
	r.runner.runs[0].Status, r.runner.runs[0].Alive, r.runner.runs[0].Ended = actions.Succeeded, false, noon
	r.tick()
	r.tick()
	if len(r.toasts.list) != 1 || r.toasts.list[0].Text != "stop web: done" {
		t.Errorf("toasts %+v", r.toasts.list)
	}
}

func TestHeldPlanSaysByWhom(t *testing.T) {
	r := newRig(t)
	r.runner.err = fmt.Errorf("start: %w", &actions.HeldError{Target: container("web", ""), Lock: actions.Lock{Run: "01J", Title: "stop web",
		Actor: actions.Actor{User: "aoi", Host: "ops-1", Console: "console", PID: 4711}, Since: noon}})
	r.press("X", "y")
	r.sees("tokyo-1/web is locked by another run", "aoi on ops-1", "stop web")
	r.runner.err = nil
	r.press("r")
	if d := r.topPlan(); d.phase != review {
		t.Errorf("trying again came to phase %v", d.phase)
	}
}

func TestReadOnlyRunsNothing(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ReadOnly = true })
	r.press("X")
	r.sees("read-only: this can be looked at, not run")
	r.press("y", "enter")
	if len(r.runner.started) > 0 {
		t.Error("it ran")
	}
}

// A plan that took its time must not be confirmed by a key meant for elsewhere.
func TestSlowPlanHasAGrace(t *testing.T) {
	r := newRig(t)
	d := newPlanDialog(operation{}, r.runner, false, func() time.Time { return r.now })
	d.opened = r.now
	r.now = r.now.Add(2 * time.Second)
	d.Update(builtMsg{d: d, plan: &actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}}})
	d.Update(press("y"))
	if d.phase != review {
		t.Error("a key in flight confirmed the plan")
	}
	r.now = r.now.Add(time.Second)
	if d.Update(press("y")); d.phase != starting {
		t.Error("the plan cannot be confirmed at all")
	}
}

func TestUnfinishedRunsAreOffered(t *testing.T) {
	left := []actions.RunRecord{
		{ID: "r1", Kind: "container.stop", Title: "stop 3 containers", Created: noon.Add(-time.Hour), Actor: actions.Actor{User: "aoi"}, Steps: make([]actions.StepRecord, 3)},
		{ID: "r2", Kind: "container.stop", Title: "stop web", Created: noon.Add(-2 * time.Hour), Actor: actions.Actor{User: "ren"}}}
	r := newRig(t, func(o *Options) { o.Env.Ledger = fakeLedger{unfinished: left} })
	r.run(r.unfinished())
	r.sees("2 unfinished runs", "stop 3 containers", "by aoi, 1h ago")
	r.press("u")
	if d := r.dialogs[len(r.dialogs)-1].Overlay.(*unfinishedDialog); len(d.runs) != 2 {
		t.Fatal("a key in flight chose")
	}
	r.now = r.now.Add(time.Second)
	r.press("down", "b")
	r.sees("roll back run r2")
	r.press("esc", "esc")
	if len(r.dialogs) != 0 {
		t.Errorf("%d dialogs stay", len(r.dialogs))
	}
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
