package kit

import "time"

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

// LogPane shows a log that grows.
type LogPane struct {
	Now time.Time // for ages; set it when the screen is refreshed

	theme *Theme
	w, h  int
}

// NewLogPane returns a pane that keeps the newest lines, at most that many lines
// and about that many bytes.
func NewLogPane(lines, bytes int) *LogPane { return &LogPane{} }

// Append adds lines where their time puts them, searching from the end.
func (p *LogPane) Append(lines []LogLine) {}

// Prepend adds older lines, as far as there is room, and returns how many.
func (p *LogPane) Prepend(lines []LogLine) int { return 0 }

// Clear drops all lines; settings stay.
func (p *LogPane) Clear() {}

// Len is how many lines are kept; Shown how many of them pass the filter.
func (p *LogPane) Len() int { return 0 }

// Shown is how many lines pass the filter.
func (p *LogPane) Shown() int { return 0 }

// First returns the oldest line kept, to ask for what came before it.
func (p *LogPane) First() (LogLine, bool) { return LogLine{}, false }

// Resize sets the size.
func (p *LogPane) Resize(w, h int) { p.w, p.h = w, h }

// Restyle sets the theme.
func (p *LogPane) Restyle(t *Theme) { p.theme = t }

// Move scrolls by n rows; up pauses following, down to the end takes it up again.
func (p *LogPane) Move(n int) {}

// Page scrolls by n pages.
func (p *LogPane) Page(n int) {}

// Jump goes to the first line, or to the last and follows.
func (p *LogPane) Jump(last bool) {}

// Scroll moves sideways by n steps when lines are not wrapped.
func (p *LogPane) Scroll(n int) {}

// Seek pauses and goes to the first line at or after a time.
func (p *LogPane) Seek(t time.Time) {}

// SetFollow follows the end, or pauses.
func (p *LogPane) SetFollow(on bool) {}

// Following reports whether the pane follows the end.
func (p *LogPane) Following() bool { return true }

// New is how many lines came since the pane was paused.
func (p *LogPane) New() int { return 0 }

// Search highlights what matches and goes to the nearest match; "" ends it.
func (p *LogPane) Search(query string) {}

// Next goes to the next matching line, or with n -1 to the one before.
func (p *LogPane) Next(n int) {}

// Matches is "3/17", "none", or "" without a search.
func (p *LogPane) Matches() string { return "" }

// Only shows only lines that match, with a leading ! only those that do not; ""
// shows all.
func (p *LogPane) Only(query string) {}

// SetWrap sets whether long lines are wrapped.
func (p *LogPane) SetWrap(on bool) {}

// Wrapped reports whether long lines are wrapped.
func (p *LogPane) Wrapped() bool { return true }

// SetTimes sets how times are shown.
func (p *LogPane) SetTimes(m Times) {}

// Times reports how times are shown.
func (p *LogPane) Times() Times { return 0 }

// SetStreams sets which streams are shown.
func (p *LogPane) SetStreams(m Streams) {}

// Streams reports which streams are shown.
func (p *LogPane) Streams() Streams { return 0 }

// Status says in words what differs from a plain following log: "paused",
// "↓ 128 new", the filter, the search.
func (p *LogPane) Status() string { return "" }

// Lines returns what is kept and passes the filter, as it is written to a file:
// time, source and text.
func (p *LogPane) Lines() []LogLine { return nil }

// Visible is the text on screen.
func (p *LogPane) Visible() string { return "" }

// Top is the line at the top of the screen.
func (p *LogPane) Top() (LogLine, bool) { return LogLine{}, false }

// View draws the pane, exactly w×h.
func (p *LogPane) View() string { return "" }
