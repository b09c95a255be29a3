package kit

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"
)

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
// It is our own, since the forms of huh draw a cursor of their own that blinks by
// messages and cannot say where the terminal's cursor belongs.
type Form struct {
	title, note string
	fields      []*field
	at          int
	theme       *Theme
	cursor      *tea.Cursor
}

type field struct {
	Field
	input *Input
	on    bool
	fault string
}

// NewForm returns a form; note is said above the fields.
func NewForm(title, note string, fields []Field) *Form {
	f := &Form{title: title, note: note, theme: NewTheme(true, false)}
	for _, x := range fields {
		in := NewInput("", "")
		in.SetValue(x.Value)
		on, _ := strconv.ParseBool(x.Value)
		f.fields = append(f.fields, &field{Field: x, input: in, on: on})
	}
	f.focus(0)
	return f
}

// Restyle sets the theme.
func (f *Form) Restyle(t *Theme) {
	f.theme = t
	for _, x := range f.fields {
		x.input.Restyle(t)
	}
}

// Cursor is the place of the text cursor, nil on a yes or no.
func (f *Form) Cursor() *tea.Cursor { return f.cursor }

// Update takes tab and the arrows to go between fields, space to turn a yes or no
// over, enter for the next field and at the last one for the whole form.
func (f *Form) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	if len(f.fields) == 0 {
		return nil, nil, true
	}
	x := f.fields[f.at]
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "esc":
			return nil, nil, true
		case "tab", "down":
			f.leave(1)
			return nil, nil, false
		case "shift+tab", "up":
			f.leave(-1)
			return nil, nil, false
		case "enter":
			if x.check(); x.fault != "" {
				return nil, nil, false
			}
			if f.at < len(f.fields)-1 {
				f.focus(f.at + 1)
				return nil, nil, false
			}
			return f.submit()
		}
		if x.Flag {
			switch k.String() {
			case "space", "left", "right":
				x.on = !x.on
			case "y":
				x.on = true
			case "n":
				x.on = false
			}
			return nil, nil, false
		}
	}
	if !x.Flag {
		x.input.Update(msg)
		x.fault = ""
	}
	return nil, nil, false
}

// submit gives the values, or goes to the first field that is wrong.
func (f *Form) submit() (tea.Cmd, any, bool) {
	values := map[string]string{}
	for i, x := range f.fields {
		if x.check(); x.fault != "" {
			f.focus(i)
			return nil, nil, false
		}
		values[x.Name] = x.value()
	}
	return nil, values, true
}

func (f *Form) leave(by int) {
	f.fields[f.at].check()
	f.focus((f.at + by + len(f.fields)) % len(f.fields))
}

func (f *Form) focus(i int) {
	for n, x := range f.fields {
		x.input.Blur()
		if n == i && !x.Flag {
			x.input.Focus()
		}
	}
	f.at = i
}

func (x *field) value() string {
	if x.Flag {
		return strconv.FormatBool(x.on)
	}
	return x.input.Value()
}

func (x *field) check() {
	x.fault = ""
	if x.Check == nil {
		return
	}
	if err := x.Check(x.value()); err != nil {
		x.fault = err.Error()
	}
}

// View draws the form. When it is higher than the screen, the fields around the
// focused one are shown; the help or the fault of that one is always there.
func (f *Form) View(w, h int) string {
	t := f.theme
	f.cursor = nil
	inner := max(1, min(w-4, 64))
	titles := 0
	for _, x := range f.fields {
		titles = max(titles, min(Width(x.Title), inner/2))
	}
	var note []string
	if f.note != "" {
		note = append(Wrap(f.note, inner), "")
	}
	about := []string{"", ""}
	if len(f.fields) > 0 {
		about = f.about(inner)
	}
	room := max(1, h-3-len(about))
	note = note[:max(0, min(len(note), room-len(f.fields)))]
	room = max(1, room-len(note))
	top := max(0, min(f.at-room/2, len(f.fields)-room))
	var rows []string
	for i := top; i < min(len(f.fields), top+room); i++ {
		rows = append(rows, f.line(i, titles, inner))
		if c := f.fields[i].input.Cursor(); i == f.at && c != nil {
			c.X, c.Y = c.X+2+5+titles, 1+len(note)+i-top
			f.cursor = c
		}
	}
	enter := "next"
	if f.at >= len(f.fields)-1 {
		enter = "done"
	}
	return t.Dialog(f.title, "", slices.Concat(note, rows, about), w, h, "enter", enter, "tab", "field", "esc", "cancel")
}

// about is what is said of the focused field: an empty line and one or two lines.
func (f *Form) about(w int) []string {
	x, style := f.fields[f.at], f.theme.Dim
	text := x.Help
	if x.fault != "" {
		text, style = f.theme.Glyph.Bad+" "+x.fault, f.theme.Bad
	}
	out := []string{"", "", ""}
	for i, l := range Wrap(text, w) {
		if i < 2 {
			out[i+1] = style.Paint(l)
		}
	}
	return out
}

func (f *Form) line(i, titles, w int) string {
	t, x := f.theme, f.fields[i]
	cursor, style := " ", t.Dim
	if i == f.at {
		cursor, style = t.Focus.Paint(t.Glyph.Cursor), t.Strong
	}
	sign := " "
	if x.fault != "" {
		sign = t.Bad.Paint(t.Glyph.Bad)
	}
	value := ""
	switch room := w - titles - 5; {
	case x.Flag && x.on:
		value = Fit("[x] yes", room, false, "")
	case x.Flag:
		value = Fit("[ ] no", room, false, "")
	default:
		value = x.input.View(max(1, room))
	}
	return cursor + " " + style.Paint(Fit(x.Title, titles, false, t.Glyph.Ellipsis)) + " " + sign + " " + value
}
