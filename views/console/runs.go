package console

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// runAct carries out a wish about a run: cancel after a question, resume and
// roll back after the plan was looked at and confirmed once more.
func (m *model) runAct(a screen.RunAct) tea.Cmd {
	runner := m.o.Runner
	switch a.What {
	case "cancel":
		ask := kit.NewAsk("Cancel this run?", "No new step starts, and the running ones are broken off.\nWhat is done stays done; it can be rolled back later.", "cancel it", "let it run")
		return m.open(ask, func(any) tea.Cmd {
			return func() tea.Msg { runner.Cancel(a.Run); return nil }
		})
	case "resume":
		return m.openRun(a.Run, operation{title: "resume run " + a.Run,
			start: func(ctx context.Context, _ *actions.Plan, ok actions.Approval) (string, error) {
				return runner.Resume(ctx, a.Run, ok)
			}})
	case "rollback":
		return m.openRun(a.Run, operation{title: "roll back run " + a.Run, undo: true,
			start: func(ctx context.Context, _ *actions.Plan, ok actions.Approval) (string, error) {
				return runner.Rollback(ctx, a.Run, ok)
			}})
	}
	return nil
}

// openRun opens the plan dialog for a run of the ledger.
func (m *model) openRun(id string, op operation) tea.Cmd {
	op.next = m.o.Registry.Next
	op.build = func(ctx context.Context) (*actions.Plan, []actions.StepRecord, error) {
		if m.o.Env.Ledger == nil {
			return nil, nil, actions.ErrNoLedger
		}
		run, err := m.o.Env.Ledger.Run(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		p, err := m.o.Registry.Rebuild(ctx, m.o.Env, run, op.undo)
		return p, run.Steps, err
	}
	return m.open(newPlanDialog(op, m.o.Runner, m.o.ReadOnly, m.o.Env.Now), m.followUp)
}

// tellEnds makes a toast for every run of this process that ended while no
// dialog showed it.
func (m *model) tellEnds() tea.Cmd {
	var cmds []tea.Cmd
	for _, r := range m.snap.Runs {
		switch {
		case r.Actor.Session != m.o.Env.Actor.Session || m.told[r.ID]:
		case r.Alive && !r.Status.Final() && r.Status != actions.Interrupted:
		case m.snap.Now.Sub(r.Ended) > time.Minute, m.shown(r.ID):
			m.told[r.ID] = true
		default:
			m.told[r.ID] = true
			bad := r.Status != actions.Succeeded && r.Status != actions.RolledBack
			text := fmt.Sprintf("%s: %s", r.Title, r.Status)
			if bad && r.Error != "" {
				text += ", " + r.Error
			}
			cmds = append(cmds, m.toast(screen.Toast{Bad: bad, Text: text}))
			if next, ok := m.o.Registry.Next(r); ok && !m.o.ReadOnly {
				cmds = append(cmds, m.suggest(r, next))
			}
		}
	}
	return tea.Batch(cmds...)
}

// suggest offers what the end of a run in the background suggests, such as to cut
// the power of hosts that did not shut down. Saying yes only makes the plan.
func (m *model) suggest(r actions.RunRecord, next actions.Next) tea.Cmd {
	return m.openAlone(kit.NewAsk(r.Title, next.Why, "make the plan", "leave it"), func(any) tea.Cmd {
		return m.act(screen.Act{Action: next.Action, Targets: next.Targets, Args: next.Args})
	})
}

// shown reports whether a plan dialog shows a run.
func (m *model) shown(run string) bool {
	for _, d := range m.dialogs {
		if p, ok := d.Overlay.(*planDialog); ok && p.run == run {
			return true
		}
	}
	return false
}

// unfinishedMsg brings the runs that a console left half way.
type unfinishedMsg struct{ runs []actions.RunRecord }

// unfinished reads the ledger for runs whose process is gone.
func (m *model) unfinished() tea.Cmd {
	ledger := m.o.Env.Ledger
	if ledger == nil {
		return nil
	}
	return func() tea.Msg {
		ctx, cancel := m.context()
		defer cancel()
		runs, err := ledger.Runs(ctx, actions.RunQuery{Unfinished: true, Limit: historyLen})
		if err != nil {
			return screen.Toast{Bad: true, Text: "the ledger cannot be read: " + oneLine(err)}
		}
		return unfinishedMsg{runs}
	}
}

func (m *model) offer(runs []actions.RunRecord) tea.Cmd {
	if len(runs) == 0 || m.o.ReadOnly {
		return nil
	}
	return m.openAlone(&unfinishedDialog{runs: runs, now: m.o.Env.Now}, nil)
}

// unfinishedDialog offers runs that were left half way, one line each.
type unfinishedDialog struct {
	runs  []actions.RunRecord
	at    int
	theme *kit.Theme
	now   func() time.Time
}

func (d *unfinishedDialog) Restyle(t *kit.Theme) { d.theme = t }
func (d *unfinishedDialog) Cursor() *tea.Cursor  { return nil }

// Update takes the choice for the run under the cursor; the dialog stays until
// every run has one, or until later.
func (d *unfinishedDialog) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, nil, false
	}
	what := ""
	switch key.String() {
	case "up", "k":
		d.at = max(0, d.at-1)
	case "down", "j":
		d.at = min(len(d.runs)-1, d.at+1)
	case "u":
		what = "resume"
	case "b":
		what = "rollback"
	case "esc", "l":
		return nil, nil, true
	}
	if what == "" {
		return nil, nil, false
	}
	run := d.runs[d.at]
	d.runs = append(d.runs[:d.at:d.at], d.runs[d.at+1:]...)
	d.at = max(0, min(d.at, len(d.runs)-1))
	return screen.Send(screen.RunAct{Run: run.ID, What: what}), nil, len(d.runs) == 0
}

// unfinishedShown is how many runs are listed at once.
const unfinishedShown = 6

// View draws the list around the cursor.
func (d *unfinishedDialog) View(w, h int) string {
	t, now := d.theme, d.now()
	lines := []string{"A console ended while these were going on. What it did is done;", "what it did not start is not. Nothing goes on by itself.", ""}
	top := max(0, d.at-unfinishedShown+1)
	for i := top; i < min(len(d.runs), top+unfinishedShown); i++ {
		r, done := d.runs[i], 0
		for _, s := range r.Steps {
			if s.Status == actions.Succeeded || s.Status == actions.Skipped {
				done++
			}
		}
		cursor := " "
		if i == d.at {
			cursor = t.Focus.Paint(t.Glyph.Cursor)
		}
		lines = append(lines, fmt.Sprintf("%s %s  %s", cursor, t.Strong.Paint(r.Title),
			t.Dim.Paint(fmt.Sprintf("%d of %s done, by %s, %s ago", done, plural(len(r.Steps), "step"), r.Actor.User, screen.Since(r.Created, now)))))
	}
	if n := len(d.runs) - top - unfinishedShown; n > 0 {
		lines = append(lines, t.Dim.Paint(fmt.Sprintf("  %s %d more", t.Glyph.Ellipsis, n)))
	}
	return t.Dialog(plural(len(d.runs), "unfinished run"), "", append(lines, ""), w, h, "u", "resume", "b", "roll back", "esc", "later")
}
