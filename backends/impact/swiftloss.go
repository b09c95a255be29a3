package impact

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/swift"
	"ringside/backends/watch"
)

// partitionsOn tells what becomes of partitions when the hosts are off, with what
// is off already. What nobody can tell of counts as off: a guard that hopes is none.
// Partitions that become unreadable block; below primary quorum is a warning.
func partitionsOn(f *fleet.Fleet, s *watch.State, hosts map[string]bool, now time.Time) (out []Loss) {
	for _, c := range f.Clusters {
		o := Cluster(f, c, s, now, nil)
		if o.Rings == nil {
			out = append(out, Loss{"partitions", "warn", c.Name, fmt.Sprintf("its rings cannot be read: whether %s in it, and what that would break, is not known", are(slices.Sorted(maps.Keys(hosts))))})
			continue
		}
		var nodes []string
		for h := range hosts {
			if len(o.NodesOf(h)) > 0 {
				nodes = append(nodes, h)
			}
		}
		if len(nodes) == 0 {
			continue
		}
		effect, _ := o.WhatIf(swift.Selection{Nodes: nodes})
		out = append(out, clusterLoss(o, effect, nodes)...)
		out = append(out, unsettled(o)...)
	}
	return out
}

// unsettled tells of rings whose last push has not come through: what-if counts the
// replicas at their new places, and there they may not be yet.
func unsettled(o *swift.Overview) (out []Loss) {
	var rings []string
	for _, p := range Pushes(o) {
		if p.Done < p.Nodes {
			rings = append(rings, fmt.Sprintf("%s on %d of %d nodes", p.Policy.Ring.Title(), p.Nodes-p.Done, p.Nodes))
		}
	}
	if rings != nil {
		out = append(out, Loss{"partitions", "note", o.Cluster.Name, "not replicated since the last ring push: " + strings.Join(rings, ", ") + "; replicas may still lie at their old places"})
	}
	return out
}

// clusterLoss words the effect, one finding for each level that there is.
func clusterLoss(o *swift.Overview, effect []swift.WhatIf, nodes []string) (out []Loss) {
	var lost, weak, degraded figures
	for _, w := range effect {
		now, then := w.Now.AtMost, w.Then.AtMost
		lost.add(w.Policy, then.Unreadable-now.Unreadable)
		weak.add(w.Policy, then.BelowQuorum-now.BelowQuorum)
		degraded.add(w.Policy, then.Degraded-now.Degraded)
	}
	unknown := ""
	if n := o.NodeCount().Unknown; n > 0 {
		unknown = fmt.Sprintf("; at most: %s as off", many(n, "node is not known and counts", "nodes are not known and count"))
	}
	add := func(level, one, several string, f figures, then string) {
		if f.total > 0 {
			out = append(out, Loss{"partitions", level, o.Cluster.Name, many(f.total, "partition "+one, "partitions "+several) + ": " + f.String() + then + unknown})
		}
	}
	add("block", "becomes unreadable", "become unreadable", lost, "")
	add("warn", "falls below primary quorum", "fall below primary quorum", weak, "; "+weak.writes())
	add("note", "loses a replica", "lose a replica", degraded, "")
	if len(out) == 0 {
		out = append(out, Loss{"partitions", "note", o.Cluster.Name, many(len(nodes), "host is a storage node", "hosts are storage nodes") + ", and no partition loses a replica by this"})
	}
	return out
}

func are(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return fleet.Fold(names) + " are"
}
