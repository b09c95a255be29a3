package swift

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
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
	seeks bool    // the largest safe set is looked for
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
	for _, n := range s.nodes.Marked() {
		q.nodes = append(q.nodes, n.Name)
	}
	for _, d := range s.disks.Marked() {
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
	for _, n := range s.nodes.All() {
		n.loss, n.judged = s.ask.known.next[n.Name]
	}
	s.nodes.Changed(safeOrder)
}

func toast(isBad bool, text string) tea.Cmd {
	return screen.Send(screen.Toast{Bad: isBad, Text: text})
}
