package ring

// Ring is the ring that the builder would write; nil when it was never rebalanced.
func (b *Builder) Ring() *Ring { return b.ring }

// Missing counts the partitions by how many of their primaries are off: element 2
// is what swift-dispersion-report calls missing_2.
func (r *Ring) Missing(off Off) []int {
	out := make([]int, r.Rows()+1)
	for p := range r.Partitions() {
		if r.gone(p, off) == 0 {
			out[0]++
			continue
		}
		s := r.Part(p, off, Quorum{})
		out[s.Primaries-s.On]++
	}
	return out
}
