package kit

import (
	"fmt"
	"sort"
	"strings"
)

// TextPane shows text of any length, with scrolling, wrapping and a search.
type TextPane struct {
	theme *Theme
	w, h  int
	lines []string
	wrap  bool
	left  int // columns scrolled away when not wrapped
	top   place
	laid  layouts

	query string
	hits  []int // lines that match
	hit   int   // in hits, the one that was gone to
}

// NewTextPane returns an empty pane.
func NewTextPane() *TextPane {
	return &TextPane{theme: NewTheme(true, false), laid: layouts{parse: unstyle}}
}

// SetLines replaces the text. Lines are clean and may carry our own styles. The
// place stays where it is as far as there are lines.
func (p *TextPane) SetLines(lines []string) {
	p.lines = lines
	p.findHits()
}

// Resize sets the size.
func (p *TextPane) Resize(w, h int) { p.w, p.h = w, h }

// Restyle sets the theme.
func (p *TextPane) Restyle(t *Theme) { p.theme = t }

// Move scrolls by n rows, down for positive n.
func (p *TextPane) Move(n int) {
	p.settle()
	if n < 0 {
		p.top = p.top.up(-n, p.rows)
	} else if len(p.lines) > 0 {
		p.top = p.top.down(n, len(p.lines), p.rows)
	}
}

// Page scrolls by n pages.
func (p *TextPane) Page(n int) { p.Move(n * max(1, p.h-1)) }

// Jump goes to the first line, or to the last.
func (p *TextPane) Jump(last bool) {
	p.top = place{}
	if last {
		p.top = place{max(0, len(p.lines)-1), 0}
	}
}

// sideways is how many columns one step of Scroll moves.
const sideways = 8

// Scroll moves sideways by n steps when lines are not wrapped, as far as the
// lines on screen reach.
func (p *TextPane) Scroll(n int) {
	if p.wrap {
		return
	}
	widest := 0
	for i := p.top.line; i < min(len(p.lines), p.top.line+p.h); i++ {
		widest = max(widest, Width(p.lines[i]))
	}
	p.left = max(0, min(p.left+n*sideways, widest-p.w))
}

// SetWrap sets whether long lines are wrapped.
func (p *TextPane) SetWrap(on bool) { p.wrap, p.left, p.top.row = on, 0, 0 }

// Wrapped reports whether long lines are wrapped.
func (p *TextPane) Wrapped() bool { return p.wrap }

// Search highlights what matches and goes to the first match from the top of the
// screen on, or else to the first of all; "" ends it.
func (p *TextPane) Search(query string) {
	p.query = query
	p.laid.find = newMatcher(query)
	p.laid.reset()
	p.findHits()
	if len(p.hits) == 0 {
		return
	}
	p.hit = sort.SearchInts(p.hits, p.top.line) % len(p.hits)
	p.reveal()
}

func (p *TextPane) findHits() {
	p.hits = p.hits[:0]
	if p.laid.find != nil {
		for i, l := range p.lines {
			if text, _ := unstyle(l); p.laid.find.in(text) {
				p.hits = append(p.hits, i)
			}
		}
	}
	p.hit = max(0, min(p.hit, len(p.hits)-1))
}

// Next goes to the next matching line, or with n -1 to the one before.
func (p *TextPane) Next(n int) {
	if len(p.hits) > 0 {
		p.hit = ((p.hit+n)%len(p.hits) + len(p.hits)) % len(p.hits)
		p.reveal()
	}
}

// reveal brings the line gone to on screen, with its first match.
func (p *TextPane) reveal() {
	p.settle()
	line := p.laid.get(p.lines[p.hits[p.hit]])
	target := place{line: p.hits[p.hit]}
	if len(line.marks) > 0 {
		target.row, p.left = line.find(line.marks[0], p.wrap, max(1, p.w), p.left)
	}
	end := p.top
	if len(p.lines) > 0 {
		end = p.top.down(max(0, p.h-1), len(p.lines), p.rows)
	}
	if target.above(p.top) || end.above(target) {
		p.top = target.up(p.h/3, p.rows)
	}
}

// Matches is "3/17" in lines, "none", or "" without a search.
func (p *TextPane) Matches() string {
	switch {
	case p.query == "":
		return ""
	case len(p.hits) == 0:
		return "none"
	}
	return fmt.Sprintf("%d/%d", p.hit+1, len(p.hits))
}

// Text is the whole text without styles.
func (p *TextPane) Text() string { return unstyled(p.lines) }

func unstyled(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		text, _ := unstyle(l)
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// Position is how far down the screen is: "top", "42%", "end", or "all".
func (p *TextPane) Position() string {
	p.settle()
	low := lowest(len(p.lines), p.h, p.rows)
	switch {
	case low == place{}:
		return "all"
	case p.top == place{}:
		return "top"
	case !p.top.above(low):
		return "end"
	}
	return fmt.Sprintf("%d%%", p.top.line*100/len(p.lines))
}

func (p *TextPane) rows(line int) int {
	if !p.wrap {
		return 1
	}
	return p.laid.get(p.lines[line]).rows(max(1, p.w))
}

// settle keeps the place within the text, with no empty rows below its end.
func (p *TextPane) settle() {
	if p.laid.w != p.w {
		p.laid.begin(p.w)
	}
	if p.top.line < len(p.lines) {
		p.top.row = min(p.top.row, p.rows(p.top.line)-1)
	}
	if low := lowest(len(p.lines), max(1, p.h), p.rows); low.above(p.top) {
		p.top = low
	}
}

// View draws the pane, exactly w×h.
func (p *TextPane) View() string {
	if p.w <= 0 || p.h <= 0 {
		return ""
	}
	p.laid.begin(p.w)
	p.settle()
	var b strings.Builder
	b.Grow(p.w * p.h * 2)
	for y, at := 0, p.top; y < p.h; y++ {
		if y > 0 {
			b.WriteByte('\n')
		}
		if at.line >= len(p.lines) {
			b.WriteString(spaces(p.w))
			continue
		}
		mark := p.theme.Match
		if len(p.hits) > 0 && p.hits[p.hit] == at.line {
			mark = mark.And(current)
		}
		l := p.laid.get(p.lines[at.line])
		l.draw(&b, p.theme, drawing{w: p.w, left: p.left, row: at.row, wrap: p.wrap, base: p.theme.Text, mark: mark})
		if at.row++; at.row >= p.rows(at.line) {
			at = place{at.line + 1, 0}
		}
	}
	return b.String()
}

// current is added to the style of the matches in the line that was gone to.
const current Style = "1;4"
