package services

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// detail is one service: what is done with it now, both colours side by side, its
// proxies, and what was done with it before.
type detail struct {
	s      *Screen
	it     *item
	page   *kit.TextPane
	side   *kit.TextPane // the history, beside the rest where there is room
	prompt kit.Prompt
	query  string // filter of the page
	w, h   int
}

func newDetail(s *Screen, it *item) *detail {
	d := &detail{s: s, it: it, page: kit.NewTextPane(), side: kit.NewTextPane()}
	d.page.SetWrap(true)
	d.side.SetWrap(true)
	d.restyle()
	return d
}

// refresh takes a new picture. A service that left the fleet stays as it was.
func (d *detail) refresh() {
	for _, it := range d.s.list.All() {
		if it.Key() == d.it.Key() {
			d.it = it
		}
	}
	d.fill()
}

var textMoves = map[keymap.ID]func(*kit.TextPane){
	keymap.Up:       func(p *kit.TextPane) { p.Move(-1) },
	keymap.Down:     func(p *kit.TextPane) { p.Move(1) },
	keymap.PageUp:   func(p *kit.TextPane) { p.Page(-1) },
	keymap.PageDown: func(p *kit.TextPane) { p.Page(1) },
	keymap.First:    func(p *kit.TextPane) { p.Jump(false) },
	keymap.Last:     func(p *kit.TextPane) { p.Jump(true) },
}

func (d *detail) do(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(d.page)
		return nil
	}
	switch id {
	case keymap.Wrap:
		d.page.SetWrap(!d.page.Wrapped())
		d.side.SetWrap(d.page.Wrapped())
	case keymap.Search:
		d.prompt.Open(d.s.look.Theme, kit.PromptOptions{Title: "only", Hint: "words  ~fuzzy  !not", Value: d.query, Live: d.only,
			Enter: func(q string) (tea.Cmd, error) { d.only(q); return nil, nil },
			Esc:   func() { d.only("") }})
	case keymap.Copy:
		text := d.page.Text()
		if d.wide() {
			text += "\n\n" + d.side.Text()
		}
		return d.s.copyMenu([]*item{d.it}, kit.Item{ID: text, Key: "t", Title: "this text"})
	}
	return nil
}

// only filters the lines of the page.
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

// twoPanes is the width from which on the history stands beside the rest.
const twoPanes = 120

func (d *detail) wide() bool { return d.w >= twoPanes }

// pageWidth is the width of the page, its margins not included.
func (d *detail) pageWidth() int {
	if d.wide() {
		return d.w*11/20 - 2
	}
	return d.w - 2
}

func (d *detail) sideWidth() int { return d.w - d.pageWidth() - 5 }

func (d *detail) restyle() {
	d.page.Restyle(d.s.look.Theme)
	d.side.Restyle(d.s.look.Theme)
	d.prompt.Restyle(d.s.look.Theme)
	d.fill()
}

func (d *detail) resize(w, h int) {
	d.w, d.h = w, h
	d.page.Resize(max(1, d.pageWidth()), max(1, h-2))
	d.side.Resize(max(1, d.sideWidth()), max(1, h-2))
	d.fill()
}

var lineFilter = kit.Language[string]{Text: strings.ToLower, Name: strings.ToLower}

// fill puts the lines into their panes.
func (d *detail) fill() {
	if d.w <= 0 {
		return
	}
	t := d.s.look.Theme
	s := kit.Sheet{Theme: t}
	if d.it.going != nil {
		s.Lines = append(runLines(t, d.it.going, d.s.snap.Now, d.pageWidth()), "")
	}
	d.colours(&s, d.pageWidth())
	d.proxies(&s, d.pageWidth())
	past := kit.Sheet{Theme: t}
	if d.wide() {
		d.timeline(&past, d.sideWidth())
	} else {
		d.timeline(&s, d.pageWidth())
	}
	d.page.SetLines(d.filtered(s.Lines))
	d.side.SetLines(d.filtered(past.Lines))
}

func (d *detail) filtered(lines []string) []string {
	if d.query == "" {
		return lines
	}
	f := lineFilter.Parse(d.query)
	kept := lines[:0:0]
	for _, l := range lines {
		if f.Match(l) {
			kept = append(kept, l)
		}
	}
	return kept
}

func (d *detail) view() string {
	t := d.s.look.Theme
	var b strings.Builder
	b.WriteString(d.headline())
	page := strings.Split(d.page.View(), "\n")
	if d.wide() {
		rule := t.Border.Paint(t.Glyph.V)
		for i, l := range strings.Split(d.side.View(), "\n") {
			b.WriteString("\n " + page[i] + " " + rule + " " + l + " ")
		}
	} else {
		for _, l := range page {
			b.WriteString("\n " + l + " ")
		}
	}
	b.WriteString("\n" + d.prompt.Line(t, d.w, d.foot()))
	if d.h < 3 || d.w < 4 {
		return strings.Join(kit.Lines(b.String(), d.w, d.h), "\n")
	}
	return b.String()
}

// headline is the service in one line: whom its users get first.
func (d *detail) headline() string {
	t, it := d.s.look.Theme, d.it
	live := liveCell(d.s, it)
	style := live.Style
	if style == "" {
		style = t.Good
	}
	left := " " + style.Paint(live.Text) + "  " + t.Strong.Paint(it.Service)
	right := strings.Join(append([]string{orNone(it.Environment)}, it.Engines...), " "+t.Glyph.Bullet+" ")
	return kit.Join(left, t.Dim.Paint(" "+right+" "), d.w, t.Glyph.Ellipsis)
}

// foot says what goes wrong, or how old the page is, and what is filtered.
func (d *detail) foot() string {
	t, it := d.s.look.Theme, d.it
	right := ""
	if d.query != "" {
		right = "only " + d.query + " "
	} else if p := d.page.Position(); p != "all" {
		right = p + " "
	}
	left, style := " not read yet", t.Dim
	switch at := it.read(); {
	case it.Error != "":
		left, style = " "+it.Error, t.Warn
	case !at.IsZero():
		left = " read within " + kit.Age(screen.Within(max(0, d.s.snap.Now.Sub(at))))
	}
	return style.Paint(kit.Join(left, right, d.w, t.Glyph.Ellipsis))
}
