package swift

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
)

// twoPanes is the width from which on the overview stands on two sides, the left one
// at least so wide that the table of the rings fits.
const (
	twoPanes  = 130
	leastLeft = 80
)

// fit shares the lines: the tabs have the first, the panel what it needs below the
// list.
func (s *Screen) fit() {
	if s.w <= 0 || s.h <= 0 {
		return
	}
	h := s.h - 1
	for i, p := range s.panes {
		if i == overviewPage && s.w >= twoPanes {
			p.Resize(s.left(), max(1, h-1))
		} else {
			p.Resize(s.w, max(1, h-1))
		}
	}
	s.side.Resize(s.w-s.left()-1, max(1, h-1))
	s.fitLists()
}

// fitLists gives the lists what the panel leaves, and the panel nothing where the
// list in which marks are made would have no room.
func (s *Screen) fitLists() {
	h, panel := s.h-1, len(s.panel(s.w))
	if h-panel < 5 {
		panel = 0
	}
	s.nodes.Resize(s.w, h-panel)
	s.disks.Resize(s.w, h-panel)
}

// left is the width of the overview's left side.
func (s *Screen) left() int { return max(leastLeft, s.w/2) }

// fill puts the lines of the pages into their panes; lists have theirs already.
func (s *Screen) fill() {
	if s.w <= 0 || s.h <= 0 {
		return
	}
	if s.detail != nil {
		s.detail.refresh()
		return
	}
	t := s.look.Theme
	p := &page{t: t, w: s.w}
	switch s.tab {
	case overviewPage:
		s.fillOverview()
		return
	case ringsPage:
		if s.o != nil {
			p.ringLines(s.o, &s.figures)
		}
	case locatePage:
		if s.o != nil {
			p.locateLines(s.o, s.found)
		}
	default:
		return
	}
	s.panes[s.tab].SetLines(p.lines)
}

func (s *Screen) fillOverview() {
	t := s.look.Theme
	p := &page{t: t, w: s.w}
	switch {
	case s.o == nil:
		p.dim("no Swift cluster is known: add clusters: to ringside.yaml, or run ringside where /etc/swift is")
	case s.o.Rings == nil && s.o.RingsErr != nil:
		p.fact(bad, "rings", words(s.o.RingsErr))
		p.dim("without ring files nobody knows which nodes there are")
		p.head("API")
		p.api(s.o)
	case s.o.Rings == nil:
		p.dim("reading the ring files of " + s.o.Cluster.Name)
	case s.w >= twoPanes:
		right := &page{t: t, w: s.w - s.left() - 1}
		right.alarm(s.o)
		right.factLines(s.o)
		s.side.SetLines(right.lines)
		p.w = s.left()
		p.policyLines(s.o)
		p.capacityLines(s.o, s.lastProbe)
	default:
		p.alarm(s.o)
		p.policyLines(s.o)
		p.lines = append(p.lines, "")
		p.factLines(s.o)
		p.capacityLines(s.o, s.lastProbe)
	}
	if s.o == nil || s.o.Rings == nil {
		s.side.SetLines(nil)
	}
	s.panes[overviewPage].SetLines(p.lines)
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
	if l := s.list(); l != nil {
		body += l.View()
		if p := s.panel(s.w); len(p) > 0 && s.h-1-len(p) >= 5 {
			body += "\n" + strings.Join(p, "\n")
		}
		return s.exact(body)
	}
	foot := " " + s.panes[s.tab].Position()
	switch {
	case s.tab == overviewPage && s.w >= twoPanes:
		right := strings.Split(s.side.View(), "\n")
		rule := t.Border.Paint(t.Glyph.V)
		for i, l := range strings.Split(s.panes[overviewPage].View(), "\n") {
			body += l + rule + right[i] + "\n"
		}
	default:
		body += s.panes[s.tab].View() + "\n"
	}
	return s.exact(body + s.prompt.Line(t, s.w, t.Dim.Paint(kit.Fit(foot, s.w, false, t.Glyph.Ellipsis))))
}

// exact is the view in the size of the screen, also where there is hardly any room.
func (s *Screen) exact(view string) string {
	if strings.Count(view, "\n")+1 == s.h && s.w >= 8 {
		return view
	}
	return strings.Join(kit.Lines(view, s.w, s.h), "\n")
}

// tabs is the first line: the pages, and which cluster this is.
func (s *Screen) tabs() string {
	t := s.look.Theme
	right := ""
	if s.o != nil {
		right = s.o.Cluster.Name
		if n := len(s.snap.Clusters); n > 1 {
			right += fmt.Sprintf(" (%d of %d)", s.at+1, n)
		}
		if s.o.Cluster.Site != "" {
			right += " " + t.Glyph.Bullet + " " + s.o.Cluster.Site
		}
		right = " " + t.Strong.Paint(right) + " "
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
