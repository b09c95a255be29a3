package lists

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

// Restyle sets the theme; marker shows the cursor by a sign only.
func (l *List[S, T]) Restyle(t *kit.Theme, marker bool) {
	l.theme, l.table.Theme, l.table.Marker = t, t, marker
	l.input.Restyle(t)
	l.counted = l.kind.Counts(l.s, l.all)
}

// Resize sets the size: a line for the status, the table, a line for the foot.
func (l *List[S, T]) Resize(w, h int) {
	l.w, l.h = w, h
	l.fit()
}

func (l *List[S, T]) fit() {
	if l.w > 0 && l.h > 0 {
		l.table.Resize(l.w, max(2, l.h-2-len(l.notes())))
	}
}

// notes say what is wrong with the filter.
func (l *List[S, T]) notes() []string {
	if len(l.filter.Unknown) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no field %s; fields: %s", strings.Join(l.filter.Unknown, ", "), l.kind.Language.Names())}
}

// View draws the list, and below it what is to be said of the thing under the cursor.
func (l *List[S, T]) View() string {
	t := l.theme
	l.table.Empty = l.kind.Empty
	if l.query != "" {
		l.table.Empty = "nothing matches the filter; esc clears it"
	}
	var b strings.Builder
	b.WriteString(l.status())
	for _, n := range l.notes() {
		b.WriteString("\n" + t.Warn.Paint(kit.Fit(" "+t.Glyph.Warn+" "+n, l.w, false, t.Glyph.Ellipsis)))
	}
	b.WriteString("\n" + l.table.View() + "\n")
	text, style := "", t.Text
	if it, ok := l.Current(); ok {
		text, style = l.kind.Foot(l.s, it)
	}
	b.WriteString(style.Paint(kit.Fit("  "+text, l.w, false, t.Glyph.Ellipsis)))
	return b.String()
}

// status is the first line: the filter, or what there is; how it is shown.
func (l *List[S, T]) status() string {
	t := l.theme
	bullet := " " + t.Glyph.Bullet + " "
	var right []string
	if l.marked > 0 {
		right = append(right, fmt.Sprintf("%d marked", l.marked))
	}
	by := "sorted by " + l.order.ID
	if l.reverse {
		by += " reversed"
	}
	if l.input.Focused() || l.query != "" {
		right = append([]string{fmt.Sprintf("%d/%d shown", len(l.shown), len(l.all))}, append(right, by)...)
		text := strings.Join(right, bullet) + " "
		room := max(10, l.w-kit.Width(text)-2)
		return kit.Fit(" "+l.input.View(room)+" "+t.Dim.Paint(kit.Cut(text, l.w-room-2, t.Glyph.Ellipsis)), l.w, false, "")
	}
	left := " " + l.counted
	text := strings.Join(append(right, by), bullet) + " "
	if !l.kind.ShowOrder && kit.Width(left)+1+kit.Width(text) > l.w { // the heading has a sign for the order: the counts matter more
		text = strings.Join(right, bullet) + " "
	}
	return kit.Join(left, t.Dim.Paint(" "+text), l.w, t.Glyph.Ellipsis)
}

// Cursor is the place of the text cursor within View, nil for none.
func (l *List[S, T]) Cursor() *tea.Cursor {
	c := l.input.Cursor()
	if c != nil {
		c.X++
	}
	return c
}
