package ring

import "math"

// Disk is what a device's file system has, in bytes.
type Disk struct{ Size, Used int64 }

// Capacity is how much data fits into a ring. Data is what clients store: bytes on
// disks by replicas, or by an erasure code's overhead.
type Capacity struct {
	Raw, Used      int64   // bytes of the disks that are known
	Known, Unknown int     // devices with replicas or a weight, by whether their disk is known
	Usable         int64   // data that fits until the first disk is full, if the ring had its disks alone and they were empty
	Free           int64   // data that still fits until the first disk is full
	First          *Device // the disk that will be full first; nil: none is known
	Balanced       int64   // Usable if replicas lay exactly by weight
	PerHost        int64   // data that one more machine like the mean of the others adds, after rebalancing
}

// Capacity computes how much fits from the disks of the devices and the share of
// the replicas that each has. A disk counts as full at a fraction of its size (0.9:
// 90 %). Where disks are unknown the figures are of the known ones, and Usable and
// Free are upper bounds.
//
// PerHost is by weight alone: where too few zones keep replicas from moving to a
// new machine, it adds less.
func (r *Ring) Capacity(q Quorum, full float64, disk func(*Device) (Disk, bool)) Capacity {
	overhead := q.Overhead(r.Replicas())
	weight, hosts := r.Weight(), 0
	for _, h := range r.hosts {
		if h.Weight > 0 {
			hosts++
		}
	}
	c := Capacity{}
	usable, free, perWeight := math.Inf(1), math.Inf(1), math.Inf(1)
	for id, d := range r.spec.Devices {
		if d == nil || r.parts[id] == 0 && d.Weight == 0 {
			continue
		}
		x, known := disk(d)
		if !known || x.Size <= 0 {
			c.Unknown++
			continue
		}
		c.Known++
		c.Raw += x.Size
		c.Used += x.Used
		room := float64(x.Size) * full
		if d.Weight > 0 {
			perWeight = min(perWeight, room/d.Weight)
		}
		if r.parts[id] == 0 {
			continue
		}
		share := float64(r.parts[id]) / float64(r.slots) * overhead // bytes on this disk for a byte of data
		usable = min(usable, room/share)
		if left := max(0, room-float64(x.Used)) / share; left < free {
			free, c.First = left, d
		}
	}
	c.Usable, c.Free, c.Balanced = whole(usable), whole(free), whole(perWeight*weight/overhead)
	if hosts > 0 {
		c.PerHost = whole(perWeight * weight / float64(hosts) / overhead)
	}
	return c
}

// whole is a number of bytes; 0 for what is not known.
func whole(x float64) int64 {
	if !(x < math.MaxInt64/2) {
		return 0
	}
	return int64(x)
}

// MoveBytes estimates the bytes that a change moves: for each replica that goes,
// the mean of those on its disk. Replicas on disks that are not known are counted
// in unknown.
func (d *Diff) MoveBytes(disk func(*Device) (Disk, bool)) (bytes int64, unknown int) {
	for _, x := range d.Devices {
		if x.Out == 0 {
			continue
		}
		if u, known := disk(x.Old); known && x.OldParts > 0 {
			bytes += int64(float64(u.Used) / float64(x.OldParts) * float64(x.Out))
		} else {
			unknown += x.Out
		}
	}
	return bytes, unknown
}
