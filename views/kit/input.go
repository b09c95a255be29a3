package kit

import (
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// Input is an editor of one line. The editing is that of bubbles; the drawing is
// ours, since the cursor of bubbles counts runes, not columns, and blinks by
// messages of its own. The terminal's own cursor does the blinking.
type Input struct {
	Prompt      string
	Placeholder string

	edit  textinput.Model
	theme *Theme
	left  int // columns of the value scrolled away on the left
	x     int // column of the cursor in the last View
}

// NewInput returns an empty line that has no focus yet.
func NewInput(prompt, placeholder string) *Input {
	m := textinput.New()
	m.Prompt = ""
	m.SetVirtualCursor(false)
	// ctrl+v would run a clipboard program without a deadline; terminals paste
	// by themselves.
	m.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	return &Input{Prompt: prompt, Placeholder: placeholder, edit: m, theme: NewTheme(true, false)}
}

// Focus and Blur give and take the focus. The command is always nil; it is there
// for callers that collect commands.
func (i *Input) Focus() tea.Cmd { i.edit.Focus(); return nil }

// Blur takes the focus away: keys do nothing.
func (i *Input) Blur() { i.edit.Blur() }

// Focused reports whether keys reach the line.
func (i *Input) Focused() bool { return i.edit.Focused() }

// Value is the text as it stands.
func (i *Input) Value() string { return i.edit.Value() }

// SetValue replaces the text; the cursor goes to its end.
func (i *Input) SetValue(v string) {
	i.edit.SetValue(oneLine(v))
	i.edit.CursorEnd()
}

// Restyle sets the theme.
func (i *Input) Restyle(t *Theme) { i.theme = t }

// Update takes keys and pastes. Other keys than those of editing do nothing.
func (i *Input) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.PasteMsg:
		msg = tea.PasteMsg{Content: oneLine(m.Content)}
	case tea.KeyPressMsg:
		m.Text = oneLine(m.Text)
		msg = m
	default:
		return nil
	}
	i.edit, _ = i.edit.Update(msg)
	return nil
}

// oneLine makes line ends and tabs spaces and drops what has no place in a line:
// controls, and the format characters that reorder or hide text.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == zeroWidthJoiner: // holds emoji together
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

const zeroWidthJoiner = '\u200d'

// View draws prompt and text, exactly w columns wide.
func (i *Input) View(w int) string {
	prompt := Cut(i.Prompt, max(0, w-2), "")
	room := w - Width(prompt)
	i.x = Width(prompt)
	if room <= 0 {
		return Fit(prompt, w, false, "")
	}
	head := i.theme.Key.Paint(prompt)
	value := i.edit.Value()
	if value == "" {
		i.left = 0
		return head + i.theme.Dim.Paint(Fit(i.Placeholder, room, false, i.theme.Glyph.Ellipsis))
	}
	at := Width(string([]rune(value)[:i.edit.Position()]))
	// The cursor keeps one column for itself, at the end of the text too.
	i.left = max(0, min(i.left, Width(value)-room+1))
	if at < i.left {
		i.left = at
	}
	if at >= i.left+room {
		i.left = at - room + 1
	}
	i.x += at - i.left
	return head + i.theme.Text.Paint(Fit(cutLeft(value, i.left), room, false, ""))
}

// Cursor is the place of the cursor in the line as last drawn, nil without focus.
func (i *Input) Cursor() *tea.Cursor {
	if !i.Focused() {
		return nil
	}
	return tea.NewCursor(i.x, 0)
}
