package ring

import "math"

// worstBalance is what Swift says of a device that has partitions and no weight.
const worstBalance = 999.99

// Balance is by how many per cent the device furthest from its share by weight is
// away from it: Swift's definition (RingBuilder.get_balance).
func (r *Ring) Balance() float64 {
	worst := 0.0
	for id, d := range r.spec.Devices {
		if d != nil {
			worst = max(worst, math.Abs(r.DeviceBalance(id)))
		}
	}
	return worst
}

// DeviceBalance is by how many per cent a device has more replicas than its share
// by weight; negative: fewer.
func (r *Ring) DeviceBalance(id int) float64 { return r.deviceBalance(id, float64(r.slots)) }

func (r *Ring) deviceBalance(id int, slots float64) float64 {
	d := r.Device(id)
	switch {
	case d == nil:
		return 0
	case d.Weight > 0:
		return 100*float64(r.parts[id])/(d.Weight*slots/r.Weight()) - 100
	case r.parts[id] > 0:
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
	if replicas <= 0 {
		return 0
	}
	allowed := r.allowed(replicas)
	var count [4][]uint8 // replicas of one partition, by level and domain
	for level := range count {
		count[level] = make([]uint8, r.tiers[level].count)
	}
	close := 0
	rows := r.spec.Rows
	for p := range rows[0] {
		n := r.ReplicaCount(p)
		worst := 0
		for level := range count {
			of, count, allowed, above := r.tiers[level].of, count[level], allowed[level], 0
			for _, row := range rows[:n] {
				t := of[row[p]]
				count[t]++
				if count[t] > allowed[t] {
					above++
				}
			}
			for _, row := range rows[:n] {
				count[of[row[p]]] = 0
			}
			worst = max(worst, above)
		}
		close += worst
	}
	return 100 * float64(close) / (float64(len(rows[0])) * replicas)
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
