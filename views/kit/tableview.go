package kit

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// View renders the heading and the visible lines, exactly w×h.
func (t *Table) View() string {
	if t.w <= 0 || t.h <= 0 {
		return ""
	}
	t.arrange()
	var b strings.Builder
	b.Grow(t.w * t.h * 2)
	t.heading(&b)
	for y := range t.h - 1 {
		b.WriteByte('\n')
		i := t.top + y
		switch {
		case i < t.len():
			t.line(&b, i)
		case t.len() == 0 && y == min(1, t.h-2):
			b.WriteString(t.Theme.Dim.Paint(Fit("  "+t.Empty, t.w, false, t.Theme.Glyph.Ellipsis)))
		default:
			b.WriteString(spaces(t.w))
		}
	}
	return b.String()
}

func (t *Table) heading(b *strings.Builder) {
	var line strings.Builder
	line.WriteString(spaces(gutter))
	used := gutter
	for n, p := range t.layout {
		if n > 0 {
			line.WriteByte(' ')
			used++
		}
		c := t.Columns[p.column]
		title := c.Title
		if c.Key == t.Sort && t.Sort != "" {
			arrow := t.Theme.Glyph.Up
			if t.Reverse {
				arrow = t.Theme.Glyph.Down
			}
			title = Cut(title, p.width-1, "") + arrow
		}
		line.WriteString(Fit(title, p.width, c.Right, ""))
		used += p.width
	}
	line.WriteString(spaces(t.w - used))
	b.WriteString(t.Theme.Dim.Paint(Cut(line.String(), t.w, "")))
}

// line writes one row. The line under the cursor is of one style, so that a cursor
// move writes few bytes; what its colours said is in glyphs and words as well.
func (t *Table) line(b *strings.Builder, i int) {
	row, key := t.rows.At(i), t.rows.Key(i)
	selected, flat := i == t.cursor, i == t.cursor && !t.Marker
	g := t.Theme.Glyph
	cursor, mark := " ", " "
	if selected {
		cursor = g.Cursor
	}
	if t.marks[key] {
		mark = g.Mark
	}
	switch {
	case t.w <= gutter:
		b.WriteString(Fit(cursor, t.w, false, ""))
		return
	case row.Group != "":
		style := t.Theme.Strong
		if flat {
			style = style.And(t.Theme.Selected)
		}
		paintIf(b, selected, t.Theme.Focus, cursor)
		b.WriteString(style.Paint(" " + Join(row.Group, " "+row.Note+" ", t.w-gutter, g.Ellipsis)))
		return
	case flat:
		style := t.Theme.Selected
		b.WriteString(style.open())
		b.WriteString(cursor)
		b.WriteString(mark)
		defer func() { b.WriteString(style.close()) }()
	default:
		paintIf(b, selected, t.Theme.Focus, cursor)
		paintIf(b, mark != " ", t.Theme.Marked, mark)
	}
	used := gutter
	for n, p := range t.layout {
		var c Cell
		if p.column < len(row.Cells) {
			c = row.Cells[p.column]
		}
		style := c.Style
		if flat || row.Dim {
			style, c.Text = t.Theme.Dim, bare(c.Text)
		}
		if flat {
			style = ""
		}
		if n > 0 {
			b.WriteByte(' ')
			used++
		}
		b.WriteString(style.open())
		b.WriteString(Fit(c.Text, p.width, t.Columns[p.column].Right, g.Ellipsis))
		b.WriteString(style.close())
		used += p.width
	}
	b.WriteString(spaces(t.w - used))
}

// bare takes the styles out of a cell that brings its own: they would end the
// one of the line.
func bare(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	return ansi.Strip(text)
}

func paintIf(b *strings.Builder, on bool, style Style, text string) {
	if on {
		text = style.Paint(text)
	}
	b.WriteString(text)
}
