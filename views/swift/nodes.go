package swift

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
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

// Key implements lists.Thing.
func (n *node) Key() string { return n.Name }

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
