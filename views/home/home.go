// Package home is the first screen: what needs a human, how the systems of the
// fleet are, and what was done lately. Every act can be started from here.
package home

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/screen"
)

// systems are the panes, the most important first: where the room is short the
// last ones are left out. A system that the fleet does not have shows none.
var systems = []*system{&attentionPane, &powerPane, &containersPane, &swiftPane, &registriesPane, &servicesPane, &activityPane}

// Screen is the home screen.
type Screen struct {
	all     []*pane // of all systems
	shelves []shelf // those that are shown
	panes   []*pane // the same in the order of tab
	focus   int
	chosen  bool // the user has pressed a key: the focus stays where it is
	snap    screen.Snapshot
	looking map[string][]string // proxies of services, as long as their pane is there
	w, h    int
}

var _ screen.Screen = (*Screen)(nil)

// New returns the home screen.
func New() *Screen {
	s := &Screen{}
	for _, sys := range systems {
		s.all = append(s.all, newPane(sys))
	}
	s.panes = s.all
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
func (s *Screen) Looking() map[string][]string { return s.looking }
func (s *Screen) Show(string) tea.Cmd          { return nil }
func (s *Screen) Close()                       {}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	if s.snap.Fleet != snap.Fleet {
		s.looking = proxiesOf(snap.Fleet)
	}
	s.snap = snap
	contents := make([]content, len(s.all))
	var all []census
	for i, p := range s.all {
		contents[i] = p.read(snap)
		all = append(all, contents[i].census)
	}
	contents[0].empty = calm(all)
	for i, p := range s.all {
		p.set(contents[i])
	}
	s.arrange()
	return nil
}

func (s *Screen) Resize(w, h int) { s.w, s.h = w, h; s.arrange() }

func (s *Screen) Restyle(l screen.Look) {
	for _, p := range s.all {
		p.restyle(l.Theme, l.Marker)
	}
}

// arrange lays the panes out.
func (s *Screen) arrange() {
	if s.w <= 0 || s.h <= 0 {
		return
	}
	var have []*pane
	for _, p := range s.all {
		if !p.none {
			have = append(have, p)
		}
	}
	focused := s.focused()
	s.shelves, s.panes = arrange(shelve(have, s.w), s.h), nil
	s.focus = 0
	for _, sh := range s.shelves {
		for i, p := range sh.panes {
			p.resize(sh.widths[i], sh.height)
			if p == focused {
				s.focus = len(s.panes)
			}
			s.panes = append(s.panes, p)
		}
	}
	if !s.chosen {
		s.focus = 0
		if len(s.panes[0].rows) == 0 {
			s.focus = min(1, len(s.panes)-1)
		}
	}
	s.setFocus(s.focus)
}

func (s *Screen) setFocus(i int) {
	s.focus = i
	for _, p := range s.all {
		p.focus = p == s.panes[i]
	}
}

func (s *Screen) focused() *pane { return s.panes[s.focus] }

// View draws the panes.
func (s *Screen) View() string {
	if s.w <= 0 || s.h <= 0 {
		return ""
	}
	var out []string
	for _, sh := range s.shelves {
		lines := strings.Split(sh.panes[0].view(), "\n")
		for _, p := range sh.panes[1:] {
			for i, l := range strings.Split(p.view(), "\n") {
				lines[i] += l
			}
		}
		out = append(out, lines...)
	}
	return strings.Join(out, "\n")
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if id == keymap.Refresh {
		return nil
	}
	s.chosen = true
	if move, ok := moves[id]; ok {
		move(s)
		return nil
	}
	r := s.focused().selected()
	if r == nil {
		if open := s.focused().open; id == keymap.Open && open.Screen != "" {
			return screen.Send(open)
		}
		return nil
	}
	switch id {
	case keymap.Open:
		return screen.Send(r.open)
	case keymap.DeploySwap:
		return screen.Send(screen.Act{Action: "service.deploy", Targets: s.Selection(), Args: actions.Args{"swap": "true"}})
	case keymap.ShowLogs:
		if r.target.Kind == fleet.KindContainer {
			return screen.Send(screen.Go{Screen: "containers", Subject: r.target.Key(), Open: "logs"})
		}
		return screen.Send(screen.Toast{Bad: true, Text: "only a container has a log"})
	case keymap.ActSync:
		if r.target.Kind == fleet.KindSync {
			return screen.Send(screen.Act{Action: "sync.run", Targets: []fleet.Target{r.target}})
		}
		return screen.Send(screen.Toast{Bad: true, Text: "choose a sync, or go to the tag with enter"})
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
