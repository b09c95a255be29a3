package power

import (
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
)

// column is a column of the list with what a host has in it.
type column struct {
	kit.Column
	cell func(*drawing, *item) kit.Cell
}

// hostWidth is the least width of the names of hosts.
const hostWidth = 10

// columns is every column in order; which are shown is a matter of room. What is
// well has no style of its own: what is not stands out, and a move of the cursor
// costs few bytes.
var columns = []column{
	{kit.Column{Key: "power", Title: "POWER", Min: 16, Want: 18}, powerCell},
	{kit.Column{Key: "host", Title: "HOST", Min: hostWidth, Want: 20, Flex: true}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: it.Spec.Name}
	}},
	{kit.Column{Key: "site", Title: "SITE", Min: 8, Want: 9, Priority: 2}, func(d *drawing, it *item) kit.Cell { return kit.Cell{Text: it.Spec.Site} }},
	{kit.Column{Key: "rack", Title: "RACK", Min: 5, Want: 6, Priority: 3}, func(d *drawing, it *item) kit.Cell { return kit.Cell{Text: it.Spec.Rack} }},
	{kit.Column{Key: "health", Title: "HEALTH", Min: 8, Want: 8, Priority: 1}, healthCell},
	{kit.Column{Key: "change", Title: "LAST CHANGE", Min: 20, Want: 24, Priority: 1}, changeCell},
	{kit.Column{Key: "read", Title: "READ", Min: 4, Want: 5, Priority: 2, Right: true}, readCell},
	{kit.Column{Key: "tags", Title: "TAGS", Min: 8, Want: 16, Priority: 5}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: strings.Join(it.Spec.Tags, " "), Style: d.theme.Dim}
	}},
	{kit.Column{Key: "driver", Title: "DRIVER", Min: 9, Want: 9, Priority: 4}, driverCell},
	{kit.Column{Title: "FAULTS", Min: 16, Want: 32, Priority: 6}, func(d *drawing, it *item) kit.Cell {
		if it.Facts == nil {
			return d.unknown()
		}
		return kit.Cell{Text: strings.Join(it.Facts.Faults, ", "), Style: d.theme.Warn}
	}},
	{kit.Column{Title: "BMC", Min: 24, Want: 32, Priority: 7}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: it.Spec.BMC.Address, Style: d.theme.Dim}
	}},
}

func tableColumns() []kit.Column {
	out := make([]kit.Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
	}
	return out
}

// drawing is what cells need besides the host; it is the table's rows.
type drawing struct {
	model *model
	theme *kit.Theme
	width int
	now   time.Time
	cells []kit.Cell
}

const groupKey = "group/"

func (d *drawing) Len() int           { return len(d.model.lines) }
func (d *drawing) Heading(i int) bool { return d.model.lines[i].group != nil }

func (d *drawing) Key(i int) string {
	if g := d.model.lines[i].group; g != nil {
		return groupKey + g.name
	}
	return d.model.lines[i].item.Spec.Name
}

func (d *drawing) At(i int) kit.Row {
	if g := d.model.lines[i].group; g != nil {
		head := d.heading(g)
		return kit.Row{Group: head, Note: kit.Longest(g.tally.Notes(d.theme), d.width-kit.Width(head)-6)}
	}
	it := d.model.lines[i].item
	d.cells = d.cells[:0]
	for _, c := range columns {
		d.cells = append(d.cells, c.cell(d, it))
	}
	return kit.Row{Cells: d.cells, Dim: it.Facts != nil && !it.Status.Readable()}
}

func (d *drawing) heading(g *group) string {
	name, sign := g.name, d.theme.Glyph.Open
	if name == "" {
		name = d.model.sorting.group.none
	}
	if g.folded {
		sign = d.theme.Glyph.Fold
	}
	return sign + " " + name
}

// none stands where a value makes no sense or is not told, the unknown glyph where
// nothing was read.
const none = "-"

func (d *drawing) unknown() kit.Cell {
	return kit.Cell{Text: d.theme.Glyph.Unknown, Style: d.theme.Dim}
}

func powerCell(d *drawing, it *item) kit.Cell {
	sign := it.Status.Kind.Look(d.theme)
	if it.asking {
		sign = hosts.Turning.Look(d.theme)
	}
	return kit.Cell{Text: sign.Glyph + " " + it.powerNow(d.theme.Glyph.Arrow, d.now), Style: sign.Style}
}

func healthCell(d *drawing, it *item) kit.Cell {
	word := healthWord(it)
	switch {
	case word == "unknown", !it.Status.Readable():
		return d.unknown()
	case word == "none":
		return kit.Cell{Text: none}
	case it.Status.Health == "":
		return kit.Cell{Text: word}
	}
	return kit.Cell{Text: word, Style: healthStyle(d.theme, it.Status.Health)}
}

func healthStyle(t *kit.Theme, h bmc.Health) kit.Style {
	switch h {
	case bmc.Critical:
		return t.Bad
	case bmc.Warning:
		return t.Warn
	}
	return t.Good
}

// changeCell is "off 12m tanaka"; of a host that cannot be read, what it was last.
func changeCell(d *drawing, it *item) kit.Cell {
	switch {
	case it.Facts != nil && !it.Status.Readable():
		return kit.Cell{Text: "was " + known(it.Facts.Power), Style: d.theme.Dim}
	case !it.changed:
		return kit.Cell{Text: none}
	}
	text, style := it.last.to+" "+screen.Since(it.last.at, d.now)+" "+whose(it.last), kit.Style("")
	switch {
	case it.last.failed:
		text, style = it.last.to+" failed "+screen.Since(it.last.at, d.now)+" "+whose(it.last), d.theme.Bad
	case it.unasked():
		style = d.theme.Warn
	}
	return kit.Cell{Text: text, Style: style}
}

// leastAge is the first step of an age that is shown: about the time between two
// readings of a BMC, so that it does not flicker.
const leastAge = 15 * time.Second

// readCell is the age of what is known, in steps as long as it is fresh: a quiet
// screen stays still.
func readCell(d *drawing, it *item) kit.Cell {
	age, ok := it.Entry.Age(d.now)
	switch {
	case !ok:
		return kit.Cell{Text: none, Style: d.theme.Dim}
	case it.Status.Readable():
		return kit.Cell{Text: "<" + kit.Age(screen.Within(max(age, leastAge)))}
	}
	return kit.Cell{Text: kit.Age(age), Style: d.theme.Warn}
}

func driverCell(d *drawing, it *item) kit.Cell {
	switch {
	case it.Facts == nil:
		return d.unknown()
	case it.Facts.Insecure != "":
		return kit.Cell{Text: d.theme.Glyph.Warn + " " + it.Facts.Driver, Style: d.theme.Warn} // the foot says why
	}
	return kit.Cell{Text: it.Facts.Driver, Style: d.theme.Dim}
}
