package impact

import (
	"fmt"
	"maps"
	"slices"
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
	add := func(level, text string, f figures, then string) {
		if f.total > 0 {
			out = append(out, Loss{"partitions", level, o.Cluster.Name, many(f.total, "partition", "partitions") + " " + text + ": " + f.String() + then + unknown})
		}
	}
	add("block", "become unreadable", lost, "")
	add("warn", "fall below primary quorum", weak, "; "+weak.writes())
	add("note", "lose a replica", degraded, "")
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
