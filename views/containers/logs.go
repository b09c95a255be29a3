package containers

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
)

// Bounds of a log pane, and how much of the past it starts with.
const (
	logLines = 20_000
	logBytes = 16 << 20
	logTail  = 500
	logsMost = 20 // containers at once
)

// logs is the place of one container's log, or of several merged by time.
type logs struct {
	s       *Screen
	streams []*stream
	pane    *kit.LogPane
	prompt  kit.Prompt
	only    string
	query   string
	w, h    int

	asked   int  // number of the latest question for older lines
	waiting bool // for the answer to it
	apart   bool // a piece of the past is shown, nothing is followed
}

// stream is one container in the logs. Its item is the last that was known.
type stream struct {
	item     *item
	follower *follower // nil while nothing is followed
	started  time.Time // of the container, as last known
	oldest   time.Time // from then on its lines are loaded; zero while there are none
	style    kit.Style
	silent   bool // the engine does not answer
	gone     bool
}

// openLogs follows the logs of the containers.
func (s *Screen) openLogs(items []*item) tea.Cmd {
	switch {
	case len(items) == 0:
		return toast(true, nothing)
	case len(items) > logsMost:
		return toast(true, fmt.Sprintf("%d containers are too many for one log: mark at most %d", len(items), logsMost))
	}
	if _, already := s.top().(*logs); already {
		return nil
	}
	l := &logs{s: s, pane: kit.NewLogPane(logLines, logBytes)}
	l.pane.SetTimes(kit.TimesClock)
	for _, it := range items {
		if _, ok := s.engines(it.src.spec.Name); !ok {
			return toast(true, "engine "+it.src.spec.Name+" is not in the fleet any more")
		}
		l.streams = append(l.streams, &stream{item: it, silent: it.src.entry.Err != nil})
	}
	l.follow()
	return s.open(l)
}

// follow starts a follower for every container.
func (l *logs) follow() {
	l.apart = false
	for _, st := range l.streams {
		if e, ok := l.s.engines(st.item.src.spec.Name); ok && st.follower == nil {
			st.follower = follow(e, st.item.c.ID, max(20, logTail/len(l.streams)), l.s.touch)
		}
	}
}

// close ends the followers.
func (l *logs) close() {
	for _, st := range l.streams {
		if st.follower != nil {
			st.follower.close()
			st.follower = nil
		}
	}
	l.asked++ // answers that are under way are for nobody
}

func (l *logs) merged() bool { return len(l.streams) > 1 }

// refresh takes what the followers have read since the last tick.
func (l *logs) refresh() tea.Cmd {
	l.pane.Now = l.s.now()
	for _, st := range l.streams {
		var lines []kit.LogLine
		if st.follower != nil {
			lines = st.follower.take()
			st.begin(lines)
		}
		l.append(st, append(lines, l.look(st)...))
	}
	return nil
}

// begin notes from when on lines are loaded.
func (st *stream) begin(lines []kit.LogLine) {
	for _, l := range lines {
		if !l.Note && (st.oldest.IsZero() || l.At.Before(st.oldest)) {
			st.oldest = l.At
			return
		}
	}
}

// look compares a container with what it was at the last tick and returns what
// there is to say about it.
func (l *logs) look(st *stream) (notes []kit.LogLine) {
	say := func(text string) {
		notes = append(notes, kit.LogLine{At: l.s.now(), Text: text, Note: true})
	}
	now := l.s.model.find(st.item.c.ID)
	if now == nil {
		if !st.gone && st.item.src.entry.Err == nil && st.item.src.facts != nil {
			st.gone = true
			say("the container was removed")
		}
		return notes
	}
	st.item, st.gone = now, false
	if now.c.Known && alive(now.c.State) {
		if !st.started.IsZero() && now.c.Started.After(st.started) {
			say("the container was started again")
		}
		st.started = now.c.Started
	}
	if silent := now.src.entry.Err != nil; silent != st.silent {
		st.silent = silent
		if silent {
			say("engine " + now.src.spec.Name + " does not answer: " + why(now.src.entry.Err))
		} else {
			say("engine " + now.src.spec.Name + " answers again")
		}
	}
	if st.follower != nil && !st.silent && alive(now.c.State) {
		st.follower.retry()
	}
	return notes
}

// append adds lines of one container, under its name when there are several.
func (l *logs) append(st *stream, lines []kit.LogLine) {
	if len(lines) > 0 {
		l.pane.Append(l.named(st, lines))
	}
}

func (l *logs) named(st *stream, lines []kit.LogLine) []kit.LogLine {
	if l.merged() {
		for i := range lines {
			lines[i].Source, lines[i].SourceStyle = st.item.c.Name, st.style
		}
	}
	return lines
}

func (l *logs) title() string {
	if l.merged() {
		return fmt.Sprintf("%d logs", len(l.streams))
	}
	if _, onDetail := l.s.places[max(0, len(l.s.places)-2)].(*detail); onDetail {
		return "log" // the name is said before it
	}
	return l.streams[0].item.c.Name + " log"
}

func (l *logs) scopes() []keymap.Scope { return []keymap.Scope{keymap.Logs, keymap.Movement} }
func (l *logs) typing() bool           { return l.prompt.Typing() }
func (l *logs) key(msg tea.Msg) tea.Cmd {
	return l.prompt.Key(msg)
}

func (l *logs) do(id keymap.ID) tea.Cmd {
	if move, ok := logMoves[id]; ok {
		move(l.pane)
		return nil
	}
	look := l.s.look
	switch id {
	case keymap.Follow:
		if l.apart {
			l.clear()
			l.follow()
			l.pane.SetFollow(true)
		} else {
			l.pane.SetFollow(!l.pane.Following())
		}
	case keymap.Search:
		l.prompt.Open(look.Theme, kit.PromptOptions{Title: "search", Hint: "text or regular expression", Value: l.query, Live: l.pane.Search,
			Enter: func(q string) (tea.Cmd, error) { l.query = q; l.pane.Search(q); return nil, nil },
			Esc:   func() { l.query = ""; l.pane.Search("") }})
	case keymap.Filter:
		l.prompt.Open(look.Theme, kit.PromptOptions{Title: "only", Hint: "text or regular expression, !not", Value: l.only, Live: l.pane.Only,
			Enter: func(q string) (tea.Cmd, error) { l.only = q; l.pane.Only(q); return nil, nil },
			Esc:   func() { l.only = ""; l.pane.Only("") }})
	case keymap.Since:
		l.prompt.Open(look.Theme, kit.PromptOptions{Title: "since", Hint: "10m, 2h, 14:05, 2006-01-02 15:04", Enter: l.since})
	case keymap.Earlier:
		return l.earlier()
	case keymap.Save:
		return saveLog(l.fileName(), l.pane.Lines())
	case keymap.Copy:
		return l.copy()
	}
	return nil
}

var logMoves = map[keymap.ID]func(*kit.LogPane){
	keymap.Up:       func(p *kit.LogPane) { p.Move(-1) },
	keymap.Down:     func(p *kit.LogPane) { p.Move(1) },
	keymap.PageUp:   func(p *kit.LogPane) { p.Page(-1) },
	keymap.PageDown: func(p *kit.LogPane) { p.Page(1) },
	keymap.First:    func(p *kit.LogPane) { p.Jump(false) },
	keymap.Last:     func(p *kit.LogPane) { p.Jump(true) },
	keymap.Left:     func(p *kit.LogPane) { p.Scroll(-1) },
	keymap.Right:    func(p *kit.LogPane) { p.Scroll(1) },
	keymap.Next:     func(p *kit.LogPane) { p.Next(1) },
	keymap.Previous: func(p *kit.LogPane) { p.Next(-1) },
	keymap.Wrap:     func(p *kit.LogPane) { p.SetWrap(!p.Wrapped()) },
	keymap.Times:    func(p *kit.LogPane) { p.SetTimes((p.Times() + 1) % (kit.TimesAge + 1)) },
	keymap.Streams:  func(p *kit.LogPane) { p.SetStreams((p.Streams() + 1) % (kit.StreamsErr + 1)) },
}

// clear drops all lines.
func (l *logs) clear() {
	l.pane.Clear()
	for _, st := range l.streams {
		st.oldest = time.Time{}
	}
}

// back clears, in this order: the filter, the search.
func (l *logs) back() bool {
	switch {
	case l.only != "":
		l.only = ""
		l.pane.Only("")
	case l.query != "":
		l.query = ""
		l.pane.Search("")
	default:
		return false
	}
	return true
}

func (l *logs) copy() tea.Cmd {
	var first []kit.Item
	if top, ok := l.pane.Top(); ok {
		first = append(first, kit.Item{ID: top.Text, Key: "t", Title: "line at the top"})
	}
	first = append(first, kit.Item{ID: l.pane.Visible(), Key: "a", Title: "what is on screen"})
	return l.s.copyMenu(l.items(), first...)
}

func (l *logs) items() []*item {
	out := make([]*item, len(l.streams))
	for i, st := range l.streams {
		out[i] = st.item
	}
	return out
}

func (l *logs) looking() map[string][]string { return nil }

func (l *logs) restyle() {
	theme := l.s.look.Theme
	l.pane.Restyle(theme)
	l.prompt.Restyle(theme)
	styles := []kit.Style{theme.Link, theme.Good, theme.Warn, theme.Unknown, theme.Focus, theme.Off}
	for i, st := range l.streams {
		st.style = styles[i%len(styles)]
	}
}

func (l *logs) resize(w, h int) {
	l.w, l.h = w, h
	l.pane.Resize(w, max(1, h-2))
}

// view is a line that says whose log it is, the log, and a line that says how it
// is shown.
func (l *logs) view() string {
	theme := l.s.look.Theme
	if l.w <= 0 || l.h <= 0 {
		return ""
	}
	l.pane.Empty = "no lines so far"
	if l.pane.Len() > 0 {
		l.pane.Empty = "no line passes the filter; esc or m shows all"
	}
	out := l.head(theme) + "\n" + l.pane.View() + "\n" + l.prompt.Line(theme, l.w, l.foot(theme))
	if l.h < 3 {
		return strings.Join(kit.Lines(out, l.w, l.h), "\n")
	}
	return out
}

func (l *logs) head(theme *kit.Theme) string {
	if l.merged() {
		names := make([]string, len(l.streams))
		for i, st := range l.streams {
			names[i] = st.item.c.Name
		}
		return theme.Strong.Paint(kit.Fit(fmt.Sprintf(" %d logs: %s", len(names), strings.Join(names, ", ")), l.w, false, theme.Glyph.Ellipsis))
	}
	return headline(theme, l.streams[0].item, l.streams[0].gone, l.s.now(), l.w)
}

func (l *logs) foot(theme *kit.Theme) string {
	left := " following"
	switch {
	case l.apart:
		left = " a piece of the past; f follows the newest"
	case !l.pane.Following():
		left = ""
	}
	if st := l.pane.Status(); st != "" {
		left += "  " + st
	}
	right := fmt.Sprintf("%d lines ", l.pane.Len())
	if n := l.pane.Shown(); n != l.pane.Len() {
		right = fmt.Sprintf("%d of %s", n, right)
	}
	if l.waiting {
		right = "reading older lines  " + right
	}
	return theme.Dim.Paint(kit.Join(left, " "+right, l.w, theme.Glyph.Ellipsis))
}

func (l *logs) cursor() *tea.Cursor { return l.prompt.Cursor(l.h - 1) }

func (l *logs) fileName() string {
	name := l.streams[0].item.c.Name
	if l.merged() {
		name = fmt.Sprintf("%d-logs", len(l.streams))
	}
	return fmt.Sprintf("%s-%s.log", name, l.s.now().Local().Format("20060102-150405"))
}

// headline says in one line which container a place shows and how it is.
func headline(theme *kit.Theme, it *item, gone bool, now time.Time, w int) string {
	s := signOf(theme, it.c)
	state := s.style.Paint(s.glyph + " " + s.word)
	switch age, stale := it.src.stale(now); {
	case gone:
		state = theme.Bad.Paint(theme.Glyph.Bad + " removed; this is what was last known")
	case stale:
		state = theme.Warn.Paint(theme.Glyph.Stale + " " + s.word + ", stale " + kit.Age(age))
	case alive(it.c.State) && it.c.Health != "":
		state += "  " + healthStyle(theme, it.c.Health).Paint(string(it.c.Health))
	}
	if up, ok := uptime(it.c, now); ok && !gone {
		state += theme.Dim.Paint("  up " + kit.Age(up))
	}
	if it.c.Environment == "production" {
		state += "  " + theme.Bad.Paint("production")
	}
	room := max(0, w-kit.Width(state)-3)
	name := kit.Cut(it.c.Name, room, theme.Glyph.Ellipsis)
	where := kit.Cut("  "+it.src.spec.Name, room-kit.Width(name), theme.Glyph.Ellipsis)
	return kit.Fit(" "+theme.Title.Paint(name)+theme.Dim.Paint(where)+"  "+state, w, false, "")
}
