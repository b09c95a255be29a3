package ring

import "math/bits"

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset       { return make(bitset, (n+63)/64) }
func (b bitset) add(i int)         { b[i>>6] |= 1 << (i & 63) }
func (b bitset) remove(i int)      { b[i>>6] &^= 1 << (i & 63) }
func (b bitset) has(i int) bool    { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitset) copyFrom(o bitset) { copy(b, o) }
func (b bitset) intersect(o bitset) {
	for i := range b {
		b[i] &= o[i]
	}
}
func (b bitset) minus(a, o bitset) {
	for i := range b {
		b[i] = a[i] &^ o[i]
	}
}

func (b bitset) len() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// first is the smallest number of the set, -1 of an empty one.
func (b bitset) first() int {
	for i, w := range b {
		if w != 0 {
			return i<<6 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

// independent searches a largest set of vertices of which no two are joined:
// branch and bound, where groups of vertices that are all joined to each other
// bound what can still be gained (as in Tomita's algorithms for cliques, on the
// complement). It gives up after so many steps; then what it has is a good set
// and the bound says how much larger one might be.
type independent struct {
	joined []bitset
	steps  int
	best   []int
	chosen []int
}

// search looks among the vertices of a set. It returns the best set found, or the
// one that is given if none is larger, and a bound that no set exceeds.
func (s *independent) search(among bitset, known []int) (best []int, atMost int) {
	s.best = known
	_, groups := s.group(among)
	if len(groups) > 0 {
		atMost = groups[len(groups)-1]
	}
	s.expand(among)
	if s.steps > 0 { // it came to its end
		atMost = len(s.best)
	}
	return s.best, max(atMost, len(s.best))
}

func (s *independent) expand(among bitset) {
	if s.steps--; s.steps <= 0 {
		return
	}
	order, groups := s.group(among)
	left, rest := newBitset(len(s.joined)), newBitset(len(s.joined))
	left.copyFrom(among)
	for i := len(order) - 1; i >= 0; i-- {
		if len(s.chosen)+groups[i] <= len(s.best) {
			return
		}
		v := order[i]
		s.chosen = append(s.chosen, v)
		left.remove(v)
		rest.minus(left, s.joined[v])
		if rest.first() >= 0 {
			s.expand(rest)
		} else if len(s.chosen) > len(s.best) {
			s.best = append([]int(nil), s.chosen...)
		}
		s.chosen = s.chosen[:len(s.chosen)-1]
	}
}

// group deals the vertices into groups whose members are all joined: of each at
// most one can be chosen. It returns the vertices group by group, and for each the
// number of groups up to its own.
func (s *independent) group(among bitset) (order, groups []int) {
	left, fit := newBitset(len(s.joined)), newBitset(len(s.joined))
	left.copyFrom(among)
	for n := 1; left.first() >= 0; n++ {
		fit.copyFrom(left)
		for v := fit.first(); v >= 0; v = fit.first() {
			left.remove(v)
			fit.remove(v)
			fit.intersect(s.joined[v])
			order, groups = append(order, v), append(groups, n)
		}
	}
	return order, groups
}
