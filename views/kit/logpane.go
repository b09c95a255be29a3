package kit

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// LogLine is one line of a log. Text is clean.
type LogLine struct {
	At          time.Time
	Err         bool   // from stderr
	Source      string // the container's name when several logs are merged
	SourceStyle Style
	Text        string
	Note        bool // a remark of our own, such as "restarted"
}

// Times is how a log pane shows the time of a line.
type Times int

// Modes of Times.
const (
	TimesNone  Times = iota
	TimesClock       // 15:04:05
	TimesFull        // 2006-01-02 15:04:05.000
	TimesAge         // 3m
)

// Streams is what a log pane shows of the two streams.
type Streams int

// Modes of Streams.
const (
	StreamsBoth Streams = iota
	StreamsOut
	StreamsErr
)

// LogPane shows a log that grows. The cost of a frame, of a key and of a new line
// does not depend on how many lines are kept; a new filter or search reads all of
// them once.
type LogPane struct {
	Now   time.Time // for ages; set it when the screen is refreshed
	Empty string    // said when no line is shown

	theme *Theme
	w, h  int
	buf   logBuffer
	laid  layouts

	follow  bool
	top     int // number of the line at the top, while not following
	row     int // and its row
	left    int // columns scrolled away when not wrapped
	fresh   int // lines that came since it was paused
	wrap    bool
	times   Times
	streams Streams

	query, only string
	finder      *matcher
	hit         int // number of the line that was gone to, noHit for none
}

// noHit is before every line: older lines have numbers below zero.
const noHit = math.MinInt

// NewLogPane returns a pane that follows and keeps the newest lines: at most that
// many, and about that many bytes.
func NewLogPane(lines, bytes int) *LogPane {
	p := &LogPane{theme: NewTheme(true, false), follow: true, wrap: true, hit: noHit}
	p.buf.maxLines, p.buf.maxBytes = max(1, lines), bytes
	p.laid.parse = func(text string) (string, []span) { return text, levels(p.theme, text) }
	return p
}

// Append adds lines where their time puts them, searching from the end. The order
// of arrival within a source is kept.
func (p *LogPane) Append(lines []LogLine) {
	n := p.buf.add(lines, &p.top, &p.hit)
	if !p.follow {
		p.fresh += n
	}
	if p.top < p.buf.base {
		p.top, p.row = p.buf.base, 0
	}
}

// Prepend adds older lines, the newest of them first, as far as there is room; it
// returns how many were added. What is on screen stays.
func (p *LogPane) Prepend(lines []LogLine) int {
	p.pause()
	return p.buf.addOlder(lines, &p.top, &p.hit)
}

// Clear drops all lines; the filter, the search and the modes stay.
func (p *LogPane) Clear() {
	old := p.buf
	p.buf = logBuffer{maxLines: old.maxLines, maxBytes: old.maxBytes, only: old.only, find: old.find}
	p.top, p.row, p.left, p.fresh, p.hit, p.follow = 0, 0, 0, 0, noHit, true
	p.laid.reset()
}

// Len is how many lines are kept.
func (p *LogPane) Len() int { return p.buf.len() }

// Shown is how many lines pass the filter.
func (p *LogPane) Shown() int { return p.buf.count() }

// First returns the oldest line kept, to ask for what came before it.
func (p *LogPane) First() (LogLine, bool) {
	if p.buf.len() == 0 {
		return LogLine{}, false
	}
	return p.buf.line(p.buf.base), true
}

// Lines returns what is kept and passes the filter.
func (p *LogPane) Lines() []LogLine {
	out := make([]LogLine, p.buf.count())
	for i := range out {
		out[i] = p.buf.line(p.buf.nth(i))
	}
	return out
}

// Search highlights what matches and, when no match is on screen, goes to the
// nearest one, older ones first; "" ends it. The query is plain text or a regular
// expression; capitals matter when it has some.
func (p *LogPane) Search(query string) {
	p.query, p.hit, p.finder = query, noHit, newMatcher(query)
	p.laid.find = p.finder
	p.laid.reset()
	p.buf.find = nil
	if m := p.finder; m != nil {
		p.buf.find = func(e *logEntry) bool { return m.in(e.text) }
	}
	p.buf.rejudge()
	hits := &p.buf.hits
	if hits.len() == 0 {
		return
	}
	_, bottom := p.visible()
	i := hits.rank(bottom+1) - 1
	p.goTo(max(0, i))
}

// Next goes to the next matching line, or with n -1 to the one before.
func (p *LogPane) Next(n int) {
	hits := &p.buf.hits
	if hits.len() == 0 {
		return
	}
	i := hits.rank(p.hit)
	if p.hit < p.buf.base { // dropped or never gone to: from the screen's edge
		top, bottom := p.visible()
		if i = hits.rank(top) - 1; n < 0 {
			i = hits.rank(bottom + 1)
		}
	}
	p.goTo(((i+n)%hits.len() + hits.len()) % hits.len())
}

// goTo brings a hit on screen; following stops when it is not there already.
func (p *LogPane) goTo(i int) {
	p.hit = p.buf.hits.get(i)
	l := p.laid.get(p.buf.get(p.hit).text)
	target := place{line: p.buf.rank(p.hit)}
	if len(l.marks) > 0 {
		target.row, p.left = l.find(l.marks[0], p.wrap, p.textWidth(), p.left)
	}
	top := p.start()
	end := top.down(max(0, p.h-1), p.buf.count(), p.rows)
	if target.above(top) || end.above(target) {
		p.pause()
		p.set(target.up(p.h/3, p.rows))
	}
}

// Matches is "3/17" in lines, "none", or "" without a search.
func (p *LogPane) Matches() string {
	hits := &p.buf.hits
	switch {
	case p.query == "":
		return ""
	case hits.len() == 0:
		return "none"
	case p.hit < p.buf.base || p.buf.get(p.hit).flags&passes == 0: // dropped, or hidden by the filter
		return fmt.Sprintf("-/%d", hits.len())
	}
	return fmt.Sprintf("%d/%d", hits.rank(p.hit)+1, hits.len())
}

// Only shows only lines that match, with a leading ! only those that do not; ""
// shows all.
func (p *LogPane) Only(query string) { p.only = query; p.refilter() }

// SetStreams sets which streams are shown; remarks are of both.
func (p *LogPane) SetStreams(m Streams) { p.streams = m; p.refilter() }

// Streams reports which streams are shown.
func (p *LogPane) Streams() Streams { return p.streams }

// refilter applies the filter to all lines; the line at the top stays, or the one
// after it.
func (p *LogPane) refilter() {
	query, not := strings.CutPrefix(p.only, "!")
	m, streams := newMatcher(query), p.streams
	p.buf.only = nil
	if m != nil || streams != StreamsBoth {
		p.buf.only = func(e *logEntry) bool {
			if fromErr := e.flags&fromErr != 0; e.flags&isNote == 0 &&
				(streams == StreamsOut && fromErr || streams == StreamsErr && !fromErr) {
				return false
			}
			return m == nil || m.in(e.text) != not
		}
	}
	p.row = 0
	p.buf.rejudge()
}

// SetTimes sets how times are shown.
func (p *LogPane) SetTimes(m Times) { p.times = m }

// Times reports how times are shown.
func (p *LogPane) Times() Times { return p.times }

// Status says in words what is not as in a log that is simply followed: paused
// and how many lines came since, the filter, the search.
func (p *LogPane) Status() string {
	var parts []string
	if !p.follow {
		parts = append(parts, "paused")
	}
	if p.fresh > 0 {
		parts = append(parts, fmt.Sprintf("%s %d new", p.theme.Glyph.Down, p.fresh))
	}
	if p.streams != StreamsBoth {
		parts = append(parts, "only "+map[Streams]string{StreamsOut: "stdout", StreamsErr: "stderr"}[p.streams])
	}
	if p.only != "" {
		parts = append(parts, "only "+p.only)
	}
	if p.query != "" {
		parts = append(parts, fmt.Sprintf("/%s %s", p.query, p.Matches()))
	}
	return strings.Join(parts, "  ")
}
