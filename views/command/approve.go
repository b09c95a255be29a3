package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// planRow is one line of a plan as data: a step, or what a guard found.
type planRow struct {
	Type    string `json:"type"` // finding or step
	Kind    string `json:"kind"` // id of the action
	Stage   int    `json:"stage"`
	Level   string `json:"level"` // of a finding: note, warn, block
	Target  string `json:"target"`
	Engine  string `json:"engine"`
	Text    string `json:"text"`
	Final   string `json:"final"`   // why a step cannot be undone, "" when it can
	Confirm string `json:"confirm"` // what the console would ask for: enter, y, or the word to type
}

var planColumns = []column[planRow]{
	{title: "", cell: func(r planRow) cell {
		switch r.Level {
		case "block":
			return cell{"block", bad}
		case "warn":
			return cell{"warn", warn}
		case "note":
			return cell{"note", dim}
		}
		return cell{"step", bold}
	}},
	{title: "TARGET", cell: text(func(r planRow) string { return r.Target })},
	{title: "WHAT", flex: true, cell: text(func(r planRow) string {
		if r.Final != "" {
			return r.Text + " (cannot be undone: " + r.Final + ")"
		}
		return r.Text
	})},
}

// planRows lists findings and steps; undo: those steps that would be taken back.
func planRows(p *actions.Plan, undo bool) []planRow {
	var out []planRow
	for _, f := range p.Findings {
		engine, _, _ := strings.Cut(f.Subject, "/")
		if len(p.Targets) > 0 && p.Targets[0].Kind == fleet.KindHost {
			engine = ""
		}
		out = append(out, planRow{Type: "finding", Kind: p.Kind, Level: f.Level.String(), Target: f.Subject, Engine: engine, Text: f.Text, Confirm: asks(p.Confirm)})
	}
	for _, s := range p.Steps {
		r := planRow{Type: "step", Kind: p.Kind, Stage: s.Stage, Target: s.Target.String(), Engine: s.Target.Engine(), Text: s.Name, Confirm: asks(p.Confirm)}
		if undo {
			r.Text = "undo: " + s.Name
		}
		if s.Undo == nil {
			r.Final = s.Final
		}
		out = append(out, r)
	}
	return out
}

// foldWaves puts the steps of a wave on one line where there are many.
func foldWaves(p *actions.Plan, rows []planRow) []planRow {
	if !p.Waves || len(p.Steps) <= actions.ManyTargets {
		return rows
	}
	var out []planRow
	at, names := map[int]int{}, map[int][]string{}
	waves := p.Steps[len(p.Steps)-1].Stage + 1
	for _, r := range rows {
		if r.Type != "step" {
			out = append(out, r)
			continue
		}
		i, known := at[r.Stage]
		if !known {
			i = len(out)
			at[r.Stage] = i
			r.Text = strings.Join(strings.Fields(strings.Replace(r.Text, r.Target, "", 1)), " ")
			if waves > 1 {
				r.Text += fmt.Sprintf(" (wave %d of %d)", r.Stage+1, waves)
			}
			out = append(out, r)
		}
		names[i] = append(names[i], r.Target)
	}
	for i, list := range names {
		out[i].Target = fleet.Fold(list)
	}
	return out
}

func asks(c actions.Confirm) string {
	switch c.Kind {
	case actions.TypeOut:
		return c.Word
	case actions.Yes:
		return "y"
	}
	return "enter"
}

// approve decides whether a plan may run: by the flags, or by asking.
func (a *app) approve(ctx context.Context, j job) (actions.Approval, error) {
	p := j.plan
	ok := actions.Approval{Confirmed: true, Reason: a.flags.reason, Override: a.flags.override}
	if p.Blocked() && a.flags.override == "" {
		a.tell(p, actions.Note)
		return ok, exit(ExitBlocked, "%w; --override WHY overrides, and is recorded", actions.ErrBlocked)
	}
	if a.flags.yes {
		a.tell(p, actions.Warn)
		for _, f := range p.Findings {
			if f.Guard == "lock" { // the ledger would refuse it; nobody sits here who could wait
				return ok, exit(ExitBlocked, "%s: held by another run; nothing was started", j.title())
			}
		}
		if p.Confirm.Kind == actions.TypeOut && a.flags.reason == "" {
			return ok, usage("%s: %s needs --reason WHY with --yes; nothing was started", j.title(), p.Confirm.Why)
		}
		return ok, nil
	}
	if !a.terminal(a.In) || !a.terminal(a.Err) {
		flags := "--yes"
		if p.Confirm.Kind == actions.TypeOut {
			flags = "--yes --reason WHY"
		}
		return ok, usage("%s must be confirmed (%s), and there is no terminal to ask at: give %s, or look with --dry-run; nothing was started", j.title(), p.Confirm.Why, flags)
	}
	a.present(j)
	return ok, a.ask(ctx, j)
}

// present prints a plan for a human, on the error output: the result is the output.
func (a *app) present(j job) {
	fmt.Fprintf(a.Err, "%s\n", j.title())
	g := a.glyphs()
	for _, r := range foldWaves(j.plan, planRows(j.plan, j.undo)) {
		sign := map[string]string{"block": g.Bad, "warn": g.Warn, "note": g.Bullet}[r.Level]
		if sign == "" {
			sign = g.More
		}
		what := r.Text
		switch {
		case r.Type == "finding":
			what = r.Level + ": " + strings.TrimPrefix(r.Target+": ", ": ") + r.Text
		case !strings.Contains(r.Text, r.Target): // many on one line
			what = r.Target + ": " + r.Text
		}
		if r.Final != "" {
			what += " (cannot be undone: " + r.Final + ")"
		}
		fmt.Fprintf(a.Err, "  %s %s\n", sign, what)
	}
}

// ask asks as the console does.
func (a *app) ask(ctx context.Context, j job) error {
	c := j.plan.Confirm
	switch c.Kind {
	case actions.TypeOut:
		fmt.Fprintf(a.Err, "%s: type %s to go on: ", c.Why, c.Word)
	case actions.Yes:
		fmt.Fprintf(a.Err, "%s: go on? [y/N] ", c.Why)
	default:
		fmt.Fprintf(a.Err, "%s: press enter to go on, ctrl-c to leave ", c.Why)
	}
	answer, err := a.line(ctx)
	if err != nil {
		return exit(ExitCancelled, "nothing was started: %w", err)
	}
	right := map[actions.ConfirmKind]bool{
		actions.TypeOut: answer == c.Word, actions.Yes: strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), actions.Enter: answer == "",
	}
	if !right[c.Kind] {
		return exit(ExitCancelled, "not confirmed; nothing was started")
	}
	return nil
}

// line reads one line of input. The reading itself cannot be broken off; when the
// context ends, it is left behind and the process ends soon after.
func (a *app) line(ctx context.Context) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	safe.Go("read the answer", func() {
		text, err := bufio.NewReader(a.In).ReadString('\n')
		if err == io.EOF && text == "" {
			err = io.ErrUnexpectedEOF
		} else if err == io.EOF {
			err = nil
		}
		got <- answer{strings.TrimRight(text, "\r\n"), err}
	})
	select {
	case x := <-got:
		return x.text, x.err
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return "", context.Cause(ctx)
	}
}

// tell prints the findings of at least a level.
func (a *app) tell(p *actions.Plan, least actions.Level) {
	for _, f := range p.Findings {
		if f.Level >= least {
			a.complain("%s: %s", f.Level, strings.TrimPrefix(f.Subject+": ", ": ")+f.Text)
		}
	}
}
