package containers

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

// fit gives the table what the lines above it leave.
func (l *list) fit() { l.table.Resize(l.w, max(2, l.h-1-len(l.notes()))) }

// notes are the lines between the status and the table: what is wrong with the
// filter, and which engines do not answer.
func (l *list) notes() []string {
	var out []string
	m := l.s.model
	if len(m.filter.Unknown) > 0 {
		out = append(out, fmt.Sprintf("no field %s; fields: %s", strings.Join(m.filter.Unknown, ", "), language.Names()))
	}
	if silent := m.silent(l.rows.now); len(silent) > 0 {
		text := silent[0]
		if n := len(silent) - 1; n > 0 {
			text += fmt.Sprintf(" (and %d more engines)", n)
		}
		out = append(out, text)
	}
	return out
}

func (l *list) view() string {
	theme := l.s.look.Theme
	if l.w <= 0 || l.h <= 0 {
		return ""
	}
	lines := []string{l.status()}
	for _, n := range l.notes() {
		lines = append(lines, theme.Warn.Paint(kit.Fit(" "+theme.Glyph.Warn+" "+n, l.w, false, theme.Glyph.Ellipsis)))
	}
	l.table.Empty = l.empty()
	out := strings.Join(lines, "\n") + "\n" + l.table.View()
	if len(lines)+max(2, l.h-len(lines)) != l.h { // hardly any room
		return strings.Join(kit.Lines(out, l.w, l.h), "\n")
	}
	return out
}

func (l *list) empty() string {
	m := l.s.model
	switch {
	case m.query != "":
		return "nothing matches the filter; esc clears it"
	case len(m.parts) == 0:
		return "no engine is known: add one to ringside.yaml, or start Docker"
	case !slices.ContainsFunc(m.parts, func(p *part) bool { return p.facts != nil || p.entry.Err != nil }):
		return "connecting to the engines"
	}
	return "no containers"
}

// status is the first line: the filter, or what there is; how it is shown.
func (l *list) status() string {
	theme, m := l.s.look.Theme, l.s.model
	bullet := " " + theme.Glyph.Bullet + " "
	marked := ""
	if l.marked > 0 {
		marked = fmt.Sprintf("%d marked", l.marked)
	}
	right := strings.TrimPrefix(marked+bullet, bullet) + "sorted by " + m.sorting.order.id
	if m.sorting.reverse {
		right += " reversed"
	}
	if m.sorting.group.id != "none" {
		right += bullet + "by " + m.sorting.group.id
	}
	right += " "
	if l.typing() || m.query != "" {
		right = fmt.Sprintf("%d/%d shown", len(m.shown), len(m.all)) + bullet + right
		room := max(10, l.w-kit.Width(right)-2)
		return kit.Fit(" "+l.input.View(room)+" "+theme.Dim.Paint(kit.Cut(right, l.w-room-2, theme.Glyph.Ellipsis)), l.w, false, "")
	}
	left := fmt.Sprintf(" %d containers", len(m.all))
	if len(m.all) == 1 {
		left = " 1 container"
	}
	if t := m.tally.text(theme.Glyph.Bullet); t != "" {
		left += bullet + t
	}
	if kit.Width(left)+1+kit.Width(right) > l.w { // the heading has a sign for the order: the counts matter more
		right = marked + " "
	}
	return theme.Dim.Paint(kit.Join(left, " "+right, l.w, theme.Glyph.Ellipsis))
}

func (l *list) cursor() *tea.Cursor {
	c := l.input.Cursor()
	if c != nil {
		c.X++
	}
	return c
}
