package services

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// list is the table of the services that the filter shows.
type list struct {
	s     *Screen
	table kit.Table
	rows  *drawing
	input *kit.Input
	w, h  int
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func newList(s *Screen) *list {
	l := &list{s: s, input: kit.NewInput("/ ", "words  ~fuzzy  !not  field:value")}
	l.rows = &drawing{model: s.model, cells: make([]kit.Cell, 0, len(columns))}
	l.table.SetColumns(tableColumns())
	l.restyle()
	return l
}

// key edits the filter. The list moves with the arrows meanwhile.
func (l *list) key(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			l.input.Blur()
			return nil
		case "esc":
			l.clear()
			return nil
		case "up":
			l.table.Move(-1)
			return nil
		case "down":
			l.table.Move(1)
			return nil
		}
	}
	cmd := l.input.Update(msg)
	if v := l.input.Value(); v != l.s.model.query {
		l.s.model.setQuery(v)
		l.changed()
	}
	return cmd
}

// clear takes the filter away.
func (l *list) clear() {
	l.input.Blur()
	l.input.SetValue("")
	l.s.model.setQuery("")
	l.changed()
}

// changed shows the model's services anew.
func (l *list) changed() {
	l.table.Sort, l.table.Reverse = l.s.model.order.id, l.s.model.reverse
	l.fit()
	l.table.SetRows(l.rows)
}

var moves = map[keymap.ID]func(*kit.Table){
	keymap.Up:       func(t *kit.Table) { t.Move(-1) },
	keymap.Down:     func(t *kit.Table) { t.Move(1) },
	keymap.PageUp:   func(t *kit.Table) { t.Page(-1) },
	keymap.PageDown: func(t *kit.Table) { t.Page(1) },
	keymap.First:    func(t *kit.Table) { t.Jump(false) },
	keymap.Last:     func(t *kit.Table) { t.Jump(true) },
	keymap.Left:     func(t *kit.Table) { t.Scroll(-1) },
	keymap.Right:    func(t *kit.Table) { t.Scroll(1) },
	keymap.Mark:     func(t *kit.Table) { t.Mark() },
	keymap.MarkTo:   func(t *kit.Table) { t.MarkTo() },
	keymap.MarkAll:  func(t *kit.Table) { t.MarkAll() },
}

func (l *list) do(id keymap.ID) tea.Cmd {
	if move, ok := moves[id]; ok {
		move(&l.table)
		return nil
	}
	switch id {
	case keymap.Open:
		if it := l.at(); it != nil {
			l.s.open(it)
		}
	case keymap.Filter:
		l.input.Focus()
	case keymap.Sort:
		return l.sortMenu()
	case keymap.Reverse:
		l.s.model.sortBy(l.s.model.order, !l.s.model.reverse)
		l.changed()
	case keymap.Copy:
		return l.s.copyMenu(l.items())
	}
	return nil
}

func (l *list) sortMenu() tea.Cmd {
	items := make([]kit.Item, len(orders))
	for i, o := range orders {
		items[i] = kit.Item{ID: o.id, Key: o.letter, Title: o.title}
	}
	menu := kit.NewMenu("Sort by", items, kit.MenuOptions{Selected: l.s.model.order.id})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return orderPicked{it.ID}
		}
		return nil
	}})
}

// at is the service under the cursor, nil for none.
func (l *list) at() *item {
	if i := l.table.Cursor(); i >= 0 && i < len(l.s.model.shown) {
		return l.s.model.shown[i]
	}
	return nil
}

// items are the marked services, those hidden by the filter too; without marks the
// one under the cursor.
func (l *list) items() (out []*item) {
	for _, it := range l.s.model.items {
		if l.table.Marked(it.key()) {
			out = append(out, it)
		}
	}
	if it := l.at(); it != nil && len(out) == 0 {
		out = []*item{it}
	}
	return out
}

// back clears, in this order: the filter, the marks.
func (l *list) back() bool {
	if l.s.model.query != "" {
		l.clear()
		return true
	}
	return l.table.ClearMarks()
}

// show puts the cursor on a service, and says whether it is known.
func (l *list) show(key string) bool {
	it := l.s.model.find(key)
	if it == nil {
		return false
	}
	if !l.s.model.filter.Match(it) {
		l.clear()
	}
	return l.table.Select(key)
}

func (l *list) restyle() {
	t := l.s.look.Theme
	l.table.Theme, l.table.Marker, l.rows.theme = t, l.s.look.Marker, t
	l.input.Restyle(t)
}

func (l *list) resize(w, h int) {
	l.w, l.h = w, h
	l.fit()
}

// fit gives the table what the status, the notes and the foot leave.
func (l *list) fit() {
	if l.w > 0 && l.h > 0 {
		l.table.Resize(l.w, max(2, l.h-len(l.notes())-2))
	}
}

// notes say what is wrong with the filter.
func (l *list) notes() []string {
	f := l.s.model.filter
	if len(f.Unknown) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no field %s; fields: %s", strings.Join(f.Unknown, ", "), language.Names())}
}

func (l *list) view() string {
	t := l.s.look.Theme
	lines := []string{l.status()}
	for _, n := range l.notes() {
		lines = append(lines, t.Warn.Paint(kit.Fit(" "+t.Glyph.Warn+" "+n, l.w, false, t.Glyph.Ellipsis)))
	}
	l.table.Empty = "no service is configured: ringside init shows how one looks, docs/services.md what the proxy must be like"
	if l.s.model.query != "" {
		l.table.Empty = "nothing matches the filter; esc clears it"
	}
	out := strings.Join(lines, "\n") + "\n" + l.table.View() + "\n" + l.foot()
	if len(lines)+max(2, l.h-len(lines)-1)+1 != l.h { // hardly any room
		return strings.Join(kit.Lines(out, l.w, l.h), "\n")
	}
	return out
}

// status is the first line: the filter, or what there is; how it is shown.
func (l *list) status() string {
	t, m := l.s.look.Theme, l.s.model
	bullet := " " + t.Glyph.Bullet + " "
	right := "sorted by " + m.order.id
	if m.reverse {
		right += " reversed"
	}
	if n := len(l.table.Marks()); n > 0 {
		right = fmt.Sprintf("%d marked", n) + bullet + right
	}
	right += " "
	if l.input.Focused() || m.query != "" {
		right = fmt.Sprintf("%d/%d shown", len(m.shown), len(m.items)) + bullet + right
		room := max(10, l.w-kit.Width(right)-2)
		return kit.Fit(" "+l.input.View(room)+" "+t.Dim.Paint(kit.Cut(right, l.w-room-2, t.Glyph.Ellipsis)), l.w, false, "")
	}
	return kit.Join(" "+strings.Join(l.counts(), bullet), t.Dim.Paint(" "+right), l.w, t.Glyph.Ellipsis)
}

// counts are how many services are how.
func (l *list) counts() []string {
	t := l.s.look.Theme
	well, undecided, unread, ill, kept, busy, left, half := 0, 0, 0, 0, 0, 0, 0, 0
	for _, it := range l.s.model.items {
		switch {
		case it.unread():
			unread++
		case it.Live == "":
			undecided++
		case it.Health == "unhealthy" || it.Health == "stopped" || it.Health == "missing":
			ill++
		case it.Health != "unknown":
			well++
		}
		if it.Live != "" && !it.Settled {
			half++
		}
		if it.OtherState == "held" {
			kept++
		}
		if it.underWay() {
			busy++
		} else if it.going != nil {
			left++
		}
	}
	var out []string
	add := func(n int, glyph string, style kit.Style, word string) {
		if n > 0 {
			out = append(out, style.Paint(glyph)+fmt.Sprintf(" %d %s", n, word))
		}
	}
	add(undecided, t.Glyph.Bad, t.Bad, "not decided")
	add(ill, t.Glyph.Bad, t.Bad, "not well")
	add(half, t.Glyph.Warn, t.Warn, "not settled")
	add(left, t.Glyph.Warn, t.Warn, "left half way")
	add(busy, t.Glyph.Busy, t.Busy, "being changed")
	add(unread, t.Glyph.Unknown, t.Unknown, "not read yet")
	add(well, t.Glyph.Good, t.Good, "live and well")
	add(kept, t.Glyph.Off, t.Off, "can be rolled back")
	return out
}

// foot says of the service under the cursor what its line has no room for: what goes
// wrong, what is done with it now, or where it is.
func (l *list) foot() string {
	t, it := l.s.look.Theme, l.at()
	if it == nil {
		return strings.Repeat(" ", l.w)
	}
	text, style := "", t.Text
	switch {
	case it.Error != "":
		text, style = it.Error, t.Warn
	case it.going != nil:
		text, style = releases.InShort(it.going, l.s.snap.Now)+", by "+it.going.Actor.User, t.Busy
	case !it.Settled:
		text, style = "a proxy keeps something else for its next start than it has live; K makes it follow", t.Warn
	default:
		text = strings.Join([]string{version(it.Digest, ""), "on " + strings.Join(it.Engines, " "), "behind " + strings.Join(it.Proxies, " "), it.Environment}, " "+t.Glyph.Bullet+" ")
	}
	return style.Paint(kit.Fit("  "+it.Service+": "+text, l.w, false, t.Glyph.Ellipsis))
}

func (l *list) cursor() *tea.Cursor {
	c := l.input.Cursor()
	if c != nil {
		c.X++
	}
	return c
}
