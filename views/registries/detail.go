package registries

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/registry"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// detail is one tag: its digest everywhere, in full, who runs it, and what was done
// with it.
type detail struct {
	s     *Screen
	tag   *tag
	gone  bool // the picture has it no more
	page  *kit.TextPane
	query string
}

func newDetail(s *Screen, t *tag) *detail {
	d := &detail{s: s, tag: t, page: kit.NewTextPane()}
	d.page.SetWrap(true)
	d.restyle()
	return d
}

func (d *detail) restyle() {
	d.page.Restyle(d.s.look.Theme)
	d.fill()
}

// fill takes what the picture has of the tag.
func (d *detail) fill() {
	i := slices.IndexFunc(d.s.tags.All(), func(t *tag) bool { return t.name == d.tag.name })
	if d.gone = i < 0; !d.gone {
		d.tag = d.s.tags.All()[i]
	}
	if d.s.w <= 0 || d.s.h <= 0 {
		return
	}
	d.page.Resize(d.s.w, max(1, d.s.h-2))
	g := &page{t: d.s.look.Theme, w: d.s.w}
	if d.gone {
		g.fact(off, "gone", "no registry has it any more, and nothing runs it; this is what was known last")
	}
	d.s.tagPage(g, d.tag)
	lines := g.lines
	if d.query != "" {
		f := lineFilter.Parse(d.query)
		lines = slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !f.Match(l) })
	}
	d.page.SetLines(lines)
}

var lineFilter = kit.Language[string]{Text: strings.ToLower, Name: strings.ToLower}

// tagPage is everything that is known of a tag.
func (s *Screen) tagPage(g *page, t *tag) {
	now := s.snap.Now
	g.head("Registries")
	for i, name := range s.images.Registries {
		switch c := t.Cells[i]; {
		case !c.Known && len(t.In) > 0 && !s.compared(t, name):
			g.fact(off, name, "not part of its syncs")
		case !c.Known:
			g.fact(unsure, name, "not known")
		case c.Digest == "" && s.missing(t, i):
			g.fact(warn, name, "not there")
		case c.Digest == "":
			g.fact(off, name, "not there")
		case s.elsewhere(t, i):
			g.fact(warn, name, c.Digest)
		default:
			g.fact(good, name, c.Digest)
		}
	}
	g.head("Syncs")
	for _, in := range t.In {
		text := sentence(in)
		if !in.Since.IsZero() {
			text += ", for " + screen.Since(in.Since, now)
			if in.Older {
				text += " or longer"
			}
		}
		text += "; compared " + screen.Since(in.Repository.Checked, now) + " ago"
		if s.old[in.Sync.Sync] {
			text += ", and not to be read now"
		}
		if in.Repository.Target != in.Repository.Name {
			text += "; there it is " + in.Repository.Target
		}
		g.fact(states[rank(in.State)].sign, in.Sync.Sync, text)
	}
	if len(t.In) == 0 {
		g.fact(t.sign(), "none", t.nobody())
	}
	g.head("Run by")
	for _, r := range t.Running {
		s.runFact(g, r)
	}
	if len(t.Running) == 0 {
		g.dim("no container of an engine that was read")
	}
	s.done(g, t)
}

// runFact is a container and the image it runs.
func (s *Screen) runFact(g *page, r registry.Run) {
	look := map[registry.RunState]sign{registry.Runs: good, registry.RunsMoved: warn, registry.RunsGone: bad, registry.RunsOther: unsure}[r.State]
	digest := "runs " + registry.Short(r.Digest)
	if r.Digest == "" {
		digest = "runs an image without a digest"
	}
	says := map[registry.RunState]string{registry.Runs: "as " + r.Registry + " has it", registry.RunsMoved: r.Registry + " has another one now",
		registry.RunsGone: r.Registry + " does not have it any more", registry.RunsOther: "not to be compared"}[r.State]
	if e, _ := s.snap.State.Entry("docker/" + r.Engine); s.silent[r.Engine] {
		says += "; the engine was read " + screen.Since(e.At, s.snap.Now) + " ago"
	}
	glyph, style := look.look(g.t)
	if look == good {
		style = ""
	}
	g.hang(" "+style.Paint(glyph)+" ", g.dot(r.Engine+"/"+r.Container, digest, says, r.Environment), style)
}

// done lists the runs that had to do with the tag, as far as they are in the picture.
func (s *Screen) done(g *page, t *tag) {
	const most = 5
	n := 0
	for _, p := range s.pasts.All() {
		i := slices.IndexFunc(p.Steps, func(x actions.StepRecord) bool { return x.Target.Name == t.name })
		if i < 0 {
			continue
		}
		if n++; n == 1 {
			g.head("Done")
		}
		if n > most {
			return
		}
		look, word := p.word()
		glyph, style := look.look(g.t)
		g.hang(" "+style.Paint(glyph)+" ", g.dot(p.Steps[i].Name, word, "by "+p.Actor.User, screen.Since(p.Created, s.snap.Now)+" ago"), "")
	}
}

func (d *detail) do(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(d.page)
		return nil
	}
	switch id {
	case keymap.Search:
		d.s.prompt.Open(d.s.look.Theme, kit.PromptOptions{Title: "only", Hint: "words  ~fuzzy  !not", Value: d.query, Live: d.only,
			Enter: func(q string) (tea.Cmd, error) { d.only(q); return nil, nil },
			Esc:   func() { d.only("") }})
	case keymap.Copy:
		return d.s.copyMenu(kit.Item{ID: d.page.Text(), Key: "t", Title: "this text"})
	}
	return nil
}

func (d *detail) only(query string) {
	d.query = query
	d.page.Jump(false)
	d.fill()
}

// back takes the filter away.
func (d *detail) back() bool {
	had := d.query != ""
	d.only("")
	return had
}

func (d *detail) view() string {
	t, s := d.s.look.Theme, d.s
	glyph, style := d.tag.sign().look(t)
	head := " " + style.Paint(glyph+" "+string(d.tag.state)) + "  " + t.Strong.Paint(d.tag.name)
	foot := " " + d.page.Position()
	if d.query != "" {
		foot += "  only " + d.query
	}
	return kit.Fit(head, s.w, false, t.Glyph.Ellipsis) + "\n" + d.page.View() + "\n" + s.prompt.Line(t, s.w, t.Dim.Paint(kit.Fit(foot, s.w, false, t.Glyph.Ellipsis)))
}
