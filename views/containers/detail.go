package containers

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/keymap"
	"ringside/views/kit"
)

// Reading for the detail.
const (
	readLimit = 5 * time.Second  // of one inspect or list of processes
	beatEvery = 2 * time.Second  // processes are read as often, a failed inspect tried again
	staleFrom = 10 * time.Second // an inspect older than this is read again
)

// detail is the place of one container.
type detail struct {
	s    *Screen
	item *item // the last that was known
	gone bool

	tab    int
	pane   *kit.TextPane
	prompt kit.Prompt
	query  string
	reveal bool
	w, h   int

	asked  int // number of the latest inspect
	facts  *docker.Detail
	err    error
	at     time.Time // when facts were read
	top    *docker.Processes
	topErr error
	topAt  time.Time
	closed bool
}

// Answers of the detail's commands. Late ones are dropped by their number.
type (
	inspected struct {
		to     *detail
		asked  int
		detail *docker.Detail
		err    error
	}
	listed struct {
		to   *detail
		top  *docker.Processes
		err  error
		when time.Time
	}
	beat struct{ to *detail }
)

func newDetail(s *Screen, it *item) *detail {
	d := &detail{s: s, item: it, pane: kit.NewTextPane()}
	d.pane.SetWrap(true) // a digest is wider than 80 columns
	return d
}

// inspect reads the container in a command.
func (d *detail) inspect() tea.Cmd {
	e, ok := d.s.engines(d.item.src.spec.Name)
	if !ok {
		return nil
	}
	d.asked++
	answer := inspected{to: d, asked: d.asked}
	id := d.item.c.ID
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		answer.detail, answer.err = e.Inspect(ctx, id)
		return answer
	}
}

// processes lists the processes in a command.
func (d *detail) processes() tea.Cmd {
	e, ok := d.s.engines(d.item.src.spec.Name)
	if !ok || d.item.c.State != docker.Running {
		return nil
	}
	id := d.item.c.ID
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		top, err := e.Top(ctx, id)
		return listed{d, top, err, time.Now()}
	}
}

func (d *detail) beat() tea.Cmd { return d.s.later(beatEvery, beat{d}) }

func (d *detail) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case inspected:
		if m.to != d || m.asked != d.asked {
			return nil
		}
		d.err = m.err
		if docker.IsNotFound(m.err) {
			d.gone = true
		}
		if m.err == nil {
			d.facts, d.at, d.gone = m.detail, m.detail.At, false
		}
		d.fill()
	case listed:
		if m.to != d {
			return nil
		}
		d.topErr = m.err
		if m.err == nil {
			d.top, d.topAt = m.top, m.when
		}
		d.fill()
	case beat:
		if m.to != d || d.closed {
			return nil
		}
		cmds := []tea.Cmd{d.beat()}
		if tabs[d.tab].processes {
			cmds = append(cmds, d.processes())
		}
		if !d.gone && (d.err != nil || d.s.now().Sub(d.at) > staleFrom) {
			cmds = append(cmds, d.inspect())
		}
		return tea.Batch(cmds...)
	}
	return nil
}

// refresh compares the container with the last picture: a change is read at once.
func (d *detail) refresh() tea.Cmd {
	first := d.asked == 0
	now := d.s.model.find(d.item.c.ID)
	changed := first
	switch {
	case now == nil:
		if d.item.src.entry.Err == nil && d.item.src.facts != nil {
			d.gone = true
		}
	case now.c != d.item.c:
		d.gone, changed = false, true
		fallthrough
	default:
		d.item = now
	}
	if tabs[d.tab].live || changed {
		d.fill()
	}
	switch {
	case first:
		return tea.Batch(d.inspect(), d.beat())
	case changed:
		return d.inspect()
	}
	return nil
}

// fill puts the tab's lines into the pane.
func (d *detail) fill() {
	if d.w > 0 {
		d.pane.SetLines(tabs[d.tab].lines(d))
	}
}

func (d *detail) title() string { return d.item.c.Name }

func (d *detail) scopes() []keymap.Scope { return []keymap.Scope{keymap.Detail, keymap.Movement} }
func (d *detail) typing() bool           { return d.prompt.Typing() }

func (d *detail) key(msg tea.Msg) tea.Cmd { return d.prompt.Key(msg) }

func (d *detail) do(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(d.pane)
		return nil
	}
	switch id {
	case keymap.NextTab:
		return d.turn(1)
	case keymap.PrevTab:
		return d.turn(-1)
	case keymap.Reveal:
		d.reveal = !d.reveal
		d.fill()
	case keymap.Search:
		d.prompt.Open(d.s.look.Theme, kit.PromptOptions{Title: "search", Hint: "text or regular expression", Value: d.query, Live: d.pane.Search,
			Enter: func(q string) (tea.Cmd, error) { d.query = q; d.pane.Search(q); return nil, nil },
			Esc:   func() { d.query = ""; d.pane.Search("") }})
	case keymap.Copy:
		return d.s.copyMenu(d.items(), kit.Item{ID: d.pane.Text(), Key: "t", Title: "this text"})
	}
	return nil
}

var textMoves = map[keymap.ID]func(*kit.TextPane){
	keymap.Up:       func(p *kit.TextPane) { p.Move(-1) },
	keymap.Down:     func(p *kit.TextPane) { p.Move(1) },
	keymap.PageUp:   func(p *kit.TextPane) { p.Page(-1) },
	keymap.PageDown: func(p *kit.TextPane) { p.Page(1) },
	keymap.First:    func(p *kit.TextPane) { p.Jump(false) },
	keymap.Last:     func(p *kit.TextPane) { p.Jump(true) },
	keymap.Next:     func(p *kit.TextPane) { p.Next(1) },
	keymap.Previous: func(p *kit.TextPane) { p.Next(-1) },
	keymap.Wrap:     func(p *kit.TextPane) { p.SetWrap(!p.Wrapped()) },
}

// turn goes to another tab.
func (d *detail) turn(n int) tea.Cmd {
	d.tab = (d.tab + n + len(tabs)) % len(tabs)
	d.query = ""
	d.pane.Search("")
	d.fill()
	d.pane.Jump(false)
	if tabs[d.tab].processes {
		return d.processes()
	}
	return nil
}

// back ends a search.
func (d *detail) back() bool {
	if d.query == "" {
		return false
	}
	d.query = ""
	d.pane.Search("")
	return true
}

func (d *detail) items() []*item { return []*item{d.item} }

func (d *detail) looking() map[string][]string {
	return map[string][]string{sourceName(d.item.src.spec.Name): {d.item.c.ID}}
}

func (d *detail) restyle() {
	d.pane.Restyle(d.s.look.Theme)
	d.prompt.Restyle(d.s.look.Theme)
	d.fill()
}

func (d *detail) resize(w, h int) {
	d.w, d.h = w, h
	d.pane.Resize(max(1, w-1), max(1, h-3))
	d.fill()
}

func (d *detail) view() string {
	theme := d.s.look.Theme
	if d.w <= 0 || d.h <= 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(headline(theme, d.item, d.gone, d.s.now(), d.w))
	b.WriteByte('\n')
	b.WriteString(theme.Tabs(tabTitles, d.tab, d.w))
	for line := range strings.SplitSeq(d.pane.View(), "\n") {
		b.WriteString("\n " + line)
	}
	b.WriteByte('\n')
	b.WriteString(d.prompt.Line(theme, d.w, d.foot(theme)))
	if d.h < 4 {
		return strings.Join(kit.Lines(b.String(), d.w, d.h), "\n")
	}
	return b.String()
}

// foot says how old the text is, and what went wrong.
func (d *detail) foot(theme *kit.Theme) string {
	right := d.pane.Matches()
	if right != "" {
		right = "match " + right + "  "
	}
	left, style := " reading", theme.Dim
	if d.facts != nil {
		left = " read " + kit.Age(d.s.now().Sub(d.at)) + " ago"
	}
	switch {
	case d.gone:
		left, style = " the container was removed;"+strings.TrimPrefix(left, " reading"), theme.Warn
		left = strings.TrimSuffix(left, ";")
	case d.err != nil && d.facts != nil:
		left, style = left+", trying again: "+why(d.err), theme.Warn
	case d.err != nil:
		left, style = " cannot be read, trying again: "+why(d.err), theme.Warn
	}
	return style.Paint(kit.Join(left, right, d.w, theme.Glyph.Ellipsis))
}

func (d *detail) cursor() *tea.Cursor { return d.prompt.Cursor(d.h - 1) }

func (d *detail) close() { d.closed = true }
