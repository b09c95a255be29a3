package swift

import (
	"time"

	"ringside/backends/swift/ring"
)

// Capacity is the room of the disks with a weight. Sizes are bytes of disk; Room in
// Policies is bytes of data.
type Capacity struct {
	Disks, Unknown    int   // disks with a weight, and those of them whose size is not known
	Size, Used, Avail int64 // of the known
	Fullest           *DeviceView
	PerNode           int64 // mean size of the nodes whose disks are all known; 0 when there is none
	Policies          []Room
}

// Room is how much data a policy could take, if nothing else was written to its disks.
type Room struct {
	Policy   ring.Policy
	Overhead float64 // bytes on disk for a byte of data: 3 for 3 replicas, 1.5 for 4+2
	Total    int64   // of all its disks, empty, if data spread evenly: size / overhead
	ring.Capacity
	First *DeviceView // the disk that will be full first; nil when none is known
}

func (o *Overview) capacity() Capacity {
	var c Capacity
	var nodeSizes, nodes int64
	for _, n := range o.Nodes {
		size, whole := int64(0), len(n.Devices) > 0
		for _, d := range n.Devices {
			if d.Weight == 0 {
				continue
			}
			c.Disks++
			part, ok := d.Fullness()
			if !ok {
				c.Unknown++
				whole = false
				continue
			}
			size += d.Usage.Size
			c.Used += d.Usage.Used
			c.Avail += d.Usage.Avail
			if most, ok := c.fullest(); !ok || part > most {
				c.Fullest = d
			}
		}
		c.Size += size
		if whole && size > 0 {
			nodes++
			nodeSizes += size
		}
	}
	if nodes > 0 {
		c.PerNode = nodeSizes / nodes
	}
	for _, p := range o.Policies {
		if p.Ring.Kind == Object {
			c.Policies = append(c.Policies, o.room(p))
		}
	}
	return c
}

func (c *Capacity) fullest() (float64, bool) {
	if c.Fullest == nil {
		return 0, false
	}
	return c.Fullest.Fullness()
}

func (o *Overview) room(p *PolicyView) Room {
	r := Room{Policy: p.Ring.Policy, Overhead: p.Ring.Quorum().Overhead(p.Ring.Replicas())}
	r.Capacity = p.Ring.Capacity(p.Ring.Quorum(), 1, func(d *ring.Device) (ring.Disk, bool) {
		v := p.At[d.ID]
		if _, ok := v.Fullness(); !ok {
			return ring.Disk{}, false
		}
		return ring.Disk{Size: v.Usage.Size, Used: v.Usage.Size - v.Usage.Avail}, true
	})
	r.Total = int64(float64(r.Raw) / r.Overhead)
	if d := r.Capacity.First; d != nil {
		r.First = p.At[d.ID]
	}
	return r
}

// Recovery is data on its way to where the rings want it: disks that hold less than
// the others for their weight and fill (replaced, or just added), and disks that are
// being drained. Recon tells no partition counts; these follow from bytes, so they
// are estimates.
type Recovery struct {
	Filling  []*DeviceView
	Draining []*DeviceView
	Parts    int64         // partitions still to move, estimated
	Bytes    int64         // the same in bytes of disk
	Rate     float64       // bytes a second at which that shrinks; negative when it grows
	Over     time.Duration // what Rate was measured over; zero: not known yet
}

// Left is the time until the data is where it belongs, at the present rate; ok is
// false when it does not shrink or nobody can tell.
func (r Recovery) Left() (d time.Duration, ok bool) {
	if r.Bytes == 0 || r.Over == 0 || r.Rate <= 0 {
		return 0, false
	}
	s := float64(r.Bytes) / r.Rate
	if s > (365 * 24 * time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

// Disks are never equally full, so only one that lacks a fifth of what the others
// have for their weight, and a hundredth of its size, counts as filling.
const (
	fillingBelow = 0.8
	fillingLeast = 0.01
)

func (o *Overview) recovery() {
	r := &o.Recovery
	rated := false
	var usedOfAll float64 // bytes of disk for each replica of a partition
	var replicas float64
	for _, d := range o.Devices {
		if _, ok := d.Fullness(); ok && d.State == DeviceOK && d.Weight > 0 && float64(d.Usage.Used) >= fillingBelow*float64(d.Expected) {
			usedOfAll += float64(d.Usage.Used)
			replicas += float64(d.Parts)
		}
	}
	for _, d := range o.Devices {
		if _, ok := d.Fullness(); !ok || d.State != DeviceOK {
			continue
		}
		missing := d.Expected - d.Usage.Used
		pace := d.Usage.Pace
		switch {
		case d.Leftover():
			r.Draining = append(r.Draining, d)
			r.Bytes += d.Usage.Used
			r.Rate -= pace.BytesPerSecond
		case d.Expected > 0 && float64(d.Usage.Used) < fillingBelow*float64(d.Expected) && float64(missing) > fillingLeast*float64(d.Usage.Size):
			r.Filling = append(r.Filling, d)
			r.Bytes += missing
			r.Rate += pace.BytesPerSecond
		default:
			continue
		}
		if !rated || pace.Over < r.Over { // one that is not known makes the sum unknown
			r.Over, rated = pace.Over, true
		}
	}
	if replicas > 0 && usedOfAll > 0 {
		r.Parts = int64(float64(r.Bytes) / (usedOfAll / replicas))
	}
}
