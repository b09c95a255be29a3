package console

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

// leaveMsg ends the program after the last answer of the terminal was waited for.
type leaveMsg struct{}

// ackWait is how long leaving waits for an answer of the terminal, which would
// otherwise be printed into the shell.
const ackWait = 300 * time.Millisecond

// quit leaves, after a question when a run is going on.
func (m *model) quit() tea.Cmd {
	if !m.o.Runner.Busy() {
		return m.leave()
	}
	running := 0
	for _, r := range m.o.Runner.Live() {
		if !r.Status.Final() {
			running++
		}
	}
	ask := kit.NewAsk("Leave while a plan is running?",
		fmt.Sprintf("%s going on. Leaving starts no new step, lets the running ones\ncome to their end, and keeps the rest: \"ringside runs resume\" goes on.", are(running, "run")),
		"leave", "stay")
	m.leaveAsk = ask
	return m.open(ask, func(result any) tea.Cmd {
		if result == true {
			return m.leave()
		}
		return nil
	})
}

// interrupt is ctrl+c: it closes a dialog first; asked a second time while a plan
// is running, it leaves.
func (m *model) interrupt() tea.Cmd {
	if n := len(m.dialogs); n > 0 {
		if m.dialogs[n-1].Overlay == kit.Overlay(m.leaveAsk) {
			return m.leave()
		}
		m.dialogs = m.dialogs[:n-1]
		return nil
	}
	return m.quit()
}

func (m *model) leave() tea.Cmd {
	if !m.ack.pending() {
		return tea.Quit
	}
	m.leaving = true
	return after(ackWait, leaveMsg{})
}

// after sends a message after some time.
func after(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

func are(n int, one string) string {
	if n == 1 {
		return "1 " + one + " is"
	}
	return plural(n, one) + " are"
}
