package home

import (
	"strings"

	"ringside/views/kit"
)

// pane is a framed list.
type pane struct {
	name    string // title of the frame
	heading bool   // show the titles of the columns
	detail  bool   // say below the list why the line under the cursor is there
	empty   string
	note    string
	rows    []row
	table   *kit.Table
	theme   *kit.Theme
	marker  bool
	focus   bool
	w, h    int
	cells   []kit.Cell
}

func newPane(name string, heading, detail bool, columns []kit.Column) *pane {
	return &pane{name: name, heading: heading, detail: detail, table: &kit.Table{Columns: columns}}
}

// Len, Key, Heading and At are the table's rows.
func (p *pane) Len() int           { return len(p.rows) }
func (p *pane) Key(i int) string   { return p.rows[i].key }
func (p *pane) Heading(i int) bool { return p.rows[i].group != "" }

func (p *pane) At(i int) kit.Row {
	r := &p.rows[i]
	if r.group != "" {
		return kit.Row{Group: r.group}
	}
	glyph, style := r.sign.look(p.theme)
	p.cells = append(p.cells[:0], kit.Cell{Text: glyph, Style: style})
	for n, c := range r.cells {
		cell := kit.Cell{Text: c}
		switch {
		case n == stripCell && r.strip != strip{}:
			cell.Text = r.strip.text(p.theme, p.w)
		case n == 0:
			cell.Style = p.theme.Strong
		case n == len(r.cells)-1:
			cell.Style = p.theme.Dim
		}
		p.cells = append(p.cells, cell)
	}
	return kit.Row{Cells: p.cells, Dim: r.dim}
}

func (p *pane) set(rows []row) {
	p.rows = rows
	p.table.SetRows(p)
}

// selected is the row under the cursor, nil for none.
func (p *pane) selected() *row {
	i := p.table.Cursor()
	if i < 0 || i >= len(p.rows) || p.rows[i].group != "" {
		return nil
	}
	return &p.rows[i]
}

func (p *pane) resize(w, h int) {
	p.w, p.h = w, h
	p.table.Resize(max(0, w-2), max(1, p.listHeight())+p.hidden())
}

// hidden is the heading line when it is not shown.
func (p *pane) hidden() int {
	if p.heading {
		return 0
	}
	return 1
}

func (p *pane) listHeight() int {
	h := p.h - 2
	if p.says() != "" {
		h--
	}
	return h
}

// says is the line below the list.
func (p *pane) says() string {
	if r := p.selected(); p.detail && r != nil && p.h >= 4 {
		return r.why
	}
	return ""
}

func (p *pane) restyle(t *kit.Theme, marker bool) { p.theme, p.marker = t, marker }

// View draws the frame and the list in it, exactly w×h.
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
	p.resize(p.w, p.h)
	p.table.Theme, p.table.Marker = theme, p.marker || !p.focus
	body := ""
	if len(p.rows) == 0 {
		body = "  " + p.theme.Dim.Paint(kit.Cut(p.empty, p.w-4, p.theme.Glyph.Ellipsis))
	} else {
		lines := strings.Split(p.table.View(), "\n")[p.hidden():]
		if why := p.says(); why != "" {
			lines = append(lines, p.theme.Dim.Paint(kit.Fit("   "+why, p.w-2, false, p.theme.Glyph.Ellipsis)))
		}
		body = strings.Join(lines, "\n")
	}
	return p.theme.Box(title, p.note, body, p.w, p.h, p.focus)
}
