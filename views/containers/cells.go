package containers

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/views/kit"
)

// column is a column of the list with the text that a container has in it.
type column struct {
	kit.Column
	cell func(*drawing, *item) kit.Cell
}

// columns is every column in order; which are shown is a matter of room. Below
// wide columns the image is its tag alone.
var columns = []column{
	{kit.Column{Key: "state", Title: "STATE", Min: 12, Want: 12}, stateCell},
	{kit.Column{Key: "name", Title: "NAME", Min: 13, Want: 22, Flex: true}, func(_ *drawing, it *item) kit.Cell { return kit.Cell{Text: it.c.Name} }},
	{kit.Column{Key: "project", Title: "PROJECT/SERVICE", Min: 15, Want: 22, Priority: 4}, func(d *drawing, it *item) kit.Cell { return kit.Cell{Text: projectService(it.c)} }},
	{kit.Column{Key: "site", Title: "SITE", Min: 8, Want: 9, Priority: 3}, func(d *drawing, it *item) kit.Cell { return kit.Cell{Text: it.c.Site} }},
	{kit.Column{Key: "engine", Title: "ENGINE", Min: engineWidth, Want: engineWidth, Priority: 1}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: kit.Middle(it.src.spec.Name, engineWidth, d.theme.Glyph.Ellipsis)} // shanghai-1, shanghai-2
	}},
	{kit.Column{Key: "image", Title: "TAG", Min: 7, Want: 9, Priority: 1}, tagCell},
	{kit.Column{Title: "DIGEST", Min: 12, Want: 12, Priority: 5}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: shortID(it.c.Digest), Style: d.theme.Dim}
	}},
	{kit.Column{Key: "health", Title: "HEALTH", Min: 9, Want: 9, Priority: 1}, healthCell},
	{kit.Column{Key: "uptime", Title: "UPTIME", Min: 7, Want: 7, Priority: 1, Right: true}, uptimeCell},
	{kit.Column{Key: "restarts", Title: "RST", Min: 4, Want: 4, Priority: 4, Right: true}, restartsCell},
	{kit.Column{Key: "cpu", Title: "CPU%", Min: 4, Want: 5, Priority: 2, Right: true}, cpuCell},
	{kit.Column{Key: "memory", Title: "MEM", Min: 4, Want: 5, Priority: 2, Right: true}, memoryCell},
	{kit.Column{Title: "OF LIMIT", Min: 10, Want: 10, Priority: 6}, limitCell},
	{kit.Column{Title: "PORTS", Min: 12, Want: 30, Priority: 7}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: portList(it.c.Ports), Style: d.theme.Dim}
	}},
}

const engineWidth = 12

// wide is the width from which on images have their names.
const wide = 110

func columnsFor(width int) []kit.Column {
	out := make([]kit.Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
		switch {
		case c.Key == "image" && width >= wide:
			out[i].Title, out[i].Min, out[i].Want = "IMAGE", 16, 24
		case c.Key == "name" && width >= wide:
			out[i].Min, out[i].Want = 20, 28
		}
	}
	return out
}

// drawing is what cells need besides the container; it is the table's rows.
type drawing struct {
	model *model
	theme *kit.Theme
	width int
	now   time.Time
	cells []kit.Cell
}

func (d *drawing) Len() int { return len(d.model.lines) }

const groupKey = "group/"

// headingRoom is what the counts of a heading leave to its name.
const headingRoom = 28

func (d *drawing) Key(i int) string {
	if g := d.model.lines[i].group; g != nil {
		return groupKey + g.name
	}
	return d.model.lines[i].item.c.ID
}

func (d *drawing) Heading(i int) bool { return d.model.lines[i].group != nil }

func (d *drawing) At(i int) kit.Row {
	if g := d.model.lines[i].group; g != nil {
		note := g.tally.text(d.theme.Glyph.Bullet)
		return kit.Row{Group: d.heading(g), Note: kit.Cut(note, max(10, d.width-headingRoom), d.theme.Glyph.Ellipsis)}
	}
	it := d.model.lines[i].item
	d.cells = d.cells[:0]
	for _, c := range columns {
		d.cells = append(d.cells, c.cell(d, it))
	}
	_, stale := it.src.stale(d.now)
	return kit.Row{Cells: d.cells, Dim: stale}
}

func (d *drawing) heading(g *group) string {
	name, sign := g.name, d.theme.Glyph.Open
	if name == "" {
		name = d.model.sorting.group.none
	}
	if g.folded {
		sign = d.theme.Glyph.Fold
	}
	if d.model.sorting.group.id == "engine" {
		if age, stale := g.items[0].src.stale(d.now); stale {
			name += " (stale " + kit.Age(age) + ")"
		}
	}
	return sign + " " + name
}

// sign is how a container's state looks: a glyph, a word, a style.
type sign struct {
	glyph, word string
	style       kit.Style
}

func signOf(t *kit.Theme, c *docker.Container) sign {
	switch {
	case c.State == docker.Running && c.Health == docker.Unhealthy:
		return sign{t.Glyph.Bad, "running", t.Bad}
	case c.State == docker.Running:
		return sign{t.Glyph.Good, "running", t.Good}
	case c.State == docker.Restarting:
		return sign{t.Glyph.Busy, "restarting", t.Warn}
	case c.State == docker.Removing:
		return sign{t.Glyph.Busy, "removing", t.Busy}
	case c.State == docker.Paused:
		return sign{t.Glyph.Paused, "paused", t.Busy}
	case c.State == docker.Dead:
		return sign{t.Glyph.Bad, "dead", t.Bad}
	case failed(c) && c.OOM:
		return sign{t.Glyph.Bad, "out of mem", t.Bad}
	case failed(c):
		return sign{t.Glyph.Bad, "exit " + strconv.Itoa(c.ExitCode), t.Bad}
	case c.State == docker.Exited:
		return sign{t.Glyph.Off, "exited", t.Off}
	case c.State == docker.Created:
		return sign{t.Glyph.Off, "created", t.Off}
	}
	return sign{t.Glyph.Unknown, string(c.State), t.Unknown}
}

func stateCell(d *drawing, it *item) kit.Cell {
	s := signOf(d.theme, it.c)
	if it.src.entry.Err != nil {
		s.glyph = d.theme.Glyph.Stale
	}
	return kit.Cell{Text: s.glyph + " " + s.word, Style: s.style}
}

func healthCell(d *drawing, it *item) kit.Cell {
	if age, stale := it.src.stale(d.now); stale {
		return kit.Cell{Text: "stale " + kit.Age(age), Style: d.theme.Dim}
	}
	if !alive(it.c.State) || it.c.Health == "" {
		return kit.Cell{Text: none, Style: d.theme.Dim}
	}
	return kit.Cell{Text: string(it.c.Health), Style: healthStyle(d.theme, it.c.Health)}
}

func healthStyle(t *kit.Theme, h docker.Health) kit.Style {
	switch h {
	case docker.Healthy:
		return t.Good
	case docker.Unhealthy:
		return t.Bad
	case docker.Starting:
		return t.Busy
	}
	return t.Unknown
}

// none stands where a value makes no sense, the unknown glyph where there is one
// that nobody knows.
const none = "-"

func (d *drawing) unknown() kit.Cell {
	return kit.Cell{Text: d.theme.Glyph.Unknown, Style: d.theme.Dim}
}

func tagCell(d *drawing, it *item) kit.Cell {
	switch {
	case d.width >= wide:
		return kit.Cell{Text: imageName(it.c)}
	case it.c.Tag != "":
		return kit.Cell{Text: it.c.Tag}
	case it.c.Digest != "":
		return kit.Cell{Text: "@" + shortID(it.c.Digest)}
	}
	return kit.Cell{Text: shortID(it.c.ImageID), Style: d.theme.Dim}
}

// imageName is an image without its registry: "web:1.9.1", "web@1f2e3d".
func imageName(c *docker.Container) string {
	name := path.Base(c.Image)
	switch {
	case c.Image == "":
		return shortID(c.ImageID)
	case c.Tag != "":
		return name + ":" + c.Tag
	case c.Digest != "":
		return name + "@" + shortID(c.Digest)
	}
	return name
}

// fullImage is an image with everything that is known of its name.
func fullImage(c *docker.Container) string {
	switch {
	case c.Image == "":
		return c.ImageID
	case c.Tag != "":
		return c.Image + ":" + c.Tag
	case c.Digest != "":
		return c.Image + "@" + c.Digest
	}
	return c.Image
}

func projectService(c *docker.Container) string {
	if c.Project == "" {
		return c.Service
	}
	return strings.TrimSuffix(c.Project+"/"+c.Service, "/")
}

// shortID is the first twelve digits of a digest or an ID.
func shortID(id string) string {
	id = id[strings.IndexByte(id, ':')+1:]
	return id[:min(12, len(id))]
}

func uptimeCell(d *drawing, it *item) kit.Cell {
	if up, ok := uptime(it.c, d.now); ok {
		return kit.Cell{Text: kit.Age(up)}
	}
	switch {
	case alive(it.c.State) || ended(it.c.State) && !it.c.Known:
		return d.unknown()
	case ended(it.c.State) && !it.c.Finished.IsZero():
		return kit.Cell{Text: kit.Age(d.now.Sub(it.c.Finished)) + " ago", Style: d.theme.Dim}
	}
	return kit.Cell{Text: none, Style: d.theme.Dim}
}

func restartsCell(d *drawing, it *item) kit.Cell {
	switch {
	case !it.c.Known:
		return d.unknown()
	case it.c.Restarts > 0:
		return kit.Cell{Text: strconv.Itoa(it.c.Restarts), Style: d.theme.Warn}
	}
	return kit.Cell{Text: "0", Style: d.theme.Dim}
}

func cpuCell(d *drawing, it *item) kit.Cell {
	st := it.src.stat(it.c.ID)
	switch {
	case !alive(it.c.State):
		return kit.Cell{Text: none, Style: d.theme.Dim}
	case st == nil || math.IsNaN(st.CPU):
		return d.unknown()
	case st.CPU >= 90:
		return kit.Cell{Text: percent(st.CPU), Style: d.theme.Warn}
	}
	return kit.Cell{Text: percent(st.CPU)}
}

func memoryCell(d *drawing, it *item) kit.Cell {
	st := it.src.stat(it.c.ID)
	switch {
	case !alive(it.c.State):
		return kit.Cell{Text: none, Style: d.theme.Dim}
	case st == nil:
		return d.unknown()
	}
	cell := kit.Cell{Text: size(st.Memory)}
	if it.c.Known && it.c.MemLimit > 0 && tight(st.Memory, it.c.MemLimit) {
		cell.Style = d.theme.Warn
	}
	return cell
}

func limitCell(d *drawing, it *item) kit.Cell {
	st := it.src.stat(it.c.ID)
	switch {
	case !alive(it.c.State):
		return kit.Cell{Text: none, Style: d.theme.Dim}
	case !it.c.Known || st == nil:
		return d.unknown()
	case it.c.MemLimit == 0:
		return kit.Cell{Text: "no limit", Style: d.theme.Dim}
	}
	share := float64(st.Memory) / float64(it.c.MemLimit)
	cell := kit.Cell{Text: d.theme.Bar(share, 5) + " " + strconv.Itoa(int(share*100)) + "%"}
	if tight(st.Memory, it.c.MemLimit) {
		cell.Style = d.theme.Warn
	}
	return cell
}

// tight says that little is left of a limit.
func tight(used, limit int64) bool { return used*10 >= limit*9 }

// percent writes a share of one core: 0.4, 12, 250.
func percent(p float64) string {
	if p < 9.95 {
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
	return strconv.FormatFloat(p, 'f', 0, 64)
}

// size writes bytes in at most five columns, in powers of 1024: 512K, 3.4G.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return strconv.FormatInt(n, 10) + "B"
	}
	f, u := float64(n)/1024, 0
	for f >= 1000 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f%c", f, units[u])
	}
	return fmt.Sprintf("%.0f%c", f, units[u])
}
