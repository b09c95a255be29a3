package home

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
)

// swiftPane is the Swift clusters: what is left of their partitions, and below that
// their rings and what of them is not up.
var swiftPane = system{
	name: "Swift", half: true, good: 5,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 7, Want: 9}, {Min: 20, Want: 30, Flex: true}},
	read: func(s screen.Snapshot) content {
		if len(s.Clusters) == 0 {
			return content{none: true}
		}
		c := content{open: screen.Go{Screen: "swift"}, census: census{source: "cluster", all: len(s.Clusters)}}
		up, nodes := 0, 0
		var parts []row
		for _, o := range s.Clusters {
			c.rows = append(c.rows, clusterRow(o))
			parts = append(parts, partRows(o)...)
			n := o.NodeCount()
			up, nodes = up+n.Up, nodes+n.Total
			if o.Rings == nil || n.Up == 0 {
				c.census.unread++
			}
			for _, n := range o.Nodes {
				if n.State == swift.Up {
					c.census.oldest = max(c.census.oldest, s.Now.Sub(n.At))
				}
			}
		}
		slices.SortStableFunc(parts, func(a, b row) int { return cmp.Compare(grave[a.sign], grave[b.sign]) })
		c.rows = append(c.rows, parts...)
		c.census.things = count(nodes, "storage node")
		if nodes > 0 {
			c.notes = says(fmt.Sprintf("%d of %d nodes up", up, nodes), fmt.Sprintf("%d/%d", up, nodes))
		}
		return c
	},
}

// grave orders signs, the worst first.
var grave = [...]int{bad: 0, warn: 1, unknown: 2, busy: 3, off: 4, good: 5}

// figures are the partitions of all rings of a cluster, or of one, that lack
// something: for certain, and at most with what is unknown counted as off.
type figures struct{ degraded, below, unreadable [2]int }

func (f *figures) add(x swift.Figures) {
	for i, c := range []struct{ d, b, u int }{
		{x.AtLeast.Degraded, x.AtLeast.BelowQuorum, x.AtLeast.Unreadable},
		{x.AtMost.Degraded, x.AtMost.BelowQuorum, x.AtMost.Unreadable},
	} {
		f.degraded[i] += c.d
		f.below[i] += c.b
		f.unreadable[i] += c.u
	}
}

// text says the worst first, so that what has no room matters least.
func (f figures) text() string {
	var parts []string
	for _, x := range []struct {
		n    [2]int
		word string
	}{{f.unreadable, "unreadable"}, {f.below, "below quorum"}, {f.degraded, "degraded"}} {
		switch {
		case x.n[1] == 0:
		case x.n[0] == x.n[1]:
			parts = append(parts, fmt.Sprintf("%d %s", x.n[0], x.word))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d %s", x.n[0], x.n[1], x.word))
		}
	}
	if len(parts) == 0 {
		return "all primaries on"
	}
	return strings.Join(parts, ", ")
}

func (f figures) sign() sign {
	switch {
	case f.unreadable[0] > 0:
		return bad
	case f.below[0] > 0:
		return warn
	case f.below[1] > 0:
		return unknown
	case f.degraded[1] > 0:
		return busy
	}
	return good
}

// clusterRow is a cluster in one line.
func clusterRow(o *swift.Overview) row {
	t := impact.ClusterTarget(o.Cluster)
	r := row{key: t.Key(), target: t, open: place(t)}
	switch {
	case o.Rings == nil && o.RingsErr != nil:
		r.sign, r.cells = bad, []string{o.Cluster.Name, "its rings cannot be read"}
		return r
	case o.Rings == nil:
		r.sign, r.cells = unknown, []string{o.Cluster.Name, "reading its rings"}
		return r
	}
	var f figures
	for _, p := range o.Policies {
		f.add(p.Figures)
	}
	r.sign, r.cells = f.sign(), []string{o.Cluster.Name, f.text()}
	return r
}

// partRows are a cluster's rings, and what of it is not up.
func partRows(o *swift.Overview) (out []row) {
	t := impact.ClusterTarget(o.Cluster)
	add := func(sign sign, name, text string) {
		out = append(out, row{key: t.Key() + "/" + name, target: t, open: place(t), sign: sign, cells: []string{name, text}})
	}
	var lost []string
	c, sign := o.NodeCount(), good
	if c.Unknown > 0 {
		sign = unknown
	}
	if c.Down > 0 {
		sign = bad
	}
	for _, n := range o.Nodes {
		if n.State != swift.Up {
			lost = append(lost, n.Label())
		}
	}
	if c.Up < c.Total {
		add(sign, "nodes", fmt.Sprintf("%d of %d up: %s", c.Up, c.Total, few(lost, 6)))
	}
	if c := o.ProxyCount(); c.Up < c.Total {
		add(warn, "proxies", fmt.Sprintf("%d of %d up", c.Up, c.Total))
	}
	if d := o.Capacity.Fullest; d != nil {
		if part, _ := d.Fullness(); part >= impact.FullLimit {
			add(warn, "fullest", fmt.Sprintf("%s %.0f%%", d.Label(), 100*part))
		}
	}
	if n := len(o.Recovery.Filling) + len(o.Recovery.Draining); n > 0 {
		text := count(n, "disk")
		if left, ok := o.Recovery.Left(); ok {
			text += ", about " + kit.Age(left) + " left"
		}
		add(busy, "recovery", text+fmt.Sprintf(", about %s to move", count(int(o.Recovery.Parts), "partition")))
	}
	for _, p := range o.Policies {
		if p.Ring.Kind != swift.Object {
			continue
		}
		var f figures
		f.add(p.Figures)
		scheme := fmt.Sprintf("%g replicas", p.Ring.Replicas())
		if p.Ring.Quorum().Erasure() {
			scheme = p.Ring.Quorum().String()
		}
		add(f.sign(), p.Ring.Title(), fmt.Sprintf("%d parts, %d dev, %s", p.Ring.Partitions(), p.Devices.Total, scheme))
	}
	return out
}

// few names at most so many, and says how many more there are.
func few(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], " "), len(names)-most)
}
