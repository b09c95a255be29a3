package console

import (
	"fmt"
	"time"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// stepLines is the run, step by step.
func (d *planDialog) stepLines(w int) []string {
	t, now := d.theme, d.now()
	if len(d.record.Steps) == 0 {
		return []string{""}
	}
	var out []string
	for _, s := range d.record.Steps {
		g, style := statusLook(t, s.Status)
		right := string(s.Status)
		switch {
		case s.Status == actions.Running && s.Undoing:
			right = "undoing " + screen.Since(s.Started, now)
		case s.Status == actions.Running && s.Total > 0:
			right = fmt.Sprintf("%s %d%% %s", t.Bar(share(s.Done, s.Total), 10), int(100*share(s.Done, s.Total)), screen.Since(s.Started, now))
		case s.Status == actions.Running:
			right = screen.Since(s.Started, now)
		case !s.Ended.IsZero() && !s.Started.IsZero():
			right += " " + took(s.Ended.Sub(s.Started))
		}
		out = append(out, style.Paint(g)+" "+kit.Join(s.Name, " "+right, w-2, t.Glyph.Ellipsis))
		if s.Error != "" {
			for _, l := range kit.Wrap(s.Error, w-4) {
				out = append(out, "    "+t.Bad.Paint(l))
			}
		}
		if s.Status == actions.Running || s.Status == actions.Failed {
			for _, l := range s.Output[max(0, len(s.Output)-lastLines):] {
				out = append(out, "    "+t.Dim.Paint(kit.Cut(l, w-4, t.Glyph.Ellipsis)))
			}
		}
	}
	return out
}

// follow is the first line to show so that the first running step is seen.
func (d *planDialog) follow(content []string, room int) int {
	if d.phase != running {
		return d.top
	}
	line := 0
	for _, s := range d.record.Steps {
		if s.Status == actions.Running || s.Status == actions.Pending {
			break
		}
		line++
	}
	return min(max(0, line-room/2), max(0, len(content)-room))
}

// statusLook is how a status looks.
func statusLook(t *kit.Theme, s actions.Status) (string, kit.Style) {
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

func progress(steps []actions.StepRecord) (done, all int) {
	for _, s := range steps {
		if s.Status == actions.Succeeded || s.Status == actions.Skipped || s.Status == actions.RolledBack {
			done++
		}
	}
	return done, len(steps)
}

func share(done, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return min(1, float64(done)/float64(total))
}

// took is a length of time with one digit more than an age has.
func took(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return kit.Age(d)
}
