package registries

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen/lists"
)

// lister is a page with a list.
type lister interface {
	Do(keymap.ID) bool
	Type(tea.Msg) tea.Cmd
	Typing() bool
	Back() bool
	View() string
	Cursor() *tea.Cursor
	SortMenu() *kit.Menu
	SortBy(id string)
}

func newLists(s *Screen) (*pairList, *tagList, *pastList) {
	return lists.New(s, &pairKind), lists.New(s, &tagKind), lists.New(s, &pastKind)
}

// list is the list of the page that is shown, nil for a page of text.
func (s *Screen) list() lister {
	if s.detail != nil || s.tab == transfersPage {
		return nil
	}
	return [...]lister{syncsPage: s.pairs, tagsPage: s.tags, historyPage: s.pasts}[s.tab]
}

func (s *Screen) restyle() {
	t, marker := s.look.Theme, s.look.Marker
	s.pairs.Restyle(t, marker)
	s.tags.Restyle(t, marker)
	s.pasts.Restyle(t, marker)
	s.moves.Restyle(t)
	s.prompt.Restyle(t)
	if s.detail != nil {
		s.detail.restyle()
	}
	s.fill()
}

// leastPanel is the least height of the panel that is of any use.
const leastPanel = 4

// fit shares the lines: the tabs have the first; below the list of syncs, which needs
// what it needs up to a half, is the panel of the one under the cursor.
func (s *Screen) fit() {
	if s.w <= 0 || s.h <= 0 {
		return
	}
	h := s.h - 1
	list := min(len(s.pairs.All())+3, max(5, h/2))
	s.panel = h - list
	if s.panel < leastPanel || len(s.pairs.All()) == 0 {
		s.panel = 0
	}
	s.pairs.Resize(s.w, h-s.panel)
	s.tags.Resize(s.w, h)
	s.pasts.Resize(s.w, h)
	s.moves.Resize(s.w, max(1, h-1))
}

// fill makes the lines of what is text, so that a frame does not pay for them; lists
// have theirs already.
func (s *Screen) fill() {
	switch {
	case s.w <= 0 || s.h <= 0:
	case s.detail != nil:
		s.detail.fill()
	case s.tab == transfersPage:
		s.moves.SetLines(s.transferLines(s.w))
	case s.tab == syncsPage && s.panel > 0:
		s.below = s.panelView()
	}
}

func (s *Screen) View() string {
	switch {
	case s.w <= 0 || s.h <= 0:
		return ""
	case s.detail != nil:
		return s.exact(s.detail.view())
	}
	t := s.look.Theme
	body := s.tabs() + "\n"
	if s.tab == transfersPage {
		foot := t.Dim.Paint(kit.Fit(" "+s.moves.Position(), s.w, false, t.Glyph.Ellipsis))
		return s.exact(body + s.moves.View() + "\n" + foot)
	}
	body += s.list().View()
	if s.tab == syncsPage && s.panel > 0 {
		body += "\n" + s.below
	}
	return s.exact(body)
}

// panelView is the panel of the sync under the cursor, in its height.
func (s *Screen) panelView() string {
	t := s.look.Theme
	p, ok := s.pairs.Current()
	if !ok {
		return strings.Join(kit.Lines("", s.w, s.panel), "\n")
	}
	rule := t.Border.Paint(t.Glyph.H)
	head := kit.Fit(rule+" "+t.Strong.Paint(p.Spec.Name)+" "+t.Border.Paint(strings.Repeat(t.Glyph.H, s.w)), s.w, false, "")
	return head + "\n" + strings.Join(kit.Lines(strings.Join(s.panelLines(p, s.w, s.panel-1), "\n"), s.w, s.panel-1), "\n")
}

// exact is the view in the size of the screen, also where there is hardly any room.
func (s *Screen) exact(view string) string {
	if strings.Count(view, "\n")+1 == s.h && s.w >= 8 {
		return view
	}
	return strings.Join(kit.Lines(view, s.w, s.h), "\n")
}

// tabs is the first line: the pages, and how many syncs move.
func (s *Screen) tabs() string {
	t, moving := s.look.Theme, 0
	for _, p := range s.pairs.All() {
		if p.Flowing || len(p.Progress.Runs) > 0 {
			moving++
		}
	}
	right := ""
	if moving > 0 {
		right = " " + t.Busy.Paint(t.Glyph.Busy+" "+fmt.Sprintf("%d syncing", moving)) + " "
	}
	return kit.Join(t.Tabs(titles[:], s.tab, max(12, s.w-kit.Width(right))), right, s.w, t.Glyph.Ellipsis)
}

func (s *Screen) Cursor() *tea.Cursor {
	switch {
	case s.prompt.Typing():
		return s.prompt.Cursor(s.h - 1)
	case s.list() != nil:
		if c := s.list().Cursor(); c != nil {
			c.Y++
			return c
		}
	}
	return nil
}
