// Package registries is the screen of container registries: how far the targets of
// syncs are behind, where every tag is and what runs of it, what is on its way and
// what was done.
package registries

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/syncs"
)

// Screen is four pages side by side; a tag that was opened lies on top of them.
type Screen struct {
	look   screen.Look
	snap   screen.Snapshot
	images *impact.Images   // of the snapshot, never nil
	old    map[string]bool  // syncs of which what is known is not of now
	silent map[string]bool  // engines of which what is known is not of now
	odds   map[string][]odd // tags that are not equal, by sync
	w, h   int

	tab    int
	pairs  *pairList
	tags   *tagList
	pasts  *pastList
	panel  int           // lines below the list of syncs
	below  string        // those lines: the sync under the cursor
	moves  *kit.TextPane // the page of transfers
	prompt kit.Prompt
	detail *detail // nil: the pages are shown

	wanted string    // subject to go to as soon as it is known
	then   keymap.ID // and what to do there
}

// Pages.
const (
	syncsPage = iota
	tagsPage
	transfersPage
	historyPage
	pages
)

var titles = [pages]string{"Syncs", "Tags", "Transfers", "History"}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen.
func New() *Screen {
	s := &Screen{look: screen.Look{Theme: kit.NewTheme(true, false)}, snap: screen.Snapshot{Fleet: &fleet.Fleet{}}, images: &impact.Images{}, moves: kit.NewTextPane()}
	s.pairs, s.tags, s.pasts = newLists(s)
	s.restyle()
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string                 { return "registries" }
func (s *Screen) Looking() map[string][]string { return nil }
func (s *Screen) Close()                       {}

func (s *Screen) Title() string {
	if s.detail != nil {
		return "Registries " + s.look.Theme.Glyph.More + " " + s.detail.tag.name
	}
	return "Registries"
}

func (s *Screen) Scopes() []keymap.Scope {
	switch {
	case s.detail != nil:
		return []keymap.Scope{keymap.Tag, keymap.Movement}
	case s.tab == transfersPage:
		return []keymap.Scope{keymap.Registries, keymap.Movement}
	case s.tab == tagsPage:
		return []keymap.Scope{keymap.Tags, keymap.Registries, keymap.List, keymap.Movement}
	}
	return []keymap.Scope{keymap.Registries, keymap.List, keymap.Movement}
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
	cmd := s.list().Type(msg)
	s.fill() // another sync may be under the cursor
	return cmd
}

// Selection is the syncs or the tags that are marked, or the one under the cursor. A
// tag is that of the first registry that has it: its source, where that does.
func (s *Screen) Selection() (out []fleet.Target) {
	if s.detail == nil && s.tab == syncsPage {
		for _, p := range s.pairs.Items() {
			out = append(out, p.Target)
		}
		return out
	}
	for _, t := range s.picked() {
		if at := s.places(t); len(at) > 0 {
			out = append(out, at[0])
		}
	}
	return out
}

// selected are the syncs that an act would work on: on other pages than theirs the
// only one there is.
func (s *Screen) selected() []*pair {
	if all := s.pairs.All(); s.tab != syncsPage && len(all) != 1 {
		return nil
	}
	return s.pairs.Items()
}

// Do carries out a key.
func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if s.wanted != "" { // what was meant is not known yet: the cursor is on something else
		s.then = id
		return nil
	}
	if act, ok := acts[id]; ok {
		return act(s)
	}
	if s.detail != nil {
		return s.detail.do(id)
	}
	l := s.list()
	switch {
	case id == keymap.NextTab:
		s.turn(s.tab + 1)
	case id == keymap.PrevTab:
		s.turn(s.tab + pages - 1)
	case l == nil:
		return s.doText(id)
	case id == keymap.Open:
		return s.open()
	case id == keymap.Sort:
		return screen.Send(screen.Overlay{Dialog: l.SortMenu(), Answer: func(result any) tea.Msg {
			if it, ok := result.(kit.Item); ok {
				return orderPicked{it.ID}
			}
			return nil
		}})
	case id == keymap.Copy:
		return s.copyMenu()
	default:
		l.Do(id)
		if s.tab == syncsPage {
			s.fill() // the panel is of the one under the cursor
		}
	}
	return nil
}

// orderPicked is the answer of a sort menu.
type orderPicked struct{ id string }

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

func (s *Screen) doText(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(s.moves)
		return nil
	}
	if id == keymap.Copy {
		return screen.Send(screen.Copy{What: "the page", Text: s.moves.Text()})
	}
	return nil
}

// turn goes to another page.
func (s *Screen) turn(to int) {
	s.tab = to % pages
	s.fill()
}

// open shows more of what is under the cursor: the tags of a sync, a tag, a run.
func (s *Screen) open() tea.Cmd {
	switch s.tab {
	case syncsPage:
		if p, ok := s.pairs.Current(); ok {
			s.tags.SetQuery("")
			if len(s.pairs.All()) > 1 {
				s.tags.SetQuery("sync:" + p.Spec.Name)
			}
			s.turn(tagsPage)
		}
	case tagsPage:
		if t, ok := s.tags.Current(); ok {
			s.detail = newDetail(s, t)
		}
	case historyPage:
		if p, ok := s.pasts.Current(); ok {
			return screen.Send(screen.Go{Screen: "runs", Subject: p.ID, Open: "detail"})
		}
	}
	return nil
}

// Back leaves, in this order: something within the page, the tag, the page, the screen.
func (s *Screen) Back() bool {
	s.wanted, s.then = "", ""
	switch {
	case s.detail != nil:
		if !s.detail.back() {
			s.detail = nil
			s.fill()
		}
		return true
	case s.list() != nil && s.list().Back():
		s.fill()
	case s.tab != syncsPage:
		s.turn(syncsPage)
	default:
		return false
	}
	return true
}

// Update takes what dialogs of this screen answered.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.PasteMsg:
		if s.Typing() {
			return s.input(m)
		}
	case copied:
		return screen.Send(screen.Copy{What: m.what, Text: m.text})
	case chosen:
		return m.cmd
	case orderPicked:
		if l := s.list(); l != nil {
			l.SortBy(m.id)
		}
	}
	return nil
}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	s.snap = snap
	s.judge()
	if snap.Images != nil && snap.Images != s.images {
		if !slices.Equal(s.images.Registries, snap.Images.Registries) {
			s.tags.SetColumns(tagColumns(snap.Images.Registries))
		}
		s.images = snap.Images
		list := tagsOf(s.images)
		s.tags.Load(list)
		s.odds = odds(list)
	}
	s.pasts.Load(history(snap.Runs))
	s.fit()
	s.fill()
	switch then := s.then; {
	case s.wanted == "":
	case !s.goTo(s.wanted):
		return s.lost()
	default:
		s.wanted, s.then = "", ""
		if then != "" {
			return s.Do(then)
		}
	}
	return nil
}

// judge reads the syncs, and says of which syncs and engines what is known is old.
func (s *Screen) judge() {
	s.old, s.silent = map[string]bool{}, map[string]bool{}
	all := syncs.Read(s.snap.Fleet, s.snap.State, s.snap.Runs, s.snap.Now)
	list := make([]*pair, len(all))
	for i, y := range all {
		list[i] = &pair{y}
		s.old[y.Spec.Name] = y.Entry.Err != nil || y.Status.Kind == syncs.Stale
	}
	s.pairs.Load(list)
	for e, f := range watch.Latest[*docker.Facts](s.snap.State) {
		if e.Err != nil || impact.Stale(e, s.snap.Now) {
			s.silent[f.Engine] = true
		}
	}
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
