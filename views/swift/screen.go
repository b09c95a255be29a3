// Package swift is the screen of OpenStack Swift clusters: how their rings, nodes
// and disks are, and what breaks if some of them go off.
package swift

import (
	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/backends/swift"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
)

// Screen is one cluster at a time, on pages side by side; a node that was opened
// lies on top of them.
type Screen struct {
	look screen.Look
	snap screen.Snapshot
	at   int             // the cluster in the snapshot
	o    *swift.Overview // nil: there is none
	w, h int

	tab    int
	nodes  *nodeList
	disks  *diskList
	panes  [pages]*kit.TextPane // of the pages of text
	side   *kit.TextPane        // beside the overview, where there is room
	prompt kit.Prompt
	detail *detail // nil: the pages are shown

	ask     whatIf
	found   *located // what was looked up last, nil for nothing
	figures ringFigures

	wanted string    // subject to go to as soon as it is known
	then   keymap.ID // and what to do there
}

// Pages.
const (
	overviewPage = iota
	nodesPage
	disksPage
	ringsPage
	locatePage
	pages
)

var titles = [pages]string{"Overview", "Nodes", "Disks", "Rings", "Locate"}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen.
func New() *Screen {
	s := &Screen{look: screen.Look{Theme: kit.NewTheme(true, false)}, snap: screen.Snapshot{Fleet: &fleet.Fleet{}}, side: kit.NewTextPane()}
	for i := range s.panes {
		s.panes[i] = kit.NewTextPane()
		s.panes[i].SetWrap(true)
	}
	s.side.SetWrap(true)
	s.ask.shown = true
	s.nodes, s.disks = lists.New(s, &nodeKind), lists.New(s, &diskKind)
	s.restyle()
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string { return "swift" }
func (s *Screen) Close()       {}

func (s *Screen) Title() string {
	if s.detail != nil {
		return "Swift " + s.look.Theme.Glyph.More + " " + s.detail.label
	}
	return "Swift"
}

func (s *Screen) Scopes() []keymap.Scope {
	switch {
	case s.detail != nil:
		return []keymap.Scope{keymap.SwiftNode, keymap.Movement}
	case s.tab == nodesPage:
		return []keymap.Scope{keymap.SwiftNodes, keymap.List, keymap.Swift, keymap.Movement}
	case s.tab == disksPage:
		return []keymap.Scope{keymap.SwiftDisks, keymap.List, keymap.Swift, keymap.Movement}
	}
	return []keymap.Scope{keymap.Swift, keymap.Movement}
}

// lister is a page with a list.
type lister interface {
	Do(keymap.ID) bool
	Type(tea.Msg) tea.Cmd
	Typing() bool
	Unfilter() bool
	View() string
	Cursor() *tea.Cursor
	SortMenu() *kit.Menu
	SortBy(id string)
}

// list is the list of the page that is shown, nil for a page of text.
func (s *Screen) list() lister {
	switch {
	case s.detail != nil:
	case s.tab == nodesPage:
		return s.nodes
	case s.tab == disksPage:
		return s.disks
	}
	return nil
}

func (s *Screen) Typing() bool {
	l := s.list()
	return s.prompt.Typing() || l != nil && l.Typing()
}

func (s *Screen) Type(k tea.KeyPressMsg) tea.Cmd { return s.input(k) }

// input takes a key or a paste while typing.
func (s *Screen) input(msg tea.Msg) tea.Cmd {
	if s.prompt.Typing() {
		return s.prompt.Key(msg)
	}
	return s.list().Type(msg)
}

// Selection is the hosts of the marked nodes, or of the one under the cursor: what
// can be done is done to hosts.
func (s *Screen) Selection() []fleet.Target { return s.hosts(s.selected()) }

func (s *Screen) selected() []*swift.NodeView {
	switch {
	case s.detail != nil && s.detail.node != nil:
		return []*swift.NodeView{s.detail.node}
	case s.detail == nil && s.tab == nodesPage:
		return views(s.nodes.Items())
	}
	return nil
}

// Looking names the node that is opened, so that more is read of it.
func (s *Screen) Looking() map[string][]string {
	if s.detail == nil || s.o == nil {
		return nil
	}
	return map[string][]string{swift.Source(s.o.Cluster.Name): {s.detail.name}}
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if s.wanted != "" { // what was meant is not known yet: the cursor is on something else
		s.then = id
		return nil
	}
	if acts[id] || id == keymap.Acts {
		return s.act(id)
	}
	if s.detail != nil {
		return s.detail.do(id)
	}
	switch id {
	case keymap.NextTab:
		return s.turn(s.tab + 1)
	case keymap.PrevTab:
		return s.turn(s.tab + pages - 1)
	case keymap.PickCluster:
		return s.clusterMenu()
	case keymap.Locate:
		s.openPrompt()
		return nil
	case keymap.Probe:
		return s.probeMenu()
	}
	if l := s.list(); l != nil {
		return s.doList(l, id)
	}
	return s.doText(s.panes[s.tab], id)
}

// doList carries out what is done with a list of nodes or disks.
func (s *Screen) doList(l lister, id keymap.ID) tea.Cmd {
	switch id {
	case keymap.Open:
		return s.open()
	case keymap.WhatIf:
		s.ask.shown = !s.ask.shown
		s.fitLists()
	case keymap.NextSafe:
		return s.nextSafe()
	case keymap.SafeSet:
		return s.safeSet()
	case keymap.Copy:
		return s.copyMenu()
	case keymap.Sort:
		return sortMenu(l)
	case keymap.Mark, keymap.MarkTo, keymap.MarkAll:
		l.Do(id)
		return s.rethink()
	default:
		l.Do(id)
	}
	return nil
}

var textMoves = map[keymap.ID]func(*kit.TextPane){
	keymap.Up:       func(p *kit.TextPane) { p.Move(-1) },
	keymap.Down:     func(p *kit.TextPane) { p.Move(1) },
	keymap.PageUp:   func(p *kit.TextPane) { p.Page(-1) },
	keymap.PageDown: func(p *kit.TextPane) { p.Page(1) },
	keymap.First:    func(p *kit.TextPane) { p.Jump(false) },
	keymap.Last:     func(p *kit.TextPane) { p.Jump(true) },
	keymap.Left:     func(p *kit.TextPane) { p.Scroll(-1) },
	keymap.Right:    func(p *kit.TextPane) { p.Scroll(1) },
	keymap.Wrap:     func(p *kit.TextPane) { p.SetWrap(!p.Wrapped()) },
}

func (s *Screen) doText(p *kit.TextPane, id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(p)
		return nil
	}
	if id == keymap.Copy {
		return screen.Send(screen.Copy{What: "the page", Text: p.Text()})
	}
	return nil
}

// turn goes to another page.
func (s *Screen) turn(to int) tea.Cmd {
	s.tab = to % pages
	s.fill()
	return s.rethink()
}

// open shows the node under the cursor, or the one of the disk.
func (s *Screen) open() tea.Cmd {
	var n *swift.NodeView
	if s.tab == nodesPage {
		if it, ok := s.nodes.Current(); ok {
			n = it.NodeView
		}
	} else if it, ok := s.disks.Current(); ok {
		n = it.Node
	}
	if n != nil {
		s.detail = newDetail(s, n)
	}
	return nil
}

// Back leaves, in this order: something within the page, the node, the screen.
func (s *Screen) Back() bool {
	s.wanted, s.then = "", ""
	switch {
	case s.detail != nil:
		if !s.detail.back() {
			s.detail = nil
			s.fill()
		}
		return true
	case s.list() != nil && s.list().Unfilter():
	case s.unmark():
	case s.tab != overviewPage:
		s.turn(overviewPage)
	default:
		return false
	}
	return true
}

// unmark takes all marks away, and says whether there were any.
func (s *Screen) unmark() bool {
	a, b := s.nodes.Unmark(), s.disks.Unmark()
	s.wonder()
	return a || b
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
		if l := s.list(); l != nil {
			l.SortBy(m.id)
		}
	case clusterPicked:
		return s.pick(m.name)
	case thought:
		return s.think(m)
	case safest:
		return s.takeSafest(m)
	case worked:
		s.figures.take(m)
		s.load()
	case policyPicked:
		return s.probe(m.policy)
	}
	return nil
}

func (s *Screen) Resize(w, h int) {
	s.w, s.h = w, h
	s.fit()
	s.fill()
}

func (s *Screen) Restyle(l screen.Look) {
	s.look = l
	s.restyle()
}

func (s *Screen) restyle() {
	s.nodes.Restyle(s.look.Theme, s.look.Marker)
	s.disks.Restyle(s.look.Theme, s.look.Marker)
	for _, p := range append(s.panes[:], s.side) {
		p.Restyle(s.look.Theme)
	}
	s.prompt.Restyle(s.look.Theme)
	if s.detail != nil {
		s.detail.restyle()
	}
	s.fill()
}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	s.snap = snap
	if s.at >= len(snap.Clusters) {
		s.at = 0
	}
	s.o = nil
	if len(snap.Clusters) > 0 {
		s.o = snap.Clusters[s.at]
	}
	s.load()
	cmds := []tea.Cmd{s.rethink(), s.figures.work(s.o)}
	if s.wanted != "" && s.goTo(s.wanted) {
		then := s.then
		s.wanted, s.then = "", ""
		cmds = append(cmds, s.Do(then))
	}
	return tea.Batch(cmds...)
}

// load shows what the picture has of the cluster.
func (s *Screen) load() {
	if s.o != nil {
		s.nodes.Load(nodesOf(s.o))
		s.tellLosses()
		s.disks.Load(disksOf(s.o, &s.figures))
	} else {
		s.nodes.Load(nil)
		s.disks.Load(nil)
	}
	if s.detail != nil {
		s.detail.refresh()
	}
	s.fitLists()
	s.fill()
}
