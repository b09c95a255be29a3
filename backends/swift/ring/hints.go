package ring

import (
	"slices"
	"time"
)

// Hints is what a builder says about the next rebalance.
type Hints struct {
	MinPartHours int
	Wait         time.Duration // until the builder lets go of partitions that have moved; 0: now
	LastMoves    time.Time     // zero: never
	Movable      int           // partitions that may move now
	Away         int           // replicas beyond the share by weight of their device: at least so many would move
	Balance      float64       // as the weights are now
	Dispersion   float64       // as the ring is now
	Overload     float64       // 0.1: 10 %
	Pending      []Pending     // devices that the ring file does not have as the builder has them
	Behind       int           // versions that the ring file is behind; negative: it is ahead of the builder
	Obsolete     bool          // the ring file is not what the builder would write
}

// Pending is a change of a device that is in the builder and not in the ring file.
type Pending struct {
	Device *Device // as the builder has it; of a removed one, as the ring has it
	Change Change
	Was    float64 // weight in the ring file
	Weight float64 // weight in the builder
}

// Hints compares the builder with the ring file that is in use; nil leaves that
// out. A builder that was never rebalanced has no ring and no figures.
func (b *Builder) Hints(r *Ring, now time.Time) Hints {
	h := Hints{MinPartHours: b.MinPartHours, LastMoves: b.LastMoves, Overload: b.Overload, Wait: b.Wait(now), Movable: b.movable(now)}
	if b.ring != nil {
		h.Balance, h.Dispersion = b.ring.Balance(), b.ring.dispersion(b.Replicas)
		perWeight := float64(b.ring.slots) / b.ring.Weight()
		for id, d := range b.Devices {
			if d != nil {
				h.Away += max(0, b.ring.parts[id]-int(d.Weight*perWeight+1))
			}
		}
	}
	if r == nil {
		return h
	}
	h.Behind = b.Version - r.Version()
	h.Pending = b.pending(r)
	h.Obsolete = b.ring == nil || h.Behind != 0 || len(h.Pending) > 0 || !sameRows(b.ring, r)
	return h
}

// Wait is how long the builder still holds partitions that have moved; 0: it lets go of
// them. swift-ring-builder calls it remaining.
func (b *Builder) Wait(now time.Time) time.Duration {
	if b.LastMoves.IsZero() {
		return 0
	}
	elapsed := now.Sub(b.LastMoves).Truncate(time.Second)
	return max(0, time.Duration(b.MinPartHours)*time.Hour-elapsed)
}

// movable counts the partitions whose last move is min_part_hours ago.
func (b *Builder) movable(now time.Time) int {
	hours := 0
	if !b.LastMoves.IsZero() {
		hours = max(0, int(now.Sub(b.LastMoves)/time.Hour))
	} else {
		hours = 255 // Swift counts from 1970
	}
	n := 0
	for _, since := range b.sinceMove {
		if min(int(since)+hours, 255) >= b.MinPartHours {
			n++
		}
	}
	return n
}

func (b *Builder) pending(r *Ring) []Pending {
	var out []Pending
	for id := range max(len(b.Devices), len(r.spec.Devices)) {
		var mine *Device
		if id < len(b.Devices) {
			mine = b.Devices[id]
		}
		switch its := r.Device(id); {
		case mine == nil && its == nil:
		case mine == nil, its != nil && slices.Contains(b.Removing, id):
			out = append(out, Pending{its, Removed, its.Weight, 0})
		case its == nil:
			out = append(out, Pending{mine, Added, 0, mine.Weight})
		case mine.Weight != its.Weight:
			out = append(out, Pending{mine, Reweighted, its.Weight, mine.Weight})
		case *mine != *its:
			out = append(out, Pending{mine, Readdressed, its.Weight, mine.Weight})
		}
	}
	return out
}

func sameRows(a, b *Ring) bool {
	return slices.EqualFunc(a.spec.Rows, b.spec.Rows, func(x, y []uint16) bool { return slices.Equal(x, y) })
}
