package console

import (
	"os/exec"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/screen"
)

// copy puts text into the clipboard: by OSC 52, which the terminal at the user's
// end understands over any number of hops, and inside tmux also by tmux itself,
// which drops OSC 52 by default. The toast says which way was taken, since
// nobody can tell whether a terminal took OSC 52.
func (m *model) copy(c screen.Copy) tea.Cmd {
	if m.o.Getenv("TMUX") == "" {
		return tea.Batch(tea.SetClipboard(c.Text), m.toast(screen.Toast{Text: c.What + " copied through the terminal (OSC 52)"}))
	}
	return tea.Batch(tea.SetClipboard(c.Text), func() tea.Msg {
		ctx, cancel := m.context()
		defer cancel()
		cmd := exec.CommandContext(ctx, "tmux", "load-buffer", "-w", "-")
		cmd.Stdin = strings.NewReader(c.Text)
		if err := cmd.Run(); err != nil {
			return screen.Toast{Bad: true, Text: c.What + " sent to the terminal (OSC 52); tmux would not take it: " + oneLine(err)}
		}
		return screen.Toast{Text: c.What + " copied through tmux and the terminal"}
	})
}
