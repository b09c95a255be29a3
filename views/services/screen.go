package services

import (
	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Screen is the services of a fleet: the list, and on top of it the service that was
// opened.
type Screen struct {
	model  *model
	list   *list
	detail *detail // nil: the list is shown
	look   screen.Look
	snap   screen.Snapshot
	w, h   int

	wanted string // key of a service to open as soon as it is known
	then   keymap.ID

	looking map[string][]string // what is looked at; made anew when that changes
}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen.
func New() *Screen {
	s := &Screen{model: newModel(), look: screen.Look{Theme: kit.NewTheme(true, false)}, snap: screen.Snapshot{Fleet: &fleet.Fleet{}}}
	s.list = newList(s)
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string                 { return "services" }
func (s *Screen) Looking() map[string][]string { return s.looking }
func (s *Screen) Close()                       {}

func (s *Screen) Title() string {
	if s.detail != nil {
		return "Services " + s.look.Theme.Glyph.More + " " + s.detail.it.Service
	}
	return "Services"
}

func (s *Screen) Scopes() []keymap.Scope {
	if s.detail != nil {
		return []keymap.Scope{keymap.Service, keymap.Movement}
	}
	return []keymap.Scope{keymap.Services, keymap.List, keymap.Movement}
}

func (s *Screen) Typing() bool {
	if s.detail != nil {
		return s.detail.prompt.Typing()
	}
	return s.list.input.Focused()
}

func (s *Screen) Type(k tea.KeyPressMsg) tea.Cmd { return s.input(k) }

// input takes a key or a paste while typing.
func (s *Screen) input(msg tea.Msg) tea.Cmd {
	if s.detail != nil {
		return s.detail.prompt.Key(msg)
	}
	return s.list.key(msg)
}

// current is the service that is open, or under the cursor.
func (s *Screen) current() *item {
	if s.detail != nil {
		return s.detail.it
	}
	return s.list.at()
}

// Selection is what an act would work on: acts on services take one at a time, and
// say so when several are marked.
func (s *Screen) Selection() (out []fleet.Target) {
	if s.detail != nil {
		return []fleet.Target{s.detail.it.target()}
	}
	if s.wanted != "" { // what was meant is not known yet: the cursor is on something else
		return nil
	}
	for _, it := range s.list.items() {
		out = append(out, it.target())
	}
	return out
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if s.wanted != "" {
		s.then = id
		return nil
	}
	switch id {
	case keymap.DeploySwap:
		return s.deployAndSwap()
	case keymap.CancelRun:
		return s.cancel()
	case keymap.ResumeRun:
		return s.resume()
	}
	if s.detail != nil {
		return s.detail.do(id)
	}
	return s.list.do(id)
}

// open shows a service in detail.
func (s *Screen) open(it *item) {
	s.detail = newDetail(s, it)
	s.detail.resize(s.w, s.h)
	s.lookAt()
}

func (s *Screen) leave() {
	s.detail = nil
	s.lookAt()
}

// lookAt tells what is looked at: the proxies of the service that is open, or of all.
func (s *Screen) lookAt() {
	s.looking = map[string][]string{}
	for _, svc := range s.snap.Fleet.Services {
		if s.detail == nil || s.detail.it.Service == svc.Name {
			for _, t := range svc.Traffic {
				s.looking["traffic/"+svc.Name+"/"+t.Name] = []string{svc.Name}
			}
		}
	}
}

// Back leaves, in this order: something within the place, the detail, the screen.
func (s *Screen) Back() bool {
	s.wanted, s.then = "", ""
	if s.detail == nil {
		return s.list.back()
	}
	if !s.detail.back() {
		s.leave()
	}
	return true
}

// Update takes what commands of this screen answered.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.PasteMsg:
		if s.Typing() {
			return s.input(m)
		}
	case copied:
		return screen.Send(screen.Copy{What: m.what, Text: m.text})
	case orderPicked:
		s.model.sortBy(orderNamed(m.id), false)
		s.list.changed()
	}
	return nil
}

func (s *Screen) Resize(w, h int) {
	s.w, s.h = w, h
	s.list.resize(w, h)
	if s.detail != nil {
		s.detail.resize(w, h)
	}
}

func (s *Screen) Restyle(l screen.Look) {
	s.look = l
	s.list.restyle()
	if s.detail != nil {
		s.detail.restyle()
	}
}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	others := s.snap.Fleet != snap.Fleet
	s.snap = snap
	s.model.refresh(snap)
	s.list.rows.now = snap.Now
	s.list.changed()
	if s.detail != nil {
		s.detail.refresh()
	}
	if others {
		s.lookAt()
	}
	if s.wanted != "" && s.list.show(s.wanted) {
		then := s.then
		s.wanted, s.then = "", ""
		return s.Do(then)
	}
	return nil
}

func (s *Screen) View() string {
	switch {
	case s.w <= 0 || s.h <= 0:
		return ""
	case s.detail != nil:
		return s.detail.view()
	}
	return s.list.view()
}

func (s *Screen) Cursor() *tea.Cursor {
	if s.detail != nil {
		return s.detail.prompt.Cursor(s.h - 1)
	}
	return s.list.cursor()
}

// Show goes to a service by its target's key, or to the list.
func (s *Screen) Show(subject string) tea.Cmd {
	s.leave()
	s.wanted, s.then = "", ""
	if subject == "" {
		return nil
	}
	s.list.table.ClearMarks() // an act that follows means the subject
	if !s.list.show(subject) {
		s.wanted = subject
	}
	return nil
}
