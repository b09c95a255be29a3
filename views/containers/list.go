package containers

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
)

// list is the place of all containers.
type list struct {
	s     *Screen
	table kit.Table
	rows  *drawing
	input *kit.Input
	w, h  int

	marked int // containers that are marked and still there
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func newList(s *Screen) *list {
	l := &list{s: s, input: kit.NewInput("/ ", "words  ~fuzzy  !not  field:value")}
	l.rows = &drawing{model: s.model, cells: make([]kit.Cell, 0, len(columns))}
	l.table.Sort = s.model.sorting.order.id
	return l
}

func (l *list) title() string { return "" } // the screen's own

func (l *list) scopes() []keymap.Scope {
	return []keymap.Scope{keymap.Containers, keymap.List, keymap.Movement}
}

func (l *list) typing() bool { return l.input.Focused() }

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
		}
		if lists.MoveTyping(&l.table, k.String()) {
			return nil
		}
	}
	cmd := l.input.Update(msg)
	if v := l.input.Value(); v != l.s.model.query {
		at := l.table.Key()
		l.s.model.setQuery(v)
		l.changed()
		if l.table.Key() != at {
			l.selectFirst()
		}
	}
	return cmd
}

// selectFirst puts the cursor on the first container, not on its heading: what
// is done next should be done to a match, not to a group of them.
func (l *list) selectFirst() {
	for _, at := range l.s.model.lines {
		if at.item != nil {
			l.table.Select(at.item.c.ID)
			return
		}
	}
}

// clear takes the filter away.
func (l *list) clear() {
	l.input.Blur()
	l.input.SetValue("")
	l.s.model.setQuery("")
	l.changed()
}

// changed shows the model's lines anew.
func (l *list) changed() {
	l.fit()
	l.table.SetRows(l.rows)
	l.countMarks()
}

func (l *list) do(id keymap.ID) tea.Cmd {
	if lists.Move(&l.table, id) {
		l.countMarks()
		return nil
	}
	switch id {
	case keymap.Open:
		return l.enter()
	case keymap.Filter:
		l.input.Focus()
	case keymap.Sort:
		return l.sortMenu()
	case keymap.Reverse:
		l.s.model.sorting.reverse = !l.s.model.sorting.reverse
		l.resort()
	case keymap.Group:
		l.regroup()
	case keymap.Fold:
		l.fold()
	case keymap.Copy:
		return l.s.copyMenu(l.items())
	}
	return nil
}

func (l *list) line() (line, bool) {
	if i := l.table.Cursor(); i >= 0 && i < len(l.s.model.lines) {
		return l.s.model.lines[i], true
	}
	return line{}, false
}

func (l *list) enter() tea.Cmd {
	at, ok := l.line()
	switch {
	case !ok:
		return nil
	case at.group != nil:
		l.fold()
		return nil
	}
	return l.s.open(newDetail(l.s, at.item))
}

func (l *list) sortMenu() tea.Cmd {
	items := make([]kit.Item, len(orders))
	for i, o := range orders {
		items[i] = kit.Item{ID: o.id, Key: o.letter, Title: o.title}
	}
	menu := kit.NewMenu("Sort by", items, kit.MenuOptions{Selected: l.s.model.sorting.order.id})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return orderPicked{it.ID}
		}
		return nil
	}})
}

func (l *list) update(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(orderPicked); ok {
		l.s.model.sorting.order, l.s.model.sorting.reverse = orderNamed(m.id), false
		l.resort()
	}
	return nil
}

func (l *list) resort() {
	l.table.Sort, l.table.Reverse = l.s.model.sorting.order.id, l.s.model.sorting.descending()
	l.s.model.sort()
	l.changed()
}

// regroup takes the next way to group.
func (l *list) regroup() {
	sorting := &l.s.model.sorting
	i := slices.IndexFunc(groupings, func(g grouping) bool { return g.id == sorting.group.id })
	sorting.group = &groupings[(i+1)%len(groupings)]
	clear(l.s.model.folded)
	at := l.table.Key()
	l.resort()
	l.table.Select(at) // the container, not the heading that is on its line now
}

// fold folds or unfolds the group of the line under the cursor.
func (l *list) fold() {
	at, ok := l.line()
	if !ok || l.s.model.sorting.group.id == "none" {
		return
	}
	name := ""
	if at.group != nil {
		name = at.group.name
	} else {
		name = at.item.group
	}
	l.s.model.folded[name] = !l.s.model.folded[name]
	l.s.model.arrange()
	l.changed()
	l.table.Select(groupKey + name)
}

// back clears, in this order: the filter, the marks.
func (l *list) back() bool {
	if l.s.model.query != "" {
		l.clear()
		return true
	}
	had := l.table.ClearMarks()
	l.marked = 0
	return had
}

// items are the marked containers, those hidden by the filter too; without marks
// the one under the cursor, or those under the heading.
func (l *list) items() []*item {
	if len(l.table.Marks()) > 0 {
		var out []*item
		seen := map[string]bool{} // an engine under two names shows a container twice
		for _, it := range l.s.model.all {
			if l.table.Marked(it.c.ID) && !seen[it.c.ID] {
				seen[it.c.ID] = true
				out = append(out, it)
			}
		}
		return out
	}
	at, ok := l.line()
	switch {
	case !ok:
		return nil
	case at.group != nil:
		return slices.Clone(at.group.items)
	}
	return []*item{at.item}
}

// lookMost bounds how many containers are sampled at once.
const lookMost = 300

// looking are the containers on screen; sorted by what is sampled, all of them.
func (l *list) looking() map[string][]string {
	out := map[string][]string{}
	from, to := l.table.Visible()
	if l.s.model.sorting.order.live {
		from, to = 0, len(l.s.model.lines)
	}
	n := 0
	for _, at := range l.s.model.lines[min(from, len(l.s.model.lines)):min(to, len(l.s.model.lines))] {
		if at.item == nil || !alive(at.item.c.State) && at.item.c.Known || n >= lookMost {
			continue
		}
		n++
		name := sourceName(at.item.src.spec.Name)
		out[name] = append(out[name], at.item.c.ID)
	}
	return out
}

// show puts the cursor on a container, or filters by an engine. It says whether
// the subject is known.
func (l *list) show(subject string) bool {
	kind, rest, _ := strings.Cut(subject, "/")
	if kind == fleet.KindEngine {
		for _, p := range l.s.model.parts {
			if "/"+p.spec.Name == rest || p.facts != nil && p.facts.ID == rest {
				l.input.SetValue("engine:" + p.spec.Name)
				l.s.model.setQuery(l.input.Value())
				l.changed()
				return true
			}
		}
		return false
	}
	it := l.s.model.find(rest)
	if it == nil {
		return false
	}
	if !l.s.model.filter.Match(it) {
		l.clear()
	}
	if l.s.model.folded[it.group] {
		delete(l.s.model.folded, it.group)
		l.s.model.arrange()
		l.changed()
	}
	return l.table.Select(rest)
}

func (l *list) refresh() tea.Cmd {
	l.rows.now = l.s.now()
	l.changed()
	return nil
}

func (l *list) restyle() {
	l.table.Theme, l.table.Marker, l.rows.theme = l.s.look.Theme, l.s.look.Marker, l.s.look.Theme
	l.input.Restyle(l.s.look.Theme)
}

func (l *list) resize(w, h int) {
	l.w, l.h, l.rows.width = w, h, w
	l.table.SetColumns(columnsFor(w))
	l.fit()
}

func (l *list) countMarks() {
	l.marked = 0
	if len(l.table.Marks()) > 0 {
		l.marked = len(l.items())
	}
}

func (l *list) close() {}
