package power

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
	"ringside/views/screen/lists"
)

// list is the map of all hosts and the table of those that the filter shows.
type list struct {
	s     *Screen
	table kit.Table
	rows  *drawing
	input *kit.Input
	heat  kit.HeatMap
	signs []kit.HeatSign // of all hosts
	w, h  int

	mapped  bool // the map is wanted
	mapRows int  // that it takes
	marked  int  // hosts that are marked and still there
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func newList(s *Screen) *list {
	l := &list{s: s, mapped: true, input: kit.NewInput("/ ", "words  ~fuzzy  !not  field:value  sw[001-040]")}
	l.rows = &drawing{model: s.model, cells: make([]kit.Cell, 0, len(columns))}
	l.table.Sort = s.model.sorting.order.id
	l.table.SetColumns(tableColumns())
	l.heat = kit.HeatMap{Cursor: -1,
		Sign: func(i int) kit.HeatSign { return l.signs[i] },
		Count: func(g int) string {
			var t hosts.Tally
			for _, i := range l.heat.Things(g) {
				t.Add(s.model.items[i].Status)
			}
			return t.Legend(s.look.Theme, l.w-12)
		}}
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

// selectFirst puts the cursor on the first host, not on its heading: what is done
// next should be done to a match, not to a group of them.
func (l *list) selectFirst() {
	for _, at := range l.s.model.lines {
		if at.item != nil {
			l.table.Select(at.item.Spec.Name)
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
	l.paint()
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
	case keymap.ShowMap:
		l.mapped = !l.mapped
		l.fit()
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
	return l.s.open(at.item)
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

func (l *list) sortBy(id string) {
	l.s.model.sorting.order, l.s.model.sorting.reverse = orderNamed(id), false
	l.resort()
}

func (l *list) resort() {
	l.table.Sort, l.table.Reverse = l.s.model.sorting.order.id, l.s.model.sorting.reverse
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
	l.table.Select(at) // the host, not the heading that is on its line now
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
	l.countMarks()
	return had
}

// items are the marked hosts, those hidden by the filter too, in the order of the
// list; without marks the one under the cursor, or those under the heading.
func (l *list) items() []*item {
	if len(l.table.Marks()) > 0 {
		var out []*item
		for _, it := range l.s.model.all {
			if l.table.Marked(it.Spec.Name) {
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

// show puts the cursor on a host, or filters by a site or a rack. It says whether
// the subject is known.
func (l *list) show(subject string) bool {
	kind, rest, _ := strings.Cut(subject, "/")
	scope, name, _ := strings.Cut(rest, "/")
	switch {
	case kind == fleet.KindRack:
		return l.only(strings.TrimSpace("rack:" + name + " site:" + scope))
	case kind == fleet.KindSite && strings.Contains(name, "["): // hosts without a site
		return l.only(name)
	case kind == fleet.KindSite:
		return l.only("site:" + name)
	}
	it := l.s.model.find(name)
	if kind != fleet.KindHost || it == nil {
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
	return l.table.Select(it.Spec.Name)
}

func (l *list) only(query string) bool {
	l.input.SetValue(query)
	l.s.model.setQuery(query)
	l.changed()
	return true
}

// refresh shows the model's new picture; others says that the hosts are not those
// of before.
func (l *list) refresh(others bool) {
	l.rows.now = l.s.snap.Now
	if others {
		list := make([]hosts.Host, len(l.s.model.items))
		for i, it := range l.s.model.items {
			list[i] = it.Host
		}
		l.heat.SetGroups(hosts.Groups(list))
	}
	l.changed()
}

// paint keeps the signs of the map, so that a move of the cursor does not pay for
// them. What the filter hides has lost its colour.
func (l *list) paint() {
	t := l.s.look.Theme
	l.signs = l.signs[:0]
	for _, it := range l.s.model.items {
		sign := it.Status.Look(t)
		if it.asking {
			sign = hosts.Turning.Look(t)
		}
		if !it.shown {
			sign.Style = t.Dim
		}
		l.signs = append(l.signs, sign)
	}
}

func (l *list) restyle() {
	t := l.s.look.Theme
	l.table.Theme, l.table.Marker, l.rows.theme, l.heat.Theme = t, l.s.look.Marker, t, t
	l.input.Restyle(t)
	l.paint()
	l.fit()
}

func (l *list) resize(w, h int) {
	l.w, l.h, l.rows.width = w, h, w
	l.fit()
}

func (l *list) countMarks() {
	l.marked, l.heat.Marked = 0, nil
	if len(l.table.Marks()) == 0 {
		return
	}
	l.marked = len(l.items())
	l.heat.Marked = func(i int) bool { return l.table.Marked(l.s.model.items[i].Spec.Name) }
}
