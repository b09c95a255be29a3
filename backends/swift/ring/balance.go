package ring

import (
	"math"
	"slices"
)

// worstBalance is what Swift says of a device that has partitions and no weight.
const worstBalance = 999.99

// Balance is by how many per cent the device furthest from its share by weight is
// away from it: Swift's definition (RingBuilder.get_balance).
func (r *Ring) Balance() float64 {
	worst, weight := 0.0, r.Weight()
	for _, d := range r.spec.Devices {
		if d != nil {
			worst = max(worst, math.Abs(r.balanceOf(d, float64(r.slots)/weight)))
		}
	}
	return worst
}

// balanceOf is a device's balance where so many replicas go to one unit of weight.
func (r *Ring) balanceOf(d *Device, perWeight float64) float64 {
	switch {
	case d.Weight > 0:
		return 100*float64(r.parts[d.ID])/(d.Weight*perWeight) - 100
	case r.parts[d.ID] > 0:
		return worstBalance
	}
	return 0
}

// Weight is the sum of all weights.
func (r *Ring) Weight() float64 {
	sum := 0.0
	for _, d := range r.spec.Devices {
		if d != nil {
			sum += d.Weight
		}
	}
	return sum
}

// Dispersion is the percentage of replicas that are closer together than they
// need be: 100 times the replicas above what a tier may have, those of the worst
// tier of each partition, by all replicas. Tiers are region, zone, server and
// device; a tier may have its parent's maximum divided by the number of siblings
// with a weight, rounded up (RingBuilder._build_dispersion_graph).
//
// Swift's own figure is wrong for fractional replica counts, up to 2.38 at least:
// it looks only at the partitions that have a replica in every row.
func (r *Ring) Dispersion() float64 { return r.dispersion(r.Replicas()) }

func (r *Ring) dispersion(replicas float64) float64 {
	allowed := r.allowed(replicas)
	levels := r.levelsToLookAt(allowed)
	var count [4][]uint8 // replicas of one partition, by level and domain
	for level := range count {
		count[level] = make([]uint8, r.tiers[level].count)
	}
	var met [maxRows]uint16
	close := 0
	rows := r.spec.Rows
	for p := range rows[0] {
		n := r.ReplicaCount(p)
		worst := 0
		for _, l := range levels {
			of, count, allowed := r.tiers[l.level].of, count[l.level], allowed[l.level]
			above, apart := 0, true
			for i, row := range rows[:n] {
				t := of[row[p]]
				met[i] = t
				count[t]++
				if count[t] > 1 {
					apart = false
				}
				if count[t] > allowed[t] {
					above++
				}
			}
			for _, t := range met[:n] {
				count[t] = 0
			}
			worst = max(worst, above)
			if apart && l.apartIsEnough {
				break
			}
		}
		close += worst
	}
	return 100 * float64(close) / (float64(len(rows[0])) * replicas)
}

// lookAt is a level of tiers at which replicas can be too close together.
type lookAt struct {
	level int
	// apartIsEnough is true when replicas in different domains of this level can
	// break no rule of a finer one.
	apartIsEnough bool
}

// levelsToLookAt leaves out the levels at which nothing can be wrong: where every
// domain may have all replicas, and devices when none has a partition twice.
func (r *Ring) levelsToLookAt(allowed [4][]uint8) []lookAt {
	var out []lookAt
	least := [4]uint8{maxRows, maxRows, maxRows, maxRows}
	for id, parts := range r.parts {
		if parts == 0 {
			continue
		}
		for level := range least {
			least[level] = min(least[level], allowed[level][r.tiers[level].of[id]])
		}
	}
	for level, n := range least {
		if int(n) >= r.Rows() || level == 3 && n > 0 && len(r.doubled) == 0 {
			continue
		}
		finer := level < 3 && slices.Min(least[level+1:]) > 0
		out = append(out, lookAt{level, finer})
	}
	return out
}

// allowed is the most replicas of a partition that each domain should have, by
// level. A domain without weight should have none.
func (r *Ring) allowed(replicas float64) [4][]uint8 {
	var out [4][]uint8
	parent := map[domain]float64{{}: replicas}
	for level := range out {
		out[level] = make([]uint8, r.tiers[level].count)
		children := map[domain]map[domain]bool{}
		for _, d := range r.spec.Devices {
			if d == nil || d.Weight <= 0 {
				continue
			}
			up := domain{}
			if level > 0 {
				up = d.path(level - 1)
			}
			if children[up] == nil {
				children[up] = map[domain]bool{}
			}
			children[up][d.path(level)] = true
		}
		most := map[domain]float64{}
		for up, list := range children {
			n := math.Ceil(parent[up] / float64(len(list)))
			if level == 3 {
				n = min(n, 1)
			}
			for c := range list {
				most[c] = n
			}
		}
		for id, d := range r.spec.Devices {
			if d != nil {
				out[level][r.tiers[level].of[id]] = uint8(min(most[d.path(level)], maxRows))
			}
		}
		parent = most
	}
	return out
}
