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
	enter func(string) tea.Cmd
	esc   func()
}

// open shows the prompt. Live is called with every change, enter with the line,
// esc when it is left; each may be nil.
func (p *prompt) open(l screen.Look, title, hint, value string, live func(string), enter func(string) tea.Cmd, esc func()) {
	p.input = kit.NewInput(title+" ", hint)
	p.input.Restyle(l.Theme)
	p.input.SetValue(value)
	p.input.Focus()
	p.live, p.enter, p.esc = live, enter, esc
}

func (p *prompt) typing() bool { return p.input != nil }

func (p *prompt) key(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			value := p.input.Value()
			p.input = nil
			if p.enter != nil {
				return p.enter(value)
			}
			return nil
		case "esc":
			p.input = nil
			if p.esc != nil {
				p.esc()
			}
			return nil
		}
	}
	before := p.input.Value()
	cmd := p.input.Update(msg)
	if v := p.input.Value(); v != before && p.live != nil {
		p.live(v)
	}
	return cmd
}

// line draws the prompt when it is open, else the given text.
func (p *prompt) line(w int, otherwise string) string {
	if p.input == nil {
		return otherwise
	}
	return kit.Fit(" "+p.input.View(max(1, w-1)), w, false, "")
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
