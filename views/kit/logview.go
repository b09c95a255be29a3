package kit

import (
	"strconv"
	"strings"
	"time"
)

// The columns before the text: a sign, the time, the source.
const (
	signW     = 2
	mostNameW = 16
	leastText = 24 // columns the text keeps before time and source are left out
)

var timesW = map[Times]int{TimesNone: 0, TimesClock: 9, TimesFull: 24, TimesAge: 5}

// columns returns the widths of time and source, each with the space after it.
// What leaves too little for the text is left out, the source last.
func (p *LogPane) columns() (when, name int) {
	when = timesW[p.times]
	if p.buf.nameW > 0 {
		name = min(p.buf.nameW, mostNameW) + 1
	}
	if p.w-signW-when-name < leastText {
		when = 0
	}
	if p.w-signW-name < leastText {
		name = 0
	}
	return when, name
}

func (p *LogPane) textWidth() int {
	when, name := p.columns()
	return max(1, p.w-signW-when-name)
}

// View draws the pane, exactly w×h.
func (p *LogPane) View() string {
	if p.w <= 0 || p.h <= 0 {
		return ""
	}
	p.laid.begin(p.textWidth())
	var b strings.Builder
	b.Grow(p.w * p.h * 2)
	count := p.buf.count()
	for y, at := 0, p.start(); y < p.h; y++ {
		if y > 0 {
			b.WriteByte('\n')
		}
		if at.line >= count {
			if count == 0 && y == 0 && p.Empty != "" {
				b.WriteString(p.theme.Dim.Paint(Fit("  "+p.Empty, p.w, false, p.theme.Glyph.Ellipsis)))
				continue
			}
			b.WriteString(spaces(p.w))
			continue
		}
		p.draw(&b, p.buf.nth(at.line), at.row)
		if at.row++; at.row >= p.rows(at.line) {
			at = place{at.line + 1, 0}
		}
	}
	return b.String()
}

func (p *LogPane) draw(b *strings.Builder, n, row int) {
	if p.w <= signW {
		b.WriteString(spaces(p.w))
		return
	}
	t, e := p.theme, p.buf.get(n)
	base, mark := t.Text, t.Match
	sign, style := " ", t.Dim
	switch {
	case n == p.hit:
		sign, style, mark = t.Glyph.Cursor, t.Focus, mark.And(current)
	case e.flags&isNote != 0:
		sign = t.Glyph.Bullet
	case e.flags&fromErr != 0:
		sign = t.Glyph.More
	}
	if e.flags&isNote != 0 {
		base = t.Busy
	}
	when, name := p.columns()
	if row > 0 {
		b.WriteString(spaces(signW + when + name))
	} else {
		paintIf(b, sign != " ", style, sign)
		b.WriteByte(' ')
		if when > 0 {
			b.WriteString(t.Dim.Paint(Fit(p.when(e.at), when-1, p.times == TimesAge, "")))
			b.WriteByte(' ')
		}
		if name > 0 {
			s := p.buf.sources[e.from]
			b.WriteString(s.style.Paint(Fit(Middle(s.name, name-1, t.Glyph.Ellipsis), name-1, false, "")))
			b.WriteByte(' ')
		}
	}
	p.laid.get(e.text).draw(b, t, drawing{w: p.textWidth(), left: p.left, row: row, wrap: p.wrap, base: base, mark: mark})
}

// when is a time in the present mode, as this machine's clock tells it.
func (p *LogPane) when(at int64) string {
	if at == 0 {
		return ""
	}
	t := time.Unix(0, at)
	switch p.times {
	case TimesClock:
		return t.Format("15:04:05")
	case TimesFull:
		return t.Format("2006-01-02 15:04:05.000")
	}
	return Age(p.Now.Sub(t))
}

// Age is a length of time in at most four columns: 3s, 12m, 4h, 2d, 14w.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	unit, sign := time.Second, "s"
	switch d = max(d, 0); {
	case d >= 100*day:
		unit, sign = 7*day, "w"
	case d >= 2*day:
		unit, sign = day, "d"
	case d >= time.Hour:
		unit, sign = time.Hour, "h"
	case d >= time.Minute:
		unit, sign = time.Minute, "m"
	}
	return strconv.Itoa(int(d/unit)) + sign
}
