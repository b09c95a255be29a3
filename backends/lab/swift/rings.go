// Package swift is the part of the lab that is a Swift cluster.
package swift

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Device is one disk of a made-up ring, as ring files have it.
type Device struct {
	ID              int     `json:"id"`
	Region          int     `json:"region"`
	Zone            int     `json:"zone"`
	IP              string  `json:"ip"`
	Port            int     `json:"port"`
	ReplicationIP   string  `json:"replication_ip"`
	ReplicationPort int     `json:"replication_port"`
	Name            string  `json:"device"`
	Weight          float64 `json:"weight"`
	Meta            string  `json:"meta"`
}

// Ring is a made-up ring: believable, not one that Swift's builder would make.
type Ring struct {
	PartPower     int
	NextPartPower int // 0: none is under way
	Version       int
	Devices       []*Device  // by id; nil for a removed one
	Rows          [][]uint16 // device ids by replica and partition
}

// RingSpec says what a ring is made of.
type RingSpec struct {
	Devices   []*Device // by id; nil for none
	Replicas  float64   // a fraction gives a short last row
	PartPower int
	Version   int
	Seed      uint64 // the same seed gives the same ring
}

// Servers makes devices: so many servers with so many disks each, dealt to the
// zones in turn. The address of a server comes from its number, from 0 on.
func Servers(servers, disks, zones int, address func(server int) (ip string, port int)) []*Device {
	var out []*Device
	for s := range servers {
		ip, port := address(s)
		for d := range disks {
			out = append(out, &Device{
				ID: len(out), Region: 1, Zone: s%zones + 1, IP: ip, Port: port, ReplicationIP: ip, ReplicationPort: port,
				Name: fmt.Sprintf("d%d", d+1), Weight: 100,
			})
		}
	}
	return out
}

// MakeRing assigns every replica: by weight to the last partition, and as far
// apart as the weights allow. 2^18 partitions of 3 replicas on 600 devices take a
// fraction of a second.
func MakeRing(s RingSpec) (*Ring, error) {
	parts := 1 << s.PartPower
	if s.PartPower < 0 || s.PartPower > 24 || s.Replicas < 1 || s.Replicas > 255 {
		return nil, fmt.Errorf("lab: no ring of 2^%d partitions and %g replicas", s.PartPower, s.Replicas)
	}
	r := &Ring{PartPower: s.PartPower, Version: s.Version, Devices: s.Devices}
	for left := s.Replicas; left > 0; left-- {
		if n := int(float64(parts) * min(left, 1)); n > 0 {
			r.Rows = append(r.Rows, slices.Repeat([]uint16{nobody}, n))
		}
	}
	return r, r.assign(s.Seed)
}

// Change makes the next version of a ring: the devices are changed by the
// function (weight 0 drains one, nil removes one), and only what has to move is
// moved, where possible one replica of a partition at a time.
func (r *Ring) Change(seed uint64, change func(devices []*Device) []*Device) (*Ring, error) {
	next := &Ring{PartPower: r.PartPower, NextPartPower: r.NextPartPower, Version: r.Version + 2}
	for _, d := range r.Devices {
		if d != nil {
			d = new(*d)
		}
		next.Devices = append(next.Devices, d)
	}
	next.Devices = change(next.Devices)
	for _, row := range r.Rows {
		next.Rows = append(next.Rows, slices.Clone(row))
	}
	return next, next.assign(seed)
}

// nobody marks a replica that is not assigned, as in Swift's builder.
const nobody = math.MaxUint16

// node is one failure domain: the cluster, a region, a zone, a server, a device.
type node struct {
	children []*node
	device   int // of a leaf
	want     int // replicas that it should still get
	has      int // of the partition in hand
}

// assign gives every device its share.
func (r *Ring) assign(seed uint64) error {
	a, err := r.newAssigner(seed)
	if err != nil {
		return err
	}
	order := a.rand.Perm(1 << r.PartPower)
	for pass := range 2 { // the second takes what one move per partition left over
		for _, part := range order {
			a.release(part, pass == 0)
		}
	}
	for _, part := range order {
		a.place(part)
	}
	return nil
}

type assigner struct {
	*Ring
	rand  *rand.Rand
	root  *node
	paths [][]*node // from the cluster down to a device, by id
}

func (r *Ring) newAssigner(seed uint64) (*assigner, error) {
	a := &assigner{Ring: r, rand: rand.New(rand.NewPCG(seed, 0x72696e67)), root: &node{}, paths: make([][]*node, len(r.Devices))}
	if len(r.Devices) >= nobody {
		return nil, fmt.Errorf("lab: %d devices are too many", len(r.Devices))
	}
	type key [4]any
	known := map[key]*node{}
	live := 0
	for id, d := range r.Devices {
		if d == nil {
			continue
		}
		if d.Weight > 0 {
			live++
		}
		at := a.root
		path := []*node{at}
		for i := range 4 {
			k := key{d.Region, d.Zone, d.IP, id}
			for j := i + 1; j < 4; j++ {
				k[j] = nil
			}
			if known[k] == nil {
				known[k] = &node{device: id}
				at.children = append(at.children, known[k])
			}
			at = known[k]
			path = append(path, at)
		}
		a.paths[id] = path
	}
	if live < len(r.Rows) {
		return nil, errors.New("lab: a ring needs as many devices with a weight as it has replicas")
	}
	a.share()
	return a, nil
}

// share sets what every device should get: its part by weight, whole replicas by
// the largest remainder, less what it has.
func (a *assigner) share() {
	slots, weight := 0, 0.0
	for _, row := range a.Rows {
		slots += len(row)
	}
	for _, d := range a.Devices {
		if d != nil {
			weight += d.Weight
		}
	}
	type rest struct {
		id   int
		part float64
	}
	var rests []rest
	left := slots
	for id, d := range a.Devices {
		if d == nil {
			continue
		}
		exact := float64(slots) * d.Weight / weight
		a.add(id, int(exact))
		left -= int(exact)
		if d.Weight > 0 {
			rests = append(rests, rest{id, exact - math.Floor(exact)})
		}
	}
	slices.SortStableFunc(rests, func(x, y rest) int { return cmp.Compare(y.part, x.part) })
	for i := range left {
		a.add(rests[i%len(rests)].id, 1)
	}
	for _, row := range a.Rows {
		for _, id := range row {
			if id != nobody && a.paths[id] != nil {
				a.add(int(id), -1)
			}
		}
	}
}

func (a *assigner) add(id, want int) {
	for _, n := range a.paths[id] {
		n.want += want
	}
}

// release takes replicas away from devices that are gone or have too many; one
// per partition if asked to.
func (a *assigner) release(part int, one bool) {
	for _, row := range a.Rows {
		if part >= len(row) || row[part] == nobody {
			continue
		}
		path := a.paths[row[part]]
		switch {
		case path == nil:
			row[part] = nobody
		case path[4].want < 0:
			a.add(int(row[part]), 1)
			row[part] = nobody
			if one {
				return
			}
		}
	}
}

// place assigns the replicas of a partition that nobody has.
func (a *assigner) place(part int) {
	for _, row := range a.Rows {
		if part < len(row) && row[part] != nobody {
			a.hold(row[part], 1)
		}
	}
	for _, row := range a.Rows {
		if part < len(row) && row[part] == nobody {
			row[part] = a.pick()
			a.add(int(row[part]), -1)
			a.hold(row[part], 1)
		}
	}
	for _, row := range a.Rows {
		if part < len(row) {
			a.hold(row[part], -1)
		}
	}
}

func (a *assigner) hold(id uint16, n int) {
	for _, at := range a.paths[id] {
		at.has += n
	}
}

// pick goes down from the cluster: at each level to the domain that has the
// fewest replicas of the partition, and of these to one that wants the most.
func (a *assigner) pick() uint16 {
	at := a.root
	for len(at.children) > 0 {
		var best *node
		const few = 8 // of so many children all are looked at, of more two by lot
		list := at.children
		if len(list) > few {
			x, y := list[a.rand.IntN(len(list))], list[a.rand.IntN(len(list))]
			if best = better(x, y); best.has > 0 || best.want <= 0 {
				best = nil
			}
		}
		if best == nil {
			from := a.rand.IntN(len(list))
			for i := range list {
				best = better(best, list[(from+i)%len(list)])
			}
		}
		at = best
	}
	return uint16(at.device)
}

// better compares two domains of one parent.
func better(x, y *node) *node {
	switch {
	case x == nil:
		return y
	case (x.want > 0) != (y.want > 0) && !x.taken() && !y.taken():
		if x.want > 0 {
			return x
		}
		return y
	case x.has != y.has:
		if x.has < y.has {
			return x
		}
		return y
	case y.want > x.want:
		return y
	}
	return x
}

// taken reports whether a device has the partition already.
func (n *node) taken() bool { return len(n.children) == 0 && n.has > 0 }
