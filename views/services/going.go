package services

import (
	"time"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// runLines is a run step by step, w columns wide.
func runLines(t *kit.Theme, r *actions.RunRecord, now time.Time, w int) (out []string) {
	head, style := t.Glyph.Busy+" "+r.Title, t.Busy
	if !r.Alive {
		head, style = t.Glyph.Warn+" left half way: "+r.Title, t.Warn
	}
	out = append(out, kit.Join(style.Paint(head), t.Dim.Paint(" "+r.Actor.User+" "+screen.Since(r.Created, now)), w, t.Glyph.Ellipsis))
	for i := range r.Steps {
		s := &r.Steps[i]
		glyph, style := stepSign(t, s.Status)
		right := string(s.Status)
		switch {
		case s.Status == actions.Running:
			right = screen.Since(s.Started, now)
			if s.Undoing {
				right = "taken back " + right
			}
			if s.Total > 0 {
				right = t.Bar(float64(s.Done)/float64(s.Total), 10) + " " + releases.Amount(r, s, now)
			}
		case s.Status == actions.Pending:
			right = ""
		case !s.Ended.IsZero() && !s.Started.IsZero():
			right += " " + kit.Age(s.Ended.Sub(s.Started))
		}
		out = append(out, "  "+style.Paint(glyph)+" "+kit.Join(s.Name, " "+right, max(1, w-4), t.Glyph.Ellipsis))
		if s.Error != "" {
			for _, l := range kit.Wrap(s.Error, max(10, w-6)) {
				out = append(out, "      "+t.Bad.Paint(l))
			}
		}
		if n := len(s.Output); n > 0 { // what it counted, or last said
			out = append(out, "      "+t.Dim.Paint(s.Output[n-1]))
		}
	}
	if r.Error != "" {
		for _, l := range kit.Wrap(r.Error, max(10, w-2)) {
			out = append(out, "  "+t.Bad.Paint(l))
		}
	}
	hint := "x cancels it; in 7 Runs it can be seen whole"
	if !r.Alive {
		hint = "u goes on with it; in 7 Runs it can be rolled back too"
	}
	return append(out, "  "+t.Dim.Paint(hint))
}

func stepSign(t *kit.Theme, s actions.Status) (string, kit.Style) {
	switch s {
	case actions.Running:
		return t.Glyph.Busy, t.Busy
	case actions.Succeeded:
		return t.Glyph.Good, t.Good
	case actions.Failed:
		return t.Glyph.Bad, t.Bad
	case actions.Cancelled, actions.Interrupted:
		return t.Glyph.Warn, t.Warn
	case actions.RolledBack:
		return t.Glyph.Paused, t.Busy
	}
	return t.Glyph.Off, t.Off
}
