package swift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
)

// node is one storage node in the list.
type node struct {
	*swift.NodeView
	place int // in the order of addresses
	label string
	word  string // its state: up, silent, refused, unknown
	ok    int    // disks that are well
	files fileState
	site  string

	pass    time.Time // when the oldest of its last replication passes ended
	passed  bool
	suspect string // why it is looked at although it is up, "" when it is well

	text   string // where a word of a filter is looked for, made when it is needed
	loss   loss   // what its loss would do besides what is off and marked
	judged bool   // loss is known
}

func (n *node) key() string { return n.Name }

func views(list []*node) []*swift.NodeView {
	out := make([]*swift.NodeView, len(list))
	for i, n := range list {
		out[i] = n.NodeView
	}
	return out
}

// fileState is how a node's rings and swift.conf compare with those of the others.
type fileState struct {
	known   bool
	behind  int // versions of the ring that is most behind; 0: none, or not known
	odd     int // rings that are not those of the majority
	missing int // rings that it has not, or cannot read
	conf    bool
}

// word says "ok", "2 behind", "2 differ", "1 missing"; "" when it is not known.
func (f fileState) word() string {
	switch {
	case f.missing > 0:
		return fmt.Sprintf("%d missing", f.missing)
	case f.behind > 0:
		return fmt.Sprintf("%d behind", f.behind)
	case f.odd > 0:
		return fmt.Sprintf("%d differ", f.odd)
	case f.conf:
		return "conf"
	case f.known:
		return "ok"
	}
	return ""
}

// nodesOf lists the storage nodes of a cluster, by address.
func nodesOf(o *swift.Overview) []*node {
	files := filesOf(o)
	out := make([]*node, len(o.Nodes))
	all := make([]node, len(o.Nodes))
	for i, v := range o.Nodes {
		n := &all[i]
		*n = node{NodeView: v, place: i, label: v.Label(), word: nodeWord(v), files: files[v.Name], site: o.Cluster.Site}
		for _, d := range v.Devices {
			if d.State == swift.DeviceOK {
				n.ok++
			}
		}
		n.pass, n.passed = oldestPass(v.Facts)
		n.suspect = suspicion(n, o.Now)
		out[i] = n
	}
	return out
}

// nodeWord is the state of a node in a word.
func nodeWord(n *swift.NodeView) string {
	if n.State == swift.Up {
		return "up"
	}
	word := string(swift.TroubleOf(n.Err))
	if word == "" || word == string(swift.Other) {
		word = string(n.State)
	}
	return word
}

// filesOf compares the files of all nodes with what most have.
func filesOf(o *swift.Overview) map[string]fileState {
	out := make(map[string]fileState, len(o.Nodes))
	change := func(name string, f func(*fileState)) {
		s := out[name]
		f(&s)
		out[name] = s
	}
	for _, a := range o.Files {
		for i, g := range a.Groups {
			for _, m := range g.Members {
				change(m, func(s *fileState) {
					s.known = true
					switch {
					case i == 0:
					case a.Name == confName:
						s.conf = true
					default:
						s.odd++
						s.behind = max(s.behind, g.Behind)
					}
				})
			}
		}
		for _, m := range slices.Concat(a.Missing, a.Unreadable) {
			change(m, func(s *fileState) { s.missing++ })
		}
	}
	return out
}

const confName = "swift.conf"

// oldestPass is the oldest of the last passes of a node's replicators and its
// reconstructor.
func oldestPass(f *swift.Node) (at time.Time, ok bool) {
	if f == nil {
		return at, false
	}
	take := func(last time.Time, known bool) {
		if known && !last.IsZero() && (!ok || last.Before(at)) {
			at, ok = last, true
		}
	}
	for _, k := range swift.Kinds {
		r := f.Replication.Of(k)
		take(r.Value.Last, r.Known())
	}
	take(f.Reconstruction.Value.Last, f.Reconstruction.Known())
	return at, ok
}

// suspicion says why a node that answers needs a look.
func suspicion(n *node, now time.Time) string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	if n.State != swift.Up {
		return ""
	}
	f := n.Facts
	for _, s := range f.Servers {
		add(s.Up.Err != nil, "port %d (%s) does not answer", s.Port, kinds(s.Kinds))
	}
	q := f.Quarantined
	add(n.ConfDiffers && q.Known() && q.Value.New() > 0, "its swift.conf differs and its quarantine rises: stop its auditors")
	add(n.ok < len(n.Devices), "%s", badDisks(n))
	add(n.files.missing > 0 || n.files.odd > 0, "%s", ringTrouble(n))
	add(n.ConfDiffers && !(q.Known() && q.Value.New() > 0), "its swift.conf differs")
	add(n.passed && now.Sub(n.pass) > impact.PassLimit, "its last replication pass ended %s ago", screen.Since(n.pass, now))
	add(q.Known() && q.Value.New() > 0 && !n.ConfDiffers, "%d newly in quarantine", q.Value.New())
	add(n.DriftKnown && n.Drift.Abs() > impact.DriftLimit, "its clock is off by %s", drift(n.Drift))
	add(n.Accuser, "it fails to replicate to most others: look at its own disks")
	return strings.Join(parts, "; ")
}

// ringTrouble is what is wrong with its rings in words.
func ringTrouble(n *node) string {
	names := "ring " + strings.Join(n.StaleRings, ", ")
	switch f := n.files; {
	case f.missing > 0:
		return names + " missing or unreadable"
	case f.behind > 0:
		return names + " " + plural(f.behind, "version") + " behind"
	}
	return names + " differs from that of most"
}

func kinds(list []swift.Kind) string {
	words := make([]string, len(list))
	for i, k := range list {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// badDisks names the disks that are not well: "d3 unmounted".
func badDisks(n *node) string {
	var parts []string
	for _, d := range n.Devices {
		if d.State != swift.DeviceOK {
			parts = append(parts, d.Name+" "+string(d.State))
		}
	}
	return strings.Join(parts, ", ")
}

// drift is a clock's offset with its sign: +4.0s, -12ms.
func drift(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	switch {
	case d < time.Second:
		return fmt.Sprintf("%s%dms", sign, d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%s%.1fs", sign, d.Seconds())
	}
	return sign + kit.Age(d)
}

// zone is a place in the rings: "r1z2".
func zone(n *swift.NodeView) string { return fmt.Sprintf("r%dz%d", n.Region, n.Zone) }

// newNodes is the list of nodes.
func newNodes(s *Screen) *list[*node] { return newList(s, &nodeKind) }

var nodeKind kind[*node]

func init() { // set here, since the functions lead back to it
	nodeKind = kind[*node]{
		one: "node", many: "nodes", empty: "no ring is read yet, so that no node is known",
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

// nodeRank orders nodes by attention.
func nodeRank(n *node) int {
	switch {
	case n.ConfDiffers && n.Facts != nil && n.Facts.Quarantined.Value.New() > 0:
		return 0
	case n.State == swift.Down:
		return 1
	case n.State == swift.Unknown:
		return 2
	case n.ok < len(n.Devices):
		return 3
	case n.suspect != "":
		return 4
	}
	return 5
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

// tally is a count with its sign.
type tally struct {
	sign sign
	n    int
	word string
}

// tallies says "● 118 up · ✗ 2 down of 120"; what there is none of is left out,
// but for the first one.
func tallies(t *kit.Theme, total int, list []tally) string {
	var parts []string
	for i, c := range list {
		if c.n > 0 || i == 0 {
			glyph, style := c.sign.look(t)
			parts = append(parts, style.Paint(glyph)+fmt.Sprintf(" %d %s", c.n, c.word))
		}
	}
	return strings.Join(parts, " "+t.Glyph.Bullet+" ") + t.Dim.Paint(fmt.Sprintf(" of %d", total))
}

// sign is a state; every one has a glyph of its own.
type sign uint8

const (
	good sign = iota
	warn
	bad
	busy
	unsure
)

func (s sign) look(t *kit.Theme) (string, kit.Style) {
	g := t.Glyph
	return [...]string{g.Good, g.Warn, g.Bad, g.Busy, g.Unknown}[s], [...]kit.Style{t.Good, t.Warn, t.Bad, t.Busy, t.Unknown}[s]
}

// nodeSign is the state of a node.
func nodeSign(n *node) sign {
	switch {
	case n.State == swift.Down:
		return bad
	case n.State == swift.Unknown:
		return unsure
	case n.suspect != "":
		return warn
	}
	return good
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
