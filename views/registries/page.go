package registries

import (
	"strings"

	"ringside/views/kit"
)

// page builds a page of text, w columns wide: facts with a sign and a name, their
// text broken into lines that stand below each other.
type page struct {
	t     *kit.Theme
	w     int
	lines []string
}

// factName is the width of the names of facts.
const factName = 12

// fact adds "● last match  11:50". A sign that is not good colours the text.
func (p *page) fact(look sign, name, text string) {
	glyph, style := look.look(p.t)
	head := " " + style.Paint(glyph) + " " + p.name(name)
	if look == good || look == busy || look == off {
		style = ""
	}
	p.hang(head, text, style)
}

// plain adds a fact that is neither good nor bad.
func (p *page) plain(name, text string) { p.hang("   "+p.name(name), text, "") }

func (p *page) name(name string) string {
	return p.t.Dim.Paint(kit.Fit(name, factName, false, p.t.Glyph.Ellipsis)) + " "
}

// hang adds a text behind a head, its further lines below the first.
func (p *page) hang(head, text string, style kit.Style) {
	indent := kit.Width(head)
	for i, line := range kit.Wrap(text, max(16, p.w-indent-1)) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		p.lines = append(p.lines, head+style.Paint(line))
	}
}

// head begins a part.
func (p *page) head(title string) {
	if len(p.lines) > 0 {
		p.lines = append(p.lines, "")
	}
	p.lines = append(p.lines, " "+p.t.Strong.Paint(title))
}

func (p *page) dim(text string) { p.hang("   ", text, p.t.Dim) }

// line adds a line that is cut where there is no room.
func (p *page) line(text string) {
	p.lines = append(p.lines, kit.Cut(text, p.w, p.t.Glyph.Ellipsis))
}

// dot joins parts with a bullet.
func (p *page) dot(parts ...string) string {
	var have []string
	for _, x := range parts {
		if x != "" {
			have = append(have, x)
		}
	}
	return strings.Join(have, " "+p.t.Glyph.Bullet+" ")
}
