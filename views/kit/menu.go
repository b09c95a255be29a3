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

	wide, tall int  // columns and lines that all items need
	keyW       int  // columns of the letters
	someWhy    bool // some items cannot be picked

	shown  []match
	rows   []menuRow // what the list shows: items and headings
	cursor int       // in shown
	top    int       // in rows
	page   int       // rows in the last View
}

// menuRow is an item of shown, or a heading.
type menuRow struct {
	shown int
	group string
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
	m.measure()
	m.filter()
	m.cursor = max(0, slices.IndexFunc(items, func(it Item) bool { return it.Why == "" }))
	m.selectID(o.Selected)
	return m
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

// filter keeps the items' own order and their headings without a query; with one
// the best match comes first.
func (m *Menu) filter() {
	m.shown, m.rows = m.shown[:0], m.rows[:0]
	query := strings.TrimSpace(m.input.Value())
	if query != "" {
		for _, f := range fuzzy.FindFrom(query, titles(m.items)) {
			m.rows = append(m.rows, menuRow{shown: len(m.shown)})
			m.shown = append(m.shown, match{f.Index, f.MatchedIndexes})
		}
		return
	}
	group := ""
	for i, it := range m.items {
		if it.Group != group {
			if group = it.Group; group != "" {
				m.rows = append(m.rows, menuRow{group: group})
			}
		}
		m.rows = append(m.rows, menuRow{shown: i})
		m.shown = append(m.shown, match{item: i})
	}
}

type titles []Item

func (t titles) String(i int) string { return t[i].Title }
func (t titles) Len() int            { return len(t) }

// measure finds what all items need, so that the menu keeps its size while typing.
func (m *Menu) measure() {
	m.keyW, m.tall, m.someWhy = 0, 0, false
	m.wide = max(Width(m.title)+12, Width(m.o.Empty))
	for _, it := range m.items {
		if it.Key != "" && !m.o.Filter {
			m.keyW = max(m.keyW, Width(it.Key)+2)
		}
	}
	group := ""
	for _, it := range m.items {
		need := 2 + m.keyW + Width(it.Title)
		if it.Note != "" {
			need += 2 + Width(it.Note)
		}
		m.wide = max(m.wide, need, Width(it.Group), min(Width(it.Why)+2, 60))
		m.someWhy = m.someWhy || it.Why != ""
		if it.Group != group {
			if group = it.Group; group != "" {
				m.tall++
			}
		}
		m.tall++
	}
	m.tall = max(1, m.tall)
}

// View draws the menu; only the visible items cost anything.
func (m *Menu) View(w, h int) string {
	t := m.theme
	keys := []string{"enter", "pick", "esc", "close"}
	if len(m.items) == 0 {
		keys = keys[2:]
	}
	inner := max(m.wide, t.keysWidth(keys))
	if m.o.Width > 0 {
		inner = m.o.Width - 4
	}
	inner = max(1, min(inner, w-4))

	var lines, below []string
	if m.o.Filter {
		lines = append(lines, m.input.View(inner))
	}
	if m.someWhy {
		why := m.current().Why
		if why != "" {
			why = t.Glyph.Warn + " " + why
		}
		below = append(below, t.Warn.Paint(Fit(why, inner, false, t.Glyph.Ellipsis)))
	}
	m.page = max(1, min(m.tall, h-3-len(lines)-len(below)))
	m.reveal()
	last := len(lines) + m.page
	for _, r := range m.rows[m.top:min(len(m.rows), m.top+m.page)] {
		if r.group != "" {
			lines = append(lines, t.Strong.Paint(Fit(r.group, inner, false, t.Glyph.Ellipsis)))
			continue
		}
		s := m.shown[r.shown]
		lines = append(lines, m.line(m.items[s.item], s.hits, r.shown == m.cursor, inner))
	}
	if len(m.rows) == 0 {
		text := m.o.Empty
		if len(m.items) > 0 {
			text = "nothing matches"
		}
		lines = append(lines, t.Dim.Paint(Fit(text, inner, false, t.Glyph.Ellipsis)))
	}
	for m.o.Filter && len(lines) < last {
		lines = append(lines, "")
	}
	return t.Dialog(m.title, m.count(), append(lines, below...), w, h, keys...)
}

// reveal scrolls to the cursor, for the first item to the heading above it too.
func (m *Menu) reveal() {
	at := slices.IndexFunc(m.rows, func(r menuRow) bool { return r.group == "" && r.shown == m.cursor })
	first := at
	if m.cursor == 0 {
		first = 0
	}
	m.top = max(0, min(m.top, first, len(m.rows)-m.page))
	if at >= m.top+m.page {
		m.top = at - m.page + 1
	}
}

// count is "3/17" while the filter hides something.
func (m *Menu) count() string {
	if len(m.shown) == len(m.items) {
		return ""
	}
	return strconv.Itoa(len(m.shown)) + "/" + strconv.Itoa(len(m.items))
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
	if m.keyW > 0 {
		head = Fit(it.Key, m.keyW, false, "")
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
