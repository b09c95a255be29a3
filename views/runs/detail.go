package runs

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Describe writes everything that is known of a run, one line each, with the styles
// and glyphs of the theme.
func Describe(t *kit.Theme, r actions.RunRecord, now time.Time) []string {
	x := row(r, now)
	text, style := status(t, actions.Status(word(x)))
	out := []string{t.Strong.Paint(r.Title)}
	say := func(name, value string) {
		if value != "" {
			out = append(out, t.Dim.Paint(fmt.Sprintf("%-9s", name))+value)
		}
	}
	say("status", style.Paint(text)+t.Dim.Paint(fmt.Sprintf("  %d of %d steps", x.Ended, x.Steps)))
	say("error", t.Bad.Paint(r.Error))
	say("run", r.ID+t.Dim.Paint("  "+r.Kind))
	say("by", fmt.Sprintf("%s on %s (%s, pid %d)", r.Actor.User, r.Actor.Host, r.Actor.Console, r.Actor.PID))
	for _, a := range r.Earlier {
		say("before", fmt.Sprintf("%s on %s (%s, pid %d)", a.User, a.Host, a.Console, a.PID))
	}
	when := r.Created.In(now.Location()).Format("2006-01-02 15:04:05") + t.Dim.Paint("  "+screen.Since(r.Created, now)+" ago")
	if d := length(x.Duration); d != "" {
		when += t.Dim.Paint(", took " + d)
	}
	say("when", when)
	say("reason", r.Reason)
	say("override", t.Warn.Paint(r.Override))
	if x.Unfinished {
		out = append(out, "", t.Warn.Paint(t.Glyph.Warn+" The process that ran it is gone. u goes on with it, b takes back what it did."))
	}
	if len(r.Findings) > 0 {
		out = append(out, "", t.Strong.Paint("Findings"))
		for _, f := range r.Findings {
			out = append(out, finding(t, f))
		}
	}
	out = append(out, "", t.Strong.Paint("Steps"))
	for i, s := range Steps(r, now) {
		out = append(out, step(t, s, r.Steps[i])...)
	}
	return out
}

func finding(t *kit.Theme, f actions.Finding) string {
	glyph, style := t.Glyph.Bullet, t.Dim
	switch f.Level {
	case actions.Warn:
		glyph, style = t.Glyph.Warn, t.Warn
	case actions.Block:
		glyph, style = t.Glyph.Bad, t.Bad
	}
	line := style.Paint(glyph+" "+f.Level.String()) + " "
	if f.Subject != "" {
		line += f.Subject + ": "
	}
	return line + f.Text
}

func step(t *kit.Theme, s Step, rec actions.StepRecord) []string {
	text, style := status(t, rec.Status)
	line := style.Paint(kit.Fit(text, 14, false, "")) + s.Name
	if d := length(s.Duration); d != "" {
		line += t.Dim.Paint("  " + d)
	}
	if rec.Undoing {
		line += t.Dim.Paint("  undoing")
	}
	if rec.Status == actions.Running {
		line += t.Busy.Paint(progress(t, rec))
	}
	out := []string{line}
	under := func(style kit.Style, text string) {
		for l := range strings.SplitSeq(text, "\n") {
			out = append(out, strings.Repeat(" ", 14)+style.Paint(l))
		}
	}
	if s.Error != "" {
		under(t.Bad, s.Error)
	}
	if s.Output != "" {
		under(t.Dim, s.Output)
	}
	if s.Final != "" {
		under(t.Dim, "cannot be undone: "+s.Final)
	}
	return out
}

func progress(t *kit.Theme, s actions.StepRecord) string {
	switch {
	case s.Total > 0:
		share := float64(s.Done) / float64(s.Total)
		return fmt.Sprintf("  %s %3.0f%%", t.Bar(share, 12), share*100)
	case s.Done > 0:
		return fmt.Sprintf("  %d %s", s.Done, s.Unit)
	}
	return ""
}
