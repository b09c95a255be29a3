package ring

import (
	"crypto/md5"
	"encoding/binary"
	"iter"
	"strconv"
)

// Handoffs yields the devices that take what the primaries of a partition do not,
// in the order in which Swift tries them (Ring.get_more_nodes): first those in
// regions, then in zones, then on servers that have no replica yet, then the
// rest. Devices without partitions are never asked.
func (r *Ring) Handoffs(part int) iter.Seq[*Device] {
	return func(yield func(*Device) bool) {
		var buffer [maxRows]uint16
		w := r.newWalk()
		for _, id := range r.primaries(part, buffer[:0]) {
			w.take(id)
		}
		for level := range r.tiers {
			for p := range r.walkOrder(part) {
				if w.left[level] == 0 {
					break
				}
				for _, row := range r.spec.Rows {
					if p >= len(row) || w.used[level][r.tiers[level].of[row[p]]] {
						continue
					}
					w.take(row[p])
					if !yield(r.spec.Devices[row[p]]) {
						return
					}
					if w.left[level] == 0 {
						break
					}
				}
			}
		}
	}
}

// walk is what handoffs have been to, by level and domain.
type walk struct {
	r    *Ring
	used [4][]bool
	left [4]int // domains with partitions that were not yet used
}

func (r *Ring) newWalk() *walk {
	w := &walk{r: r}
	for level, t := range r.tiers {
		w.used[level] = make([]bool, t.count)
		seen := make([]bool, t.count)
		for id, parts := range r.parts {
			if parts > 0 && !seen[t.of[id]] {
				seen[t.of[id]] = true
				w.left[level]++
			}
		}
	}
	return w
}

// take marks all domains of a device as used.
func (w *walk) take(id uint16) {
	for level, t := range w.r.tiers {
		if d := t.of[id]; !w.used[level][d] {
			w.used[level][d] = true
			w.left[level]--
		}
	}
}

// walkOrder yields the partitions in which handoffs are looked for: from one that
// depends on the partition, in steps that keep the number of looks at 65,536, and
// around. As in Swift, where the way around begins at the step and not at 0.
func (r *Ring) walkOrder(part int) iter.Seq[int] {
	return func(yield func(int) bool) {
		parts := r.Partitions()
		sum := md5.Sum([]byte(strconv.Itoa(part)))
		start := int(uint64(binary.BigEndian.Uint32(sum[:4])) >> (32 - r.spec.PartPower))
		step := max(1, parts/65536)
		for p := start; p < parts; p += step {
			if !yield(p) {
				return
			}
		}
		for p := step - (parts-start)%step; p < start; p += step {
			if !yield(p) {
				return
			}
		}
	}
}
