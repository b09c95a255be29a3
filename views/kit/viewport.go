package kit

import (
	"sort"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// place is a row of text: a line and, when lines are wrapped, which of its rows.
type place struct{ line, row int }

// The functions below walk over rows. Rows tells how many a line has; it is asked
// for lines on the way only, so that no walk depends on the length of the text.

// up is the place n rows above, at most the first.
func (p place) up(n int, rows func(int) int) place {
	for p.row < n {
		if p.line == 0 {
			return place{}
		}
		n -= p.row + 1
		p.line--
		p.row = rows(p.line) - 1
	}
	p.row -= n
	return p
}

// down is the place n rows below, at most the last row of count lines.
func (p place) down(n, count int, rows func(int) int) place {
	for {
		left := rows(p.line) - 1 - p.row
		if n <= left {
			p.row += n
			return p
		}
		if p.line >= count-1 {
			p.row += left
			return p
		}
		n -= left + 1
		p = place{p.line + 1, 0}
	}
}

// lowest is the place from which the last of count lines ends in row h.
func lowest(count, h int, rows func(int) int) place {
	if count == 0 {
		return place{}
	}
	return place{count - 1, rows(count-1) - 1}.up(h-1, rows)
}

func (p place) above(q place) bool {
	return p.line < q.line || p.line == q.line && p.row < q.row
}

// laid is a line prepared for drawing: where its rows start and what is styled.
type laid struct {
	text   string
	plain  bool
	starts []int  // of the rows, when wrapped and not plain
	spans  []span // styles of its own
	marks  []span // matches of the search
	used   int    // turn in which it was last drawn
}

// wrapAt computes the starts of the rows of at most w columns.
func (l *laid) wrapAt(w int) {
	l.starts = nil
	if l.plain = plain(l.text); l.plain {
		return
	}
	l.starts = append(l.starts, 0)
	used := 0
	for i := 0; i < len(l.text); {
		n, c := unit(l.text[i:])
		if used+c > w && used > 0 {
			l.starts = append(l.starts, i)
			used = 0
		}
		used += c
		i += n
	}
}

// rows is how many rows the line takes when wrapped at w.
func (l *laid) rows(w int) int {
	if l.plain {
		return max(1, (len(l.text)+w-1)/w)
	}
	return len(l.starts)
}

// row is the part of the text in a row.
func (l *laid) row(r, w int) (from, to int) {
	if l.plain {
		return min(r*w, len(l.text)), min((r+1)*w, len(l.text))
	}
	to = len(l.text)
	if r+1 < len(l.starts) {
		to = l.starts[r+1]
	}
	return l.starts[r], to
}

// window is the part of the text in columns left to left+w when it is not wrapped;
// pad is for a character cut in half, more says that the line goes on.
func (l *laid) window(left, w int) (pad, from, to int, more bool) {
	if l.plain {
		from, to = min(left, len(l.text)), min(left+w, len(l.text))
		return 0, from, to, to < len(l.text)
	}
	from, pad = at(l.text, left)
	to = from
	for used := pad; to < len(l.text); {
		n, c := unit(l.text[to:])
		if used+c > w {
			return pad, from, to, true
		}
		used += c
		to += n
	}
	return pad, from, to, false
}

// find is the row of a match and, when lines are not wrapped, how far to scroll
// sideways from left to see it.
func (l *laid) find(m span, wrap bool, w, left int) (row, scroll int) {
	if wrap {
		if l.plain {
			return m.from / w, left
		}
		return sort.SearchInts(l.starts, m.from+1) - 1, left
	}
	column := Width(l.text[:m.from])
	if end := column + Width(l.text[m.from:m.to]); column < left || end > left+w-1 {
		left = max(0, column-w/3)
		if end < w {
			left = 0
		}
	}
	return 0, left
}

// draw writes a row, exactly w columns wide.
func (l *laid) draw(b *strings.Builder, t *Theme, p drawing) {
	pad, from, to, more := 0, 0, 0, false
	if p.wrap {
		from, to = l.row(p.row, p.w)
	} else if pad, from, to, more = l.window(p.left, p.w); more {
		pad, from, to, _ = l.window(p.left, p.w-1)
	}
	used := pad + Width(l.text[from:to])
	if used > p.w { // a wide character where there is one column
		b.WriteString(spaces(p.w))
		return
	}
	b.WriteString(spaces(pad))
	paint(b, l.text, from, to, p.base, l.spans, l.marks, p.mark)
	if more && used < p.w {
		b.WriteString(spaces(p.w - 1 - used))
		b.WriteString(t.Dim.Paint(t.Glyph.More))
		return
	}
	b.WriteString(spaces(p.w - used))
}

// drawing says how a row is drawn.
type drawing struct {
	w, left, row int
	wrap         bool
	base, mark   Style
}

// layouts keeps the lines that were drawn lately, so that a frame costs little
// even when one of them is very long.
type layouts struct {
	lines map[string]*laid
	w     int
	turn  int
	by    ansi.Method
	find  *matcher
	parse func(string) (text string, styles []span)
}

// begin starts a frame of width w; what was not drawn for two frames is dropped.
func (s *layouts) begin(w int) {
	s.turn++
	if by := method(); s.lines == nil || s.w != w || s.by != by {
		s.lines, s.w, s.by = map[string]*laid{}, w, by
	}
	if s.turn%2 == 0 {
		for k, l := range s.lines {
			if l.used < s.turn-2 {
				delete(s.lines, k)
			}
		}
	}
}

// reset forgets everything: the search or the styles changed.
func (s *layouts) reset() { s.lines = nil }

// get prepares a line.
func (s *layouts) get(line string) *laid {
	l := s.lines[line]
	if l == nil {
		l = &laid{}
		l.text, l.spans = s.parse(line)
		l.wrapAt(max(1, s.w))
		if s.find != nil {
			l.marks = s.find.all(l.text)
		}
		if s.lines == nil {
			s.lines = map[string]*laid{}
		}
		s.lines[line] = l
	}
	l.used = s.turn
	return l
}
