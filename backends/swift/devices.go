package swift

import (
	"cmp"
	"slices"
	"time"
)

// DeviceState is what is known of one disk of the rings.
type DeviceState string

// Device states. Silent is a disk of a node that does not answer; NotKnown one that
// nobody could tell about.
const (
	DeviceOK  DeviceState = "ok"
	Unmounted DeviceState = "unmounted" // the directory is there, no disk on it
	Faulty    DeviceState = "faulty"    // asking for it gave an I/O error
	Absent    DeviceState = "absent"    // not even a directory: recon never mentions it
	DeviceOff DeviceState = "silent"    // its node is down
	NotKnown  DeviceState = "unknown"
)

// up is the state as a plain State.
func (s DeviceState) up() State {
	switch s {
	case DeviceOK:
		return Up
	case NotKnown:
		return Unknown
	}
	return Down
}

// DeviceView is one disk: what the rings have on it, and what its node says.
type DeviceView struct {
	Node   *NodeView
	Name   string   // "sdb1"
	In     []Member // shared: not to be changed
	State  DeviceState
	Why    string
	Usage  *Usage    // last known, nil when there is none
	UsedAt time.Time // when Usage was read

	Weight   float64 // the largest of the rings
	Parts    int     // replicas of all rings
	Draining bool    // weight 0 in every ring
	// Expected is how much it should hold by its weight, as the other disks of the
	// cluster are; 0 when that cannot be said.
	Expected int64
}

// Member is a device's place in one ring.
type Member struct {
	Ring   string // "account", "object-1"
	ID     int
	Port   int
	Kind   Kind
	Weight float64
	Parts  int // replicas of this ring
}

// ID names the device in the cluster: "10.0.0.17/sdb1".
func (d *DeviceView) ID() string { return d.Node.Name + "/" + d.Name }

// Label names the device by its host: "sw017/sdb1".
func (d *DeviceView) Label() string { return d.Node.Label() + "/" + d.Name }

// Fullness is the used part of the disk, 0 to 1; ok is false when it is not known.
func (d *DeviceView) Fullness() (part float64, ok bool) {
	if d.Usage == nil || !d.Usage.Mounted || d.Usage.Size <= 0 {
		return 0, false
	}
	return float64(d.Usage.Used) / float64(d.Usage.Size), true
}

// Full is in how much time the disk is full at its present pace.
func (d *DeviceView) Full() (in time.Duration, ok bool) {
	if d.Usage == nil || !d.Usage.Mounted {
		return 0, false
	}
	return d.Usage.Pace.Full(d.Usage.Avail)
}

// Leftover reports a disk that should be empty, and is not: weight 0 and still with
// replicas, or drained in the rings and still with data.
func (d *DeviceView) Leftover() bool {
	part, ok := d.Fullness()
	return d.Draining && (d.Parts > 0 || ok && part > 0.02) // an empty XFS is not quite empty
}

// Stray is something below /srv/node that no ring knows: a leftover of a removed
// device, a directory of the system such as lost+found, or a slip in a ring.
type Stray struct {
	Node    *NodeView
	Name    string
	Mounted bool // a file system is mounted there
}

// devices joins the rings' devices with what their nodes say.
func (o *Overview) devices() {
	o.MountCheckOff = o.mountCheckOff()
	for i, f := range o.Rings.frameOf(o.Cluster).nodes {
		n := o.Nodes[i]
		views := make([]DeviceView, len(f.devices))
		n.Devices = make([]*DeviceView, len(f.devices))
		for j, d := range f.devices {
			views[j] = DeviceView{Node: n, Name: d.name, In: d.in, Weight: d.weight, Parts: d.parts, Draining: d.draining}
			views[j].join(o.MountCheckOff)
			n.Devices[j] = &views[j]
		}
		o.Devices = append(o.Devices, n.Devices...)
		o.strays(n)
	}
	o.expect()
}

// mountCheckOff reports a cluster in which no disk is mounted anywhere.
func (o *Overview) mountCheckOff() bool {
	known, mounted := 0, 0
	for _, n := range o.Nodes {
		if n.Facts == nil || n.State != Up {
			continue
		}
		for _, u := range n.Facts.Usage.Value {
			known++
			if u.Mounted || u.Fault != "" {
				mounted++
			}
		}
	}
	return known > 1 && mounted == 0
}

// join says what is known of one device.
func (d *DeviceView) join(mountCheckOff bool) {
	n := d.Node
	if f := n.Facts; f != nil {
		if i := slices.IndexFunc(f.Usage.Value, func(u Usage) bool { return u.Device == d.Name }); i >= 0 {
			u := f.Usage.Value[i]
			d.Usage, d.UsedAt = &u, f.Usage.At
		}
	}
	switch {
	case n.State == Down:
		d.State, d.Why = DeviceOff, n.Why
	case n.State == Unknown:
		d.State, d.Why = NotKnown, n.Why
	default:
		d.State, d.Why = d.said(mountCheckOff)
	}
}

// said is what a node that answers says of one of its disks: the newest of its
// answers that mentions it counts.
func (d *DeviceView) said(mountCheckOff bool) (DeviceState, string) {
	f := d.Node.Facts
	dirs := f.Directories
	switch {
	case !dirs.Known() && !f.Unmounted.Known() && !f.Usage.Known():
		return NotKnown, cmp.Or(dirs.Why(), "not read yet")
	case dirs.Known() && !dirs.Value.Readable:
		return NotKnown, "the node cannot list " + dirs.Value.Root
	case dirs.Known() && !slices.Contains(dirs.Value.Names, d.Name):
		return Absent, "there is no " + dirs.Value.Root + "/" + d.Name
	}
	var at time.Time
	state, why := NotKnown, cmp.Or(f.Unmounted.Why(), "not read yet")
	if f.Unmounted.Known() {
		at, state, why = f.Unmounted.At, DeviceOK, ""
		if i := slices.IndexFunc(f.Unmounted.Value, func(m Mount) bool { return m.Device == d.Name }); i >= 0 {
			state, why = mountState(f.Unmounted.Value[i].Fault)
		}
	}
	if u := d.Usage; u != nil && d.UsedAt.After(at) {
		state, why = DeviceOK, ""
		if !u.Mounted {
			state, why = mountState(u.Fault)
		}
	}
	if state == Unmounted && mountCheckOff {
		return DeviceOK, ""
	}
	return state, why
}

func mountState(fault string) (DeviceState, string) {
	if fault != "" {
		return Faulty, fault
	}
	return Unmounted, "nothing is mounted there"
}

// strays are what a node has below /srv/node and no ring knows.
func (o *Overview) strays(n *NodeView) {
	if n.Facts == nil || !n.Facts.Directories.Known() {
		return
	}
	for _, name := range n.Facts.Directories.Value.Names {
		if slices.ContainsFunc(n.Devices, func(d *DeviceView) bool { return d.Name == name }) {
			continue
		}
		mounted := slices.ContainsFunc(n.Facts.Usage.Value, func(u Usage) bool { return u.Device == name && u.Mounted })
		o.Strays = append(o.Strays, Stray{Node: n, Name: name, Mounted: mounted})
	}
}

// expect says how much each disk should hold: the median of what a unit of weight
// holds, times the disk's weight. It takes at least four disks to know what is usual.
func (o *Overview) expect() {
	var perWeight []float64
	for _, d := range o.Devices {
		if _, ok := d.Fullness(); ok && d.Weight > 0 && d.State == DeviceOK {
			perWeight = append(perWeight, float64(d.Usage.Used)/d.Weight)
		}
	}
	if len(perWeight) < 4 {
		return
	}
	slices.Sort(perWeight)
	usual := perWeight[len(perWeight)/2]
	for _, d := range o.Devices {
		d.Expected = int64(usual * d.Weight)
	}
}
