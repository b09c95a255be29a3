package swift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
	"ringside/views/screen"
)

// whatIf is the question that goes with the marks: what is left when those are off
// too. It is worked out beside the screen, one answer at a time: rings may be so
// large that a key would feel it. Until the answer to the present question is there
// the one before is shown, dimmed.
type whatIf struct {
	shown bool // the panel is wanted
	asked question
	busy  bool
	known verdict
	calm  verdict // the last answer without marks, so that to unmark costs nothing
	hop   bool    // go to the next safe node as soon as it is known
}

// question is everything that the answer depends on.
type question struct {
	o            *swift.Overview
	nodes, disks []string // marked, by name, sorted
	next         bool     // what each further node would do is wanted as well
}

// verdict is an answer.
type verdict struct {
	to      question
	figures []swift.WhatIf
	next    map[string]loss // of every node, by name
}

// loss is what the loss of one more node would do, all rings together.
type loss struct {
	replicas                          int // that are not off already
	degraded, belowQuorum, unreadable int // partitions, newly
}

// thought is the message of an answer.
type thought struct{ verdict }

// same reports whether an answer to b is one to a: the rings, what is off in them
// and the marks are the same.
func (a question) same(b question) bool {
	switch {
	case a.o == nil || b.o == nil:
		return a.o == b.o
	case a.next && !b.next, !slices.Equal(a.nodes, b.nodes), !slices.Equal(a.disks, b.disks):
		return false
	}
	return a.o == b.o || slices.EqualFunc(a.o.Policies, b.o.Policies, func(x, y *swift.PolicyView) bool {
		return x.Ring.Ring == y.Ring.Ring && slices.Equal(x.Off, y.Off) && slices.Equal(x.Maybe, y.Maybe)
	})
}

// rethink asks again when the question is another one than before.
func (s *Screen) rethink() tea.Cmd {
	s.wonder()
	if s.ask.busy || s.ask.current() || s.ask.asked.o == nil {
		return nil
	}
	s.ask.busy = true
	q := s.ask.asked
	return func() tea.Msg { return thought{answer(q)} }
}

// wonder notes the question without asking it.
func (s *Screen) wonder() {
	s.ask.asked = s.question()
	if !s.ask.current() && s.ask.asked.same(s.ask.calm.to) {
		s.ask.known = s.ask.calm
		s.tellLosses()
	}
	s.fitLists()
}

// current reports whether what is known is the answer to what is asked.
func (w *whatIf) current() bool { return w.asked.same(w.known.to) }

func (s *Screen) question() question {
	if s.o == nil {
		return question{}
	}
	q := question{o: s.o, next: s.tab == nodesPage}
	for _, n := range s.nodes.marked() {
		q.nodes = append(q.nodes, n.Name)
	}
	for _, d := range s.disks.marked() {
		if !d.stray {
			q.disks = append(q.disks, d.ID())
		}
	}
	slices.Sort(q.nodes)
	slices.Sort(q.disks)
	return q
}

// asks reports whether something is marked.
func (q question) asks() bool { return len(q.nodes)+len(q.disks) > 0 }

// think takes an answer, and asks again when the question changed meanwhile.
func (s *Screen) think(m thought) tea.Cmd {
	s.ask.busy, s.ask.known = false, m.verdict
	if !m.to.asks() {
		s.ask.calm = m.verdict
	}
	s.tellLosses()
	cmd := s.rethink()
	if s.ask.hop && s.ask.current() {
		return tea.Batch(cmd, s.nextSafe())
	}
	return cmd
}

// answer works a question out. It reads nothing that changes.
func answer(q question) verdict {
	v := verdict{to: q}
	v.figures, _ = q.o.WhatIf(swift.Selection{Nodes: q.nodes, Devices: q.disks})
	if q.next {
		v.next = losses(q)
	}
	return v
}

// losses says for every node what its loss would do besides what is off, unknown or
// marked: who asks what is safe counts the unknown as off.
func losses(q question) map[string]loss {
	out := make(map[string]loss, len(q.o.Nodes))
	by := hostKey(q.o)
	for _, p := range q.o.Policies {
		off := slices.Clone(p.Off)
		off.Merge(p.Maybe)
		for _, d := range chosen(q) {
			for _, m := range d.In {
				if m.Ring == p.Ring.Name {
					off.Add(m.ID)
				}
			}
		}
		list := p.Ring.HostsBy(by)
		for i, c := range p.Ring.Next(list, off, p.Ring.Quorum()) {
			l := out[list[i].Name]
			l.replicas += c.ReplicasOff
			l.degraded += c.Degraded
			l.belowQuorum += c.BelowQuorum
			l.unreadable += c.Unreadable
			out[list[i].Name] = l
		}
	}
	return out
}

// chosen are the devices that are marked, by themselves or with their node.
func chosen(q question) []*swift.DeviceView {
	var out []*swift.DeviceView
	for _, d := range q.o.Devices {
		_, node := slices.BinarySearch(q.nodes, d.Node.Name)
		_, disk := slices.BinarySearch(q.disks, d.ID())
		if node || disk {
			out = append(out, d)
		}
	}
	return out
}

// hostKey tells nodes apart as the overview does.
func hostKey(o *swift.Overview) ring.HostKey {
	if o.Cluster.NodesBy == "port" {
		return ring.ByAddress
	}
	return ring.ByIP
}

// tellLosses notes at every node what its loss would do.
func (s *Screen) tellLosses() {
	for _, n := range s.nodes.all {
		n.loss, n.judged = s.ask.known.next[n.Name]
	}
	if s.nodes.order.id == safeOrder {
		s.nodes.sort()
	}
}

// safe reports whether a node may go off: no partition goes below quorum, and none
// becomes unreadable, that is not so already.
func (l loss) safe() bool { return l.belowQuorum == 0 && l.unreadable == 0 }

// ifOffCell says what one more node would do: nothing, put partitions below their
// primary quorum, or make them unreadable.
func ifOffCell(s *Screen, n *node) kit.Cell {
	t := s.look.Theme
	l, c := n.loss, kit.Cell{}
	switch {
	case !n.judged, n.State == swift.Unknown:
		return s.unknown()
	case s.nodes.table.Marked(n.Name):
		return kit.Cell{Text: "marked", Style: t.Marked}
	case l.replicas == 0 && n.State == swift.Up:
		return kit.Cell{Text: "holds none", Style: t.Dim}
	case l.replicas == 0:
		return kit.Cell{Text: "is off", Style: t.Dim}
	case l.unreadable > 0:
		c = kit.Cell{Text: fmt.Sprintf("%s %d unreadable", t.Glyph.Bad, l.unreadable), Style: t.Bad}
	case l.belowQuorum > 0:
		c = kit.Cell{Text: fmt.Sprintf("%s %d below", t.Glyph.Warn, l.belowQuorum), Style: t.Warn}
	default:
		c = kit.Cell{Text: "safe"}
	}
	if !s.ask.current() {
		c.Style = t.Dim
	}
	return c
}

// lossRank orders nodes, the safest first; NaN while nobody knows.
func lossRank(n *node) float64 {
	l := n.loss
	if !n.judged || l.replicas == 0 {
		return math.NaN()
	}
	return float64(l.unreadable)*1e12 + float64(l.belowQuorum)*1e6 + float64(l.degraded)
}

// nextSafe goes to the next node below the cursor that may go off besides those
// that are off and marked.
func (s *Screen) nextSafe() tea.Cmd {
	l := s.nodes
	if s.tab != nodesPage || len(l.shown) == 0 {
		return nil
	}
	if s.ask.hop = !s.ask.current(); s.ask.hop {
		return nil
	}
	for i := range l.shown {
		n := l.shown[(l.table.Cursor()+1+i)%len(l.shown)]
		if n.judged && n.loss.replicas > 0 && n.loss.safe() && !l.table.Marked(n.Name) {
			l.table.Select(n.Name)
			return nil
		}
	}
	return toast(true, "none of these is safe besides what is off and marked; sort by f: the safest first")
}

// safest is the answer to which nodes may go off together.
type safest struct {
	to   *swift.Overview
	safe ring.Safe
}

// safeSet finds as many nodes as may go off together, and marks them. It may take a
// part of a second.
func (s *Screen) safeSet() tea.Cmd {
	o := s.o
	if s.tab != nodesPage || o == nil || len(o.Policies) == 0 {
		return nil
	}
	return func() tea.Msg {
		layers := make([]ring.Layer, len(o.Policies))
		for i, p := range o.Policies {
			off := slices.Clone(p.Off)
			off.Merge(p.Maybe)
			layers[i] = ring.Layer{Ring: p.Ring.Ring, Quorum: p.Ring.Quorum(), Off: off}
		}
		return safest{o, ring.SafeHosts(layers, hostKey(o))}
	}
}

// takeSafest marks the set.
func (s *Screen) takeSafest(m safest) tea.Cmd {
	if s.o == nil || m.to.Cluster.Name != s.o.Cluster.Name {
		return nil
	}
	if len(m.safe.Hosts) == 0 {
		return toast(true, "no node may go off: each one puts partitions below their primary quorum")
	}
	s.unmark()
	s.nodes.table.SetMarks(m.safe.Hosts)
	text := plural(len(m.safe.Hosts), "node") + " may go off together: no larger set exists"
	if !m.safe.Largest() {
		text = fmt.Sprintf("%s may go off together: the most that was found, %d at the very most", plural(len(m.safe.Hosts), "node"), m.safe.AtMost)
	}
	return tea.Batch(toast(false, text), s.rethink())
}

func toast(isBad bool, text string) tea.Cmd {
	return screen.Send(screen.Toast{Bad: isBad, Text: text})
}

// panelMost is how many rings the panel shows; those that lose most come first.
const panelMost = 6

// panel says what the loss of the marked ones would do, one line for each ring that
// has a part of them; nil when nothing is marked.
func (s *Screen) panel(w int) []string {
	t, k := s.look.Theme, s.ask.known
	if !s.ask.shown || !s.ask.asked.asks() || s.o == nil {
		return nil
	}
	head := "If " + s.ask.asked.subject(s.o) + ", besides what is off now"
	rule := t.Border.Paint(t.Glyph.H)
	lines := []string{kit.Fit(rule+" "+t.Strong.Paint(head)+" "+t.Border.Paint(strings.Repeat(t.Glyph.H, w)), w, false, "")}
	if !k.to.asks() || k.to.o.Cluster.Name != s.o.Cluster.Name {
		return append(lines, t.Dim.Paint(kit.Fit("  working it out", w, false, t.Glyph.Ellipsis)))
	}
	figures := slices.Clone(k.figures)
	if len(figures) > panelMost {
		slices.SortStableFunc(figures, func(a, b swift.WhatIf) int {
			x, y := a.Then.AtMost, b.Then.AtMost
			return cmp.Or(y.Unreadable-x.Unreadable, y.BelowQuorum-x.BelowQuorum, y.Degraded-x.Degraded)
		})
		figures = figures[:panelMost]
	}
	c := columns{name: 8}
	for _, f := range figures {
		c.name = max(c.name, min(24, kit.Width(f.Policy.Ring.Title())))
	}
	c.figure = min(30, max(8, (w-c.name-4)/3))
	lines = append(lines, t.Dim.Paint(kit.Fit(c.line("", "", "DEGRADED", "BELOW QUORUM", "UNREADABLE"), w, false, "")))
	for _, f := range figures {
		if s.ask.current() {
			lines = append(lines, panelLine(t, f, c, w))
		} else {
			lines = append(lines, t.Dim.Paint(panelLine(&kit.Theme{Glyph: t.Glyph}, f, c, w)))
		}
	}
	return lines
}

// subject is what goes off: "sw017 goes off", "3 nodes and 2 disks go off".
func (q question) subject(o *swift.Overview) string {
	switch {
	case len(q.nodes) == 1 && len(q.disks) == 0:
		if n, ok := o.Node(q.nodes[0]); ok {
			return fmt.Sprintf("%s (%s) goes off", n.Label(), plural(len(n.Devices), "disk"))
		}
	case len(q.nodes) == 0 && len(q.disks) == 1:
		return "1 disk goes off"
	}
	var parts []string
	if n := len(q.nodes); n > 0 {
		parts = append(parts, plural(n, "node"))
	}
	if n := len(q.disks); n > 0 {
		parts = append(parts, plural(n, "disk"))
	}
	return strings.Join(parts, " and ") + " go off"
}

// columns are the widths of the panel's lines: of the name and of a figure.
type columns struct{ name, figure int }

func (c columns) line(sign, name string, figures ...string) string {
	line := " " + kit.Fit(sign, 1, false, "") + " " + kit.Fit(name, c.name, false, "") + " "
	for _, f := range figures {
		line += kit.Fit(f, c.figure, false, "")
	}
	return line
}

// panelLine says of one ring what changes: "12 → 340".
func panelLine(t *kit.Theme, f swift.WhatIf, c columns, w int) string {
	glyph, style := figureSign(f.Then).look(t)
	figure := func(of func(ring.Counts) int, style kit.Style) string {
		now, then := both(f.Now, of), both(f.Then, of)
		text := span(now[0], now[1])
		if now == then {
			return text
		}
		return style.Paint(text + " " + t.Glyph.Arrow + " " + span(then[0], then[1]))
	}
	line := c.line(style.Paint(glyph), kit.Cut(f.Policy.Ring.Title(), c.name, t.Glyph.Ellipsis),
		figure(degraded, t.Busy), figure(below, t.Warn), figure(unreadable, t.Bad))
	return kit.Fit(line, w, false, t.Glyph.Ellipsis)
}

// The three figures, and a figure between its bounds.
func degraded(c ring.Counts) int   { return c.Degraded }
func below(c ring.Counts) int      { return c.BelowQuorum }
func unreadable(c ring.Counts) int { return c.Unreadable }

func both(f swift.Figures, of func(ring.Counts) int) [2]int {
	return [2]int{of(f.AtLeast), of(f.AtMost)}
}

// figureSign is how bad the figures of a ring are.
func figureSign(f swift.Figures) sign {
	switch {
	case f.AtLeast.Unreadable > 0:
		return bad
	case f.AtLeast.BelowQuorum > 0:
		return warn
	case f.AtMost.BelowQuorum > 0:
		return unsure
	case f.AtMost.Degraded > 0:
		return busy
	}
	return good
}
