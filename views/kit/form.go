package kit

import tea "charm.land/bubbletea/v2"

// Field is one line of a form: a text, or with Flag a yes or no ("true", "false").
type Field struct {
	Name  string // key in the result
	Title string
	Help  string
	Value string
	Flag  bool
	Check func(string) error // nil: any text
}

// Form asks for several values; its result is a map[string]string by field name.
type Form struct {
	title, note string
	fields      []Field
	theme       *Theme
}

// NewForm returns a form; note is said above the fields.
func NewForm(title, note string, fields []Field) *Form {
	return &Form{title: title, note: note, fields: fields}
}

// Restyle sets the theme.
func (f *Form) Restyle(t *Theme) { f.theme = t }

// Cursor is the place of the text cursor.
func (f *Form) Cursor() *tea.Cursor { return nil }

// Update takes keys and pastes.
func (f *Form) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) { return nil, nil, true }

// View draws the form.
func (f *Form) View(w, h int) string { return "" }
