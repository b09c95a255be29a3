package kit

import tea "charm.land/bubbletea/v2"

// Ask is a question with two answers. Its result is true for yes and nil for
// anything else; the focus starts on no, so that a stray enter does nothing.
type Ask struct {
	title, body, yes, no string

	onYes bool
	theme *Theme
}

// NewAsk asks; yes and no are the words on the buttons.
func NewAsk(title, body, yes, no string) *Ask {
	return &Ask{title: title, body: body, yes: yes, no: no, theme: NewTheme(true, false)}
}

// Restyle sets the theme.
func (a *Ask) Restyle(t *Theme) { a.theme = t }

// Cursor is nil: there is nothing to type.
func (a *Ask) Cursor() *tea.Cursor { return nil }

// Update takes y, n, the arrows, tab, enter and esc.
func (a *Ask) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, nil, false
	}
	switch k.String() {
	case "y", "Y":
		return nil, true, true
	case "n", "N", "esc":
		return nil, nil, true
	case "left", "right", "tab", "shift+tab":
		a.onYes = !a.onYes
	case "enter":
		if a.onYes {
			return nil, true, true
		}
		return nil, nil, true
	}
	return nil, nil, false
}

// View draws the question.
func (a *Ask) View(w, h int) string {
	lines := Wrap(a.body, min(w-4, 64))
	button := func(text string, on bool) string {
		if on {
			return a.theme.Match.Paint("[" + a.theme.Glyph.More + " " + text + " ]")
		}
		return "[  " + text + " ]"
	}
	buttons := button(a.no, !a.onYes) + "  " + button(a.yes, a.onYes)
	lines = append(lines, "", buttons)
	return a.theme.Dialog(a.title, "", lines, w, h, "y", a.yes, "n", a.no)
}
