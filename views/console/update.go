package console

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"ringside/backends/fleet/safe"
	"ringside/keymap"
	"ringside/views/screen"
)

// Update hands each message to the part that it is meant for. It must stay
// short: what a key costs is what the user feels.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	cmd := m.handle(msg)
	m.tellSources()
	return cmd
}

func (m *model) handle(msg tea.Msg) tea.Cmd {
	if key, ok := msg.(tea.KeyPressMsg); ok {
		return m.key(key)
	}
	m.trail.add(fmt.Sprintf("%T", msg))
	switch msg := msg.(type) {
	case tickMsg:
		return m.tick(msg.snap)
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.PasteMsg:
		return m.paste(msg)
	case tea.FocusMsg:
		m.pump.pace.Store(int64(paceFocused))
	case tea.BlurMsg:
		m.pump.pace.Store(int64(paceUnfocused))
	case tea.BackgroundColorMsg:
		if m.o.Dark == nil && msg.IsDark() != m.dark {
			m.dark = msg.IsDark()
			m.restyle()
		}
	case tea.ColorProfileMsg:
		m.setProfile(msg.Profile)
	case uv.PrimaryDeviceAttributesEvent:
		return m.link(ackAnswered, m.ack.gen)
	case ackMsg:
		return m.link(msg.event, msg.gen)
	case toastOver:
		m.toasts.drop(msg.id)
	case unfinishedMsg:
		return m.offer(msg.runs)
	case screen.Act:
		return m.act(msg)
	case screen.Menu:
		return m.menu(msg.Targets)
	case screen.Go:
		return m.goTo(msg)
	case screen.Toast:
		return m.toast(msg)
	case screen.Copy:
		return m.copy(msg)
	case screen.Overlay:
		return m.open(msg.Dialog, func(result any) tea.Cmd {
			if msg.Answer == nil {
				return nil
			}
			return screen.Send(msg.Answer(result))
		})
	case screen.Borrow:
		return m.lend(msg.Run)
	case lendMsg:
		return m.lendNow()
	case tea.ModeReportMsg:
		measure(msg)
	case screen.RunAct:
		return m.runAct(msg)
	case leaveMsg:
		return tea.Quit
	default:
		return m.spread(msg)
	}
	return nil
}

// tick puts a new picture in the place of the old one.
func (m *model) tick(snap screen.Snapshot) tea.Cmd {
	m.take(snap)
	cmds := []tea.Cmd{m.screen().Refresh(snap), m.tellEnds()}
	for _, d := range m.dialogs {
		if r, ok := d.Overlay.(refresher); ok {
			cmds = append(cmds, r.Refresh(snap))
		}
	}
	if m.slow {
		m.repainted = false
		return tea.Batch(append(cmds, m.link(ackTick, 0))...)
	}
	m.pump.give()
	return tea.Batch(cmds...)
}

// link moves the frame acknowledgement on.
func (m *model) link(e ackEvent, gen int) tea.Cmd {
	if e == ackDue && !m.repainted {
		e = ackStill
	}
	step := m.ack.on(e, gen, m.o.Env.Now())
	if m.leaving && e == ackAnswered {
		return tea.Quit
	}
	if m.lending != nil && !m.ack.pending() {
		return m.lendNow()
	}
	if step.credit {
		m.pump.give()
	}
	var cmds []tea.Cmd
	if step.ask {
		cmds = append(cmds, tea.Raw("\x1b[c"))
	}
	if step.after > 0 || step.then.event == ackRested {
		cmds = append(cmds, after(step.after, step.then))
	}
	return tea.Batch(cmds...)
}

// spread gives the answer of a command to those that may have asked: the types
// of such messages belong to one package each.
func (m *model) spread(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for i := len(m.dialogs) - 1; i >= 0; i-- {
		cmds = append(cmds, m.dialogUpdate(i, msg))
	}
	for _, s := range m.screens {
		cmds = append(cmds, s.Update(msg))
	}
	return tea.Batch(cmds...)
}

func (m *model) key(key tea.KeyPressMsg) tea.Cmd {
	if m.leaving {
		return nil
	}
	s := m.screen()
	if m.small() { // nobody acts on what cannot be seen
		if id, _ := m.o.Keys.Lookup(nil, key.String()); id == keymap.Quit || id == keymap.Interrupt {
			return m.leave()
		}
		return nil
	}
	p := place{Dialog: len(m.dialogs) > 0, Typing: s.Typing(), Scopes: s.Scopes()}
	to, id := route(m.o.Keys, p, key.String(), m.own)
	switch to {
	case toDialog:
		m.trail.add("a key for a dialog")
		return m.dialogKey(key)
	case toInput:
		m.trail.add("a key for an input")
		return s.Type(key)
	case toScreen:
		m.trail.add("key " + string(id))
		return s.Do(id)
	case toConsole:
		m.trail.add("key " + string(id))
		return m.do(id)
	}
	return nil
}

func (m *model) paste(msg tea.PasteMsg) tea.Cmd {
	switch {
	case len(m.dialogs) > 0:
		return m.dialogKey(msg)
	case m.screen().Typing():
		return m.screen().Update(msg)
	}
	return nil
}

// commands are the bindings that the console carries out itself.
var commands map[keymap.ID]func(*model) tea.Cmd

func init() { // set here, since the table's functions lead back to it
	commands = map[keymap.ID]func(*model) tea.Cmd{
		keymap.Quit:        (*model).quit,
		keymap.Interrupt:   (*model).interrupt,
		keymap.Back:        (*model).goBack,
		keymap.Help:        (*model).help,
		keymap.Palette:     (*model).openPalette,
		keymap.Refresh:     (*model).refresh,
		keymap.Redraw:      func(*model) tea.Cmd { return tea.ClearScreen },
		keymap.Acts:        func(m *model) tea.Cmd { return m.menu(m.selection()) },
		keymap.GoHome:      func(m *model) tea.Cmd { return m.jump("home") },
		keymap.GoPower:     func(m *model) tea.Cmd { return m.jump("power") },
		keymap.GoContainer: func(m *model) tea.Cmd { return m.jump("containers") },
		keymap.GoSwift:     func(m *model) tea.Cmd { return m.jump("swift") },
		keymap.GoServices:  func(m *model) tea.Cmd { return m.jump("services") },
		keymap.GoRuns:      func(m *model) tea.Cmd { return m.jump("runs") },

		keymap.GoRegistries: func(m *model) tea.Cmd { return m.jump("registries") },
	}
}

func (m *model) own(id keymap.ID) bool {
	_, own := commands[id]
	_, act := m.o.Registry.Get(string(id))
	return own || act
}

func (m *model) do(id keymap.ID) tea.Cmd {
	if c, ok := commands[id]; ok {
		return c(m)
	}
	return m.act(screen.Act{Action: string(id), Targets: m.selection()})
}

// jump goes to a screen as it was left.
func (m *model) jump(name string) tea.Cmd {
	for i, s := range m.screens {
		if s.Name() == name {
			return m.show(i)
		}
	}
	return nil
}

func (m *model) goBack() tea.Cmd {
	if m.screen().Back() || len(m.back) == 0 {
		return nil
	}
	last := m.back[len(m.back)-1]
	m.back = m.back[:len(m.back)-1]
	return m.enter(last)
}

// refresh asks every source, and the screen for what it reads itself.
func (m *model) refresh() tea.Cmd {
	cmd := m.screen().Do(keymap.Refresh)
	if m.o.Set == nil {
		return cmd
	}
	safe.Go("refresh", func() { m.o.Set.Refresh() })
	return tea.Batch(cmd, m.toast(screen.Toast{Text: "reading everything again"}))
}
