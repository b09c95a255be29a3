// Package home is the first screen: what needs a human, how the engines are, and
// what was done lately. Every act can be started from here.
package home

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Screen is the home screen.
type Screen struct {
	attention, engines, activity *pane
	panes                        []*pane // those that are shown, in the order of tab
	focus                        int
	chosen                       bool  // the user has pressed a key: the focus stays where it is
	rows, worst                  []row // of the engines pane
	snap                         screen.Snapshot
	w, h                         int
}

var _ screen.Screen = (*Screen)(nil)

// New returns the home screen.
func New() *Screen {
	s := &Screen{
		attention: newPane("Attention", false, true, []kit.Column{
			{Min: 1, Want: 1}, {Min: 14, Want: 26}, {Min: 20, Want: 30, Flex: true}, {Min: 4, Want: 4, Right: true}}),
		engines: newPane("Containers", true, true, []kit.Column{
			{Min: 1, Want: 1}, {Title: "ENGINE", Min: 14, Want: 22, Flex: true}, {Title: "SITE", Min: 8, Want: 10, Priority: 3},
			{Title: "UP", Min: 7, Want: 9, Right: true}, {Title: "TROUBLE", Min: 12, Want: 13}, {Title: "CONTAINERS", Min: 24, Want: 60, Priority: 5}, {Title: "VERSION", Min: 8, Want: 9, Priority: 2},
			{Title: "SIZE", Min: 11, Want: 11, Priority: 4}, {Title: "AGE", Min: 4, Want: 4, Right: true, Priority: 1}}),
		activity: newPane("Activity", false, false, []kit.Column{
			{Min: 1, Want: 1}, {Min: 16, Want: 24, Flex: true}, {Min: 6, Want: 10, Priority: 2}, {Min: 10, Want: 11}, {Min: 4, Want: 4, Right: true}}),
	}
	s.activity.empty = "nothing was done yet"
	s.panes = []*pane{s.attention, s.engines, s.activity}
	s.setFocus(0)
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string  { return "home" }
func (s *Screen) Title() string { return "Home" }

func (s *Screen) Scopes() []keymap.Scope       { return []keymap.Scope{keymap.Home, keymap.Movement} }
func (s *Screen) Typing() bool                 { return false }
func (s *Screen) Type(tea.KeyPressMsg) tea.Cmd { return nil }
func (s *Screen) Back() bool                   { return false }
func (s *Screen) Update(tea.Msg) tea.Cmd       { return nil }
func (s *Screen) Cursor() *tea.Cursor          { return nil }
func (s *Screen) Looking() map[string][]string { return nil }
func (s *Screen) Show(string) tea.Cmd          { return nil }
func (s *Screen) Close()                       {}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	s.snap = snap
	s.attention.set(attention(snap))
	s.attention.empty = calm(snap)
	s.attention.note = ""
	if n := len(snap.Problems); n > 0 {
		s.attention.note = count(n, "problem")
	}
	rows, n := engines(snap)
	s.rows, s.worst = rows, worst(snap)
	s.engines.empty = "no engine is known; ringside init writes a starter file"
	s.engines.note = fmt.Sprintf("%d of %d up", n.up, n.all)
	if n.unhealthy > 0 {
		s.engines.note += fmt.Sprintf(", %d unhealthy", n.unhealthy)
	}
	s.activity.set(activity(snap))
	s.arrange()
	return nil
}

func (s *Screen) Resize(w, h int) { s.w, s.h = w, h; s.arrange() }

func (s *Screen) Restyle(l screen.Look) {
	for _, p := range []*pane{s.attention, s.engines, s.activity} {
		p.restyle(l.Theme, l.Marker)
	}
}

// Sizes of the panes.
const (
	activityMin = 4 // rows, frame included
	enginesMin  = 6
)

// arrange shares the room: attention gets what its problems need, up to nearly
// half; engines what they need, activity what is left, but a little at least.
func (s *Screen) arrange() {
	if s.w <= 0 || s.h <= 0 {
		return
	}
	need := max(1, s.attention.Len()) + 2
	if s.attention.Len() > 0 {
		need++ // why
	}
	top := min(need, max(4, s.h*9/20))
	rest := s.h - top
	s.attention.resize(s.w, top)
	panes := []*pane{s.attention, s.engines}
	if rest >= enginesMin+activityMin {
		low := max(activityMin, rest-max(enginesMin, len(s.rows)+len(s.worst)+4)) // frame, heading, why
		s.engines.resize(s.w, rest-low)
		s.activity.resize(s.w, low)
		panes = append(panes, s.activity)
	} else {
		s.engines.resize(s.w, rest)
	}
	rows := s.rows
	if s.engines.listHeight() > len(s.rows)+len(s.worst) {
		rows = append(rows[:len(rows):len(rows)], s.worst...)
	}
	s.engines.set(rows)
	s.panes = panes
	if !s.chosen {
		s.focus = 0
		if s.attention.Len() == 0 {
			s.focus = 1
		}
	}
	s.setFocus(min(s.focus, len(panes)-1))
}

func (s *Screen) setFocus(i int) {
	s.focus = i
	for n, p := range s.panes {
		p.focus = n == i
	}
}

func (s *Screen) focused() *pane { return s.panes[s.focus] }

// View draws the panes.
func (s *Screen) View() string {
	if s.w <= 0 || s.h <= 0 {
		return ""
	}
	out := make([]string, len(s.panes))
	for i, p := range s.panes {
		out[i] = p.view()
	}
	return strings.Join(out, "\n")
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	s.chosen = true
	if move, ok := moves[id]; ok {
		move(s)
		return nil
	}
	r := s.focused().selected()
	if r == nil {
		return nil
	}
	switch id {
	case keymap.Open:
		return screen.Send(r.open)
	case keymap.ShowLogs:
		if r.target.Kind == fleet.KindContainer {
			return screen.Send(screen.Go{Screen: "containers", Subject: r.target.Key(), Open: "logs"})
		}
		return screen.Send(screen.Toast{Bad: true, Text: "only a container has a log"})
	case keymap.Copy:
		return screen.Send(screen.Copy{What: r.cells[0], Text: r.cells[0]})
	}
	return nil
}

var moves = map[keymap.ID]func(*Screen){
	keymap.Up:       func(s *Screen) { s.focused().table.Move(-1) },
	keymap.Down:     func(s *Screen) { s.focused().table.Move(1) },
	keymap.PageUp:   func(s *Screen) { s.focused().table.Page(-1) },
	keymap.PageDown: func(s *Screen) { s.focused().table.Page(1) },
	keymap.First:    func(s *Screen) { s.focused().table.Jump(false) },
	keymap.Last:     func(s *Screen) { s.focused().table.Jump(true) },
	keymap.NextPane: func(s *Screen) { s.setFocus((s.focus + 1) % len(s.panes)) },
	keymap.PrevPane: func(s *Screen) { s.setFocus((s.focus + len(s.panes) - 1) % len(s.panes)) },
	keymap.Right:    func(s *Screen) { s.setFocus((s.focus + 1) % len(s.panes)) },
	keymap.Left:     func(s *Screen) { s.setFocus((s.focus + len(s.panes) - 1) % len(s.panes)) },
}

// Selection is the target under the cursor, if it is one that acts are for.
func (s *Screen) Selection() []fleet.Target {
	r := s.focused().selected()
	if r == nil || r.target.Kind == "" {
		return nil
	}
	return []fleet.Target{r.target}
}
