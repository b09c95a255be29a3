package swift

import (
	"cmp"
	"math"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// thing is what a list has on a line.
type thing interface {
	comparable
	key() string // identity, kept under the cursor
}

// column is a column of a list with what a thing has in it.
type column[T thing] struct {
	kit.Column
	cell func(*Screen, T) kit.Cell
}

// order is one way to sort: by a text or by a number. What is not known comes last
// in both directions; equal ones are in the order of the rings.
type order[T thing] struct {
	id, letter, title string
	text              func(T) string
	number            func(T) float64 // NaN: not known
}

// kind says what a list is of: nodes, or disks.
type kind[T thing] struct {
	empty    string // said when there is nothing
	columns  []column[T]
	orders   []order[T]
	language kit.Language[T]
	counts   func(*Screen, []T) string // of all, for the status line
	old      func(T) bool              // what is shown is not of now
	foot     func(*Screen, T) (text string, style kit.Style)
}

// list is a table of things with a filter, an order and marks. It is the table's
// rows as well.
type list[T thing] struct {
	*kind[T]
	s     *Screen
	table kit.Table
	input *kit.Input
	w, h  int

	order   *order[T]
	reverse bool
	query   string
	filter  kit.Filter[T]
	all     []T // sorted
	shown   []T // those that the filter lets through
	sorted  []ranked[T]
	cells   []kit.Cell
	counted string // of all, for the status line
}

// ranked is a thing with what it is sorted by.
type ranked[T thing] struct {
	it     T
	place  int
	text   string
	number float64
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func newList[T thing](s *Screen, k *kind[T]) *list[T] {
	l := &list[T]{kind: k, s: s, order: &k.orders[0], input: kit.NewInput("/ ", "words  ~fuzzy  !not  field:value  sw[001-040]")}
	l.table.Sort = l.order.id
	columns := make([]kit.Column, len(k.columns))
	for i, c := range k.columns {
		columns[i] = c.Column
	}
	l.table.SetColumns(columns)
	l.cells = make([]kit.Cell, 0, len(columns))
	l.restyle()
	return l
}

// Len, Key, Heading and At are the table's rows.
func (l *list[T]) Len() int         { return len(l.shown) }
func (l *list[T]) Key(i int) string { return l.shown[i].key() }
func (l *list[T]) Heading(int) bool { return false }

func (l *list[T]) At(i int) kit.Row {
	l.cells = l.cells[:0]
	for _, c := range l.columns {
		l.cells = append(l.cells, c.cell(l.s, l.shown[i]))
	}
	return kit.Row{Cells: l.cells, Dim: l.old(l.shown[i])}
}

// load takes the things of a new picture, in the order of the rings.
func (l *list[T]) load(things []T) {
	l.sorted = l.sorted[:0]
	for i, it := range things {
		l.sorted = append(l.sorted, ranked[T]{it: it, place: i})
	}
	l.sort()
	l.counted = l.counts(l.s, l.all)
}

func (l *list[T]) sort() {
	for i := range l.sorted {
		r := &l.sorted[i]
		if l.order.number != nil {
			r.number = l.order.number(r.it)
		} else {
			r.text = l.order.text(r.it)
		}
	}
	slices.SortFunc(l.sorted, func(a, b ranked[T]) int {
		c := 0
		if l.order.number != nil {
			c = compareNumber(a.number, b.number, l.reverse)
		} else {
			c = compareText(a.text, b.text, l.reverse)
		}
		return cmp.Or(c, a.place-b.place)
	})
	l.all = l.all[:0]
	for _, r := range l.sorted {
		l.all = append(l.all, r.it)
	}
	l.keep(l.all)
}

func compareNumber(a, b float64, down bool) int {
	switch na, nb := math.IsNaN(a), math.IsNaN(b); {
	case na && nb:
		return 0
	case na:
		return 1
	case nb:
		return -1
	case down:
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

func compareText(a, b string, down bool) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	case down:
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// keep shows those of some that the filter lets through.
func (l *list[T]) keep(of []T) {
	l.shown = l.shown[:0] // not longer than what is read
	for _, it := range of {
		if l.filter.Match(it) {
			l.shown = append(l.shown, it)
		}
	}
	l.table.SetRows(l)
}

func (l *list[T]) setQuery(query string) {
	old := l.filter
	l.query, l.filter = query, l.language.Parse(query)
	if l.filter.Narrows(old) {
		l.keep(l.shown)
	} else {
		l.keep(l.all)
	}
	l.fit()
}

func (l *list[T]) focused() bool { return l.input.Focused() }

// key edits the filter. The list moves with the arrows meanwhile.
func (l *list[T]) key(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			l.input.Blur()
			return nil
		case "esc":
			l.clear()
			return nil
		case "up", "down", "pgup", "pgdown":
			moves[typedMoves[k.String()]](&l.table)
			return nil
		}
	}
	cmd := l.input.Update(msg)
	if v := l.input.Value(); v != l.query {
		l.setQuery(v)
	}
	return cmd
}

var typedMoves = map[string]keymap.ID{"up": keymap.Up, "down": keymap.Down, "pgup": keymap.PageUp, "pgdown": keymap.PageDown}

// clear takes the filter away.
func (l *list[T]) clear() {
	l.input.Blur()
	l.input.SetValue("")
	l.setQuery("")
}

func (l *list[T]) do(id keymap.ID) tea.Cmd {
	if move, ok := moves[id]; ok {
		move(&l.table)
		return nil
	}
	switch id {
	case keymap.Filter:
		l.input.Focus()
	case keymap.Sort:
		return l.sortMenu()
	case keymap.Reverse:
		l.reverse = !l.reverse
		l.table.Reverse = l.reverse
		l.sort()
	}
	return nil
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

func (l *list[T]) sortMenu() tea.Cmd {
	items := make([]kit.Item, len(l.orders))
	for i, o := range l.orders {
		items[i] = kit.Item{ID: o.id, Key: o.letter, Title: o.title}
	}
	menu := kit.NewMenu("Sort by", items, kit.MenuOptions{Selected: l.order.id})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return orderPicked{it.ID}
		}
		return nil
	}})
}

func (l *list[T]) sortBy(id string) {
	i := slices.IndexFunc(l.orders, func(o order[T]) bool { return o.id == id })
	if i < 0 {
		return
	}
	l.order, l.reverse = &l.orders[i], false
	l.table.Sort, l.table.Reverse = id, false
	l.sort()
}

// back clears the filter, and says whether there was one.
func (l *list[T]) back() bool {
	had := l.query != ""
	l.clear()
	return had
}

// show puts the cursor on a thing.
func (l *list[T]) show(key string) bool {
	if i := slices.IndexFunc(l.all, func(it T) bool { return it.key() == key }); i < 0 {
		return false
	} else if !l.filter.Match(l.all[i]) {
		l.clear()
	}
	return l.table.Select(key)
}

func (l *list[T]) current() (it T, ok bool) {
	if i := l.table.Cursor(); i >= 0 && i < len(l.shown) {
		return l.shown[i], true
	}
	return it, false
}

// marked are the marked things, those that the filter hides too.
func (l *list[T]) marked() (out []T) {
	if len(l.table.Marks()) == 0 {
		return nil
	}
	for _, it := range l.all {
		if l.table.Marked(it.key()) {
			out = append(out, it)
		}
	}
	return out
}

// items are the marked things; without marks the one under the cursor.
func (l *list[T]) items() []T {
	if m := l.marked(); len(m) > 0 {
		return m
	}
	if it, ok := l.current(); ok {
		return []T{it}
	}
	return nil
}
