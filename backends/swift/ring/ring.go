// Package ring reads OpenStack Swift's ring and builder files and answers what
// follows from them alone: where things are, how evenly and how far apart, what
// a set of devices that is off leaves of every partition, what a new ring moves.
//
// It is arithmetic on bytes: no network, no clock, no goroutine. A Ring never
// changes once it is made, so any number of readers may share it.
package ring

import (
	"fmt"
	"slices"
)

// Limits of a ring. What is beyond them is refused: no cluster has it, and a
// file that claims it is broken or means harm.
const (
	maxPartPower = 26      // 67 million partitions
	maxRows      = 255     // replicas
	maxSlots     = 1 << 28 // partitions times replicas: 512 MiB
	maxDevices   = 1 << 16 // ids
)

// Device is one disk of a ring.
type Device struct {
	ID              int
	Region, Zone    int
	IP              string // address or host name, as the ring has it
	Port            int
	ReplicationIP   string
	ReplicationPort int
	Name            string // below the server's devices directory: sdb1
	Weight          float64
	Meta            string
}

// String names a device as Swift's tools do: r1z2-10.0.0.1:6200/sdb1.
func (d *Device) String() string {
	return fmt.Sprintf("r%dz%d-%s:%d/%s", d.Region, d.Zone, d.IP, d.Port, d.Name)
}

// Spec is what a ring is made of.
type Spec struct {
	PartPower     int
	NextPartPower int // 0: no change of the partition power is under way
	Version       int // 0: the file has none
	Devices       []*Device
	// Rows are the device ids by replica, then by partition. Only the last row may
	// be shorter than the number of partitions: a fractional replica count.
	Rows [][]uint16
}

// Ring is an assignment of partitions to devices.
type Ring struct {
	spec    Spec
	file    File
	parts   []int // replicas assigned, by device id
	slots   int   // of all devices
	hosts   []Host
	tiers   [4]tier // region, zone, server, device
	doubled []int   // partitions that have a device twice
}

// File says where a ring was read from.
type File struct {
	Name   string
	MD5    string // of the file's bytes, as Swift's recon shows it
	Size   int    // bytes
	Format int    // 1 or 2; 0 for a ring that was not read from a ring file
}

// New checks a ring and makes it. It keeps the slices of the Spec: they must not
// be changed any more.
func New(s Spec) (*Ring, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	r := &Ring{spec: s}
	if err := r.count(); err != nil {
		return nil, err
	}
	r.findDoubled()
	r.hosts = r.HostsBy(ByIP)
	r.findTiers()
	return r, nil
}

func (s *Spec) check() error {
	switch {
	case s.PartPower < 0 || s.PartPower > maxPartPower:
		return fmt.Errorf("a partition power of %d is not between 0 and %d", s.PartPower, maxPartPower)
	case s.NextPartPower < 0 || s.NextPartPower > maxPartPower+1:
		return fmt.Errorf("a next partition power of %d is not between 0 and %d", s.NextPartPower, maxPartPower+1)
	case len(s.Rows) == 0:
		return fmt.Errorf("no partition is assigned: the builder was never rebalanced")
	case len(s.Rows) > maxRows:
		return fmt.Errorf("%d replicas are more than %d", len(s.Rows), maxRows)
	case len(s.Devices) > maxDevices:
		return fmt.Errorf("%d device ids are more than %d", len(s.Devices), maxDevices)
	}
	parts := 1 << s.PartPower
	for i, row := range s.Rows {
		last := i > 0 && i == len(s.Rows)-1
		if len(row) > parts || len(row) < parts && !last || len(row) == 0 {
			return fmt.Errorf("replica %d has %d partitions, the ring %d", i, len(row), parts)
		}
	}
	for id, d := range s.Devices {
		if d == nil {
			continue
		}
		if err := d.check(id); err != nil {
			return fmt.Errorf("device %d: %w", id, err)
		}
	}
	return nil
}

func (d *Device) check(id int) error {
	switch {
	case d.ID != id:
		return fmt.Errorf("it says that its id is %d", d.ID)
	case d.IP == "":
		return fmt.Errorf("it has no ip")
	case d.Name == "":
		return fmt.Errorf("it has no device name")
	case !(d.Weight >= 0 && d.Weight <= 1e15):
		return fmt.Errorf("its weight is %g", d.Weight)
	case d.Port < 0 || d.Port > 65535 || d.ReplicationPort < 0 || d.ReplicationPort > 65535:
		return fmt.Errorf("its ports are %d and %d", d.Port, d.ReplicationPort)
	}
	return nil
}

// count counts the replicas of every device, and refuses an id that is none.
func (r *Ring) count() error {
	n := make([]int32, len(r.spec.Devices))
	for _, row := range r.spec.Rows {
		for _, id := range row {
			if int(id) >= len(n) {
				return r.stray(int(id), "the ring has %d device ids", len(n))
			}
			n[id]++
		}
		r.slots += len(row)
	}
	r.parts = make([]int, len(n))
	for id, count := range n {
		if count > 0 && r.spec.Devices[id] == nil {
			return r.stray(id, "that device was removed")
		}
		r.parts[id] = int(count)
	}
	return nil
}

// stray tells where an id is assigned that is no device.
func (r *Ring) stray(id int, why string, args ...any) error {
	for replica, row := range r.spec.Rows {
		if part := slices.Index(row, uint16(id)); part >= 0 {
			return fmt.Errorf("replica %d of partition %d is on device %d: %s", replica, part, id, fmt.Sprintf(why, args...))
		}
	}
	return nil
}

// findDoubled finds the partitions that have a device twice, which old versions
// of Swift could make: such a device is one primary node and not two.
func (r *Ring) findDoubled() {
	rows := r.spec.Rows
	if len(rows) == 3 && len(rows[2]) == len(rows[0]) { // what most rings have
		a, b, c := rows[0], rows[1][:len(rows[0])], rows[2][:len(rows[0])]
		for p, id := range a {
			if id == b[p] || id == c[p] || b[p] == c[p] {
				r.doubled = append(r.doubled, p)
			}
		}
		return
	}
	last := make([]int32, len(r.spec.Devices)) // partition+1 in which a device was met
	for p := range rows[0] {
		for _, row := range rows[:r.ReplicaCount(p)] {
			if last[row[p]] == int32(p+1) {
				r.doubled = append(r.doubled, p)
				break
			}
			last[row[p]] = int32(p + 1)
		}
	}
}

// File says where the ring was read from.
func (r *Ring) File() File { return r.file }

// Version of the builder that wrote the ring: it rises by one with each change.
// 0: the file has none.
func (r *Ring) Version() int { return r.spec.Version }

// PartPower is the logarithm of the number of partitions.
func (r *Ring) PartPower() int { return r.spec.PartPower }

// NextPartPower is set while the partition power is being changed; 0: it is not.
func (r *Ring) NextPartPower() int { return r.spec.NextPartPower }

// Partitions is the number of partitions.
func (r *Ring) Partitions() int { return len(r.spec.Rows[0]) }

// Rows is the number of replicas, a partial one counted in full.
func (r *Ring) Rows() int { return len(r.spec.Rows) }

// Replicas is the number of replicas, which may be fractional.
func (r *Ring) Replicas() float64 { return float64(r.slots) / float64(r.Partitions()) }

// Slots is the number of replicas of all partitions together.
func (r *Ring) Slots() int { return r.slots }

// Device returns a device by its id; nil when there is none (any more).
func (r *Ring) Device(id int) *Device {
	if id < 0 || id >= len(r.spec.Devices) {
		return nil
	}
	return r.spec.Devices[id]
}

// Devices returns all devices, by ascending id.
func (r *Ring) Devices() []*Device {
	out := make([]*Device, 0, len(r.spec.Devices))
	for _, d := range r.spec.Devices {
		if d != nil {
			out = append(out, d)
		}
	}
	return out
}

// Parts is the number of replicas that a device has; 0 for no device.
func (r *Ring) Parts(id int) int {
	if id < 0 || id >= len(r.parts) {
		return 0
	}
	return r.parts[id]
}

// ReplicaCount is how many replicas a partition has: Rows, or one less in a
// ring with a fractional number.
func (r *Ring) ReplicaCount(part int) int {
	if last := len(r.spec.Rows) - 1; part >= len(r.spec.Rows[last]) {
		return last
	}
	return len(r.spec.Rows)
}

// Primaries returns the devices of a partition in the order of their replicas,
// each once: the position of a device is its index as a primary node.
func (r *Ring) Primaries(part int) []*Device {
	var ids [maxRows]uint16
	var out []*Device
	for _, id := range r.primaries(part, ids[:0]) {
		out = append(out, r.spec.Devices[id])
	}
	return out
}

// primaries appends the ids of a partition's devices, each once.
func (r *Ring) primaries(part int, to []uint16) []uint16 {
	for _, row := range r.spec.Rows {
		if part < len(row) && !slices.Contains(to, row[part]) {
			to = append(to, row[part])
		}
	}
	return to
}
