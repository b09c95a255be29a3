package power

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

// fit shares the lines: the map takes at most a third of them, or gives way to
// counts; the table has the rest.
func (l *list) fit() {
	if l.w <= 0 || l.h <= 0 {
		return
	}
	l.mapRows = 0
	if l.mapped && len(l.s.model.items) > 0 {
		l.mapRows = l.heat.Lay(l.w, l.h/3)
	}
	l.table.Resize(l.w, max(2, l.h-l.mapRows-len(l.notes())-2)) // the status and the foot
}

// notes are the lines between the map and the table: what is wrong with the filter.
func (l *list) notes() []string {
	f := l.s.model.filter
	if len(f.Unknown) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no field %s; fields: %s", strings.Join(f.Unknown, ", "), language.Names())}
}

func (l *list) view() string {
	theme := l.s.look.Theme
	l.heat.Cursor = -1
	at, ok := l.line()
	if ok && at.item != nil {
		l.heat.Cursor = at.item.place
	}
	lines := []string{l.status()}
	if l.mapRows > 0 {
		lines = append(lines, l.heat.Lines()...)
	}
	for _, n := range l.notes() {
		lines = append(lines, theme.Warn.Paint(kit.Fit(" "+theme.Glyph.Warn+" "+n, l.w, false, theme.Glyph.Ellipsis)))
	}
	l.table.Empty = l.empty()
	out := strings.Join(lines, "\n") + "\n" + l.table.View() + "\n" + l.foot(at.item)
	if len(lines)+max(2, l.h-len(lines)-1)+1 != l.h { // hardly any room
		return strings.Join(kit.Lines(out, l.w, l.h), "\n")
	}
	return out
}

func (l *list) empty() string {
	m := l.s.model
	switch {
	case m.query != "":
		return "nothing matches the filter; esc clears it"
	case len(m.items) == 0:
		return "no host has a BMC: add hosts with bmc: {address, credential} to ringside.yaml"
	}
	return "no hosts"
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
	if l.input.Focused() || m.query != "" {
		right = fmt.Sprintf("%d/%d shown", len(m.shown), len(m.all)) + bullet + right
		room := max(10, l.w-kit.Width(right)-2)
		return kit.Fit(" "+l.input.View(room)+" "+theme.Dim.Paint(kit.Cut(right, l.w-room-2, theme.Glyph.Ellipsis)), l.w, false, "")
	}
	left := " " + m.tally.Legend(theme, l.w-2-kit.Width(marked))
	if kit.Width(left)+1+kit.Width(right) > l.w { // the heading has a sign for the order: the counts matter more
		right = strings.TrimPrefix(marked+" ", " ")
	}
	return kit.Join(left, theme.Dim.Paint(" "+right), l.w, theme.Glyph.Ellipsis)
}

// foot says of the host under the cursor what its line has no room for: above all
// why it cannot be read, and what to do about it.
func (l *list) foot(it *item) string {
	theme := l.s.look.Theme
	if it == nil {
		return strings.Repeat(" ", l.w)
	}
	text, style := facts(theme, it), theme.Text
	if it.Entry.Err != nil {
		text, style = why(it.Entry.Err), theme.Warn
	}
	return style.Paint(kit.Fit("  "+it.Spec.Name+": "+text, l.w, false, theme.Glyph.Ellipsis))
}

// facts are a host's faults, how its BMC is reached, and where it stands.
func facts(t *kit.Theme, it *item) string {
	var parts []string
	if it.Facts != nil {
		parts = append(parts, it.Facts.Faults...)
		if it.Facts.Identify {
			parts = append(parts, "identify light on")
		}
		if it.Facts.Insecure != "" {
			parts = append(parts, "not verified: "+it.Facts.Insecure)
		}
		parts = append(parts, it.Facts.Driver)
	}
	parts = append(parts, it.Spec.BMC.Address, strings.TrimSpace(it.Spec.Site+" "+it.Spec.Rack))
	parts = append(parts, it.Spec.Tags...)
	return strings.Join(parts, " "+t.Glyph.Bullet+" ")
}

func (l *list) cursor() *tea.Cursor {
	c := l.input.Cursor()
	if c != nil {
		c.X++
	}
	return c
}
