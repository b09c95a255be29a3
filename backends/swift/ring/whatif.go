package ring

import "slices"

// Counts are what a set of devices that is off leaves of a ring's partitions. The
// figures nest: unreadable is a part of below quorum, which is a part of degraded.
type Counts struct {
	Partitions  int // of the ring
	Degraded    int // at least one primary is off
	BelowQuorum int // fewer primaries are on than a write wants: it relies on handoffs; with an erasure code it may be refused
	Unreadable  int // no replica, or too few different fragments, are on
	ReplicasOff int // replicas on devices that are off
}

// Verdicts of one partition, and how many of each in one word: up to 2^21-1.
const (
	degraded    uint64 = 1
	belowQuorum uint64 = 1 << 21
	unreadable  uint64 = 1 << 42
	verdictMask uint64 = 1<<21 - 1

	maxRun = 1 << 20 // partitions that are counted into one word
)

func (c *Counts) add(word uint64, sign int) {
	c.Degraded += sign * int(word&verdictMask)
	c.BelowQuorum += sign * int(word>>21&verdictMask)
	c.Unreadable += sign * int(word>>42)
}

// verdict judges a partition with n primaries of which so many are off, and with
// so many different fragments on. Copies of one fragment are one.
func (q Quorum) verdict(n, off, fragmentsOn int) (word uint64) {
	if off > 0 {
		word |= degraded
	}
	if n-off < q.Write(n) {
		word |= belowQuorum
	}
	if fragmentsOn < q.Read() {
		word |= unreadable
	}
	return word
}

// WhatIf counts what is left when the devices of the set are off, each partition
// judged by the replicas that it has. It allocates nothing: it is meant to be
// asked again with every key press (2^18 partitions of 3 replicas: half a millisecond).
//
// Devices that are neither on nor off for certain are the caller's to decide:
// counted as on the figures are "at least", counted as off "at most".
func (r *Ring) WhatIf(off Off, q Quorum) Counts {
	var table [maxDevices]uint8
	c := Counts{Partitions: r.Partitions()}
	for id, parts := range r.parts {
		if off.Has(id) {
			table[id] = 1
			c.ReplicasOff += parts
		}
	}
	rows := r.spec.Rows
	short := len(rows[len(rows)-1])
	for lo := 0; lo < c.Partitions; {
		hi := min(lo+maxRun, c.Partitions)
		n := len(rows)
		if lo < short {
			hi = min(hi, short)
		} else {
			n--
		}
		c.add(judge(rows[:n], lo, hi, &table, q), 1)
		lo = hi
	}
	for _, p := range r.doubled {
		c.add(r.judgeRows(p, &table, q), -1)
		c.add(r.Part(p, off, q).word, 1)
	}
	return c
}

// judge counts the verdicts of the partitions from lo up to hi, all of which have
// every row.
func judge(rows [][]uint16, lo, hi int, off *[maxDevices]uint8, q Quorum) (word uint64) {
	if q.copies > 1 {
		return judgeCopies(rows, lo, hi, off, q)
	}
	var verdicts [256]uint64 // by the number that is off
	for k := range len(rows) + 1 {
		verdicts[k] = q.verdict(len(rows), k, len(rows)-k)
	}
	if len(rows) == 3 { // what most rings have
		a, b, c := rows[0][lo:hi], rows[1][lo:hi], rows[2][lo:hi]
		b, c = b[:len(a)], c[:len(a)]
		for i, id := range a {
			word += verdicts[off[id]+off[b[i]]+off[c[i]]]
		}
		return word
	}
	var block [4096]uint8
	for ; lo < hi; lo += len(block) {
		n := block[:min(len(block), hi-lo)]
		countOff(n, rows, lo, off)
		for _, k := range n {
			word += verdicts[k]
		}
	}
	return word
}

// countOff counts, for each of the partitions from lo on, the rows that are off.
func countOff(n []uint8, rows [][]uint16, lo int, off *[maxDevices]uint8) {
	clear(n)
	for _, row := range rows {
		row = row[lo:][:len(n)]
		for i, id := range row {
			n[i] += off[id]
		}
	}
}

// judgeCopies is judge for an erasure code whose fragments are kept several
// times: replica i holds fragment i mod (data+parity).
func judgeCopies(rows [][]uint16, lo, hi int, off *[maxDevices]uint8, q Quorum) (word uint64) {
	var block, lost, gone [4096]uint8 // replicas off, fragments lost, all copies of this fragment off
	for ; lo < hi; lo += len(block) {
		n, lost := block[:min(len(block), hi-lo)], lost[:min(len(block), hi-lo)]
		countOff(n, rows, lo, off)
		clear(lost)
		for f := range min(q.fragments(), len(rows)) {
			gone := gone[:len(n)]
			for i := range gone {
				gone[i] = 1
			}
			for i := f; i < len(rows); i += q.fragments() {
				row := rows[i][lo:][:len(n)]
				for p, id := range row {
					gone[p] &= off[id]
				}
			}
			for p, g := range gone {
				lost[p] += g
			}
		}
		different := min(q.fragments(), len(rows))
		for i, k := range n {
			word += q.verdict(len(rows), int(k), different-int(lost[i]))
		}
	}
	return word
}

// judgeRows judges one partition as judge does: a device that is in it twice
// counts twice.
func (r *Ring) judgeRows(part int, off *[maxDevices]uint8, q Quorum) uint64 {
	return judge(r.spec.Rows[:r.ReplicaCount(part)], part, part+1, off, q)
}

// PartState is what is left of one partition.
type PartState struct {
	Part      int
	Primaries int // different devices that have it
	On        int // of them
	Fragments int // different fragments on; equal to On without an erasure code

	word uint64
}

// Degraded reports whether a primary is off.
func (s PartState) Degraded() bool { return s.word&degraded != 0 }

// BelowQuorum reports whether a write relies on handoffs.
func (s PartState) BelowQuorum() bool { return s.word&belowQuorum != 0 }

// Unreadable reports whether what is on is not enough to read.
func (s PartState) Unreadable() bool { return s.word&unreadable != 0 }

// Part judges one partition.
func (r *Ring) Part(part int, off Off, q Quorum) PartState {
	var buffer [maxRows]uint16
	ids := r.primaries(part, buffer[:0])
	s := PartState{Part: part, Primaries: len(ids)}
	var seen [maxRows + 1]bool
	for i, id := range ids {
		if off.Has(int(id)) {
			continue
		}
		s.On++
		f := i
		if q.Erasure() {
			f %= q.fragments()
		}
		if !seen[f] {
			seen[f] = true
			s.Fragments++
		}
	}
	s.word = q.verdict(s.Primaries, s.Primaries-s.On, s.Fragments)
	return s
}

// Worst returns the degraded partitions with the least left, at most limit of them:
// unreadable ones first, then those below quorum, then the degraded ones, and in
// each the ones with the most primaries off first, then by number.
func (r *Ring) Worst(off Off, q Quorum, limit int) []PartState {
	var found [3][maxRows + 1][]PartState
	kind := func(word uint64) int {
		switch {
		case word&unreadable != 0:
			return 2
		case word&belowQuorum != 0:
			return 1
		}
		return 0
	}
	doubled := r.doubled
	for p := range r.Partitions() {
		twice := len(doubled) > 0 && doubled[0] == p
		if twice {
			doubled = doubled[1:]
		}
		n, gone := r.ReplicaCount(p), r.gone(p, off)
		if gone == 0 || !twice && q.copies <= 1 && len(found[kind(q.verdict(n, gone, n-gone))][gone]) >= limit {
			continue
		}
		s := r.Part(p, off, q)
		if list := &found[kind(s.word)][s.Primaries-s.On]; len(*list) < limit {
			*list = append(*list, s)
		}
	}
	var out []PartState
	for kind := range slices.Backward(found[:]) {
		for missing := range slices.Backward(found[kind][:]) {
			out = append(out, found[kind][missing]...)
		}
	}
	return out[:min(limit, len(out))]
}

// gone counts the replicas of a partition that are off.
func (r *Ring) gone(part int, off Off) (n int) {
	for _, row := range r.spec.Rows {
		if part < len(row) && off.Has(int(row[part])) {
			n++
		}
	}
	return n
}
