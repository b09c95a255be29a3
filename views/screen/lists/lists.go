// Package lists is the list of a screen: a table of things with a filter, an order
// and marks. A screen says in a Kind what its things are and how they look; their
// cells are made for visible lines only, so that a key costs the same however many
// things there are. A list with headings, which this one has not, takes Move and the
// comparisons from here.
package lists

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
)

// Thing is what a list has on a line.
type Thing interface {
	comparable
	Key() string // identity, kept under the cursor
}

// Column is a column of a list with what a thing has in it. S is the screen.
type Column[S any, T Thing] struct {
	kit.Column
	Cell func(S, T) kit.Cell
}

// Kind says what a list is of.
type Kind[S any, T Thing] struct {
	Empty    string // said when there is nothing
	Columns  []Column[S, T]
	Orders   []Order[T] // the first one is the order at the start
	Language kit.Language[T]
	Counts   func(S, []T) string                       // of all, for the status line
	Old      func(S, T) bool                           // what is shown is not of now
	Foot     func(S, T) (text string, style kit.Style) // said of the one under the cursor

	Hint      string // how a word looks that only this filter takes
	ShowOrder bool   // the status line says the order even where Counts are cut for it
}

// List is a list on the screen. It is the table's rows as well.
type List[S any, T Thing] struct {
	kind    *Kind[S, T]
	columns []Column[S, T]
	s       S
	theme   *kit.Theme
	table   kit.Table
	input   *kit.Input
	w, h    int

	order   *Order[T]
	reverse bool
	query   string
	filter  kit.Filter[T]
	sorted  []ranked[T]
	all     []T // sorted
	shown   []T // those that the filter lets through
	marked  int // of all
	counted string
	cells   []kit.Cell
}

// New returns an empty list of a screen. It is drawn after Restyle and Resize.
func New[S any, T Thing](s S, k *Kind[S, T]) *List[S, T] {
	hint := "words  ~fuzzy  !not  field:value"
	if k.Hint != "" {
		hint += "  " + k.Hint
	}
	l := &List[S, T]{kind: k, s: s, order: &k.Orders[0], input: kit.NewInput("/ ", hint)}
	l.table.Sort = l.order.ID
	l.SetColumns(k.Columns)
	return l
}

// SetColumns replaces the columns, where they depend on what there is.
func (l *List[S, T]) SetColumns(columns []Column[S, T]) {
	l.columns = columns
	plain := make([]kit.Column, len(columns))
	for i, c := range columns {
		plain[i] = c.Column
	}
	l.table.SetColumns(plain)
}

// rows hides the table's interface from the users of a list.
type rows[S any, T Thing] struct{ *List[S, T] }

func (r rows[S, T]) Len() int         { return len(r.shown) }
func (r rows[S, T]) Key(i int) string { return r.shown[i].Key() }
func (r rows[S, T]) Heading(int) bool { return false }

func (r rows[S, T]) At(i int) kit.Row {
	r.cells = r.cells[:0]
	for _, c := range r.columns {
		r.cells = append(r.cells, c.Cell(r.s, r.shown[i]))
	}
	return kit.Row{Cells: r.cells, Dim: r.kind.Old(r.s, r.shown[i])}
}

// Load takes the things of a new picture, in the order in which equal ones are shown.
func (l *List[S, T]) Load(things []T) {
	l.sorted = l.sorted[:0]
	for i, it := range things {
		l.sorted = append(l.sorted, ranked[T]{it: it, place: i})
	}
	l.sort()
	l.counted = l.kind.Counts(l.s, l.all)
	l.countMarks()
}

// keep shows those of some that the filter lets through.
func (l *List[S, T]) keep(of []T) {
	l.shown = l.shown[:0] // not longer than what is read
	for _, it := range of {
		if l.filter.Match(it) {
			l.shown = append(l.shown, it)
		}
	}
	l.table.SetRows(rows[S, T]{l})
}

// SetQuery filters.
func (l *List[S, T]) SetQuery(query string) {
	l.input.SetValue(query)
	l.setQuery(query)
}

func (l *List[S, T]) setQuery(query string) {
	old := l.filter
	l.query, l.filter = query, l.kind.Language.Parse(query)
	if l.filter.Narrows(old) {
		l.keep(l.shown)
	} else {
		l.keep(l.all)
	}
	l.fit()
}

// Typing says that the filter has the focus.
func (l *List[S, T]) Typing() bool { return l.input.Focused() }

// Type edits the filter. The list moves with the arrows meanwhile.
func (l *List[S, T]) Type(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			l.input.Blur()
			return nil
		case "esc":
			l.Unfilter()
			return nil
		}
		if MoveTyping(&l.table, k.String()) {
			return nil
		}
	}
	cmd := l.input.Update(msg)
	if v := l.input.Value(); v != l.query {
		l.setQuery(v)
	}
	return cmd
}

// Unfilter takes the filter away, and says whether there was one.
func (l *List[S, T]) Unfilter() bool {
	had := l.query != ""
	l.input.Blur()
	l.SetQuery("")
	return had
}

// Do carries out a key of a list, and says whether it was one. Sort is not: its menu
// is a dialog, which only the screen can open.
func (l *List[S, T]) Do(id keymap.ID) bool {
	switch {
	case Move(&l.table, id):
		if id == keymap.Mark || id == keymap.MarkTo || id == keymap.MarkAll {
			l.countMarks()
		}
	case id == keymap.Filter:
		l.input.Focus()
	case id == keymap.Reverse:
		l.reverse = !l.reverse
		l.table.Reverse = l.reverse
		l.sort()
	default:
		return false
	}
	return true
}

// Back clears, in this order: the filter, the marks; false when there was nothing.
func (l *List[S, T]) Back() bool {
	return l.Unfilter() || l.Unmark()
}

// Unmark takes all marks away, and says whether there were any.
func (l *List[S, T]) Unmark() bool {
	had := l.table.ClearMarks()
	l.marked = 0
	return had
}

// Show puts the cursor on a thing; false when there is none of that key.
func (l *List[S, T]) Show(key string) bool {
	i := slices.IndexFunc(l.all, func(it T) bool { return it.Key() == key })
	if i < 0 {
		return false
	}
	if !l.filter.Match(l.all[i]) {
		l.Unfilter()
	}
	return l.table.Select(key)
}

// All are the things in their order, hidden ones too.
func (l *List[S, T]) All() []T { return l.all }

// Shown are those that the filter lets through, in their order.
func (l *List[S, T]) Shown() []T { return l.shown }

// Current is the thing under the cursor.
func (l *List[S, T]) Current() (it T, ok bool) {
	if i := l.table.Cursor(); i >= 0 && i < len(l.shown) {
		return l.shown[i], true
	}
	return it, false
}

// Items are the marked things; without marks the one under the cursor.
func (l *List[S, T]) Items() []T {
	if l.marked > 0 {
		return l.Marked()
	}
	if it, ok := l.Current(); ok {
		return []T{it}
	}
	return nil
}

// Marked are the marked things, those that the filter hides too.
func (l *List[S, T]) Marked() (out []T) {
	if l.marked == 0 {
		return nil
	}
	for _, it := range l.all {
		if l.IsMarked(it) {
			out = append(out, it)
		}
	}
	return out
}

// IsMarked reports whether a thing is marked.
func (l *List[S, T]) IsMarked(it T) bool { return l.table.Marked(it.Key()) }

// SetMarks marks the things of these keys, and nothing else.
func (l *List[S, T]) SetMarks(keys []string) {
	l.table.SetMarks(keys)
	l.countMarks()
}

func (l *List[S, T]) countMarks() {
	l.marked = 0
	if len(l.table.Marks()) == 0 {
		return
	}
	for _, it := range l.all {
		if l.IsMarked(it) {
			l.marked++
		}
	}
}
