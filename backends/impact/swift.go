package impact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/swift"
)

// ClusterTarget names a Swift cluster as actions and screens do.
func ClusterTarget(c fleet.Cluster) fleet.Target {
	return fleet.Target{Kind: fleet.KindCluster, Name: c.Name, Site: c.Site, Environment: c.Environment}
}

// Limits of what is normal in a Swift cluster. Those of the passes and the clock
// are what operators of large clusters alert on in public charts.
const (
	PassLimit  = 3 * time.Hour      // since the oldest finished pass of a replicator
	FullWithin = 3 * 24 * time.Hour // until a disk is full at its pace
	FullLimit  = 0.95               // of a disk's size
	DriftLimit = 5 * time.Second    // of a node's clock; Swift orders writes by it
	asyncLimit = 1000               // updates that wait on one node while they grow
)

// Swift finds what is wrong with a cluster, worst first. Hosts of quiet are on
// hold: that their nodes do not answer is not told.
func Swift(o *swift.Overview, quiet map[string]string) []Problem {
	l := &cluster{o: o, quiet: quiet}
	for _, look := range clusterLooks {
		look(l)
	}
	Sort(l.out)
	return l.out
}

// cluster is an overview while it is looked at.
type cluster struct {
	o     *swift.Overview
	quiet map[string]string
	out   []Problem
}

// clusterLooks look for one kind of trouble each.
var clusterLooks = []func(*cluster){
	unreadRings, lostPartitions, silentNodes, badDisks, fullDisks, driftingConf, staleRings, oldPasses, wrongClocks,
	waitingUpdates, deafProxies, openLinks,
}

// add notes a problem of the whole cluster. ID tells it from the others.
func (l *cluster) add(id string, s Severity, since time.Time, text, why, do string) {
	l.out = append(l.out, Problem{ID: "swift/" + l.o.Cluster.Name + "/" + id, Severity: s, System: "swift",
		Subject: ClusterTarget(l.o.Cluster), Text: text, Why: why, Do: do, Since: since})
}

// on notes a problem of one node.
func (l *cluster) on(n *swift.NodeView, id string, s Severity, since time.Time, text, why, do string) {
	l.add(id+"/"+n.Name, s, since, text, why, do)
	l.out[len(l.out)-1].Subject = l.o.Target(n)
}

// each notes what several nodes have in common: as one problem of the cluster when
// there are more than a few, else node by node.
func (l *cluster) each(list []*swift.NodeView, id string, s Severity, since func(*swift.NodeView) time.Time,
	one func(*swift.NodeView) string, many string, why func(*swift.NodeView) string, do string) {
	const few = 2
	if len(list) <= few {
		for _, n := range list {
			l.on(n, id, s, since(n), one(n), why(n), do)
		}
		return
	}
	names := make([]string, len(list))
	first := since(list[0])
	for i, n := range list {
		names[i] = n.Label()
		if at := since(n); at.Before(first) {
			first = at
		}
	}
	l.add(id, s, first, fmt.Sprintf("%d of %d nodes %s", len(list), len(l.o.Nodes), many), fleet.Fold(names)+"; "+why(list[0]), do)
}

func unreadRings(l *cluster) {
	switch o := l.o; {
	case o.Rings == nil && o.RingsErr == nil: // not read yet
	case o.Rings == nil:
		l.add("rings", Critical, time.Time{}, "its rings cannot be read, so nothing is known of it", o.RingsErr.Error(), "see clusters: in the configuration; ringside check tests it")
	case o.RingsErr != nil:
		l.add("rings", Warning, time.Time{}, "its rings cannot be read any more; figures rest on the last ones", o.RingsErr.Error(), "ringside check tests it")
	case len(o.Rings.Broken) > 0:
		b := o.Rings.Broken[0]
		l.add("rings", Warning, time.Time{}, many(len(o.Rings.Broken), "ring file is broken", "ring files are broken"), b.Name+": "+b.Why, "copy it from a node that has it whole")
	}
}

func lostPartitions(l *cluster) {
	var lost, weak figures
	off := 0
	for _, p := range l.o.Policies {
		c := p.Figures.AtLeast
		lost.add(p, c.Unreadable)
		weak.add(p, c.BelowQuorum-c.Unreadable)
		off = max(off, p.Devices.Down)
	}
	why := fmt.Sprintf("%d of %d devices are off", off, len(l.o.Devices))
	if lost.total > 0 {
		l.add("unreadable", Critical, time.Time{}, "partitions are unreadable: "+lost.String(), "every primary that holds them is off; "+why, "bring a node or disk of them back first; 4 shows which are off")
	}
	if weak.total > 0 {
		l.add("quorum", Critical, time.Time{}, "below primary quorum: "+weak.String()+"; "+weak.writes(), why, "take nothing else down; 4 shows which are off")
	}
}

// figures are numbers of partitions by ring.
type figures struct {
	total    int
	parts    []string
	erasure  []string // rings of erasure-coded policies among them
	replicas bool     // there are others
}

func (f *figures) add(p *swift.PolicyView, n int) {
	if n <= 0 {
		return
	}
	f.total += n
	f.parts = append(f.parts, fmt.Sprintf("%d of %s", n, p.Ring.Title()))
	if p.Ring.Quorum().Erasure() {
		f.erasure = append(f.erasure, p.Ring.Title())
	} else {
		f.replicas = true
	}
}

func (f *figures) String() string { return strings.Join(f.parts, ", ") }

// writes says what fewer primaries than a quorum mean for writes. Swift goes on
// through handoffs; only an erasure code may have too few nodes left.
func (f *figures) writes() string {
	var out []string
	if f.replicas {
		out = append(out, "writes rely on handoffs")
	}
	if len(f.erasure) > 0 {
		out = append(out, "writes to "+strings.Join(f.erasure, ", ")+" may be refused")
	}
	return strings.Join(out, ", ")
}

func silentNodes(l *cluster) {
	if l.o.NobodyAnswers {
		l.add("silent", Critical, time.Time{}, fmt.Sprintf("none of %d nodes answers", len(l.o.Nodes)),
			"it looks like the network between here and there; nothing is known of the nodes", "try one by hand: curl http://NODE:PORT/healthcheck")
		return
	}
	var list []*swift.NodeView
	for _, n := range l.o.Nodes {
		if _, held := l.quiet[n.Host]; n.State == swift.Down && !(held && n.Host != "") {
			list = append(list, n)
		}
	}
	l.each(list, "silent", Warning, func(n *swift.NodeView) time.Time { return n.Since },
		func(*swift.NodeView) string { return "storage node does not answer" }, "do not answer",
		func(n *swift.NodeView) string { return n.Why }, "see its power; what-if tells what else may go")
}

func badDisks(l *cluster) {
	if l.o.MountCheckOff {
		return
	}
	words := map[swift.DeviceState]string{swift.Unmounted: "is not mounted", swift.Faulty: "gives I/O errors", swift.Absent: "is in the rings and not on the node"}
	var list []*swift.DeviceView
	for _, d := range l.o.Devices {
		if words[d.State] != "" {
			list = append(list, d)
		}
	}
	const few = 4
	do := "replace it; until then weight 0 and a rebalance move its data away"
	if len(list) > few {
		names := make([]string, len(list))
		for i, d := range list {
			names[i] = d.Label()
		}
		l.add("disks", Warning, time.Time{}, fmt.Sprintf("%d of %d disks are out of order", len(list), len(l.o.Devices)), some(names), do)
		return
	}
	for _, d := range list {
		l.on(d.Node, "disk/"+d.Name, Warning, time.Time{}, "disk "+d.Name+" "+words[d.State], d.Why, do)
	}
}

func fullDisks(l *cluster) {
	var soon, full []*swift.DeviceView
	for _, d := range l.o.Devices {
		used, known := d.Fullness()
		in, fills := d.Full()
		switch {
		case known && used >= FullLimit:
			full = append(full, d)
		case fills && in <= FullWithin:
			soon = append(soon, d)
		}
	}
	tell := func(list []*swift.DeviceView, id string, s Severity, text func(*swift.DeviceView) string) {
		if len(list) == 0 {
			return
		}
		names := make([]string, len(list))
		for i, d := range list {
			names[i] = d.Label()
		}
		l.add(id, s, time.Time{}, text(list[0]), strings.Join(names[:min(3, len(names))], ", ")+more(len(names)-3),
			"add weight elsewhere, or disks: a full disk answers 507 and its replicas go to handoffs")
	}
	slices.SortStableFunc(soon, func(a, b *swift.DeviceView) int {
		x, _ := a.Full()
		y, _ := b.Full()
		return int(x - y)
	})
	tell(full, "full", Critical, func(d *swift.DeviceView) string {
		used, _ := d.Fullness()
		if len(full) == 1 {
			return fmt.Sprintf("disk %s is %.0f %% full", d.Label(), used*100)
		}
		return fmt.Sprintf("%d disks are over %.0f %% full", len(full), FullLimit*100)
	})
	tell(soon, "filling", Warning, func(d *swift.DeviceView) string {
		in, _ := d.Full()
		if len(soon) == 1 {
			return fmt.Sprintf("disk %s is full in %s", d.Label(), about(in))
		}
		return fmt.Sprintf("%d disks are full within %s, %s first in %s", len(soon), about(FullWithin), d.Label(), about(in))
	})
}

// driftingConf tells of the pair that cost whole clusters their data: where
// swift.conf has another hash suffix, the auditor takes every object for broken.
func driftingConf(l *cluster) {
	differ := map[*swift.NodeView]bool{}
	var list []*swift.NodeView
	for _, n := range l.o.Nodes {
		if n.ConfDiffers {
			list, differ[n] = append(list, n), true
		}
	}
	var both, rising []*swift.NodeView
	for _, n := range l.o.Quarantine.Rising {
		if differ[n] {
			both = append(both, n)
		} else {
			rising = append(rising, n)
		}
	}
	moved := func(n *swift.NodeView) time.Time { return n.Facts.Quarantined.Value.Rose }
	if len(both) > 0 {
		l.each(both, "conf-quarantine", Critical, moved,
			func(n *swift.NodeView) string {
				return "swift.conf differs AND its objects go to quarantine: stop its auditors"
			},
			"differ in swift.conf AND put objects in quarantine: stop the auditors",
			func(n *swift.NodeView) string {
				return fmt.Sprintf("%d in quarantine since this console looked first; a changed hash suffix makes every object look broken", n.Facts.Quarantined.Value.New())
			}, "stop swift-object-auditor there now, then compare swift_hash_path_suffix with a healthy node")
		list = slices.DeleteFunc(list, func(n *swift.NodeView) bool { return slices.Contains(both, n) })
	}
	l.each(list, "conf", Warning, func(*swift.NodeView) time.Time { return time.Time{} },
		func(*swift.NodeView) string { return "swift.conf differs from the majority's" }, "have another swift.conf than the majority",
		func(*swift.NodeView) string {
			return "its MD5 is another; a changed hash suffix would put all its objects in quarantine"
		},
		"compare it with a healthy node before the auditor's next pass")
	l.each(rising, "quarantine", Warning, moved,
		func(n *swift.NodeView) string {
			return fmt.Sprintf("%d more in quarantine", n.Facts.Quarantined.Value.New())
		}, "put objects in quarantine",
		func(n *swift.NodeView) string {
			return fmt.Sprintf("%d lie there; the auditor found them broken", n.Facts.Quarantined.Value.Total())
		}, "see the disk's SMART data and the node's memory; replication restores the copies")
}

func staleRings(l *cluster) {
	for i := range l.o.Files {
		a := &l.o.Files[i]
		if a.Name == "swift.conf" {
			continue
		}
		if len(a.Missing) > 0 {
			l.add("missing/"+a.Name, Critical, time.Time{}, fmt.Sprintf("%s of %d have no %s ring file", many(len(a.Missing), "node", "nodes"), len(l.o.Nodes), a.Name),
				some(a.Missing)+"; swift-recon calls that a match", "copy the ring there")
		}
		major := a.Majority()
		stale, behind, who := 0, 0, []string(nil)
		for g := range a.Groups {
			if group := &a.Groups[g]; group != major {
				stale += len(group.Members)
				behind = max(behind, group.Behind)
				who = append(who, group.Members...)
			}
		}
		if stale > 0 {
			text := fmt.Sprintf("%s ring differs on %d of %d", a.Name, stale, len(l.o.Nodes)+len(l.o.Proxies))
			if behind > 0 {
				text += fmt.Sprintf(", up to %s behind", many(behind, "version", "versions"))
			}
			l.add("stale/"+a.Name, Warning, time.Time{}, text, some(l.names(who)), "push the ring to all nodes and proxies, then compare again")
		}
		if a.OursDiffers() {
			l.add("ours/"+a.Name, Warning, time.Time{}, "our copy of the "+a.Name+" ring is not what most nodes have",
				"figures here rest on "+l.o.Rings.From, "bring it up to date: what-if answers from it")
		}
	}
}

// names turns addresses into labels.
func (l *cluster) names(members []string) []string {
	out := make([]string, len(members))
	for i, m := range members {
		if out[i] = m; !strings.HasPrefix(m, "proxy ") {
			if n, ok := l.o.Node(m); ok {
				out[i] = n.Label()
			}
		}
	}
	return out
}

func oldPasses(l *cluster) {
	for _, r := range l.o.Replication {
		if r.Known == 0 || r.Oldest == nil || l.o.Now.Sub(r.OldestAt) < PassLimit {
			continue
		}
		what := string(r.Kind) + " replication"
		if r.Erasure {
			what = "reconstruction"
		}
		l.add("pass/"+what, Warning, r.OldestAt.Add(PassLimit), fmt.Sprintf("%s: %s finished its last pass %s ago", what, r.Oldest.Label(), about(l.o.Now.Sub(r.OldestAt))),
			fmt.Sprintf("%d of %d nodes told; the limit is %s", r.Known, r.Nodes, about(PassLimit)), "see whether the daemon runs there and what its log says")
	}
}

func wrongClocks(l *cluster) {
	var list []*swift.NodeView
	for _, n := range l.o.Nodes {
		if n.DriftKnown && n.Drift.Abs() > DriftLimit {
			list = append(list, n)
		}
	}
	l.each(list, "clock", Warning, func(*swift.NodeView) time.Time { return time.Time{} },
		func(n *swift.NodeView) string { return "its clock is off by " + about(n.Drift.Abs()) }, "have a wrong clock",
		func(n *swift.NodeView) string { return "against most nodes; the newest write wins, by the clock" }, "see its time service")
}

func waitingUpdates(l *cluster) {
	var list []*swift.NodeView
	for _, n := range l.o.Nodes {
		if n.Facts == nil || !n.Facts.Async.Known() {
			continue
		}
		if a := n.Facts.Async.Value; a.Pending > asyncLimit && a.Pending > a.Before && !a.Earlier.IsZero() {
			list = append(list, n)
		}
	}
	l.each(list, "async", Warning, func(*swift.NodeView) time.Time { return time.Time{} },
		func(n *swift.NodeView) string {
			return fmt.Sprintf("%d container updates wait, and they grow", n.Facts.Async.Value.Pending)
		}, "have container updates that wait and grow",
		func(n *swift.NodeView) string {
			return "counted " + about(l.o.Now.Sub(n.Facts.Async.Value.Counted)) + " ago by swift-recon-cron"
		}, "see the container servers and the object updater")
}

func deafProxies(l *cluster) {
	for _, p := range l.o.Proxies {
		if p.State == swift.Down {
			l.add("proxy/"+p.Address, Critical, p.Since, "proxy "+p.Address+" does not answer", p.Why, "see its host")
		}
	}
	if l.o.APIErr != nil && (len(l.o.Proxies) == 0 || l.o.Proxies[0].State == swift.Up) {
		l.add("api", Warning, l.o.APISince, "the API does not let us in", l.o.APIErr.Error(), "see auth: of the cluster; ringside check tests it")
	}
}

func openLinks(l *cluster) {
	if l.o.API != nil && l.o.API.Insecure != "" {
		l.add("insecure", Warning, time.Time{}, "the connection to its API is not safe", l.o.API.Insecure, "use https, and tls: {ca} where the authority is your own")
	}
}

// about is a time for people, in one unit.
func about(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}
