package swift

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// Entry is the latest of one source, as the watch store keeps it.
type Entry struct {
	Facts any       // last good facts, nil when there never were any
	At    time.Time // when they were read
	Err   error     // the latest attempt's error, nil when it worked
	Since time.Time // when the present run of failures began
}

// Input is what Join looks at.
type Input struct {
	Fleet   *fleet.Fleet
	Cluster fleet.Cluster
	Read    func(source string) (Entry, bool)
	Now     time.Time
	Memo    *Memo // of the Join before, to save work; may be nil
}

// StaleAfter is the age from which on facts of a node or proxy are old although no
// attempt to read them failed: a running source reports several times within it.
const StaleAfter = 90 * time.Second

// State of a node, a proxy, a server or a device.
type State string

// States. What is Unknown was not read, or gave no answer that says something: it is
// neither up nor down.
const (
	Up      State = "up"
	Down    State = "down"
	Unknown State = "unknown"
)

// Overview is one cluster as it is known at one moment: the rings joined with what
// every node said. Everything that the rings name is in it, whether it answered or
// not. It is immutable.
type Overview struct {
	Cluster fleet.Cluster
	Now     time.Time

	Rings    *Rings // nil when they were never read: then there are no nodes either
	RingsErr error
	RingsAt  time.Time // when they were last known to be so

	API   *API // nil when it was never read
	APIAt time.Time
	// APIErr is why the API does not answer; APISince since when.
	APIErr   error
	APISince time.Time

	Nodes   []*NodeView   // by address
	Devices []*DeviceView // by node, then name
	Proxies []*ProxyView
	Strays  []Stray
	Files   []Agreement // account, container, object rings, swift.conf

	// Policies are the rings with what is off in them: account and container first.
	Policies []*PolicyView

	// MountCheckOff: no node has a single mounted disk, so the disks are plain
	// directories (mount_check = false) and "unmounted" means nothing.
	MountCheckOff bool
	// NobodyAnswers: not one node does, which looks like our own network. They are
	// unknown then, not down.
	NobodyAnswers bool

	Clock       ClockView
	Replication []ReplicationView // account, container, object; then reconstruction
	Victims     []Victim
	Recovery    Recovery
	Capacity    Capacity
	Quarantine  QuarantineView
	Async       AsyncView
	Versions    []VersionView // of Swift, the most common one first
}

// NodeView is one storage node.
type NodeView struct {
	Name         string // address in the rings
	Host         string // name of the host in the fleet, "" when none has that address
	Region, Zone int    // of its first device
	State        State
	Why          string    // why it is not Up
	Facts        *Node     // last known, nil when it never answered
	At           time.Time // when Facts were read
	Err          error
	Since        time.Time // since when it does not answer
	Devices      []*DeviceView
	Drift        time.Duration // of its clock, against most nodes
	DriftKnown   bool
	StaleRings   []string // names of rings that differ from the majority's, or are missing
	ConfDiffers  bool     // its swift.conf is not the majority's
	Accuser      bool     // it reports failures with most other nodes, so its own disk is the suspect

	place *place
}

// Label is the host's name, or the address when it is not known.
func (n *NodeView) Label() string { return cmp.Or(n.Host, n.Name) }

// Target names the node for plans and problems.
func (o *Overview) Target(n *NodeView) fleet.Target {
	return fleet.Target{Kind: fleet.KindNode, Scope: o.Cluster.Name, Name: n.Label(), Site: o.Cluster.Site, Environment: o.Cluster.Environment}
}

// ProxyView is one proxy.
type ProxyView struct {
	Address string
	State   State
	Why     string
	Facts   *Proxy // nil when it never answered
	At      time.Time
	Err     error
	Since   time.Time
}

// Count is a number of things by state. Total is all of them, whoever answered.
type Count struct{ Total, Up, Down, Unknown int }

func (c *Count) add(s State) {
	c.Total++
	switch s {
	case Up:
		c.Up++
	case Down:
		c.Down++
	default:
		c.Unknown++
	}
}

// NodeCount counts the storage nodes.
func (o *Overview) NodeCount() (c Count) {
	for _, n := range o.Nodes {
		c.add(n.State)
	}
	return c
}

// ProxyCount counts the proxies.
func (o *Overview) ProxyCount() (c Count) {
	for _, p := range o.Proxies {
		c.add(p.State)
	}
	return c
}

// DeviceCount counts the devices of the rings.
func (o *Overview) DeviceCount() (c Count) {
	for _, d := range o.Devices {
		c.add(d.State.up())
	}
	return c
}

// Node finds a node by its address in the rings, or by the name of its host.
func (o *Overview) Node(name string) (*NodeView, bool) {
	i := slices.IndexFunc(o.Nodes, func(n *NodeView) bool { return n.Name == canonical(name) || n.Host == name && name != "" })
	if i < 0 {
		return nil, false
	}
	return o.Nodes[i], true
}

// NodesOf are the nodes of a host: one, or none, or several when it has several
// addresses in the rings.
func (o *Overview) NodesOf(host string) (out []*NodeView) {
	for _, n := range o.Nodes {
		if n.Host == host && host != "" {
			out = append(out, n)
		}
	}
	return out
}

// Policy finds a policy, "account" or "container" by the name of its ring or its own.
func (o *Overview) Policy(name string) (*PolicyView, bool) {
	for _, p := range o.Policies {
		if p.Ring.Name == name || p.Ring.Title() == name {
			return p, true
		}
	}
	return nil, false
}

// Join makes the overview. It reads nothing but its input, and the same input gives
// the same overview.
func Join(in Input) *Overview {
	o := &Overview{Cluster: in.Cluster, Now: in.Now}
	if e, ok := in.Read(RingsSource(in.Cluster.Name)); ok {
		o.Rings, _ = e.Facts.(*Rings)
		o.RingsErr, o.RingsAt = e.Err, e.At
	}
	if e, ok := in.Read(APISource(in.Cluster.Name)); ok {
		o.API, _ = e.Facts.(*API)
		o.APIAt, o.APIErr, o.APISince = e.At, e.Err, e.Since
	}
	o.proxies(in)
	if o.Rings == nil {
		return o
	}
	o.nodes(in)
	o.devices()
	o.policies(in.Memo)
	o.agreements()
	o.clocks()
	o.replication()
	o.Capacity = o.capacity()
	o.recovery()
	o.quarantine()
	o.async()
	o.versions()
	return o
}

// judge says what an entry means for whatever reported it.
func judge(e Entry, known bool, now time.Time) (State, string) {
	switch {
	case !known || e.Facts == nil && e.Err == nil:
		return Unknown, "not asked yet"
	case e.Err != nil:
		switch t := TroubleOf(e.Err); t {
		case Silent, Refused, Other:
			return Down, why(e.Err)
		}
		return Unknown, why(e.Err)
	case now.Sub(e.At) > StaleAfter:
		return Unknown, "nothing heard since " + e.At.Format(time.TimeOnly)
	}
	return Up, ""
}

// why is the reason of an error without the place, which stands beside it.
func why(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Why
	}
	return fleet.Clean(err.Error())
}

func (o *Overview) proxies(in Input) {
	for _, url := range in.Cluster.Proxies {
		source := ProxySource(in.Cluster.Name, url)
		e, known := in.Read(source)
		_, address, _ := strings.Cut(url, "://")
		p := &ProxyView{Address: address, At: e.At, Err: e.Err, Since: e.Since}
		p.State, p.Why = judge(e, known, in.Now)
		if p.Facts, _ = e.Facts.(*Proxy); p.Facts != nil && p.State == Up && !p.Facts.Healthy.Value {
			p.State, p.Why = Down, "it answers that it is not healthy: taken out of service?"
		}
		o.Proxies = append(o.Proxies, p)
	}
}

func (o *Overview) nodes(in Input) {
	hosts := in.Fleet.Addresses()
	tried := 0
	for _, f := range o.Rings.frameOf(in.Cluster).nodes {
		p := f.place
		e, known := in.Read(NodeSource(in.Cluster.Name, p.node))
		n := &NodeView{Name: p.node, Host: cmp.Or(hosts[p.node], hosts[p.address]), Region: f.region, Zone: f.zone, At: e.At, Err: e.Err, Since: e.Since, place: p}
		n.State, n.Why = judge(e, known, in.Now)
		n.Facts, _ = e.Facts.(*Node)
		if n.State == Down {
			tried++
		}
		o.Nodes = append(o.Nodes, n)
	}
	if tried > 1 && tried == len(o.Nodes) {
		o.NobodyAnswers = true
		for _, n := range o.Nodes {
			n.State, n.Why = Unknown, n.Why+"; no node answers, which looks like the network of this machine"
		}
	}
}
