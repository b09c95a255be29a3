package ring

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Layer is one ring of a cluster, with what is off in it now.
type Layer struct {
	Ring   *Ring
	Quorum Quorum
	Off    Off // nil: nothing
}

// Safe is a set of machines that may go off together, besides what is off
// already: no partition of any ring goes below its primary quorum that is not
// below it now, and none that is below it becomes unreadable.
type Safe struct {
	Hosts  []string // by region, zone and name
	AtMost int      // no larger set exists than this; equal to len(Hosts): it is a largest one
}

// Largest reports whether no larger set exists.
func (s Safe) Largest() bool { return len(s.Hosts) == s.AtMost }

// SafeHosts finds as many machines as it can that may go off together. The set is
// right for certain: it is built against the rings partition by partition. That
// it is the largest is proven only where AtMost says so: the question is one of
// those that no quick method answers for every ring (a largest independent set),
// and the search is cut off so that an answer takes a fraction of a second.
func SafeHosts(layers []Layer, by HostKey) Safe {
	p := newSafeProblem(layers, by)
	best := p.greedy()
	out := Safe{AtMost: p.mass()}
	s := &independent{joined: p.joined, steps: searchSteps}
	if p.pairwise {
		var bound int
		best, bound = s.search(p.allowed, best)
		out.AtMost = min(out.AtMost, bound)
	} else {
		if _, groups := s.group(p.allowed); len(groups) > 0 {
			out.AtMost = min(out.AtMost, groups[len(groups)-1])
		}
		var done bool
		if best, done = p.exhaust(best, searchWork/2); done {
			out.AtMost = len(best)
		} else {
			best = p.draw(best, searchWork/2)
		}
	}
	out.AtMost = max(out.AtMost, len(best))
	slices.Sort(best)
	for _, i := range best {
		out.Hosts = append(out.Hosts, p.hosts[i].Name)
	}
	return out
}

// Bounds of the search, so that it ends well below a second: steps where pairs
// are all there is to know, and replicas looked at otherwise.
const (
	searchSteps = 20_000
	searchWork  = 40_000_000
)

// safeProblem is the question over all rings of a cluster. A partition has room
// for so many more primaries off; machines that alone, or two together, exceed it
// are known beforehand.
type safeProblem struct {
	hosts   []Host
	allowed bitset   // machines that may go off alone and are not off already
	joined  []bitset // pairs that must not go off together
	// pairwise is true when that is all there is to know: no partition has room for
	// two of its machines and not for all of them.
	pairwise bool
	room     [][]uint8   // by layer and partition: primaries that may still go off; 255: any number
	has      [][][]int32 // by layer and machine: its partitions, once per replica that is on
	work     int         // replicas that may still be looked at
}

func newSafeProblem(layers []Layer, by HostKey) *safeProblem {
	p := &safeProblem{pairwise: true}
	at := map[string]int{}
	on := map[string]bool{}
	for _, l := range layers {
		for _, h := range l.Ring.HostsBy(by) {
			if _, known := at[h.Name]; !known {
				at[h.Name] = len(p.hosts)
				p.hosts = append(p.hosts, h)
			}
			for _, id := range h.Devices {
				on[h.Name] = on[h.Name] || !l.Off.Has(id)
			}
		}
	}
	slices.SortFunc(p.hosts, func(a, b Host) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Zone, b.Zone), compareIP(a.Name, b.Name))
	})
	p.allowed = newBitset(len(p.hosts))
	for i, h := range p.hosts {
		at[h.Name] = i
		p.joined = append(p.joined, newBitset(len(p.hosts)))
		if on[h.Name] {
			p.allowed.add(i)
		}
	}
	for _, l := range layers {
		p.addLayer(l, at, by)
	}
	return p
}

// addLayer finds the room of every partition of a ring and what exceeds it.
func (p *safeProblem) addLayer(l Layer, at map[string]int, by HostKey) {
	r := l.Ring
	of := make([]int, len(r.spec.Devices))
	for id, d := range r.spec.Devices {
		if d != nil {
			of[id] = at[by(d)]
		}
	}
	room := make([]uint8, r.Partitions())
	has := make([][]int32, len(p.hosts))
	for _, h := range r.HostsBy(by) {
		has[at[h.Name]] = make([]int32, 0, h.Parts)
	}
	var buffer [maxRows]uint16
	var hosts, counts [maxRows]int // machines of a partition with replicas that are on
	for part := range room {
		ids := r.primaries(part, buffer[:0])
		room[part] = roomOf(ids, l)
		n := 0
		for _, id := range ids {
			if l.Off.Has(int(id)) {
				continue
			}
			h := of[id]
			has[h] = append(has[h], int32(part))
			i := slices.Index(hosts[:n], h)
			if i < 0 {
				i = n
				n++
				hosts[i], counts[i] = h, 0
			}
			counts[i]++
		}
		p.judge(hosts[:n], counts[:n], int(room[part]))
	}
	p.room, p.has = append(p.room, room), append(p.has, has)
}

// anyNumber is the room of a partition that nothing can make worse.
const anyNumber = 255

// roomOf is how many more primaries of a partition may go off. A partition below
// quorum already must stay readable.
func roomOf(ids []uint16, l Layer) uint8 {
	on := 0
	for _, id := range ids {
		if !l.Off.Has(int(id)) {
			on++
		}
	}
	if need := l.Quorum.Write(len(ids)); on >= need {
		return uint8(on - need)
	}
	fragments := on
	if l.Quorum.copies > 1 {
		var seen [maxRows + 1]bool
		fragments = 0
		for i, id := range ids {
			if f := i % l.Quorum.fragments(); !l.Off.Has(int(id)) && !seen[f] {
				seen[f] = true
				fragments++
			}
		}
	}
	if fragments >= l.Quorum.Read() {
		return uint8(fragments - l.Quorum.Read())
	}
	return anyNumber
}

// judge marks the machines of one partition that alone or in pairs exceed its room.
func (p *safeProblem) judge(hosts, counts []int, room int) {
	all := 0
	for i, a := range hosts {
		all += counts[i]
		if counts[i] > room {
			p.allowed.remove(a)
			continue
		}
		for j, b := range hosts[:i] {
			if counts[i]+counts[j] > room {
				p.joined[a].add(b)
				p.joined[b].add(a)
			}
		}
	}
	if all > room && room > 1 {
		p.pairwise = false
	}
}

// mass is a bound: machines with few replicas first, until the room of all
// partitions of some ring is used up.
func (p *safeProblem) mass() int {
	most := len(p.hosts)
	for layer, room := range p.room {
		total := 0
		for _, n := range room {
			if n == anyNumber {
				total += maxRows
			} else {
				total += int(n)
			}
		}
		var replicas []int
		for h := range p.hosts {
			if p.allowed.has(h) {
				replicas = append(replicas, len(p.has[layer][h]))
			}
		}
		slices.Sort(replicas)
		n := 0
		for n < len(replicas) && total >= replicas[n] {
			total -= replicas[n]
			n++
		}
		most = min(most, n)
	}
	return most
}

// take lets a machine go off if no partition forbids it.
func (p *safeProblem) take(h int) bool {
	p.work--
	for layer, has := range p.has {
		room := p.room[layer]
		for i, part := range has[h] {
			p.work--
			if room[part] == anyNumber {
				continue
			}
			if room[part] > 0 {
				room[part]--
				continue
			}
			for _, part := range has[h][:i] {
				if room[part] != anyNumber {
					room[part]++
				}
			}
			for before := range layer {
				p.giveLayer(before, h)
			}
			return false
		}
	}
	return true
}

func (p *safeProblem) give(h int) {
	for layer := range p.has {
		p.giveLayer(layer, h)
	}
}

func (p *safeProblem) giveLayer(layer, h int) {
	room := p.room[layer]
	for _, part := range p.has[layer][h] {
		if room[part] != anyNumber {
			room[part]++
		}
	}
}

// able lists the machines that may go off alone.
func (p *safeProblem) able() []int {
	var out []int
	for h := range p.hosts {
		if p.allowed.has(h) {
			out = append(out, h)
		}
	}
	return out
}

// greedy tries each zone as the one to begin with, because replicas are in
// different zones where they can be: the machines of one zone seldom share a
// partition. Then it tries the order of the fewest conflicts.
func (p *safeProblem) greedy() (best []int) {
	order := p.able()
	place := func(h int) [2]int { return [2]int{p.hosts[h].Region, p.hosts[h].Zone} }
	for i, h := range order {
		if i == 0 || place(h) != place(order[i-1]) {
			best = p.try(slices.Concat(order[i:], order[:i]), best)
		}
	}
	conflicts := make([]int, len(p.hosts))
	for h := range p.hosts {
		conflicts[h] = p.joined[h].len()
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(conflicts[a], conflicts[b]) })
	return p.try(order, best)
}

// draw tries orders by lot, the same ones every time.
func (p *safeProblem) draw(best []int, work int) []int {
	order := p.able()
	lot := rand.New(rand.NewPCG(1, uint64(len(order))))
	for p.work = work; p.work > 0; {
		lot.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		best = p.try(order, best)
	}
	return best
}

// try takes machines in an order, and returns them if they are more than the best.
func (p *safeProblem) try(order, best []int) []int {
	var got []int
	for _, h := range order {
		if p.take(h) {
			got = append(got, h)
		}
	}
	for _, h := range got {
		p.give(h)
	}
	if len(got) > len(best) {
		return got
	}
	return best
}

// exhaust looks through all sets, as far as the work goes.
func (p *safeProblem) exhaust(best []int, work int) ([]int, bool) {
	p.work = work
	order := p.able()
	var chosen []int
	var from func(i int)
	from = func(i int) {
		if len(chosen) > len(best) {
			best = slices.Clone(chosen)
		}
		for ; i < len(order) && len(chosen)+len(order)-i > len(best) && p.work > 0; i++ {
			h := order[i]
			if slices.ContainsFunc(chosen, func(c int) bool { return p.joined[c].has(h) }) {
				p.work--
				continue
			}
			if p.take(h) {
				chosen = append(chosen, h)
				from(i + 1)
				chosen = chosen[:len(chosen)-1]
				p.give(h)
			}
		}
	}
	from(0)
	return best, p.work > 0
}
