package kit

import tea "charm.land/bubbletea/v2"

// Prompt asks for one line at the lower edge of a place: a search, a filter, a
// time. It is closed most of the time; the zero Prompt is closed.
type Prompt struct {
	input *Input // nil: closed
	o     PromptOptions
	err   error // what is wrong with the line; it is asked for again
}

// PromptOptions say what is asked for and who gets it.
type PromptOptions struct {
	Title, Hint, Value string
	Live               func(line string)                  // called with every change; may be nil
	Enter              func(line string) (tea.Cmd, error) // takes the line, or refuses it
	Esc                func()                             // called when it is left; may be nil
}

// Open shows the prompt.
func (p *Prompt) Open(t *Theme, o PromptOptions) {
	p.input, p.o, p.err = NewInput(o.Title+" ", o.Hint), o, nil
	p.input.Restyle(t)
	p.input.SetValue(o.Value)
	p.input.Focus()
}

// Typing reports whether the prompt is open.
func (p *Prompt) Typing() bool { return p.input != nil }

// Restyle sets the theme.
func (p *Prompt) Restyle(t *Theme) {
	if p.input != nil {
		p.input.Restyle(t)
	}
}

// Key takes a key or a paste while the prompt is open.
func (p *Prompt) Key(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			cmd, err := p.o.Enter(p.input.Value())
			if p.err = err; err == nil {
				p.input = nil
			}
			return cmd
		case "esc":
			p.input = nil
			if p.o.Esc != nil {
				p.o.Esc()
			}
			return nil
		}
	}
	p.err = nil
	before := p.input.Value()
	cmd := p.input.Update(msg)
	if v := p.input.Value(); v != before && p.o.Live != nil {
		p.o.Live(v)
	}
	return cmd
}

// Line draws the prompt when it is open, else the given text; w columns wide.
func (p *Prompt) Line(t *Theme, w int, otherwise string) string {
	if p.input == nil {
		return otherwise
	}
	wrong := ""
	if p.err != nil {
		wrong = Cut("  "+t.Glyph.Bad+" "+p.err.Error()+" ", max(w/2, w-20), t.Glyph.Ellipsis)
	}
	return Fit(" "+p.input.View(max(1, w-1-Width(wrong)))+t.Bad.Paint(wrong), w, false, "")
}

// Cursor is the text cursor when the prompt is on line y, nil when it is closed.
func (p *Prompt) Cursor(y int) *tea.Cursor {
	if p.input == nil {
		return nil
	}
	c := p.input.Cursor()
	if c != nil {
		c.X, c.Y = c.X+1, y
	}
	return c
}
