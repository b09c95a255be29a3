package console

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
)

// help opens the keys of the place the user is in.
func (m *model) help() tea.Cmd {
	scopes := m.screen().Scopes()
	rows := helpRows(m.o.Keys, scopes, m.disabled)
	return m.open(&helpDialog{title: "Keys: " + m.screen().Title(), rows: rows}, nil)
}

// disabled says why a key does nothing just now, "" when it does something.
func (m *model) disabled(id keymap.ID) string {
	a, ok := m.o.Registry.Get(string(id))
	if !ok {
		return ""
	}
	targets := m.selection()
	if len(targets) == 0 {
		return "nothing is selected"
	}
	why := m.why(a, targets)
	if other, ok := m.o.Registry.Get(toggles[string(id)]); ok && why != "" && m.why(other, targets) == "" {
		return ""
	}
	return why
}

// helpRow is a heading (no keys) or a binding.
type helpRow struct{ keys, text, why string }

// helpRows lists the bindings of a place under the names of their scopes.
func helpRows(keys *keymap.Map, scopes []keymap.Scope, disabled func(keymap.ID) string) []helpRow {
	var rows []helpRow
	last := keymap.Scope("")
	for _, b := range keys.In(scopes...) {
		if b.Scope != last {
			rows = append(rows, helpRow{text: string(b.Scope)})
			last = b.Scope
		}
		labels := make([]string, len(b.Keys))
		for i, k := range b.Keys {
			labels[i] = keymap.Label(k)
		}
		rows = append(rows, helpRow{strings.Join(labels, " "), b.Help, disabled(b.ID)})
	}
	return rows
}

// helpDialog shows rows in two columns where there is room, and scrolls.
type helpDialog struct {
	title     string
	rows      []helpRow
	theme     *kit.Theme
	top, most int
	page      int
}

func (d *helpDialog) Restyle(t *kit.Theme) { d.theme = t }
func (d *helpDialog) Cursor() *tea.Cursor  { return nil }

func (d *helpDialog) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, nil, false
	}
	by := map[string]int{"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -d.page, "pgdown": d.page, "space": d.page, "home": -d.most, "end": d.most}
	switch k := key.String(); k {
	case "esc", "q", "?", "enter":
		return nil, nil, true
	default:
		d.top = min(max(0, d.top+by[k]), d.most)
	}
	return nil, nil, false
}

// Widths of help: one of two columns, a single one, and the keys in either.
const (
	helpColumn = 58
	helpMost   = 80
	helpKeys   = 12
)

func (d *helpDialog) View(w, h int) string {
	columns, width := 1, min(w-4, helpMost)
	if w-4 >= 2*helpColumn {
		columns, width = 2, helpColumn
	}
	lines := d.lines(width)
	if columns == 2 {
		half := (len(lines) + 1) / 2
		for i := half; i < len(lines); i++ {
			lines[i-half] += lines[i]
		}
		lines = lines[:half]
	}
	room := max(1, h-3)
	d.page, d.most = max(1, room-1), max(0, len(lines)-room)
	d.top = min(d.top, d.most)
	keys := []string{"esc", "close"}
	if d.most > 0 {
		keys = append(keys, "↑↓ PgUp PgDn", "more")
	}
	return d.theme.Dialog(d.title, "", lines[d.top:min(len(lines), d.top+room)], w, h, keys...)
}

func (d *helpDialog) lines(w int) []string {
	t := d.theme
	out := make([]string, 0, len(d.rows))
	for _, r := range d.rows {
		switch {
		case r.keys == "":
			out = append(out, t.Strong.Paint(kit.Fit(r.text, w, false, "")))
		case r.why != "":
			out = append(out, t.Dim.Paint(kit.Fit("  "+kit.Fit(t.KeyName(r.keys), helpKeys, false, "")+r.text+": "+r.why, w, false, t.Glyph.Ellipsis)))
		default:
			out = append(out, "  "+t.Key.Paint(kit.Fit(t.KeyName(r.keys), helpKeys, false, ""))+kit.Fit(r.text, w-helpKeys-2, false, t.Glyph.Ellipsis))
		}
	}
	return out
}
