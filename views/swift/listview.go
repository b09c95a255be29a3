package swift

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

func (l *list[T]) restyle() {
	l.table.Theme, l.table.Marker = l.s.look.Theme, l.s.look.Marker
	l.input.Restyle(l.s.look.Theme)
	l.counted = l.counts(l.s, l.all)
}

func (l *list[T]) resize(w, h int) {
	l.w, l.h = w, h
	l.fit()
}

func (l *list[T]) fit() {
	if l.w > 0 && l.h > 0 {
		l.table.Resize(l.w, max(2, l.h-2-len(l.notes()))) // the status and the foot
	}
}

// notes say what is wrong with the filter.
func (l *list[T]) notes() []string {
	if len(l.filter.Unknown) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no field %s; fields: %s", strings.Join(l.filter.Unknown, ", "), l.language.Names())}
}

// view draws the list, and below it what is to be said of the thing under the cursor.
func (l *list[T]) view() string {
	t := l.s.look.Theme
	l.table.Empty = l.empty
	if l.query != "" {
		l.table.Empty = "nothing matches the filter; esc clears it"
	}
	lines := []string{l.status()}
	for _, n := range l.notes() {
		lines = append(lines, t.Warn.Paint(kit.Fit(" "+t.Glyph.Warn+" "+n, l.w, false, t.Glyph.Ellipsis)))
	}
	return strings.Join(lines, "\n") + "\n" + l.table.View() + "\n" + l.footLine()
}

func (l *list[T]) footLine() string {
	t := l.s.look.Theme
	it, ok := l.current()
	if !ok {
		return strings.Repeat(" ", l.w)
	}
	text, style := l.foot(l.s, it)
	return style.Paint(kit.Fit("  "+text, l.w, false, t.Glyph.Ellipsis))
}

// status is the first line: the filter, or what there is; how it is shown.
func (l *list[T]) status() string {
	t := l.s.look.Theme
	bullet := " " + t.Glyph.Bullet + " "
	var right []string
	if n := len(l.marked()); n > 0 {
		right = append(right, fmt.Sprintf("%d marked", n))
	}
	by := "sorted by " + l.order.id
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
	if kit.Width(left)+1+kit.Width(text) > l.w { // the heading has a sign for the order: the counts matter more
		text = strings.Join(right, bullet) + " "
	}
	return kit.Join(left, t.Dim.Paint(" "+text), l.w, t.Glyph.Ellipsis)
}

func (l *list[T]) cursor() *tea.Cursor {
	c := l.input.Cursor()
	if c != nil {
		c.X++
	}
	return c
}
