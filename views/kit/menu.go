package kit

import tea "charm.land/bubbletea/v2"

// Item is one line of a menu.
type Item struct {
	ID    string
	Key   string // letter that picks it, in menus without a filter
	Title string
	Note  string // dim, at the right end
	Why   string // set: it cannot be picked, and this is the reason
	Group string // heading above the first item of a group
}

// MenuOptions say how a menu works.
type MenuOptions struct {
	Filter   bool   // typing filters fuzzily, else letters pick
	Selected string // ID under the cursor at first
	Width    int    // wanted columns, frame included; 0: as wide as its items
	Empty    string // said when there are no items
}

// Menu offers items; its result is the Item picked.
type Menu struct {
	title string
	items []Item
	o     MenuOptions
	theme *Theme
}

// NewMenu returns a menu of the items.
func NewMenu(title string, items []Item, o MenuOptions) *Menu {
	return &Menu{title: title, items: items, o: o}
}

// SetItems replaces the items; the filter and the item under the cursor stay.
func (m *Menu) SetItems(items []Item) { m.items = items }

// Restyle sets the theme.
func (m *Menu) Restyle(t *Theme) { m.theme = t }

// Cursor is the place of the text cursor in a menu with a filter.
func (m *Menu) Cursor() *tea.Cursor { return nil }

// Update takes the keys.
func (m *Menu) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) { return nil, nil, true }

// View draws the menu.
func (m *Menu) View(w, h int) string { return "" }
