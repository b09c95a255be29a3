package services

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
)

// Screen is the services of a fleet: the list, and on top of it the service that was
// opened.
type Screen struct {
	list   *lists.List[*Screen, *item]
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
	s := &Screen{look: screen.Look{Theme: kit.NewTheme(true, false)}, snap: screen.Snapshot{Fleet: &fleet.Fleet{}}}
	s.list = lists.New(s, &kind)
	s.list.Restyle(s.look.Theme, s.look.Marker)
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
	return s.list.Typing()
}

func (s *Screen) Type(k tea.KeyPressMsg) tea.Cmd { return s.input(k) }

// input takes a key or a paste while typing.
func (s *Screen) input(msg tea.Msg) tea.Cmd {
	if s.detail != nil {
		return s.detail.prompt.Key(msg)
	}
	return s.list.Type(msg)
}

// current is the service that is open, or under the cursor.
func (s *Screen) current() *item {
	if s.detail != nil {
		return s.detail.it
	}
	it, _ := s.list.Current()
	return it
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
	for _, it := range s.list.Items() {
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
	switch id {
	case keymap.Open:
		if it, ok := s.list.Current(); ok {
			s.open(it)
		}
	case keymap.Sort:
		return s.sortMenu()
	case keymap.Copy:
		return s.copyMenu(s.list.Items())
	default:
		s.list.Do(id)
	}
	return nil
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
		return s.list.Back()
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
		s.list.SortBy(m.id)
	}
	return nil
}

func (s *Screen) Resize(w, h int) {
	s.w, s.h = w, h
	s.list.Resize(w, h)
	if s.detail != nil {
		s.detail.resize(w, h)
	}
}

func (s *Screen) Restyle(l screen.Look) {
	s.look = l
	s.list.Restyle(l.Theme, l.Marker)
	if s.detail != nil {
		s.detail.restyle()
	}
}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	others := s.snap.Fleet != snap.Fleet
	s.snap = snap
	s.list.Load(itemsOf(snap))
	if s.detail != nil {
		s.detail.refresh()
	}
	if others {
		s.lookAt()
	}
	if s.wanted != "" && s.list.Show(s.wanted) {
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
	view := s.list.View()
	if strings.Count(view, "\n")+1 != s.h { // hardly any room
		return strings.Join(kit.Lines(view, s.w, s.h), "\n")
	}
	return view
}

func (s *Screen) Cursor() *tea.Cursor {
	if s.detail != nil {
		return s.detail.prompt.Cursor(s.h - 1)
	}
	return s.list.Cursor()
}

// Show goes to a service by its target's key, or to the list.
func (s *Screen) Show(subject string) tea.Cmd {
	s.leave()
	s.wanted, s.then = "", ""
	if subject == "" {
		return nil
	}
	s.list.Unmark() // an act that follows means the subject
	if !s.list.Show(subject) {
		s.wanted = subject
	}
	return nil
}
