package swift

import (
	"cmp"
	"slices"
	"time"
)

// ReplicationView is how the passes of one kind of daemon stand. The age of the
// oldest finished pass is the most useful single figure of a cluster: data is as
// safe as it was then.
type ReplicationView struct {
	Kind      Kind
	Erasure   bool // reconstruction of erasure-coded policies; Kind is Object
	Nodes     int  // that have such a server
	Known     int  // that told when their last pass ended
	Never     int  // that say null: the daemon never ran, or its cache is broken
	Oldest    *NodeView
	OldestAt  time.Time // when the oldest of the last passes ended; zero when Known is 0
	Longest   time.Duration
	Failures  int64 // in the last passes
	Failing   int   // nodes whose last pass had failures
	Synced    int64 // partitions or databases sent in the last passes: not 0 while data moves
	Attempted int64
}

// Victim is a device that others fail to replicate to. Reporters that accuse almost
// everybody do not count: there the reporter's own disk is the suspect.
type Victim struct {
	Node      *NodeView // nil when the rings have no such node
	Address   string
	Device    string
	Reporters int
	Failures  int64
}

// pass is what both kinds of passes have in common.
type pass struct {
	last     time.Time
	took     time.Duration
	failures int64
	synced   int64
	tried    int64
}

func (o *Overview) replication() {
	ec := slices.ContainsFunc(o.Policies, func(p *PolicyView) bool { return p.Ring.Quorum().Erasure() })
	for _, k := range Kinds {
		o.Replication = append(o.Replication, o.passes(k, false, func(f *Node) (pass, bool, bool) {
			s := f.Replication.Of(k)
			r := s.Value
			return pass{r.Last, r.Took, r.Failure, r.Synced, r.Attempted}, s.Known(), s.Null
		}))
	}
	if ec {
		o.Replication = append(o.Replication, o.passes(Object, true, func(f *Node) (pass, bool, bool) {
			s := f.Reconstruction
			return pass{last: s.Value.Last, took: s.Value.Took}, s.Known(), s.Null
		}))
	}
	o.victims()
}

func (o *Overview) passes(k Kind, erasure bool, of func(*Node) (pass, bool, bool)) ReplicationView {
	v := ReplicationView{Kind: k, Erasure: erasure}
	for _, n := range o.Nodes {
		if !n.place.has(k) {
			continue
		}
		v.Nodes++
		if n.Facts == nil {
			continue
		}
		p, known, null := of(n.Facts)
		if null {
			v.Never++
		}
		if !known {
			continue
		}
		v.Known++
		if v.OldestAt.IsZero() || p.last.Before(v.OldestAt) {
			v.OldestAt, v.Oldest = p.last, n
		}
		v.Longest = max(v.Longest, p.took)
		v.Failures += p.failures
		v.Synced += p.synced
		v.Attempted += p.tried
		if p.failures > 0 {
			v.Failing++
		}
	}
	return v
}

// victims judges replication failures by their spread: a device that many accuse is
// broken; a node that accuses most of the cluster has a broken disk itself.
func (o *Overview) victims() {
	type key struct{ address, device string }
	found := map[key]*Victim{}
	for _, n := range o.Nodes {
		if n.Facts == nil {
			continue
		}
		accused := map[string]bool{}
		for _, k := range Kinds {
			for address := range n.Facts.Replication.Of(k).Value.Failing {
				accused[canonical(address)] = true
			}
		}
		if most := max(2, len(o.Nodes)/2+1); len(accused) >= most {
			n.Accuser = true
			continue
		}
		seen := map[key]bool{}
		for _, k := range Kinds {
			for address, devices := range n.Facts.Replication.Of(k).Value.Failing {
				for device, failures := range devices {
					id := key{canonical(address), device}
					if found[id] == nil {
						found[id] = &Victim{Address: id.address, Device: device, Node: o.nodeAt(id.address)}
					}
					found[id].Failures += failures
					if !seen[id] {
						found[id].Reporters++
					}
					seen[id] = true
				}
			}
		}
	}
	for _, v := range found {
		o.Victims = append(o.Victims, *v)
	}
	slices.SortFunc(o.Victims, func(a, b Victim) int {
		return cmp.Or(b.Reporters-a.Reporters, cmp.Compare(b.Failures, a.Failures), compareNodes(a.Address, b.Address), cmp.Compare(a.Device, b.Device))
	})
}

// nodeAt finds the node with an address, which is also its replication address
// wherever the two networks are one.
func (o *Overview) nodeAt(address string) *NodeView {
	for _, n := range o.Nodes {
		if n.place.address == address || n.place.replication == address {
			return n
		}
	}
	return nil
}
