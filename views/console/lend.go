package console

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"ringside/views/kit"
)

// lendMsg says that an answer of the terminal has been waited for long enough.
type lendMsg struct{}

// lend gives the terminal to another program. An answer that is under way would
// arrive there as if it had been typed, so it is waited for.
func (m *model) lend(run tea.Cmd) tea.Cmd {
	m.lending = run
	if !m.ack.pending() {
		return m.lendNow()
	}
	return after(ackWait, lendMsg{})
}

func (m *model) lendNow() tea.Cmd {
	run := m.lending
	m.lending = nil
	return run
}

// measure follows the terminal in how it measures text: Bubble Tea lays cells out
// by grapheme clusters once the terminal has said that it knows mode 2027.
func measure(r tea.ModeReportMsg) {
	if r.Mode == ansi.ModeUnicodeCore && (r.Value == ansi.ModeSet || r.Value == ansi.ModeReset || r.Value == ansi.ModePermanentlySet) {
		kit.SetGraphemes(true)
	}
}
