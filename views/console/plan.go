package console

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// operation is what a plan dialog is about: an action, or a run to be resumed or
// rolled back.
type operation struct {
	title string
	args  actions.Args
	undo  bool // the plan's steps are undone, last first
	// build makes the plan; of a run that exists it also says how far each step is.
	build func(context.Context) (*actions.Plan, []actions.StepRecord, error)
	start func(context.Context, *actions.Plan, actions.Approval) (string, error)
	edit  func() tea.Cmd // asks for the arguments again; nil: there are none
	// next says what the end of the run suggests; it is offered, never done.
	next func(actions.RunRecord) (actions.Next, bool)
}

type phase uint8

const (
	building phase = iota // the plan is being made
	refused               // it could not be made or started: err says why
	review                // it can be read and confirmed
	starting              // the ledger records it
	running               // record shows how far it is
	ended
)

// planDialog shows a plan, takes the confirmation, and follows the run.
type planDialog struct {
	op       operation
	runner   Runner
	readOnly bool
	now      func() time.Time
	theme    *kit.Theme

	phase  phase
	opened time.Time // start of building or starting
	plan   *actions.Plan
	was    []actions.StepRecord // how far the steps are already; nil for a new plan
	err    error
	form   confirmForm
	grace  *grace

	run    string // ID of the run
	record actions.RunRecord
	next   *actions.Next // what its end suggests, nil for nothing
	asking bool          // whether to cancel it

	all       bool // long lists are not folded
	top, most int  // first line shown of the scrolled part, and how far it goes
	scrolled  bool // by hand: the view does not follow the running step any more
	page      int
	cursor    *tea.Cursor
}

func newPlanDialog(op operation, r Runner, readOnly bool, now func() time.Time) *planDialog {
	return &planDialog{op: op, runner: r, readOnly: readOnly, now: now, theme: kit.NewTheme(true, false), page: 1}
}

// Answers of the dialog's own commands, and its clock.
type (
	builtMsg struct {
		d    *planDialog
		plan *actions.Plan
		was  []actions.StepRecord
		err  error
	}
	startedMsg struct {
		d   *planDialog
		run string
		err error
	}
	spinMsg struct{ d *planDialog }
)

// How long making a plan may take, from when on a sign of life is shown, and how
// often that moves.
const (
	planTime  = 30 * time.Second
	spinAfter = 300 * time.Millisecond
	spinEvery = 250 * time.Millisecond
)

// Open makes the plan.
func (d *planDialog) Open() tea.Cmd {
	d.phase, d.opened, d.err = building, d.now(), nil
	return tea.Batch(after(spinAfter, spinMsg{d}), func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), planTime)
		defer cancel()
		p, was, err := d.op.build(ctx)
		return builtMsg{d, p, was, err}
	})
}

// Restyle sets the theme.
func (d *planDialog) Restyle(t *kit.Theme) { d.theme = t; d.form.restyle(t) }

// Cursor is where the last View put the text cursor.
func (d *planDialog) Cursor() *tea.Cursor { return d.cursor }

// Refresh takes the newest picture of the run.
func (d *planDialog) Refresh(s screen.Snapshot) tea.Cmd {
	if d.phase != running {
		return nil
	}
	for _, r := range s.Runs {
		if r.ID == d.run {
			d.record = r
			if r.Status.Final() || !r.Alive {
				d.phase, d.asking, d.scrolled = ended, false, true
				d.top = 0
				if n, ok := d.op.next(r); ok && !d.readOnly {
					d.next = &n
				}
			}
		}
	}
	return nil
}

// Update takes keys for the phase, and the answers of its commands.
func (d *planDialog) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	switch msg := msg.(type) {
	case builtMsg:
		if msg.d == d {
			d.built(msg)
		}
	case startedMsg:
		if msg.d == d {
			d.started(msg)
		}
	case spinMsg:
		if msg.d == d && (d.phase == building || d.phase == starting) {
			return after(spinEvery, spinMsg{d}), nil, false
		}
	case tea.PasteMsg:
		if d.phase == review {
			d.form.update(msg)
		}
	case tea.KeyPressMsg:
		if !d.scroll(msg.String()) {
			return d.key(msg)
		}
	}
	return nil, nil, false
}

func (d *planDialog) built(msg builtMsg) {
	if d.phase != building {
		return
	}
	if msg.err != nil {
		d.refuse(msg.err)
		return
	}
	d.phase, d.plan, d.was = review, msg.plan, msg.was
	d.form = newConfirmForm(d.plan, d.was != nil && !d.op.undo, d.theme)
	if d.now().Sub(d.opened) > spinAfter { // nobody waits for it any more with a finger on the key
		d.grace = newGrace(d.now())
	}
}

func (d *planDialog) started(msg startedMsg) {
	if msg.err != nil {
		d.refuse(msg.err)
		return
	}
	d.phase, d.run, d.top, d.scrolled = running, msg.run, 0, false
}

func (d *planDialog) refuse(err error) {
	d.phase, d.err, d.top, d.scrolled = refused, err, 0, true
}

func (d *planDialog) key(key tea.KeyPressMsg) (cmd tea.Cmd, result any, done bool) {
	if d.grace.swallows(d.now()) {
		return nil, nil, false
	}
	k := key.String()
	if k == "esc" && !d.asking { // while it runs, this sends it to the background
		return nil, nil, true
	}
	switch d.phase {
	case refused:
		switch {
		case k == "r":
			return d.Open(), nil, false
		case k == "ctrl+o" && d.op.edit != nil:
			return nil, d.op.edit, true
		}
		return nil, nil, k == "enter"
	case review:
		return d.reviewKey(key)
	case running:
		return d.runningKey(k), nil, false
	case ended:
		switch {
		case k == "enter":
			return nil, nil, true
		case k == "n" && d.next != nil:
			return nil, screen.Act{Action: d.next.Action, Targets: d.next.Targets, Args: d.next.Args}, true
		case k == "b" && d.canRollBack():
			return nil, screen.RunAct{Run: d.run, What: "rollback"}, true
		case k == "u" && d.canResume():
			return nil, screen.RunAct{Run: d.run, What: "resume"}, true
		}
	}
	return nil, nil, false
}

func (d *planDialog) reviewKey(key tea.KeyPressMsg) (cmd tea.Cmd, result any, done bool) {
	switch k := key.String(); {
	case k == "ctrl+o" && d.op.edit != nil:
		return nil, d.op.edit, true
	case k == "ctrl+a":
		d.all = !d.all
	case d.readOnly:
		return nil, nil, k == "enter"
	default:
		if d.form.update(key) {
			d.phase, d.opened = starting, d.now()
			return tea.Batch(after(spinAfter, spinMsg{d}), d.startCmd(d.form.approval())), nil, false
		}
	}
	return nil, nil, false
}

func (d *planDialog) startCmd(ok actions.Approval) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), planTime)
		defer cancel()
		run, err := d.op.start(ctx, d.plan, ok)
		return startedMsg{d, run, err}
	}
}

func (d *planDialog) runningKey(k string) tea.Cmd {
	asked := d.asking
	d.asking = !asked && k == "x"
	if !asked || k != "y" && k != "Y" {
		return nil
	}
	run := d.run
	return func() tea.Msg { d.runner.Cancel(run); return nil }
}

func (d *planDialog) canResume() bool {
	s := d.record.Status
	return !d.readOnly && (s == actions.Failed || s == actions.Cancelled || s == actions.Interrupted)
}

// canRollBack reports whether anything was done that can be taken back.
func (d *planDialog) canRollBack() bool {
	if !d.canResume() {
		return false
	}
	for _, s := range d.record.Steps {
		if s.Status == actions.Succeeded && s.Final == "" {
			return true
		}
	}
	return false
}

// scroll moves the scrolled part, and says whether the key was meant for it.
func (d *planDialog) scroll(key string) bool {
	by, ok := map[string]int{"up": -1, "down": 1, "pgup": -d.page, "pgdown": d.page}[key]
	if !ok {
		return false
	}
	d.top = min(max(0, d.top+by), d.most)
	d.scrolled = true
	return true
}

// argsText lists the arguments that are not empty.
func (o operation) argsText() string {
	var out []string
	for _, k := range sortedKeys(o.args) {
		if v := o.args[k]; v != "" {
			out = append(out, k+" "+v)
		}
	}
	return strings.Join(out, ", ")
}
