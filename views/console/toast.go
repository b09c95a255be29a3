package console

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/views/kit"
	"ringside/views/screen"
)

// How long a toast stays, and how many there may be.
const (
	toastTime    = 4 * time.Second
	toastBadTime = 8 * time.Second
	toastMost    = 3
	toastWidth   = 56
)

// toasts are short messages above the hint line, newest last.
type toasts struct {
	list []shownToast
	next int
}

type shownToast struct {
	screen.Toast
	id int
}

// toastOver ends one toast.
type toastOver struct{ id int }

func (m *model) toast(t screen.Toast) tea.Cmd {
	t.Text = fleet.Clean(t.Text) // errors of other programs may be in it
	id := m.toasts.add(t)
	if t.Bad {
		return after(toastBadTime, toastOver{id})
	}
	return after(toastTime, toastOver{id})
}

func (t *toasts) add(toast screen.Toast) int {
	t.next++
	t.list = append(t.list, shownToast{toast, t.next})
	if len(t.list) > toastMost {
		t.list = t.list[1:]
	}
	return t.next
}

func (t *toasts) drop(id int) {
	for i := range t.list {
		if t.list[i].id == id {
			t.list = append(t.list[:i:i], t.list[i+1:]...)
			return
		}
	}
}

// lines draws the toasts, each on one line of its own width.
func (t *toasts) lines(theme *kit.Theme, w int) []string {
	var out []string
	for _, s := range t.list {
		sign, style := theme.Glyph.Good, theme.Good
		if s.Bad {
			sign, style = theme.Glyph.Bad, theme.Bad
		}
		for i, l := range kit.Wrap(s.Text, min(toastWidth, w-8)) {
			if i > 0 {
				sign = " "
			}
			out = append(out, theme.Border.Paint(theme.Glyph.V)+" "+style.Paint(sign)+" "+l+" ")
		}
	}
	return out
}
