package home

import (
	"strings"

	"ringside/views/kit"
	"ringside/views/screen"
)

// system is what home shows of one system of the fleet, in a pane of its own. To
// add one is to write one such value and to name it in systems.
type system struct {
	name    string       // title of the frame
	columns []kit.Column // of the rows; the first one is for the sign
	heading bool         // the titles of the columns are shown
	why     bool         // below the rows it is said why the one under the cursor is there
	half    bool         // it may stand beside another such pane
	good    int          // height, frame included, at which it is shown well
	spare   bool         // it makes room so that others are shown well
	fills   bool         // it stands beside a half one that would be alone below others
	read    func(screen.Snapshot) content
}

// content is what a pane shows of one picture.
type content struct {
	none   bool                      // the fleet has no such system: there is no pane
	notes  func(*kit.Theme) []string // at the end of the frame's upper line: the first that fits; nil: none
	empty  string                    // said when there is nothing else
	chart  chart                     // above the rows; nil: none
	rows   []row                     // needed
	more   []row                     // below the rows, as far as there is room
	open   screen.Go                 // where enter leads when no row is selected
	census census
}

// says are notes that look the same in every theme.
func says(notes ...string) func(*kit.Theme) []string {
	return func(*kit.Theme) []string { return notes }
}

// chart is a drawing above the rows of a pane.
type chart interface {
	// need is how many lines it takes in w columns at least, and how many it likes.
	need(w int) (least, want int)
	// draw draws at most most lines of w columns.
	draw(t *kit.Theme, w, most int) []string
}

// pane is a system on the screen: a frame with a chart, a list, or both.
type pane struct {
	*system
	content
	table   *kit.Table
	theme   *kit.Theme
	marker  bool
	focus   bool
	w, h    int
	shown   []row    // rows, and those of more that have room
	picture []string // the chart as it was drawn last
	cells   []kit.Cell
}

func newPane(s *system) *pane {
	return &pane{system: s, table: &kit.Table{Columns: s.columns}, theme: kit.NewTheme(true, false)}
}

// Len, Key, Heading and At are the table's rows.
func (p *pane) Len() int           { return len(p.shown) }
func (p *pane) Key(i int) string   { return p.shown[i].key }
func (p *pane) Heading(i int) bool { return p.shown[i].group != "" }

func (p *pane) At(i int) kit.Row {
	r := &p.shown[i]
	if r.group != "" {
		return kit.Row{Group: r.group}
	}
	glyph, style := r.sign.look(p.theme)
	p.cells = append(p.cells[:0], kit.Cell{Text: glyph, Style: style})
	for n, c := range r.cells {
		cell := kit.Cell{Text: c}
		switch {
		case n == r.drawn.at && r.drawn.text != nil:
			cell.Text = r.drawn.text(p.theme, p.w)
		case n == 0:
			cell.Style = p.theme.Strong
		case n == len(r.cells)-1:
			cell.Style = p.theme.Dim
		}
		p.cells = append(p.cells, cell)
	}
	return kit.Row{Cells: p.cells, Dim: r.dim}
}

// set takes what is to be shown now.
func (p *pane) set(c content) {
	p.content, p.picture = c, nil
	p.fit()
}

// selected is the row under the cursor, nil for none.
func (p *pane) selected() *row {
	i := p.table.Cursor()
	if i < 0 || i >= len(p.shown) || p.shown[i].group != "" || p.listHeight() < 1 {
		return nil
	}
	return &p.shown[i]
}

// height is what the pane needs in w columns to be shown well, and to show all.
func (p *pane) height(w int) (good, want int) {
	good = p.good
	list := len(p.rows) + len(p.more)
	if list > 0 && p.heading {
		list++
	}
	if list > 0 && p.why {
		list++
	}
	want = 2 + max(list, 1)
	if p.chart != nil {
		l, n := p.chart.need(w - 2)
		good, want = max(good, 2+l), 2+n+list
	}
	return good, max(good, want)
}

func (p *pane) resize(w, h int) {
	if p.w != w || p.h != h {
		p.w, p.h, p.picture = w, h, nil
	}
	p.fit()
}

// fit draws the chart and gives the list what is left: the rows, and more of them
// as far as there is room.
func (p *pane) fit() {
	if p.w < 4 || p.h < 2 {
		return
	}
	if p.chart != nil && p.picture == nil {
		p.picture = p.chart.draw(p.theme, p.w-2, p.h-2)
	}
	p.shown = p.rows
	room := p.h - 2 - len(p.picture) - 1 + p.hidden()
	if n := min(len(p.more), room-len(p.rows)); n > 0 && (p.chart != nil || n == len(p.more)) {
		p.shown = append(p.rows[:len(p.rows):len(p.rows)], p.more[:n]...)
	}
	p.table.Resize(max(0, p.w-2), max(1, p.listHeight())+p.hidden())
	p.table.SetRows(p)
}

// hidden is the heading line when it is not shown.
func (p *pane) hidden() int {
	if p.heading {
		return 0
	}
	return 1
}

// listHeight is the room for the list, its heading included.
func (p *pane) listHeight() int {
	h := p.h - 2 - len(p.picture)
	if p.says() != "" {
		h--
	}
	return h
}

// says is the line below the list.
func (p *pane) says() string {
	i := p.table.Cursor()
	if !p.why || p.h-len(p.picture) < 4 || i < 0 || i >= len(p.shown) {
		return ""
	}
	return p.shown[i].why
}

func (p *pane) restyle(t *kit.Theme, marker bool) {
	p.theme, p.marker, p.picture = t, marker, nil
	p.fit()
}

// view draws the frame and what is in it, exactly w×h.
func (p *pane) view() string {
	if p.w < 4 || p.h < 2 {
		return strings.Join(kit.Lines("", p.w, p.h), "\n")
	}
	title, theme := p.name, p.theme
	if p.focus {
		title = p.theme.Glyph.Fold + " " + title
	} else { // a faint mark instead of a cursor: keys do not go here
		quiet := *p.theme
		quiet.Glyph.Cursor, quiet.Focus = p.theme.Glyph.Bullet, p.theme.Dim
		theme = &quiet
	}
	p.fit()
	p.table.Theme, p.table.Marker = theme, p.marker || !p.focus
	lines := p.picture
	switch {
	case len(p.shown) > 0 && p.listHeight() > 0:
		lines = append(lines[:len(lines):len(lines)], strings.Split(p.table.View(), "\n")[p.hidden():]...)
		if why := p.says(); why != "" {
			lines = append(lines, p.theme.Dim.Paint(kit.Fit("   "+why, p.w-2, false, p.theme.Glyph.Ellipsis)))
		}
	case p.chart == nil:
		lines = []string{"  " + p.theme.Dim.Paint(kit.Cut(p.empty, p.w-4, p.theme.Glyph.Ellipsis))}
	}
	return p.theme.Box(title, p.note(), strings.Join(lines, "\n"), p.w, p.h, p.focus)
}

// note is the longest note that fits beside the title, with its mark of the focus.
func (p *pane) note() string {
	if p.notes == nil {
		return ""
	}
	return kit.Longest(p.notes(p.theme), p.w-kit.Width(p.name)-10)
}
