package swift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
)

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
