package swift

import (
	"fmt"
	"math"
	"slices"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
)

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
	case s.nodes.IsMarked(n):
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
	at, ok := l.Current()
	if s.tab != nodesPage || !ok {
		return nil
	}
	if s.ask.hop = !s.ask.current(); s.ask.hop {
		return nil
	}
	shown := l.Shown()
	below := slices.Index(shown, at) + 1
	for i := range shown {
		n := shown[(below+i)%len(shown)]
		if n.judged && n.loss.replicas > 0 && n.loss.safe() && !l.IsMarked(n) {
			l.Show(n.Name)
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
	if s.tab != nodesPage || o == nil || len(o.Policies) == 0 || s.ask.seeks {
		return nil
	}
	s.ask.seeks = true
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
	s.ask.seeks = false
	if s.o == nil || m.to.Cluster.Name != s.o.Cluster.Name {
		return nil
	}
	if len(m.safe.Hosts) == 0 {
		return toast(true, "no node may go off: each one puts partitions below their primary quorum")
	}
	s.unmark()
	s.nodes.SetMarks(m.safe.Hosts)
	text := plural(len(m.safe.Hosts), "node") + " may go off together: no larger set exists"
	if !m.safe.Largest() {
		text = fmt.Sprintf("%s may go off together: the most that was found, %d at the very most", plural(len(m.safe.Hosts), "node"), m.safe.AtMost)
	}
	return tea.Batch(toast(false, text), s.rethink())
}
