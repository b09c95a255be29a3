package power

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Controllers finds the controller of a host by the host's name; bmc.Set is one.
type Controllers interface {
	Controller(host string) (*bmc.Controller, bool)
}

// controller is what this screen asks of a host's BMC while somebody looks at it.
type controller interface {
	Info(context.Context) (bmc.Info, error)
	Boot(context.Context) (bmc.Boot, error)
	Sensors(context.Context) ([]bmc.Sensor, error)
	Events(ctx context.Context, most int) ([]bmc.Event, error) // newest first
}

// Screen is the power of a fleet: the map and the list, and on top of them the
// host that was opened.
type Screen struct {
	bmc   func(host string) (controller, bool)
	later func(time.Duration, tea.Msg) tea.Cmd

	model  *model
	list   *list
	detail *detail // nil: the list is shown
	look   screen.Look
	snap   screen.Snapshot
	w, h   int

	wanted string    // host to go to as soon as it is known
	then   keymap.ID // and what to do there
}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen.
func New(c Controllers) *Screen {
	return newScreen(func(host string) (controller, bool) {
		x, ok := c.Controller(host)
		return x, ok
	})
}

func newScreen(find func(host string) (controller, bool)) *Screen {
	s := &Screen{bmc: find, later: later, model: newModel(), look: screen.Look{Theme: kit.NewTheme(true, false)}, snap: screen.Snapshot{Fleet: &fleet.Fleet{}}}
	s.list = newList(s)
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string                 { return "power" }
func (s *Screen) Looking() map[string][]string { return nil }
func (s *Screen) Selection() []fleet.Target    { return targets(s.selected()) }
func (s *Screen) Close()                       { s.leave() }

func (s *Screen) Title() string {
	if s.detail != nil {
		return "Power " + s.look.Theme.Glyph.More + " " + s.detail.item.Spec.Name
	}
	return "Power"
}

func (s *Screen) Scopes() []keymap.Scope {
	if s.detail != nil {
		return []keymap.Scope{keymap.Host, keymap.Movement}
	}
	return []keymap.Scope{keymap.Power, keymap.List, keymap.Movement}
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

func (s *Screen) selected() []*item {
	if s.detail != nil {
		return []*item{s.detail.item}
	}
	return s.list.items()
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if s.wanted != "" { // what was meant is not known yet: the cursor is on something else
		s.then = id
		return nil
	}
	switch {
	case acts[id], id == keymap.Acts:
		items := s.selected()
		if len(items) == 0 {
			return toast(true, nothing)
		}
		if id == keymap.Acts {
			return screen.Send(screen.Menu{Targets: targets(items)})
		}
		return screen.Send(screen.Act{Action: string(id), Targets: targets(items)})
	case s.detail != nil:
		return s.detail.do(id)
	}
	return s.list.do(id)
}

// open shows a host in detail.
func (s *Screen) open(it *item) tea.Cmd {
	s.detail = newDetail(s, it)
	s.detail.resize(s.w, s.h)
	return s.detail.start()
}

// leave closes the detail.
func (s *Screen) leave() {
	if s.detail != nil {
		s.detail.close()
		s.detail = nil
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
		s.list.sortBy(m.id)
	case answer:
		if s.detail != nil && m.to == s.detail {
			return s.detail.take(m)
		}
	case beat:
		if s.detail != nil && m.to == s.detail {
			return s.detail.beat(m)
		}
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
	s.snap = snap
	s.list.refresh(s.model.refresh(snap))
	if s.detail != nil {
		return s.detail.refresh()
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

// Show goes to a host, or to the hosts of a rack or site, by the target's key.
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

func later(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}
