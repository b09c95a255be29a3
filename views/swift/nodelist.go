package swift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
	"ringside/views/screen/lists"
)

type nodeList = lists.List[*Screen, *node]

var nodeKind = lists.Kind[*Screen, *node]{
	Empty:   "no ring is read yet, so that no node is known",
	Columns: nodeColumns, Orders: nodeOrders, Counts: countNodes, Foot: nodeFoot, Old: func(_ *Screen, n *node) bool { return n.State != swift.Up },
	Hint:     nodesHint,
	Language: kit.Language[*node]{Text: nodeText, Name: func(n *node) string { return strings.ToLower(n.label) }, Fields: nodeFields, Special: nodeRange},
}

// nodesHint is how a range of nodes looks in a filter.
const nodesHint = "sw[001-040]"

func nodeText(n *node) string {
	if n.text == "" {
		n.text = nodeWords(n)
	}
	return n.text
}

func nodeWords(n *node) string {
	return strings.ToLower(strings.Join([]string{n.label, n.Name, n.word, n.suspect, n.Why, zone(n.NodeView)}, "\x00"))
}

func nodeRange(word string) func(*node) bool {
	match := hosts.Ranges(word)
	if match == nil {
		return nil
	}
	return func(n *node) bool { return match(strings.ToLower(n.label)) }
}

func contains(s, text string) bool { return strings.Contains(strings.ToLower(s), text) }

var nodeFields = []kit.FilterField[*node]{
	{Name: "node", Match: func(n *node, text string) bool { return contains(n.label, text) || contains(n.Name, text) }},
	{Name: "state", Match: func(n *node, text string) bool {
		return strings.HasPrefix(n.word, text) || strings.HasPrefix(string(n.State), text) || text == "odd" && (n.suspect != "" || n.State != swift.Up)
	}},
	{Name: "zone", Match: inZone},
	{Name: "disk", Match: func(n *node, text string) bool {
		return slices.ContainsFunc(n.Devices, func(d *swift.DeviceView) bool { return strings.HasPrefix(string(d.State), text) })
	}},
	{Name: "rings", Match: func(n *node, text string) bool { return contains(n.files.word(), text) }},
	{Name: "conf", Match: func(n *node, text string) bool {
		return n.ConfDiffers == strings.HasPrefix("differs", text)
	}},
	{Name: "version", Match: func(n *node, text string) bool {
		return n.Facts != nil && strings.HasPrefix(n.Facts.Version.Value, text)
	}},
	{Name: "why", Match: func(n *node, text string) bool { return contains(n.Why, text) || contains(n.suspect, text) }},
}

// inZone takes zone:2, zone:r1z2.
func inZone(n *node, text string) bool {
	return text == fmt.Sprint(n.Zone) || zone(n.NodeView) == text
}

const safeOrder = "safe"

var nodeOrders = []lists.Order[*node]{
	{ID: "node", Letter: "n", Title: "address", Number: func(n *node) float64 { return float64(n.place) }},
	{ID: "attention", Letter: "a", Title: "attention: what needs a human first", Number: func(n *node) float64 { return float64(nodeRank(n)) }},
	{ID: "state", Letter: "s", Title: "state", Text: func(n *node) string { return n.word }},
	{ID: "zone", Letter: "z", Title: "region and zone", Number: func(n *node) float64 { return float64(n.Region)*1e6 + float64(n.Zone) }},
	{ID: "disks", Letter: "d", Title: "disks that are not well, most first", Number: func(n *node) float64 { return -float64(len(n.Devices) - n.ok) }},
	{ID: safeOrder, Letter: "f", Title: "if it goes off: the safest first", Number: lossRank},
	{ID: "repl", Letter: "r", Title: "replication, the oldest pass first", Number: func(n *node) float64 {
		if !n.passed {
			return math.NaN()
		}
		return float64(n.pass.Unix())
	}},
	{ID: "quar", Letter: "q", Title: "quarantine, newly come first, then most", Number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Quarantined.Known() {
			return math.NaN()
		}
		q := n.Facts.Quarantined.Value
		return -1e9*float64(q.New()) - float64(q.Total())
	}},
	{ID: "async", Letter: "y", Title: "async pending, most first", Number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Async.Known() {
			return math.NaN()
		}
		return -float64(n.Facts.Async.Value.Pending)
	}},
	{ID: "load", Letter: "l", Title: "load, highest first", Number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Load.Known() {
			return math.NaN()
		}
		return -n.Facts.Load.Value.One
	}},
	{ID: "clock", Letter: "c", Title: "clock, furthest off first", Number: func(n *node) float64 {
		if !n.DriftKnown {
			return math.NaN()
		}
		return -n.Drift.Abs().Seconds()
	}},
	{ID: "version", Letter: "v", Title: "version of Swift", Text: func(n *node) string {
		if n.Facts == nil {
			return ""
		}
		return n.Facts.Version.Value
	}},
}

func nodeFoot(s *Screen, n *node) (string, kit.Style) {
	t := s.look.Theme
	if n.State != swift.Up {
		text := n.label + ": " + n.Why
		if !n.Since.IsZero() {
			text += ", for " + screen.Since(n.Since, s.snap.Now)
		}
		return text, t.Warn
	}
	if n.suspect != "" {
		return n.label + ": " + n.suspect, t.Warn
	}
	parts := []string{n.Name, zone(n.NodeView), fmt.Sprintf("%d disks", len(n.Devices))}
	if v := n.Facts.Version.Value; v != "" {
		parts = append(parts, "Swift "+v)
	}
	if n.Host == "" {
		parts = append(parts, "no host of the fleet has this address")
	}
	return n.label + ": " + strings.Join(parts, " "+t.Glyph.Bullet+" "), t.Dim
}

// countNodes says how many nodes there are and how many are not well.
func countNodes(s *Screen, all []*node) string {
	var up, down, unknown, odd int
	for _, n := range all {
		switch n.State {
		case swift.Up:
			up++
		case swift.Down:
			down++
		default:
			unknown++
		}
		if n.suspect != "" {
			odd++
		}
	}
	return tallies(s.look.Theme, len(all), []tally{{good, up, "up"}, {bad, down, "down"}, {unsure, unknown, "unknown"}, {warn, odd, "to look at"}})
}

var none = kit.Cell{Text: "-"}

func (s *Screen) unknown() kit.Cell {
	return kit.Cell{Text: s.look.Theme.Glyph.Unknown, Style: s.look.Theme.Dim}
}

// nodeColumns is every column in order. What is well has no style of its own: what
// is not stands out, and a move of the cursor costs few bytes.
var nodeColumns = []lists.Column[*Screen, *node]{
	{Column: kit.Column{Key: "state", Title: "STATE", Min: 9, Want: 13}, Cell: func(s *Screen, n *node) kit.Cell {
		glyph, style := nodeSign(n).look(s.look.Theme)
		return kit.Cell{Text: glyph + " " + n.word, Style: style}
	}},
	{Column: kit.Column{Key: "node", Title: "NODE", Min: 8, Want: 14, Flex: true}, Cell: func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: n.label} }},
	{Column: kit.Column{Key: "zone", Title: "ZONE", Min: 5, Want: 5, Priority: 2}, Cell: func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: zone(n.NodeView)} }},
	{Column: kit.Column{Key: "disks", Title: "DISKS", Min: 5, Want: 5, Right: true}, Cell: func(s *Screen, n *node) kit.Cell {
		c := kit.Cell{Text: fmt.Sprintf("%d/%d", n.ok, len(n.Devices))}
		switch {
		case n.State == swift.Unknown:
			c.Text = fmt.Sprintf("%s/%d", s.look.Theme.Glyph.Unknown, len(n.Devices))
		case n.ok < len(n.Devices):
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{Column: kit.Column{Key: safeOrder, Title: "IF OFF", Min: 14, Want: 16}, Cell: ifOffCell},
	{Column: kit.Column{Key: "repl", Title: "REPL", Min: 4, Want: 4, Right: true, Priority: 1}, Cell: func(s *Screen, n *node) kit.Cell {
		if !n.passed {
			return s.unknown()
		}
		c := kit.Cell{Text: screen.Since(n.pass, s.snap.Now)}
		if s.snap.Now.Sub(n.pass) > impact.PassLimit {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{Column: kit.Column{Key: "rings", Title: "RINGS", Min: 9, Want: 9, Priority: 1}, Cell: func(s *Screen, n *node) kit.Cell {
		switch w := n.files.word(); w {
		case "":
			return s.unknown()
		case "ok":
			return kit.Cell{Text: w}
		default:
			return kit.Cell{Text: w, Style: s.look.Theme.Warn}
		}
	}},
	{Column: kit.Column{Key: "quar", Title: "QUAR", Min: 4, Want: 7, Right: true, Priority: 3}, Cell: func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Quarantined.Known() {
			return s.unknown()
		}
		q := n.Facts.Quarantined.Value
		if q.New() > 0 {
			return kit.Cell{Text: fmt.Sprintf("%d+%d", q.Before.Total(), q.New()), Style: s.look.Theme.Bad}
		}
		return kit.Cell{Text: fmt.Sprint(q.Total())}
	}},
	{Column: kit.Column{Key: "async", Title: "ASYNC", Min: 5, Want: 9, Right: true, Priority: 3}, Cell: asyncCell},
	{Column: kit.Column{Key: "read", Title: "READ", Min: 4, Want: 4, Right: true, Priority: 1}, Cell: func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil {
			return none
		}
		age := s.snap.Now.Sub(n.At)
		if n.State == swift.Up {
			return kit.Cell{Text: "<" + kit.Age(screen.Within(age))}
		}
		return kit.Cell{Text: kit.Age(age), Style: s.look.Theme.Warn}
	}},
	{Column: kit.Column{Key: "load", Title: "LOAD", Min: 5, Want: 5, Right: true, Priority: 4}, Cell: func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Load.Known() {
			return s.unknown()
		}
		return kit.Cell{Text: fmt.Sprintf("%.1f", n.Facts.Load.Value.One)}
	}},
	{Column: kit.Column{Key: "clock", Title: "CLOCK", Min: 6, Want: 6, Right: true, Priority: 5}, Cell: func(s *Screen, n *node) kit.Cell {
		if !n.DriftKnown {
			return s.unknown()
		}
		c := kit.Cell{Text: drift(n.Drift)}
		if n.Drift.Abs() > impact.DriftLimit {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{Column: kit.Column{Key: "version", Title: "VERSION", Min: 7, Want: 8, Priority: 6}, Cell: func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Version.Known() {
			return s.unknown()
		}
		return kit.Cell{Text: n.Facts.Version.Value}
	}},
	{Column: kit.Column{Key: "site", Title: "SITE", Min: 6, Want: 8, Priority: 7}, Cell: func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: n.site} }},
	{Column: kit.Column{Title: "WHY", Min: 20, Want: 50, Priority: 8}, Cell: func(s *Screen, n *node) kit.Cell {
		return kit.Cell{Text: cmp.Or(n.Why, n.suspect), Style: s.look.Theme.Warn}
	}},
}

// asyncCell is the count with its age, since a cron job writes it.
func asyncCell(s *Screen, n *node) kit.Cell {
	if n.Facts == nil || !n.Facts.Async.Known() {
		return s.unknown()
	}
	a := n.Facts.Async.Value
	text := fmt.Sprint(a.Pending)
	if !a.Counted.IsZero() {
		text += " " + screen.Since(a.Counted, s.snap.Now)
	}
	if !a.Earlier.IsZero() && a.Pending > a.Before {
		return kit.Cell{Text: text, Style: s.look.Theme.Warn}
	}
	return kit.Cell{Text: text}
}
