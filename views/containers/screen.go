package containers

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Engines finds an engine by its name in the fleet; docker.Set is one.
type Engines interface {
	Engine(name string) (*docker.Engine, bool)
}

// engine is what this screen asks of an engine.
type engine interface {
	Inspect(ctx context.Context, id string) (*docker.Detail, error)
	Top(ctx context.Context, id string) (*docker.Processes, error)
	Logs(ctx context.Context, id string, o docker.LogOptions, line func(docker.LogLine)) error
	Shell(ctx context.Context, id string, o docker.ShellOptions) (exitCode int, err error)
}

// Screen is the containers of a fleet: the list, and on top of it the detail or
// the logs that were opened from it.
type Screen struct {
	ReadOnly bool // no shell is opened

	engines func(name string) (engine, bool)
	touch   func() // wakes the console for new lines of a log
	later   func(time.Duration, tea.Msg) tea.Cmd

	model  *model
	places []place // the list, then what was opened on top of it
	look   screen.Look
	snap   screen.Snapshot
	w, h   int

	wanted string    // subject to go to as soon as it is known
	then   keymap.ID // and what to do there
}

// place is one view of the screen. Its methods are those of screen.Screen.
type place interface {
	title() string
	scopes() []keymap.Scope
	typing() bool
	key(tea.Msg) tea.Cmd // a key press or a paste, while typing
	do(keymap.ID) tea.Cmd
	back() bool
	update(tea.Msg) tea.Cmd
	resize(w, h int)
	restyle()
	refresh() tea.Cmd
	view() string
	cursor() *tea.Cursor
	items() []*item // what an act would work on
	looking() map[string][]string
	close()
}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen. touch is called from other goroutines when there is
// something to draw that no source reports; it must not block.
func New(engines Engines, touch func()) *Screen {
	return newScreen(func(name string) (engine, bool) {
		e, ok := engines.Engine(name)
		return e, ok
	}, touch)
}

func newScreen(engines func(string) (engine, bool), touch func()) *Screen {
	s := &Screen{look: screen.Look{Theme: kit.NewTheme(true, false)}, engines: engines, touch: touch, later: later, model: newModel(), snap: screen.Snapshot{Fleet: &fleet.Fleet{}}}
	s.places = []place{newList(s)}
	return s
}

func (s *Screen) list() *list { return s.places[0].(*list) }
func (s *Screen) top() place  { return s.places[len(s.places)-1] }

// open puts a place on top.
func (s *Screen) open(p place) tea.Cmd {
	s.places = append(s.places, p)
	p.resize(s.w, s.h)
	p.restyle()
	return p.refresh()
}

// leave closes the place on top; the list stays.
func (s *Screen) leave() {
	n := len(s.places) - 1
	s.places[n].close()
	s.places = s.places[:n]
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string { return "containers" }

func (s *Screen) Scopes() []keymap.Scope         { return s.top().scopes() }
func (s *Screen) Typing() bool                   { return s.top().typing() }
func (s *Screen) Type(k tea.KeyPressMsg) tea.Cmd { return s.top().key(k) }
func (s *Screen) View() string                   { return s.top().view() }
func (s *Screen) Cursor() *tea.Cursor            { return s.top().cursor() }
func (s *Screen) Looking() map[string][]string   { return s.top().looking() }

// Title is the way to the place on top: "Containers › web › log".
func (s *Screen) Title() string {
	title := "Containers"
	for _, p := range s.places[1:] {
		title += " " + s.look.Theme.Glyph.More + " " + p.title()
	}
	return title
}

// Do carries out what works in every place, and hands the rest to the one on top.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if s.wanted != "" { // what was meant is not known yet: the cursor is on something else
		s.then = id
		return nil
	}
	items := s.top().items()
	switch id {
	case keymap.Acts:
		return s.acts(items)
	case keymap.ActStart, keymap.ActStop, keymap.ActRestart, keymap.ActPause:
		return s.act(id, items)
	case keymap.Shell:
		return s.shell(items)
	case keymap.ShowLogs:
		return s.openLogs(items)
	}
	return s.top().do(id)
}

// Back leaves, in this order: something within the place, the place, the screen.
func (s *Screen) Back() bool {
	s.wanted, s.then = "", ""
	if s.top().back() {
		return true
	}
	if len(s.places) == 1 {
		return false
	}
	s.leave()
	return true
}

// Update hands an answer to every place: each knows its own.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case nil: // a dialog was left without a choice
		return nil
	case tea.PasteMsg:
		if s.Typing() {
			return s.top().key(m)
		}
		return nil
	case shellWanted:
		return s.runShell(m.item)
	case shellEnded:
		return s.shellEnded(m)
	case copied:
		return screen.Send(screen.Copy{What: m.what, Text: m.text})
	}
	var cmds []tea.Cmd
	for _, p := range s.places {
		if cmd := p.update(msg); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	return tea.Batch(cmds...)
}

func (s *Screen) Resize(w, h int) {
	s.w, s.h = w, h
	for _, p := range s.places {
		p.resize(w, h)
	}
}

func (s *Screen) Restyle(l screen.Look) {
	s.look = l
	for _, p := range s.places {
		p.restyle()
	}
}

func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	s.snap = snap
	s.model.refresh(snap.Fleet, snap.State)
	var cmds []tea.Cmd
	for _, p := range s.places {
		if cmd := p.refresh(); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	if s.wanted != "" && s.list().show(s.wanted) {
		then := s.then
		s.wanted, s.then = "", ""
		cmds = append(cmds, s.Do(then))
	}
	return tea.Batch(cmds...)
}

func (s *Screen) Selection() []fleet.Target { return targets(s.top().items()) }

// Show goes to a container or to the containers of an engine, by the target's key.
func (s *Screen) Show(subject string) tea.Cmd {
	for len(s.places) > 1 {
		s.leave()
	}
	s.wanted, s.then = "", ""
	if subject == "" {
		return nil
	}
	s.list().table.ClearMarks() // an act that follows means the subject
	if !s.list().show(subject) {
		s.wanted = subject
	}
	return nil
}

// Close ends the followers of logs.
func (s *Screen) Close() {
	for _, p := range s.places {
		p.close()
	}
}

func (s *Screen) now() time.Time { return s.snap.Now }

func toast(bad bool, text string) tea.Cmd { return screen.Send(screen.Toast{Bad: bad, Text: text}) }

func later(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}
