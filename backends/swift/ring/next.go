package ring

import "slices"

// Next says, for each machine of the list, what would be added to WhatIf(off) if
// it went off as well: partitions newly degraded, newly below quorum and newly
// unreadable, and replicas newly off. It looks at every partition once.
func (r *Ring) Next(hosts []Host, off Off, q Quorum) []Counts {
	n := &next{r: r, q: q, of: r.hostIndex(hosts), off: off, out: make([]Counts, len(hosts))}
	for i := range n.out {
		n.out[i].Partitions = r.Partitions()
	}
	doubled := r.doubled
	for p := range r.Partitions() {
		if len(doubled) > 0 && doubled[0] == p {
			doubled = doubled[1:]
			n.look(r.primaries(p, n.ids[:0]))
			continue
		}
		rows := r.spec.Rows[:r.ReplicaCount(p)]
		for i, row := range rows {
			n.ids[i] = row[p]
		}
		n.look(n.ids[:len(rows)])
	}
	return n.out
}

type next struct {
	r   *Ring
	q   Quorum
	of  []uint16
	off Off
	out []Counts
	ids [maxRows]uint16
	at  [maxRows]uint16 // the machine of a replica that is on, noHost for the others
}

// look judges a partition with each of its machines off in turn.
func (n *next) look(ids []uint16) {
	gone := 0
	for i, id := range ids {
		n.at[i] = n.of[id]
		if n.off.Has(int(id)) {
			n.at[i] = noHost
			gone++
		}
	}
	now := n.verdict(ids, gone, noHost)
	for i, host := range n.at[:len(ids)] {
		if host == noHost || slices.Contains(n.at[:i], host) {
			continue
		}
		here := 0
		for _, other := range n.at[i:len(ids)] {
			if other == host {
				here++
			}
		}
		c := &n.out[host]
		c.ReplicasOff += here
		c.add(n.verdict(ids, gone+here, host)&^now, 1)
	}
}

// verdict judges the partition with so many replicas off, those of a machine
// among them.
func (n *next) verdict(ids []uint16, gone int, host uint16) uint64 {
	if n.q.copies <= 1 {
		return n.q.verdict(len(ids), gone, len(ids)-gone)
	}
	var seen [maxRows + 1]bool
	different := 0
	for i, id := range ids {
		if f := i % n.q.fragments(); !n.off.Has(int(id)) && (host == noHost || n.of[id] != host) && !seen[f] {
			seen[f] = true
			different++
		}
	}
	return n.q.verdict(len(ids), gone, different)
}
