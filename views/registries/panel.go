package registries

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/syncs"
)

// panelLines says everything of the sync under the cursor: how far it is, how fast,
// and which tags are behind, as many as there is room for.
func (s *Screen) panelLines(p *pair, w, h int) []string {
	g := &page{t: s.look.Theme, w: w}
	s.lagFacts(g, p)
	s.moveFacts(g, p)
	if why := p.Insecure(); why != "" {
		g.fact(warn, "not verified", why)
	}
	g.plain("what", g.dot(patterns(p)...))
	s.behindLines(g, p, h)
	return g.lines
}

func (s *Screen) lagFacts(g *page, p *pair) {
	now := s.snap.Now
	if err := p.Entry.Err; err != nil {
		g.fact(bad, "trouble", "for "+screen.Since(p.Entry.Since, now)+": "+oneLine(err))
	}
	f := p.Facts
	if f == nil {
		g.fact(unsure, "lag", "not compared so far")
		return
	}
	n := f.Counts
	look := good
	switch {
	case n.Behind() > 0:
		look = warn
	case n.Unknown > 0 || f.Swept.IsZero():
		look = unsure
	}
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{n.Missing, "missing"}, {n.Moved, "moved"}, {n.Unknown, "unknown"}, {n.Extra, "extra"}, {n.Equal, "equal"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.word))
		}
	}
	if parts == nil {
		parts = []string{"no tag belongs to it"}
	}
	g.fact(look, "lag", strings.Join(parts, ", "))
	if f.Swept.IsZero() {
		g.plain("compared", "the first look is going on")
	} else {
		g.plain("compared", g.dot(screen.Since(p.Entry.At, now)+" ago", nextLook(f, now), fmt.Sprintf("%d requests", f.Requests)))
	}
	switch {
	case f.LastMatch.IsZero():
		g.fact(unsure, "last match", "not seen since this console was started")
	case n.Behind()+n.Unknown == 0:
		g.fact(good, "last match", "now")
	default:
		g.fact(off, "last match", f.LastMatch.Local().Format("15:04")+", "+screen.Since(f.LastMatch, now)+" ago")
	}
}

// nextLook is when everything is compared again, in steps, so that a quiet screen
// stays still.
func nextLook(f *registry.Facts, now time.Time) string {
	in := f.Next.Sub(now)
	if f.Next.IsZero() || in <= 0 {
		return ""
	}
	return "again within " + kit.Age(screen.Within(in))
}

// moveFacts are the throughput and the runs.
func (s *Screen) moveFacts(g *page, p *pair) {
	if a := p.Activity; a != nil {
		look, text := off, "nothing moves"
		if p.Flowing {
			look, text = busy, syncs.Speed(a.Rate)
		}
		if room := min(len(a.History), g.w-60); room >= 4 {
			text = s.look.Theme.Busy.Paint(s.look.Theme.Sparkline(a.History, room, 0)) + " " + text
		}
		g.fact(look, "throughput", g.dot(text, syncs.Size(a.Sent)+" sent since the start"))
	}
	for _, r := range p.Progress.Runs {
		g.fact(busy, "run", g.dot(r.Title, s.howFar(p.Progress), s.whose(r)))
	}
}

// howFar is "1 of 3 tags, 43.1 of 81.2 MB, 6s left".
func (s *Screen) howFar(p syncs.Progress) string {
	text := fmt.Sprintf("%d of %s", p.Ended, plural(p.Tags, "tag"))
	if p.Total > 0 {
		text += fmt.Sprintf(", %s of %s", syncs.Size(p.Done), syncs.Size(p.Total))
	}
	if p.LeftKnown {
		text += ", " + kit.Age(p.Left) + " left"
		if p.Waiting > 0 {
			text += fmt.Sprintf(" and %d to begin", p.Waiting)
		}
	}
	return text
}

// whose says who runs it, and for how long.
func (s *Screen) whose(r *actions.RunRecord) string {
	return "by " + r.Actor.User + ", for " + screen.Since(r.Created, s.snap.Now)
}

// behindLines lists what the target lacks, the worst first.
func (s *Screen) behindLines(g *page, p *pair, h int) {
	list := s.odds[p.Spec.Name]
	if len(list) == 0 {
		return
	}
	g.head("Not equal")
	for i, t := range list {
		if left := len(list) - i; len(g.lines) >= h-1 && left > 1 {
			g.dim(fmt.Sprintf("and %d more: enter lists them", left))
			return
		}
		glyph, style := states[rank(t.in.State)].sign.look(g.t)
		name := kit.Fit(t.name, max(10, min(36, g.w-48)), false, g.t.Glyph.Ellipsis)
		line := " " + style.Paint(glyph+" "+kit.Fit(string(t.in.State), 8, false, "")) + " " + name + g.t.Dim.Paint(fmt.Sprintf("%6s", sinceText(t.in.Since, t.in.Older, s.snap.Now)))
		if n := t.engines(); len(n) > 0 {
			line += "  run by " + few(n, 3)
		} else if t.in.Why != "" {
			line += "  " + t.in.Why
		}
		g.line(line)
	}
}
