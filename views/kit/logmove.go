package kit

import (
	"sort"
	"time"
)

// Resize sets the size.
func (p *LogPane) Resize(w, h int) { p.w, p.h = w, h }

// Restyle sets the theme.
func (p *LogPane) Restyle(t *Theme) { p.theme = t; p.laid.reset() }

// Move scrolls by n rows; up pauses following, down to the end takes it up again.
func (p *LogPane) Move(n int) {
	count := p.buf.count()
	if count == 0 {
		return
	}
	at := p.start()
	if n < 0 {
		if to := at.up(-n, p.rows); to != at {
			p.follow = false
			p.set(to)
		}
		return
	}
	if p.follow {
		return
	}
	to := at.down(n, count, p.rows)
	if low := lowest(count, p.h, p.rows); !to.above(low) {
		p.SetFollow(true)
		return
	}
	p.set(to)
}

// Page scrolls by n pages.
func (p *LogPane) Page(n int) { p.Move(n * max(1, p.h-1)) }

// Jump goes to the first line, or to the last and follows.
func (p *LogPane) Jump(last bool) {
	if last {
		p.SetFollow(true)
		return
	}
	p.pause()
	p.set(place{})
}

// Scroll moves sideways by n steps when lines are not wrapped, as far as the
// lines on screen reach.
func (p *LogPane) Scroll(n int) {
	if p.wrap {
		return
	}
	widest := 0
	at := p.start()
	for i := at.line; i < min(p.buf.count(), at.line+p.h); i++ {
		widest = max(widest, Width(p.buf.get(p.buf.nth(i)).text))
	}
	p.left = max(0, min(p.left+n*sideways, widest-p.textWidth()))
}

// Seek pauses and goes to the first shown line at or after a time.
func (p *LogPane) Seek(t time.Time) {
	p.pause()
	at := t.UnixNano()
	p.set(place{line: sort.Search(p.buf.count(), func(i int) bool {
		return p.buf.get(p.buf.nth(i)).order >= at
	})})
}

// SetFollow follows the end, or pauses.
func (p *LogPane) SetFollow(on bool) {
	if !on {
		p.pause()
		return
	}
	p.follow, p.fresh, p.row = true, 0, 0
}

// Following reports whether the pane follows the end.
func (p *LogPane) Following() bool { return p.follow }

// SetWrap sets whether long lines are wrapped.
func (p *LogPane) SetWrap(on bool) { p.wrap, p.left, p.row = on, 0, 0 }

// Wrapped reports whether long lines are wrapped.
func (p *LogPane) Wrapped() bool { return p.wrap }

// pause holds what is on screen.
func (p *LogPane) pause() {
	if p.follow {
		at := p.start()
		p.follow = false
		p.set(at)
	}
}

// set puts a place at the top of the screen.
func (p *LogPane) set(at place) {
	p.top, p.row = p.buf.end(), 0
	if at.line < p.buf.count() {
		p.top, p.row = p.buf.nth(at.line), at.row
	}
}

// start is the place at the top of the screen, with no empty rows below the end.
func (p *LogPane) start() place {
	p.fitLayouts()
	count := p.buf.count()
	low := lowest(count, max(1, p.h), p.rows)
	if p.follow {
		return low
	}
	at := place{line: p.buf.rank(p.top)}
	if at.line < count {
		at.row = max(0, min(p.row, p.rows(at.line)-1))
	}
	if low.above(at) {
		return low
	}
	return at
}

// visible returns the numbers of the first and the last line on screen.
func (p *LogPane) visible() (top, bottom int) {
	count := p.buf.count()
	if count == 0 {
		return p.buf.base, p.buf.base
	}
	at := p.start()
	return p.buf.nth(at.line), p.buf.nth(at.down(max(0, p.h-1), count, p.rows).line)
}

// rows is how many rows the i-th shown line takes.
func (p *LogPane) rows(i int) int {
	if !p.wrap {
		return 1
	}
	e := p.buf.get(p.buf.nth(i))
	w := p.textWidth()
	if len(e.text) <= w { // bytes are never fewer than columns
		return 1
	}
	return p.laid.get(e.text).rows(w)
}

// fitLayouts makes the prepared lines those of the present width.
func (p *LogPane) fitLayouts() {
	if w := p.textWidth(); p.laid.w != w {
		p.laid.begin(w)
	}
}

// Visible is the text on screen: whole lines, without times and names.
func (p *LogPane) Visible() string {
	if p.buf.count() == 0 {
		return ""
	}
	at := p.start()
	end := at.down(max(0, p.h-1), p.buf.count(), p.rows)
	lines := make([]string, 0, p.h)
	for i := at.line; i <= end.line; i++ {
		lines = append(lines, p.buf.get(p.buf.nth(i)).text)
	}
	return unstyled(lines)
}

// Top is the line at the top of the screen.
func (p *LogPane) Top() (LogLine, bool) {
	if p.buf.count() == 0 {
		return LogLine{}, false
	}
	return p.buf.line(p.buf.nth(p.start().line)), true
}
