package ring

// Next says, for each machine of the list, what would be added to WhatIf(off) if
// it went off as well: partitions newly degraded, newly below quorum and newly
// unreadable, and replicas newly off. It looks at every partition once.
func (r *Ring) Next(hosts []Host, off Off, q Quorum) []Counts {
	n := &next{r: r, q: q, of: r.hostIndex(hosts), off: off, words: make([]uint64, len(hosts)), out: make([]Counts, len(hosts))}
	for i := range n.out {
		n.out[i].Partitions = r.Partitions()
	}
	doubled := r.doubled
	for p := range r.Partitions() {
		if p%maxRun == 0 {
			n.flush()
		}
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
	n.flush()
	return n.out
}

type next struct {
	r     *Ring
	q     Quorum
	of    []uint16
	off   Off
	words []uint64 // verdicts by machine, not yet in out
	out   []Counts
	ids   [maxRows]uint16
	at    [maxRows]uint16 // the machine of a replica that is on, noHost for the others
}

func (n *next) flush() {
	for i, word := range n.words {
		n.out[i].add(word, 1)
		n.words[i] = 0
	}
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
	at := n.at[:len(ids)]
	for i, host := range at {
		if host == noHost {
			continue
		}
		here := 1
		for j, other := range at[i+1:] {
			if other == host {
				here++
				at[i+1+j] = noHost
			}
		}
		n.out[host].ReplicasOff += here
		n.words[host] += n.verdict(ids, gone+here, host) &^ now
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
