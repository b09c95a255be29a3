package swift

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/backends/swift"
)

// Show goes to a cluster, a node or a disk, by the target's key.
func (s *Screen) Show(subject string) tea.Cmd {
	s.detail, s.wanted, s.then = nil, "", ""
	if subject == "" {
		return nil
	}
	s.unmark() // an act that follows means the subject
	if !s.goTo(subject) {
		s.wanted = subject
	}
	return nil
}

// goTo reports whether the subject is known.
func (s *Screen) goTo(subject string) bool {
	kind, rest, _ := strings.Cut(subject, "/")
	cluster, name, _ := strings.Cut(rest, "/")
	if kind == fleet.KindCluster {
		cluster = name
	}
	i := slices.IndexFunc(s.snap.Clusters, func(o *swift.Overview) bool { return o.Cluster.Name == cluster })
	if i < 0 {
		return false
	}
	if i != s.at {
		s.at, s.o = i, s.snap.Clusters[i]
		s.load()
	}
	switch kind {
	case fleet.KindCluster:
		s.tab = overviewPage
		s.fill()
		return true
	case fleet.KindNode:
		n, ok := s.o.Node(name)
		if !ok {
			return false
		}
		s.tab = nodesPage
		return s.nodes.Show(n.Name)
	case fleet.KindDevice:
		for _, d := range s.o.Devices {
			if d.Label() == name || d.ID() == name {
				s.tab = disksPage
				return s.disks.Show(d.ID())
			}
		}
	}
	return false
}
