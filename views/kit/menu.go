package kit

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"
)

// Item is one line of a menu.
type Item struct {
	ID    string
	Key   string // letter that picks it, in menus without a filter
	Title string
	Note  string // dim, at the right end; not searched
	Why   string // set: it cannot be picked, and this is the reason
	Group string // heading above the first item of a group
}

// MenuOptions say how a menu works.
type MenuOptions struct {
	Filter   bool   // typing filters fuzzily, else letters pick
	Selected string // ID under the cursor at first; "": the first that can be picked
	Width    int    // wanted columns, frame included; 0: as wide as its items
	Empty    string // said when there are no items
}

// Menu offers items; its result is the Item picked. Picking one that cannot be
// had keeps the menu open and shows why.
type Menu struct {
	title string
	items []Item
	o     MenuOptions
	theme *Theme
	input *Input

	shown  []match
	cursor int // in shown
	top    int // in the lines of the list, headings included
	page   int // lines of the list in the last View
}

// match is an item that passes the filter and the bytes of its title that did it.
type match struct {
	item int
	hits []int
}

// NewMenu returns a menu of the items.
func NewMenu(title string, items []Item, o MenuOptions) *Menu {
	m := &Menu{title: title, items: items, o: o, theme: NewTheme(true, false), page: 10}
	m.input = NewInput("", "type to filter")
	m.input.Focus()
	m.filter()
	m.cursor = max(0, slices.IndexFunc(items, func(it Item) bool { return it.Why == "" }))
	m.selectID(o.Selected)
	return m
}

// SetItems replaces the items; the filter and the item under the cursor stay.
func (m *Menu) SetItems(items []Item) {
	id := m.current().ID
	m.items = items
	m.filter()
	m.selectID(id)
}

// Restyle sets the theme.
func (m *Menu) Restyle(t *Theme) {
	m.theme = t
	m.input.Restyle(t)
	m.input.Prompt = t.Glyph.More + " "
}

// Cursor is the place of the text cursor in a menu with a filter.
func (m *Menu) Cursor() *tea.Cursor {
	if !m.o.Filter {
		return nil
	}
	c := m.input.Cursor()
	c.X, c.Y = c.X+2, 1 // within the frame
	return c
}

// Update takes arrows and enter, and letters for the filter or to pick.
func (m *Menu) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	k, isKey := msg.(tea.KeyPressMsg)
	if isKey {
		if !m.o.Filter {
			for n, s := range m.shown {
				if it := m.items[s.item]; it.Key != "" && it.Key == k.String() {
					m.cursor = n
					return m.pick()
				}
			}
		}
		switch k.String() {
		case "esc":
			return nil, nil, true
		case "enter":
			return m.pick()
		}
		if by, ok := menuMoves[k.String()]; ok && (by.always || !m.o.Filter) {
			m.move(by.lines + by.pages*max(1, m.page-1))
			return nil, nil, false
		}
	}
	if m.o.Filter {
		before := m.input.Value()
		m.input.Update(msg)
		if m.input.Value() != before {
			m.filter()
			m.cursor, m.top = 0, 0
		}
	}
	return nil, nil, false
}

type menuMove struct {
	lines, pages int
	always       bool // also while typing filters
}

const far = 1 << 20

var menuMoves = map[string]menuMove{
	"up": {-1, 0, true}, "down": {1, 0, true}, "ctrl+p": {-1, 0, true}, "ctrl+n": {1, 0, true},
	"pgup": {0, -1, true}, "pgdown": {0, 1, true}, "shift+tab": {-1, 0, true}, "tab": {1, 0, true},
	"k": {-1, 0, false}, "j": {1, 0, false}, "home": {-far, 0, false}, "end": {far, 0, false},
	"g": {-far, 0, false}, "G": {far, 0, false},
}

func (m *Menu) move(n int) { m.cursor = max(0, min(m.cursor+n, len(m.shown)-1)) }

func (m *Menu) pick() (tea.Cmd, any, bool) {
	if it := m.current(); len(m.shown) > 0 && it.Why == "" {
		return nil, it, true
	}
	return nil, nil, false
}

func (m *Menu) current() Item {
	if m.cursor >= len(m.shown) {
		return Item{}
	}
	return m.items[m.shown[m.cursor].item]
}

func (m *Menu) selectID(id string) {
	n := slices.IndexFunc(m.shown, func(s match) bool { return m.items[s.item].ID == id })
	if n >= 0 && id != "" {
		m.cursor = n
	}
	m.move(0)
}

// filter keeps the items' own order without a query, the best match first with one.
func (m *Menu) filter() {
	m.shown = m.shown[:0]
	query := strings.TrimSpace(m.input.Value())
	if query == "" {
		for i := range m.items {
			m.shown = append(m.shown, match{item: i})
		}
		return
	}
	for _, f := range fuzzy.FindFrom(query, titles(m.items)) {
		m.shown = append(m.shown, match{f.Index, f.MatchedIndexes})
	}
}

type titles []Item

func (t titles) String(i int) string { return t[i].Title }
func (t titles) Len() int            { return len(t) }

// View draws the menu. With a filter it keeps its size while typing.
func (m *Menu) View(w, h int) string {
	t := m.theme
	keys := []string{"enter", "pick", "esc", "close"}
	if len(m.items) == 0 {
		keys = keys[2:]
	}
	inner := m.width(keys)
	if m.o.Width > 0 {
		inner = m.o.Width - 4
	}
	inner = max(1, min(inner, w-4))

	var above, below []string
	if m.o.Filter {
		above = append(above, m.input.View(inner))
	}
	if slices.ContainsFunc(m.items, func(it Item) bool { return it.Why != "" }) {
		why := m.current().Why
		if why != "" {
			why = t.Glyph.Warn + " " + why
		}
		below = append(below, t.Warn.Paint(Fit(why, inner, false, t.Glyph.Ellipsis)))
	}
	lines, at := m.lines(inner)
	m.page = max(1, min(m.height(), h-3-len(above)-len(below)))
	first := at
	if at > 0 && m.cursor == 0 {
		first = 0 // the heading above the first item
	}
	m.top = max(0, min(m.top, first, len(lines)-m.page))
	if at >= m.top+m.page {
		m.top = at - m.page + 1
	}
	lines = lines[m.top:min(len(lines), m.top+m.page)]
	for m.o.Filter && len(lines) < m.page {
		lines = append(lines, spaces(inner))
	}
	all := slices.Concat(above, lines, below)
	return t.Dialog(m.title, m.count(), all, w, h, keys...)
}

// count is "3/17" while the filter hides something.
func (m *Menu) count() string {
	if len(m.shown) == len(m.items) {
		return ""
	}
	return strconv.Itoa(len(m.shown)) + "/" + strconv.Itoa(len(m.items))
}

// width is what the widest item needs, for all items so that it stays while typing.
func (m *Menu) width(keys []string) int {
	w := max(Width(m.title)+12, keysWidth(keys), Width(m.o.Empty)+2)
	for _, it := range m.items {
		need := 2 + m.keyWidth() + Width(it.Title)
		if it.Note != "" {
			need += 2 + Width(it.Note)
		}
		w = max(w, need, Width(it.Group), min(Width(it.Why)+2, 60))
	}
	return w
}

// height is the lines of the list without a filter, headings included.
func (m *Menu) height() int {
	n, group := 0, ""
	for _, it := range m.items {
		if it.Group != group {
			n, group = n+1, it.Group
		}
		n++
	}
	return max(1, n)
}

func (m *Menu) keyWidth() int {
	w := 0
	for _, it := range m.items {
		if it.Key != "" && !m.o.Filter {
			w = max(w, Width(it.Key)+2)
		}
	}
	return w
}

// lines are all lines of the list, and which of them the cursor is on. Headings
// stand only in the items' own order.
func (m *Menu) lines(w int) (lines []string, at int) {
	t := m.theme
	if len(m.shown) == 0 {
		empty := m.o.Empty
		if len(m.items) > 0 {
			empty = "nothing matches"
		}
		return []string{t.Dim.Paint(Fit(empty, w, false, t.Glyph.Ellipsis))}, 0
	}
	ordered, group := strings.TrimSpace(m.input.Value()) == "", ""
	for n, s := range m.shown {
		it := m.items[s.item]
		if ordered && it.Group != group {
			group = it.Group
			lines = append(lines, t.Strong.Paint(Fit(group, w, false, t.Glyph.Ellipsis)))
		}
		if n == m.cursor {
			at = len(lines)
		}
		lines = append(lines, m.line(it, s.hits, n == m.cursor, w))
	}
	return lines, at
}

func (m *Menu) line(it Item, hits []int, selected bool, w int) string {
	t := m.theme
	base, key, cursor := t.Text, t.Key, " "
	if it.Why != "" {
		base, key = t.Dim, t.Dim
	}
	if selected {
		base, key, cursor = base.And(t.Selected), key.And(t.Selected), t.Glyph.Cursor
	}
	note := it.Note
	if note != "" {
		note = Cut("  "+note, w/2, t.Glyph.Ellipsis)
	}
	head := ""
	if kw := m.keyWidth(); kw > 0 {
		head = Fit(it.Key, kw, false, "")
	}
	room := w - 2 - Width(head) - Width(note)
	title := Fit(it.Title, room, false, t.Glyph.Ellipsis)
	var marks []span
	for _, i := range hits {
		n, _ := unit(it.Title[i:])
		if i+n <= len(title) && title[i:i+n] == it.Title[i:i+n] { // not cut away
			marks = append(marks, span{i, i + n, t.Key.And("4")})
		}
	}
	var b strings.Builder
	b.WriteString(t.Focus.Paint(cursor))
	b.WriteString(base.Paint(" "))
	b.WriteString(key.Paint(head))
	paint(&b, title, 0, len(title), base, marks, nil, "")
	noteStyle := t.Dim
	if selected {
		noteStyle = noteStyle.And(t.Selected)
	}
	b.WriteString(noteStyle.Paint(note))
	return Cut(b.String(), w, "")
}
