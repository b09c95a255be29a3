package containers

import (
	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
	"ringside/views/screen"
)

// prompt asks for one line at the lower edge of a place: a search, a filter, a
// time. It is closed most of the time.
type prompt struct {
	input *kit.Input // nil: closed
	live  func(string)
	enter func(string) (tea.Cmd, error)
	esc   func()
	err   error // what is wrong with the line; it is asked for again
}

// open shows the prompt. Live is called with every change, enter with the line,
// which it may refuse, esc when it is left; live and esc may be nil.
func (p *prompt) open(l screen.Look, title, hint, value string, live func(string), enter func(string) (tea.Cmd, error), esc func()) {
	p.input = kit.NewInput(title+" ", hint)
	p.input.Restyle(l.Theme)
	p.input.SetValue(value)
	p.input.Focus()
	p.live, p.enter, p.esc, p.err = live, enter, esc, nil
}

func (p *prompt) typing() bool { return p.input != nil }

func (p *prompt) key(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			cmd, err := p.enter(p.input.Value())
			if p.err = err; err == nil {
				p.input = nil
			}
			return cmd
		case "esc":
			p.input = nil
			if p.esc != nil {
				p.esc()
			}
			return nil
		}
	}
	p.err = nil
	before := p.input.Value()
	cmd := p.input.Update(msg)
	if v := p.input.Value(); v != before && p.live != nil {
		p.live(v)
	}
	return cmd
}

// line draws the prompt when it is open, else the given text.
func (p *prompt) line(t *kit.Theme, w int, otherwise string) string {
	if p.input == nil {
		return otherwise
	}
	wrong := ""
	if p.err != nil {
		wrong = kit.Cut("  "+t.Glyph.Bad+" "+p.err.Error()+" ", max(w/2, w-20), t.Glyph.Ellipsis)
	}
	return kit.Fit(" "+p.input.View(max(1, w-1-kit.Width(wrong)))+t.Bad.Paint(wrong), w, false, "")
}

// cursor is the text cursor when the prompt is on line y.
func (p *prompt) cursor(y int) *tea.Cursor {
	if p.input == nil {
		return nil
	}
	c := p.input.Cursor()
	if c != nil {
		c.X, c.Y = c.X+1, y
	}
	return c
}
