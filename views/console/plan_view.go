package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/views/kit"
)

// Sizes of the plan dialog.
const (
	planWidth = 92 // columns at most
	foldAfter = 12 // steps that a plan shows before the rest is folded
	foldLeast = 3  // and when room is short
	lastLines = 3  // of a step's output
)

// View draws the phase: a part that scrolls, a part below it that stays, keys.
func (d *planDialog) View(w, h int) string {
	inner := min(w, planWidth) - 4
	content, fixed, note := d.content(inner, h-3)
	room := max(1, h-3-len(fixed))
	d.page = max(1, room-1)
	d.most = max(0, len(content)-room)
	if !d.scrolled {
		d.top = d.follow(content, room)
	}
	d.top = min(d.top, d.most)
	shown := content[d.top:min(len(content), d.top+room)]
	if d.most > 0 {
		note = strings.TrimSpace(note + fmt.Sprintf("  %d-%d of %d lines", d.top+1, d.top+len(shown), len(content)))
	}
	d.cursor = nil
	lines := make([]string, 0, len(shown)+len(fixed))
	lines = append(lines, shown...)
	for _, l := range fixed {
		if l.cursor != nil {
			d.cursor = moved(l.cursor, 2+l.x, 1+len(lines))
		}
		lines = append(lines, l.text)
	}
	for i := range lines {
		lines[i] = kit.Fit(lines[i], inner, false, d.theme.Glyph.Ellipsis)
	}
	return d.theme.Dialog(d.op.title, note, lines, w, h, d.keys()...)
}

// fixedLine is a line of the part that does not scroll.
type fixedLine struct {
	text   string
	cursor *tea.Cursor // relative to x, nil for none
	x      int
}

// content is what the dialog says in w columns and about h rows.
func (d *planDialog) content(w, h int) (scrolled []string, fixed []fixedLine, note string) {
	t := d.theme
	switch d.phase {
	case building:
		return []string{d.alive("looking at the world")}, nil, ""
	case starting:
		return []string{d.alive("taking the locks and writing it down")}, nil, ""
	case refused:
		return d.refusal(w), nil, ""
	case review:
		fixed = d.confirmLines(w)
		return d.planLines(w, h-len(fixed)), fixed, d.plan.Confirm.Why
	}
	done, all := progress(d.record.Steps)
	elapsed := ""
	if !d.record.Created.IsZero() {
		end := d.record.Ended
		if end.IsZero() {
			end = d.now()
		}
		elapsed = kit.Age(end.Sub(d.record.Created))
	}
	head := fmt.Sprintf("%s  %d of %d", t.Busy.Paint(t.Bar(share(int64(done), int64(all)), 20)), done, all)
	if d.phase == ended {
		g, style := statusLook(t, d.record.Status)
		head = style.Paint(g+" "+string(d.record.Status)) + t.Dim.Paint(fmt.Sprintf("  %d of %s ended well", done, plural(all, "step")))
	}
	fixed = append(fixed, fixedLine{}, fixedLine{text: head})
	if left := d.record.Resting.Sub(d.now()); d.phase == running && left > 0 {
		fixed = append(fixed, fixedLine{text: t.Dim.Paint(t.Glyph.Paused + " the next wave starts in " + kit.Age(left))})
	}
	if d.record.Error != "" {
		for _, l := range kit.Wrap(d.record.Error, w) {
			fixed = append(fixed, fixedLine{text: t.Bad.Paint(l)})
		}
	}
	if d.next != nil {
		for _, l := range kit.Wrap(d.next.Why, w) {
			fixed = append(fixed, fixedLine{text: t.Warn.Paint(l)})
		}
	}
	if d.asking {
		fixed = append(fixed, fixedLine{text: t.Warn.Paint("Cancel? The running steps are broken off, no new one starts.")})
	}
	return d.stepLines(w), fixed, elapsed
}

// alive is a sign of life for what takes longer than a moment.
func (d *planDialog) alive(what string) string {
	waited := d.now().Sub(d.opened)
	if waited < spinAfter {
		return ""
	}
	return string(`|/-\`[int(waited/spinEvery)%4]) + " " + what
}

func (d *planDialog) refusal(w int) []string {
	t := d.theme
	var held *actions.HeldError
	switch {
	case errors.As(d.err, &held):
		lines := []string{t.Warn.Paint(t.Glyph.Warn + " " + held.Target.String() + " is locked by another run; nothing was started."), ""}
		lines = append(lines, kit.Wrap("what   "+held.Lock.Title, w)...)
		return append(lines, kit.Wrap("who    "+held.Lock.Holder(), w)...)
	case errors.Is(d.err, actions.ErrNothingToDo):
		return append([]string{t.Good.Paint(t.Glyph.Good + " there is nothing to do"), ""}, kit.Wrap(fleet.Clean(d.err.Error()), w)...)
	}
	return append([]string{t.Bad.Paint(t.Glyph.Bad + " nothing was started"), ""}, kit.Wrap(fleet.Clean(d.err.Error()), w)...)
}

// planLines is the plan in words: steps, what was checked, what is for good. The
// list of steps gives way, so that no finding hides below the end.
func (d *planDialog) planLines(w, room int) []string {
	names, final := d.stepNames()
	tail := d.tailLines(w, final)
	head := sidesLines(d.theme, d.plan.Sides, w, false)
	if steps := min(len(names), foldLeast) + 3; len(head)+steps+len(tail) > room {
		head = sidesLines(d.theme, d.plan.Sides, w, true)
	}
	return slices.Concat(head, d.stepList(names, min(foldAfter, max(foldLeast, room-len(head)-len(tail)-3))), tail)
}

// stepList lists the steps, the rest folded after some.
func (d *planDialog) stepList(names []string, fold int) []string {
	t, p := d.theme, d.plan
	head := "What will happen"
	switch {
	case d.op.undo && len(names) == 0:
		head = "There is nothing to undo"
	case d.op.undo:
		head = "What will be undone, last first"
	}
	out := []string{t.Strong.Paint(head)}
	for i, n := range names {
		if i == fold-1 && len(names) > fold && !d.all {
			out = append(out, t.Dim.Paint(fmt.Sprintf("  %s %d more", t.Glyph.Ellipsis, len(names)-i)))
			break
		}
		out = append(out, fmt.Sprintf("  %s %s", t.Dim.Paint(fmt.Sprintf("%2d", i+1)), n))
	}
	if len(names) > 1 {
		stop := "the first failure stops it"
		if p.StopAt > 1 {
			stop = fmt.Sprintf("%d failures stop it", p.StopAt)
		}
		at := fmt.Sprintf("     up to %d at once", max(1, p.Parallel))
		if p.Waves && p.Pause > 0 && p.Steps[len(p.Steps)-1].Stage > 0 {
			at += fmt.Sprintf(", %v between waves", p.Pause)
		}
		out = append(out, t.Dim.Paint(at+"; "+stop))
	}
	if a := d.op.argsText(); a != "" {
		out = append(out, t.Dim.Paint("     with "+a))
	}
	return out
}

// tailLines is what follows the steps.
func (d *planDialog) tailLines(w int, final []string) []string {
	t := d.theme
	var out []string
	if findings := unsaid(d.plan); len(findings) > 0 {
		out = append(out, "", t.Strong.Paint("What the checks say"))
		for _, f := range gathered(findings) {
			out = append(out, findingLines(t, f, w)...)
		}
	}
	if len(final) > 0 {
		out = append(out, "", t.Strong.Paint("What cannot be undone"))
		for _, f := range final {
			for i, l := range kit.Wrap(f, w-4) {
				sign := t.Warn.Paint(t.Glyph.Warn)
				if i > 0 {
					sign = " "
				}
				out = append(out, "  "+sign+" "+l)
			}
		}
	}
	return out
}

// stepNames lists the steps in the order in which they run, and why some of them
// are for good, each reason once.
func (d *planDialog) stepNames() (names, final []string) {
	count := map[string]int{}
	for i, s := range d.plan.Steps {
		status := actions.Pending
		if i < len(d.was) {
			status = d.was[i].Status
		}
		if d.op.undo && (status == actions.Pending || status == actions.Skipped || status == actions.Cancelled) {
			continue // it did not run: there is nothing to undo
		}
		why := s.Final
		if why == "" && s.Undo == nil {
			why = "there is no way back from this"
		}
		if s.Undo == nil {
			if count[why] == 0 {
				final = append(final, why)
			}
			count[why]++
		}
		switch {
		case !d.op.undo && status == actions.Succeeded:
			names = append(names, s.Name+" "+d.theme.Dim.Paint("(done)"))
		case !d.op.undo:
			names = append(names, s.Name)
		case s.Undo != nil:
			names = append([]string{"undo: " + s.Name}, names...)
		}
	}
	for i, f := range final {
		if n := count[f]; n > 1 && len(d.plan.Steps) > 1 {
			final[i] = fmt.Sprintf("%s (%d steps)", f, n)
		}
	}
	return names, final
}

// gathered makes one finding of those that say the same of several subjects, so
// that a plan for many targets can be read.
func gathered(findings []actions.Finding) []actions.Finding {
	const most = 3 // subjects that are named
	type said struct {
		level actions.Level
		text  string
	}
	at, count := map[said]int{}, map[said]int{}
	var out []actions.Finding
	for _, f := range findings {
		key := said{f.Level, f.Text}
		i, again := at[key]
		if count[key]++; !again {
			at[key] = len(out)
			out = append(out, f)
		} else if n := count[key]; n <= most && f.Subject != "" {
			out[i].Subject += ", " + f.Subject
		}
	}
	for i, f := range out {
		if more := count[said{f.Level, f.Text}] - most; more > 0 && f.Subject != "" {
			out[i].Subject += fmt.Sprintf(" and %d more", more)
		}
	}
	return out
}

func findingLines(t *kit.Theme, f actions.Finding, w int) []string {
	look := map[actions.Level]struct {
		glyph string
		style kit.Style
	}{actions.Block: {t.Glyph.Bad, t.Bad}, actions.Warn: {t.Glyph.Warn, t.Warn}, actions.Note: {t.Glyph.Bullet, t.Dim}}[f.Level]
	text := f.Text
	if f.Subject != "" {
		text = f.Subject + ": " + text
	}
	var out []string
	for i, l := range kit.Wrap(text, w-10) {
		sign := fmt.Sprintf("%s %-5s", look.glyph, f.Level)
		if i > 0 {
			sign = ""
		}
		out = append(out, "  "+look.style.Paint(kit.Fit(sign, 8, false, ""))+l)
	}
	return out
}

// confirmLines is what must be done so that the plan runs.
func (d *planDialog) confirmLines(w int) []fixedLine {
	t, f := d.theme, &d.form
	out := []fixedLine{{}}
	switch {
	case d.readOnly:
		return append(out, fixedLine{text: t.Warn.Paint("Ringside runs read-only: this can be looked at, not run.")})
	case len(f.fields) == 0 && f.kind == actions.Enter:
		return append(out, fixedLine{text: d.plan.Confirm.Why + ": enter runs it"})
	case len(f.fields) == 0:
		return append(out, fixedLine{text: d.plan.Confirm.Why + ": y runs it"})
	}
	label := 0
	for _, x := range f.fields {
		label = max(label, kit.Width(x.label))
	}
	for i, x := range f.fields {
		mark, style := " ", t.Dim
		if i == f.focus {
			mark, style = t.Glyph.Cursor, t.Strong
		}
		feedback := ""
		if x.name == "word" && x.input.Value() != "" {
			switch v := f.value("word"); {
			case v == f.word:
				feedback = t.Good.Paint(" " + t.Glyph.Good + " right")
			case strings.HasPrefix(f.word, v):
				feedback = t.Dim.Paint(" " + t.Glyph.Ellipsis)
			default:
				feedback = t.Bad.Paint(" " + t.Glyph.Bad + " differs")
			}
		}
		left := t.Focus.Paint(mark) + " " + style.Paint(kit.Fit(x.label, label, false, "")) + "  "
		line := fixedLine{text: left + x.input.View(max(10, w-label-4-10)) + feedback, x: label + 4}
		if i == f.focus {
			line.cursor = x.input.Cursor()
		}
		out = append(out, line)
	}
	if f.hint != "" {
		out = append(out, fixedLine{text: "  " + t.Warn.Paint(t.Glyph.Warn+" "+f.hint)})
	}
	return out
}

func (d *planDialog) keys() []string {
	switch d.phase {
	case refused:
		keys := []string{"r", "try again", "esc", "close"}
		if d.op.edit != nil {
			keys = append(keys, "ctrl+o", "arguments")
		}
		return keys
	case review:
		return d.reviewKeys()
	case running:
		if d.asking {
			return []string{"y", "cancel it", "n", "let it run"}
		}
		return []string{"esc", "to the background", "x", "cancel"}
	case ended:
		keys := []string{"enter", "close"}
		if d.next != nil {
			keys = append(keys, "n", "plan that")
		}
		if d.canResume() {
			keys = append(keys, "u", "resume")
		}
		if d.canRollBack() {
			keys = append(keys, "b", "roll back")
		}
		return keys
	}
	return []string{"esc", "close"}
}

func (d *planDialog) reviewKeys() []string {
	var keys []string
	switch {
	case d.readOnly:
	case len(d.form.fields) > 0:
		keys = append(keys, "enter", "run", "tab", "next field")
	case d.form.kind == actions.Enter:
		keys = append(keys, "enter", "run")
	default:
		keys = append(keys, "y", "run")
	}
	keys = append(keys, "esc", "leave it")
	if d.op.edit != nil {
		keys = append(keys, "ctrl+o", "arguments")
	}
	if len(d.plan.Steps) > foldLeast {
		keys = append(keys, "ctrl+a", "all steps")
	}
	return keys
}
