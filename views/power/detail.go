package power

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/bmc"
	"ringside/keymap"
	"ringside/views/kit"
)

// detail is one host: what is known of it, its sensors, its event log, and what
// has to do with it. What is not watched is read while it is looked at.
type detail struct {
	s    *Screen
	item *item

	tab    int
	page   *kit.TextPane
	side   *kit.TextPane // the overview, beside the other pages where there is room
	prompt kit.Prompt
	query  string // filter of the page
	w, h   int

	ctx    context.Context // of everything that is read for it
	cancel context.CancelFunc
	reads  [parts]reading
	insist bool // read although the BMC refuses us: a human asked for it

	info    bmc.Info
	boot    bmc.Boot
	sensors []bmc.Sensor
	events  []bmc.Event
	history map[string][]float64 // of each sensor, since the detail was opened
}

func newDetail(s *Screen, it *item) *detail {
	d := &detail{s: s, item: it, page: kit.NewTextPane(), side: kit.NewTextPane(), history: map[string][]float64{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for p := range d.reads {
		d.reads[p].due = true
	}
	d.page.SetWrap(true)
	d.side.SetWrap(true)
	d.restyle()
	return d
}

// start reads what is seen and due. A BMC that refuses us already is left alone.
func (d *detail) start() tea.Cmd {
	var cmds []tea.Cmd
	if untouched[trouble(d.item.Entry.Err)] && !d.insist {
		d.fill()
		return nil
	}
	for p := range parts {
		if d.reads[p].due && d.sees(p) {
			cmds = append(cmds, d.read(p))
		}
	}
	d.fill()
	return tea.Batch(cmds...)
}

// refresh takes a new picture, and reads what could not be read before.
func (d *detail) refresh() tea.Cmd {
	if it := d.s.model.find(d.item.Spec.Name); it != nil {
		d.item = it
	}
	return d.start()
}

func (d *detail) do(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(d.page)
		return nil
	}
	switch id {
	case keymap.NextTab:
		return d.turn(1)
	case keymap.PrevTab:
		return d.turn(-1)
	case keymap.Refresh:
		for p := range d.reads {
			d.reads[p].due = true
		}
		d.insist = true
		cmd := d.start()
		d.insist = false
		return cmd
	case keymap.Wrap:
		d.page.SetWrap(!d.page.Wrapped())
	case keymap.Search:
		d.prompt.Open(d.s.look.Theme, kit.PromptOptions{Title: "only", Hint: "words  ~fuzzy  !not", Value: d.query, Live: d.only,
			Enter: func(q string) (tea.Cmd, error) { d.only(q); return nil, nil },
			Esc:   func() { d.only("") }})
	case keymap.Copy:
		return d.s.copyMenu([]*item{d.item}, kit.Item{ID: d.page.Text(), Key: "t", Title: "this text"})
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
}

// only filters the lines of the page.
func (d *detail) only(query string) {
	d.query = query
	d.page.Jump(false)
	d.fill()
}

// turn goes to another page, and reads what is due there.
func (d *detail) turn(n int) tea.Cmd {
	first := d.first()
	d.tab = first + (max(d.tab, first)-first+n+len(pages)-first)%(len(pages)-first)
	d.only("")
	return d.start()
}

// back takes the filter away.
func (d *detail) back() bool {
	had := d.query != ""
	d.only("")
	return had
}

func (d *detail) close() { d.cancel() }

// twoPanes is the width from which on the overview stands beside the other pages.
const (
	twoPanes  = 120
	sideWidth = 56
)

func (d *detail) wide() bool { return d.w >= twoPanes }

// first is the first page that has a tab: the overview needs none beside the others.
func (d *detail) first() int {
	if d.wide() {
		return 1
	}
	return 0
}

// shown are the pages on screen.
func (d *detail) shown() []int {
	if d.wide() {
		return []int{0, max(1, d.tab)}
	}
	return []int{d.tab}
}

func (d *detail) restyle() {
	d.page.Restyle(d.s.look.Theme)
	d.side.Restyle(d.s.look.Theme)
	d.prompt.Restyle(d.s.look.Theme)
	d.fill()
}

func (d *detail) resize(w, h int) {
	d.w, d.h = w, h
	d.page.Resize(max(1, d.pageWidth()), max(1, h-3))
	d.side.Resize(sideWidth, max(1, h-3))
	d.fill()
}

// pageWidth is the width of the page, its margins not included.
func (d *detail) pageWidth() int {
	if d.wide() {
		return d.w - sideWidth - 5
	}
	return d.w - 2
}

// fill puts the lines of the pages into their panes.
func (d *detail) fill() {
	if d.w <= 0 {
		return
	}
	open := max(d.tab, d.first())
	lines := pages[open].lines(d, d.pageWidth())
	if f := lineFilter.Parse(d.query); d.query != "" {
		kept := lines[:0:0]
		for _, l := range lines {
			if f.Match(l) {
				kept = append(kept, l)
			}
		}
		lines = kept
	}
	d.page.SetLines(lines)
	if d.wide() {
		d.side.SetLines(pages[0].lines(d, sideWidth))
	}
}

var lineFilter = kit.Language[string]{Text: strings.ToLower, Name: strings.ToLower}

func (d *detail) view() string {
	t := d.s.look.Theme
	open := max(d.tab, d.first())
	var b strings.Builder
	b.WriteString(headline(t, d.item, d.w))
	b.WriteByte('\n')
	page := strings.Split(d.page.View(), "\n")
	tabs := t.Tabs(titles[d.first():], open-d.first(), d.pageWidth()+2)
	if d.wide() {
		rule := t.Border.Paint(t.Glyph.V)
		b.WriteString(" " + t.Strong.Paint(kit.Fit(titles[0], sideWidth, false, "")) + " " + rule + " " + kit.Fit(tabs, d.w-sideWidth-4, false, ""))
		for i, l := range strings.Split(d.side.View(), "\n") {
			b.WriteString("\n " + l + " " + rule + " " + page[i] + " ")
		}
	} else {
		b.WriteString(kit.Fit(tabs, d.w, false, ""))
		for _, l := range page {
			b.WriteString("\n " + l + " ")
		}
	}
	b.WriteByte('\n')
	b.WriteString(d.prompt.Line(t, d.w, d.foot(open)))
	if d.h < 4 || d.w < 4 {
		return strings.Join(kit.Lines(b.String(), d.w, d.h), "\n")
	}
	return b.String()
}

// foot says how old the page is, what goes wrong, and what is filtered.
func (d *detail) foot(open int) string {
	t := d.s.look.Theme
	right := ""
	if d.query != "" {
		right = "only " + d.query + " "
	}
	left, style := "", t.Dim
	for _, p := range pages[open].parts {
		r := d.reads[p]
		switch {
		case r.err != nil && trouble(r.err) != bmc.Unsupported:
			left, style = " "+next(r.err)+why(r.err), t.Warn
		case r.busy && r.at.IsZero():
			left = " reading"
		case !r.at.IsZero() && left == "":
			left = " read " + kit.Age(max(0, d.s.snap.Now.Sub(r.at))) + " ago"
		}
	}
	return style.Paint(kit.Join(left, right, d.w, t.Glyph.Ellipsis))
}

// headline is the host in one line: its power first.
func headline(t *kit.Theme, it *item, w int) string {
	sign := it.Status.Kind.Look(t)
	parts := []string{}
	for _, p := range []string{it.Spec.Site, it.Spec.Rack, it.Spec.Environment} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	left := " " + sign.Style.Paint(sign.Glyph+" "+it.Status.Word) + "  " + t.Strong.Paint(it.Spec.Name)
	if it.Status.Health != "" {
		left += "  " + healthStyle(t, it.Status.Health).Paint(t.Glyph.Warn+" "+string(it.Status.Health))
	}
	return kit.Join(left, t.Dim.Paint(strings.Join(parts, " "+t.Glyph.Bullet+" ")+" "), w, t.Glyph.Ellipsis)
}
