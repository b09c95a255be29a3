package console

import (
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// model is the root. Only Bubble Tea's one goroutine touches it, except for the
// pump and the history, which have their own locks.
type model struct {
	o       Options
	trail   *trail
	pump    *pump
	history *history

	screens           []screen.Screen
	at                int   // the screen that is shown
	back              []int // those before it, for esc
	dialogs           []dialog
	leaveAsk          *kit.Ask // the question whether to leave
	toasts            toasts
	snap              screen.Snapshot
	critical, running int  // problems and runs of snap
	insecure          bool // a connection of snap is not verified
	hinted            hintLine
	palette           paletteCache
	told              map[string]bool     // runs of this process whose end was told
	looking           map[string][]string // what the sources were told last

	w, h      int
	dark      bool
	colours   bool // the terminal has any
	look      screen.Look
	fps       int
	ack       ack
	slow      bool
	painted   string // the last frame
	repainted bool   // it changed since the last new data: a slow link is asked only then

	leaving bool    // the last answer of the terminal is waited for
	lending tea.Cmd // waits for the terminal until that answer is there
}

func newModel(o Options, t *trail) *model {
	m := &model{o: o, trail: t, screens: o.Screens, dark: true, colours: true, fps: fpsLocal, slow: remote(o), told: map[string]bool{}}
	if m.slow {
		m.fps = fpsRemote
	}
	if o.Dark != nil {
		m.dark = *o.Dark
	}
	m.history = &history{ledger: o.Env.Ledger, fleet: o.Fleet, now: o.Env.Now}
	m.pump = newPump(o, m.history)
	m.take(m.pump.picture())
	m.restyle()
	return m
}

// Init asks for the background and for the runs that were left unfinished.
func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.unfinished()}
	if m.o.Dark == nil {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	for _, s := range m.screens {
		cmds = append(cmds, s.Refresh(m.snap))
	}
	for _, n := range m.o.Fleet.Notices {
		cmds = append(cmds, m.toast(screen.Toast{Text: n}))
	}
	return tea.Batch(cmds...)
}

func (m *model) screen() screen.Screen { return m.screens[m.at] }

// restyle gives everything the theme that fits the terminal.
func (m *model) restyle() {
	t := kit.NewTheme(m.dark, m.o.ASCII)
	if !m.colours { // bold is left of most styles; these need more than that
		t.Selected, t.TabActive, t.Chrome = "7", "1;4", "7"
	}
	m.look = screen.Look{Theme: t, Marker: m.slow}
	for _, s := range m.screens {
		s.Restyle(m.look)
	}
	for _, d := range m.dialogs {
		d.Restyle(t)
	}
}

func (m *model) setProfile(p colorprofile.Profile) {
	if has := p > colorprofile.ASCII; has != m.colours {
		m.colours = has
		m.restyle()
	}
}

// Rows around the body: header and tabs above it, hints below.
const (
	above = 2
	below = 1

	minWidth, minHeight = 60, 15
)

func (m *model) resize(w, h int) {
	m.w, m.h = w, h
	for _, s := range m.screens {
		s.Resize(w, max(0, h-above-below))
	}
}

func (m *model) small() bool { return m.w < minWidth || m.h < minHeight }

// show goes to a screen; what is shown now can be come back to.
func (m *model) show(i int) tea.Cmd {
	if i == m.at {
		return nil
	}
	m.back = append(slices.DeleteFunc(m.back, func(b int) bool { return b == i }), m.at)
	return m.enter(i)
}

func (m *model) enter(i int) tea.Cmd {
	m.at = i
	return m.screen().Refresh(m.snap)
}

// goTo carries out a screen's or the palette's wish to be elsewhere.
func (m *model) goTo(g screen.Go) tea.Cmd {
	i := slices.IndexFunc(m.screens, func(s screen.Screen) bool { return s.Name() == g.Screen })
	if i < 0 {
		return nil
	}
	cmds := []tea.Cmd{m.show(i), m.screen().Show(g.Subject)}
	if id, ok := opens[g.Open]; ok {
		cmds = append(cmds, m.screen().Do(id))
	}
	return tea.Batch(cmds...)
}

// opens are the words of screen.Go.Open as the keys that do the same.
var opens = map[string]keymap.ID{"detail": keymap.Open, "logs": keymap.ShowLogs}

// tellSources lets the sources read more of what is on screen.
func (m *model) tellSources() {
	if m.o.Set == nil {
		return
	}
	now := m.screen().Looking()
	if !maps.EqualFunc(now, m.looking, slices.Equal) {
		m.looking = now
		m.o.Set.Look(now)
	}
}

// selection is what an act would work on.
func (m *model) selection() []fleet.Target { return m.screen().Selection() }
