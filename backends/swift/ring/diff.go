package ring

import (
	"cmp"
	"fmt"
	"slices"
)

// Change is what happened to a device between two rings.
type Change string

// Changes of devices. Kept is none.
const (
	Kept        Change = "kept"
	Added       Change = "added"
	Removed     Change = "removed"
	Reweighted  Change = "reweighted"
	Readdressed Change = "readdressed" // the same id with another address, name or place
)

// Diff is what the second of two rings moves.
type Diff struct {
	OldVersion, NewVersion int
	Partitions             int          // of the new ring
	Slots                  int          // replicas of the new ring
	Moved                  int          // replicas that come to a device that did not have them
	Moving                 []int        // partitions by the number of their replicas that move
	BelowQuorum            int          // partitions that keep fewer replicas in place than a write wants: until the move is done they rely on handoffs
	Devices                []DeviceDiff // all of both rings, by id
	Hosts                  []HostDiff   // by address
}

// SeveralMoving is the number of partitions of which more than one replica moves.
func (d *Diff) SeveralMoving() int {
	n := 0
	for k, count := range d.Moving {
		if k > 1 {
			n += count
		}
	}
	return n
}

// DeviceDiff is what happens to one disk.
type DeviceDiff struct {
	Old, New           *Device // nil where the ring does not have it
	Change             Change
	OldParts, NewParts int
	In, Out            int // replicas that come and go
}

// Device is the newest that is known of the disk.
func (d DeviceDiff) Device() *Device {
	if d.New != nil {
		return d.New
	}
	return d.Old
}

// HostDiff is what happens to one machine.
type HostDiff struct {
	IP                 string
	OldParts, NewParts int
	In, Out            int
}

// Compare says what has to move when a ring is replaced. With an erasure code the
// position of a device counts, as it says which fragment it holds; otherwise a
// replica that only changes its position stays where it is.
//
// A disk is known by its address and name, so one that was taken out and put back
// under another id has not moved. One that keeps its id and changes its address or
// name is taken for the same disk: it is told as readdressed, because nobody can
// see in a ring whether the data came along.
//
// The new ring may have twice the partitions of the old one, or four times and so
// on, after a change of the partition power: that alone moves nothing.
func Compare(old, new *Ring, q Quorum) (*Diff, error) {
	shift := new.PartPower() - old.PartPower()
	if shift < 0 {
		return nil, fmt.Errorf("the new ring has fewer partitions than the old one (2^%d and 2^%d): are they in the right order?", new.PartPower(), old.PartPower())
	}
	d := &Diff{
		OldVersion: old.Version(), NewVersion: new.Version(), Partitions: new.Partitions(), Slots: new.Slots(),
		Moving: make([]int, max(old.Rows(), new.Rows())+1),
	}
	disks := match(old, new)
	c := &comparison{old: old, new: new, shift: shift, disks: disks, in: make([]int, disks.count), out: make([]int, disks.count)}
	for p := range new.Partitions() {
		came := c.partition(p, q.Erasure())
		d.Moved += came
		d.Moving[came]++
		if n := new.ReplicaCount(p); came > 0 && n-came < q.Write(n) {
			d.BelowQuorum++
		}
	}
	d.Moving = slices.Clip(trimZeros(d.Moving))
	c.report(d)
	return d, nil
}

func trimZeros(list []int) []int {
	for len(list) > 0 && list[len(list)-1] == 0 {
		list = list[:len(list)-1]
	}
	return list
}

// disks numbers the physical disks of two rings.
type disks struct {
	old, new []int // by device id; -1 for none
	count    int
}

// match finds which devices of two rings are one disk.
func match(old, new *Ring) disks {
	type place struct{ ip, name string }
	at := func(d *Device) place { return place{canonical(d.IP), d.Name} }
	m := disks{old: make([]int, len(old.spec.Devices)), new: make([]int, len(new.spec.Devices))}
	byPlace := map[place]int{}
	for id, d := range old.spec.Devices {
		m.old[id] = -1
		if d == nil {
			continue
		}
		if _, twice := byPlace[at(d)]; !twice {
			byPlace[at(d)] = m.count
		}
		m.old[id] = m.count
		m.count++
	}
	taken := make([]bool, m.count)
	for id, d := range new.spec.Devices {
		m.new[id] = -1
		if d == nil {
			continue
		}
		// The same id and place first, or two ids of one place would be swapped.
		if o := old.Device(id); o != nil && at(o) == at(d) {
			m.new[id] = m.old[id]
			taken[m.new[id]] = true
		}
	}
	for id, d := range new.spec.Devices {
		if d == nil || m.new[id] >= 0 {
			continue
		}
		if disk, known := byPlace[at(d)]; known && !taken[disk] {
			m.new[id] = disk
			taken[disk] = true
		}
	}
	for id, d := range new.spec.Devices {
		if d == nil || m.new[id] >= 0 {
			continue
		}
		if old.Device(id) != nil && !taken[m.old[id]] {
			m.new[id] = m.old[id]
			taken[m.new[id]] = true
			continue
		}
		m.new[id] = m.count
		m.count++
	}
	return m
}

// comparison counts what comes to and goes from every disk.
type comparison struct {
	old, new *Ring
	shift    int
	disks    disks
	in, out  []int
}

// still reports whether every replica of a partition is on the same disk as before,
// which is so for nearly all of them.
func (c *comparison) still(p int) bool {
	old, new := c.old.spec.Rows, c.new.spec.Rows
	if len(old) != len(new) {
		return false
	}
	for i, row := range new {
		before := old[i]
		if (p < len(row)) != (p>>c.shift < len(before)) || p < len(row) && c.disks.new[row[p]] != c.disks.old[before[p>>c.shift]] {
			return false
		}
	}
	return true
}

// partition counts the replicas of a partition that move.
func (c *comparison) partition(p int, positional bool) (came int) {
	if c.still(p) {
		return 0
	}
	var wasBuffer, isBuffer [maxRows]int
	was := disksOf(c.old, p>>c.shift, c.disks.old, wasBuffer[:0])
	is := disksOf(c.new, p, c.disks.new, isBuffer[:0])
	for i, disk := range is {
		if i < len(was) && was[i] == disk {
			was[i], is[i] = -1, -1
		}
	}
	for _, disk := range is {
		if disk < 0 {
			continue
		}
		if at := slices.Index(was, disk); at >= 0 && !positional {
			was[at] = -1
			continue
		}
		c.in[disk]++
		came++
	}
	for _, disk := range was {
		if disk >= 0 {
			c.out[disk]++
		}
	}
	return came
}

func disksOf(r *Ring, p int, disk []int, to []int) []int {
	for _, row := range r.spec.Rows {
		if p < len(row) {
			to = append(to, disk[row[p]])
		}
	}
	return to
}

// report fills in the devices and hosts.
func (c *comparison) report(d *Diff) {
	byDisk := make([]DeviceDiff, c.disks.count)
	for id, disk := range c.disks.old {
		if disk >= 0 {
			byDisk[disk].Old, byDisk[disk].OldParts = c.old.Device(id), c.old.parts[id]
		}
	}
	for id, disk := range c.disks.new {
		if disk >= 0 {
			byDisk[disk].New, byDisk[disk].NewParts = c.new.Device(id), c.new.parts[id]
		}
	}
	hosts := map[string]*HostDiff{}
	for disk, x := range byDisk {
		x.In, x.Out, x.Change = c.in[disk], c.out[disk], x.change()
		d.Devices = append(d.Devices, x)
		key := canonical(x.Device().IP)
		if hosts[key] == nil {
			hosts[key] = &HostDiff{IP: x.Device().IP}
		}
		hosts[key].OldParts += x.OldParts
		hosts[key].NewParts += x.NewParts
		hosts[key].In += x.In
		hosts[key].Out += x.Out
	}
	for _, h := range hosts {
		d.Hosts = append(d.Hosts, *h)
	}
	slices.SortFunc(d.Devices, func(a, b DeviceDiff) int { return cmp.Compare(a.Device().ID, b.Device().ID) })
	slices.SortFunc(d.Hosts, func(a, b HostDiff) int { return compareIP(a.IP, b.IP) })
}

func (d DeviceDiff) change() Change {
	switch {
	case d.Old == nil:
		return Added
	case d.New == nil:
		return Removed
	case canonical(d.Old.IP) != canonical(d.New.IP) || d.Old.Name != d.New.Name || d.Old.Region != d.New.Region || d.Old.Zone != d.New.Zone:
		return Readdressed
	case d.Old.Weight != d.New.Weight:
		return Reweighted
	}
	return Kept
}
