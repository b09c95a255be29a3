package console

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
	"ringside/views/screen"
)

// dialog is one layer on top of the screen.
type dialog struct {
	kit.Overlay
	answer func(result any) tea.Cmd
	grace  *grace // nil for one that a key opened
}

// refresher is a dialog that shows live data.
type refresher interface {
	Refresh(screen.Snapshot) tea.Cmd
}

// opener is a dialog that has something to do when it opens.
type opener interface{ Open() tea.Cmd }

// open puts a dialog on top. Answer gets what it returns, unless that is nil.
func (m *model) open(o kit.Overlay, answer func(any) tea.Cmd) tea.Cmd {
	o.Restyle(m.look.Theme)
	m.dialogs = append(m.dialogs, dialog{Overlay: o, answer: answer})
	if op, ok := o.(opener); ok {
		return op.Open()
	}
	return nil
}

// openAlone is open for a dialog that no key asked for.
func (m *model) openAlone(o kit.Overlay, answer func(any) tea.Cmd) tea.Cmd {
	cmd := m.open(o, answer)
	m.dialogs[len(m.dialogs)-1].grace = newGrace(m.o.Env.Now())
	return cmd
}

// dialogKey gives a key or a paste to the top dialog.
func (m *model) dialogKey(msg tea.Msg) tea.Cmd {
	top := len(m.dialogs) - 1
	if m.dialogs[top].grace.swallows(m.o.Env.Now()) {
		return nil
	}
	return m.dialogUpdate(top, msg)
}

func (m *model) dialogUpdate(i int, msg tea.Msg) tea.Cmd {
	if i >= len(m.dialogs) {
		return nil
	}
	d := m.dialogs[i]
	cmd, result, done := d.Update(msg)
	if !done {
		return cmd
	}
	if j := slices.IndexFunc(m.dialogs, func(x dialog) bool { return x.Overlay == d.Overlay }); j >= 0 {
		m.dialogs = slices.Delete(m.dialogs, j, j+1)
	}
	if result == nil || d.answer == nil {
		return cmd
	}
	return tea.Batch(cmd, d.answer(result))
}

// grace protects a dialog that opened by itself: keys that were meant for
// elsewhere, or a torn escape sequence, must not answer it. Keys are swallowed
// until the user has paused once, and never for long.
type grace struct{ opened, last time.Time }

const (
	gracePause = 425 * time.Millisecond
	graceLimit = 1500 * time.Millisecond
)

func newGrace(now time.Time) *grace { return &grace{now, now} }

func (g *grace) swallows(now time.Time) bool {
	if g == nil || now.Sub(g.last) >= gracePause || now.Sub(g.opened) >= graceLimit {
		if g != nil {
			g.last = time.Time{} // over for good
		}
		return false
	}
	g.last = now
	return true
}
