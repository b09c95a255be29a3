package kit

import (
	"fmt"
	"math"
	"strings"
)

// HeatMap shows many things at once by one sign each, in groups and in parts of
// groups: hosts by site and rack. Its signs must differ in shape, since colour
// may be missing. Things are numbers that mean something to the caller only.
type HeatMap struct {
	Theme  *Theme                   // for drawing; laying out needs none
	Sign   func(thing int) HeatSign // how a thing looks now
	Count  func(group int) string   // what is said of a group whose signs have no room
	Marked func(thing int) bool     // nil: nothing is marked
	Cursor int                      // the thing that is highlighted, -1 for none

	groups []HeatGroup
	w      int
	lines  []heatLine
	label  int // columns of the names of groups, 0 for no names
}

// HeatSign is one cell: a glyph of one column.
type HeatSign struct {
	Glyph string
	Style Style
}

// HeatGroup is a line of the map, or several.
type HeatGroup struct {
	Name  string
	Parts []HeatPart
}

// HeatPart is what stands together within a group.
type HeatPart struct {
	Name   string
	Things []int
}

// heatLine is one line as it is laid out.
type heatLine struct {
	group  int
	first  bool // it has the name of its group
	folded bool // the count stands for the cells
	more   int  // groups that have no line; the line says so
	runs   []heatRun
}

// heatRun is cells without a gap, after a name or a gap.
type heatRun struct {
	before int // spaces
	name   string
	things []int
}

// dense are the ways to lay out a group, from the airiest on.
var dense = []struct {
	names bool // parts have their names
	gap   int  // spaces between parts
	split bool // a part may begin on one line and end on the next
}{{true, 2, false}, {false, 1, false}, {false, 1, true}, {false, 0, true}}

// SetGroups replaces the things.
func (m *HeatMap) SetGroups(groups []HeatGroup) { m.groups, m.lines = groups, nil }

// Need is how many lines the map takes in w columns when it is as dense as can be,
// and when it is as airy; 1 for each group, as counts, where w has no room for it.
func (m *HeatMap) Need(w int) (least, want int) {
	m.Lay(w, math.MaxInt)
	want = len(m.lines)
	if m.Folded() {
		return want, want
	}
	return len(m.lay(len(dense)-1, math.MaxInt)), want
}

// Lay lays the map out in w columns and at most most lines, and returns the lines
// that it takes. Cells that have no room, however close they stand, give way to
// one line of counts for each group.
func (m *HeatMap) Lay(w, most int) int {
	m.w, m.lines = w, nil
	if m.label = 0; len(m.groups) > 1 || len(m.groups) == 1 && m.groups[0].Name != "" {
		for _, g := range m.groups {
			m.label = max(m.label, min(Width(g.Name), max(8, w/5)))
		}
	}
	for level := range dense {
		if lines := m.lay(level, most); lines != nil {
			m.lines = lines
			return len(lines)
		}
	}
	for g := range m.groups[:min(len(m.groups), max(0, most))] {
		m.lines = append(m.lines, heatLine{group: g, first: true, folded: true})
	}
	if left := len(m.groups) - len(m.lines); left > 0 && len(m.lines) > 0 {
		m.lines[len(m.lines)-1] = heatLine{more: left + 1}
	}
	return len(m.lines)
}

// Things lists the things of a group.
func (m *HeatMap) Things(group int) []int {
	var out []int
	for _, p := range m.groups[group].Parts {
		out = append(out, p.Things...)
	}
	return out
}

// Folded reports whether counts stand for the cells.
func (m *HeatMap) Folded() bool { return len(m.lines) > 0 && m.lines[0].folded }

// room is what a line has for cells.
func (m *HeatMap) room() int {
	if m.label == 0 {
		return m.w - 2
	}
	return m.w - m.label - 3
}

// lay is nil when the map does not fit.
func (m *HeatMap) lay(level, most int) []heatLine {
	how, room := dense[level], m.room()
	if room < 4 {
		return nil
	}
	lines := []heatLine{}
	for g := range m.groups {
		line, used := heatLine{group: g, first: true}, 0
		next := func() {
			lines = append(lines, line)
			line, used = heatLine{group: g}, 0
		}
		for _, p := range m.groups[g].Parts {
			name := ""
			if how.names && p.Name != "" {
				name = Cut(p.Name, room/2, "") + " "
			}
			head, things := Width(name), p.Things
			gap := how.gap
			if used == 0 {
				gap = 0
			}
			whole := gap + head + len(things)
			if used > 0 && used+whole > room && (!how.split || used+gap >= room) {
				next()
				gap = 0
			}
			for {
				n := min(len(things), room-used-gap-head)
				line.runs = append(line.runs, heatRun{gap, name, things[:n]})
				used += gap + head + n
				if things = things[n:]; len(things) == 0 {
					break
				}
				next()
				gap, head, name = 0, 0, ""
			}
			if len(lines) >= most {
				return nil
			}
		}
		next()
	}
	if len(lines) > most {
		return nil
	}
	return lines
}

// Lines draws the map as it was laid out, every line w columns wide.
func (m *HeatMap) Lines() []string {
	out := make([]string, len(m.lines))
	var b strings.Builder
	for i := range m.lines {
		b.Reset()
		m.line(&b, &m.lines[i])
		out[i] = b.String()
	}
	return out
}

func (m *HeatMap) line(b *strings.Builder, l *heatLine) {
	t := m.Theme
	if l.more > 0 {
		b.WriteString(t.Dim.Paint(Fit(fmt.Sprintf(" and %d more", l.more), m.w, false, t.Glyph.Ellipsis)))
		return
	}
	head := " "
	if m.label > 0 {
		name := ""
		if l.first {
			name = m.groups[l.group].Name
		}
		head += Fit(name, m.label, false, t.Glyph.Ellipsis) + " "
	}
	if l.folded {
		b.WriteString(Fit(head+m.Count(l.group), m.w, false, t.Glyph.Ellipsis))
		return
	}
	b.WriteString(head)
	used := Width(head)
	for _, r := range l.runs {
		b.WriteString(spaces(r.before))
		b.WriteString(t.Dim.Paint(r.name))
		used += r.before + Width(r.name) + len(r.things)
		m.cells(b, r.things)
	}
	b.WriteString(spaces(m.w - used))
}

// cells writes neighbours of one style together.
func (m *HeatMap) cells(b *strings.Builder, things []int) {
	style, open := Style(""), false
	for _, i := range things {
		s := m.Sign(i)
		if m.Marked != nil && m.Marked(i) {
			s.Style = s.Style.And(m.Theme.Marked).And(underlined)
		}
		if i == m.Cursor {
			s.Style = s.Style.And(m.Theme.Match)
		}
		if !open || s.Style != style {
			if open {
				b.WriteString(style.close())
			}
			b.WriteString(s.Style.open())
			style, open = s.Style, true
		}
		b.WriteString(s.Glyph)
	}
	if open {
		b.WriteString(style.close())
	}
}

// underlined marks a cell in terminals without colour too.
const underlined Style = "4"
