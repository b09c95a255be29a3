package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

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

// A run that rests between two waves says until when.
func TestPlanDialogTellsOfWaves(t *testing.T) {
	r := newRig(t)
	r.press("X")
	d := r.topPlan()
	d.plan.Waves, d.plan.Pause, d.plan.Parallel = true, 10*time.Second, 20
	d.plan.Steps = append(d.plan.Steps, d.plan.Steps[0])
	d.plan.Steps[1].Stage = 1
	if v := r.View().Content; !strings.Contains(v, "up to 20 at once, 10s between waves; the first failure stops it") {
		t.Errorf("the pace is not told:\n%s", v)
	}
	r.press("enter")
	run := actions.RunRecord{ID: "run-1", Status: actions.Running, Alive: true, Created: noon, Resting: noon.Add(8 * time.Second), Actor: actions.Actor{Session: "me"}}
	r.runner.runs = []actions.RunRecord{run}
	r.tick()
	if v := r.View().Content; !strings.Contains(v, "the next wave starts in 8s") {
		t.Errorf("the rest is not told:\n%s", v)
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
	d := newPlanDialog(operation{next: r.o.Registry.Next}, r.runner, false, func() time.Time { return r.now })
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

// What the end of a run suggests is offered, in the dialog that shows the run or in
// one of its own, and never done by itself.
func TestTheEndOfARunSuggests(t *testing.T) {
	web := container("web", "development")
	r := newRig(t, func(o *Options) {
		stop, _ := o.Registry.Get("container.stop")
		stop.ID, stop.Verb, stop.Args = "container.halt", "halt", nil
		stop.Next = func(actions.RunRecord) (actions.Next, bool) {
			return actions.Next{Action: "container.start", Targets: []fleet.Target{web}, Why: "web is still up: start it?"}, true
		}
		o.Registry.Add(stop)
	})
	failed := actions.RunRecord{ID: "run-1", Kind: "container.halt", Title: "halt web", Status: actions.Failed, Actor: actions.Actor{Session: "me"}, Created: noon, Ended: noon}
	halt := func() {
		r.runner.runs = nil
		r.send(screen.Act{Action: "container.halt", Targets: []fleet.Target{web}})
		r.press("enter")
	}
	halt()
	r.runner.runs = []actions.RunRecord{failed}
	r.tick()
	if v := r.View().Content; !strings.Contains(v, "web is still up: start it?") || !strings.Contains(v, "plan that") {
		t.Fatalf("nothing is suggested:\n%s", v)
	}
	r.press("n")
	if d := r.topPlan(); d.plan.Title != "start" || d.phase != review || len(r.runner.started) != 1 {
		t.Errorf("n leads to %q in phase %v after %d runs", d.plan.Title, d.phase, len(r.runner.started))
	}
	r.press("esc")

	failed.ID = "run-2"
	r.runner.runs = []actions.RunRecord{failed}
	r.tick()
	if v := r.View().Content; !strings.Contains(v, "web is still up: start it?") || !strings.Contains(v, "make the plan") {
		t.Fatalf("nothing is suggested for a run in the background:\n%s", v)
	}
	r.press("y") // meant for elsewhere
	if len(r.dialogs) != 1 {
		t.Fatal("a key that came just then answered the question")
	}
	r.now = r.now.Add(time.Second)
	r.press("y")
	if d := r.topPlan(); d.plan.Title != "start" || d.phase != review {
		t.Errorf("yes leads to %q in phase %v", d.plan.Title, d.phase)
	}
	if len(r.runner.started) != 1 {
		t.Error("what was suggested ran by itself")
	}
	r.press("esc")
	if r.tick(); len(r.dialogs) != 0 {
		t.Error("it is suggested twice")
	}
}
