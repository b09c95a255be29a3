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
)

// newNodes is the list of nodes.
func newNodes(s *Screen) *list[*node] { return newList(s, &nodeKind) }

var nodeKind kind[*node]

func init() { // set here, since the functions lead back to it
	nodeKind = kind[*node]{
		empty:   "no ring is read yet, so that no node is known",
		columns: nodeColumns, orders: nodeOrders, counts: countNodes, foot: nodeFoot, old: func(n *node) bool { return n.State != swift.Up },
		language: kit.Language[*node]{Text: nodeText, Name: func(n *node) string { return strings.ToLower(n.label) }, Fields: nodeFields, Special: nodeRange},
	}
}

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

var nodeOrders = []order[*node]{
	{id: "node", letter: "n", title: "address", number: func(n *node) float64 { return float64(n.place) }},
	{id: "attention", letter: "a", title: "attention: what needs a human first", number: func(n *node) float64 { return float64(nodeRank(n)) }},
	{id: "state", letter: "s", title: "state", text: func(n *node) string { return n.word }},
	{id: "zone", letter: "z", title: "region and zone", number: func(n *node) float64 { return float64(n.Region)*1e6 + float64(n.Zone) }},
	{id: "disks", letter: "d", title: "disks that are not well, most first", number: func(n *node) float64 { return -float64(len(n.Devices) - n.ok) }},
	{id: safeOrder, letter: "f", title: "if it goes off: the safest first", number: lossRank},
	{id: "repl", letter: "r", title: "replication, the oldest pass first", number: func(n *node) float64 {
		if !n.passed {
			return math.NaN()
		}
		return float64(n.pass.Unix())
	}},
	{id: "quar", letter: "q", title: "quarantine, newly come first, then most", number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Quarantined.Known() {
			return math.NaN()
		}
		q := n.Facts.Quarantined.Value
		return -1e9*float64(q.New()) - float64(q.Total())
	}},
	{id: "async", letter: "y", title: "async pending, most first", number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Async.Known() {
			return math.NaN()
		}
		return -float64(n.Facts.Async.Value.Pending)
	}},
	{id: "load", letter: "l", title: "load, highest first", number: func(n *node) float64 {
		if n.Facts == nil || !n.Facts.Load.Known() {
			return math.NaN()
		}
		return -n.Facts.Load.Value.One
	}},
	{id: "clock", letter: "c", title: "clock, furthest off first", number: func(n *node) float64 {
		if !n.DriftKnown {
			return math.NaN()
		}
		return -n.Drift.Abs().Seconds()
	}},
	{id: "version", letter: "v", title: "version of Swift", text: func(n *node) string {
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
var nodeColumns = []column[*node]{
	{kit.Column{Key: "state", Title: "STATE", Min: 9, Want: 13}, func(s *Screen, n *node) kit.Cell {
		glyph, style := nodeSign(n).look(s.look.Theme)
		return kit.Cell{Text: glyph + " " + n.word, Style: style}
	}},
	{kit.Column{Key: "node", Title: "NODE", Min: 8, Want: 14, Flex: true}, func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: n.label} }},
	{kit.Column{Key: "zone", Title: "ZONE", Min: 5, Want: 5, Priority: 2}, func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: zone(n.NodeView)} }},
	{kit.Column{Key: "disks", Title: "DISKS", Min: 5, Want: 5, Right: true}, func(s *Screen, n *node) kit.Cell {
		c := kit.Cell{Text: fmt.Sprintf("%d/%d", n.ok, len(n.Devices))}
		switch {
		case n.State == swift.Unknown:
			c.Text = fmt.Sprintf("%s/%d", s.look.Theme.Glyph.Unknown, len(n.Devices))
		case n.ok < len(n.Devices):
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{kit.Column{Key: safeOrder, Title: "IF OFF", Min: 14, Want: 16}, ifOffCell},
	{kit.Column{Key: "repl", Title: "REPL", Min: 4, Want: 4, Right: true, Priority: 1}, func(s *Screen, n *node) kit.Cell {
		if !n.passed {
			return s.unknown()
		}
		c := kit.Cell{Text: screen.Since(n.pass, s.snap.Now)}
		if s.snap.Now.Sub(n.pass) > impact.PassLimit {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{kit.Column{Key: "rings", Title: "RINGS", Min: 9, Want: 9, Priority: 1}, func(s *Screen, n *node) kit.Cell {
		switch w := n.files.word(); w {
		case "":
			return s.unknown()
		case "ok":
			return kit.Cell{Text: w}
		default:
			return kit.Cell{Text: w, Style: s.look.Theme.Warn}
		}
	}},
	{kit.Column{Key: "quar", Title: "QUAR", Min: 4, Want: 7, Right: true, Priority: 3}, func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Quarantined.Known() {
			return s.unknown()
		}
		q := n.Facts.Quarantined.Value
		if q.New() > 0 {
			return kit.Cell{Text: fmt.Sprintf("%d+%d", q.Before.Total(), q.New()), Style: s.look.Theme.Bad}
		}
		return kit.Cell{Text: fmt.Sprint(q.Total())}
	}},
	{kit.Column{Key: "async", Title: "ASYNC", Min: 5, Want: 9, Right: true, Priority: 3}, asyncCell},
	{kit.Column{Key: "read", Title: "READ", Min: 4, Want: 4, Right: true, Priority: 1}, func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil {
			return none
		}
		age := s.snap.Now.Sub(n.At)
		if n.State == swift.Up {
			return kit.Cell{Text: "<" + kit.Age(screen.Within(age))}
		}
		return kit.Cell{Text: kit.Age(age), Style: s.look.Theme.Warn}
	}},
	{kit.Column{Key: "load", Title: "LOAD", Min: 5, Want: 5, Right: true, Priority: 4}, func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Load.Known() {
			return s.unknown()
		}
		return kit.Cell{Text: fmt.Sprintf("%.1f", n.Facts.Load.Value.One)}
	}},
	{kit.Column{Key: "clock", Title: "CLOCK", Min: 6, Want: 6, Right: true, Priority: 5}, func(s *Screen, n *node) kit.Cell {
		if !n.DriftKnown {
			return s.unknown()
		}
		c := kit.Cell{Text: drift(n.Drift)}
		if n.Drift.Abs() > impact.DriftLimit {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{kit.Column{Key: "version", Title: "VERSION", Min: 7, Want: 8, Priority: 6}, func(s *Screen, n *node) kit.Cell {
		if n.Facts == nil || !n.Facts.Version.Known() {
			return s.unknown()
		}
		return kit.Cell{Text: n.Facts.Version.Value}
	}},
	{kit.Column{Key: "site", Title: "SITE", Min: 6, Want: 8, Priority: 7}, func(s *Screen, n *node) kit.Cell { return kit.Cell{Text: n.site} }},
	{kit.Column{Title: "WHY", Min: 20, Want: 50, Priority: 8}, func(s *Screen, n *node) kit.Cell {
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
