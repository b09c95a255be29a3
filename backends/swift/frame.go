package swift

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ringside/backends/fleet"
)

// frame is what the rings alone say of nodes and devices. It is made once for each
// picture of the rings, because the overview is made again with every answer.
type frame struct {
	nodes []frameNode // by address
}

type frameNode struct {
	place        *place
	region, zone int
	devices      []frameDevice // by name
	rings        []string      // in which it has devices
}

type frameDevice struct {
	name     string
	in       []Member
	weight   float64
	parts    int
	draining bool
}

// frameOf returns the frame, made at the first call. The cluster is always the same
// one: rings belong to it.
func (r *Rings) frameOf(spec fleet.Cluster) *frame {
	r.once.Do(func() { r.frame = r.makeFrame(spec) })
	return r.frame
}

func (r *Rings) makeFrame(spec fleet.Cluster) *frame {
	byNode := map[string]*frameNode{}
	byDevice := map[[2]string]*frameDevice{}
	ec, relinking := false, false
	for _, n := range r.Rings {
		ec = ec || n.Quorum().Erasure()
		relinking = relinking || n.NextPartPower() > 0
		for _, d := range n.Devices() {
			name := nodeName(spec, d.IP, d.Port)
			at := byNode[name]
			if at == nil {
				at = &frameNode{region: d.Region, zone: d.Zone, place: &place{node: name, address: canonical(d.IP), replication: canonical(d.ReplicationIP)}}
				byNode[name] = at
			}
			if at.place.replication != canonical(d.ReplicationIP) {
				at.place.replication = ""
			}
			at.place.add(d.Port, n.Kind)
			if !slices.Contains(at.rings, n.Name) {
				at.rings = append(at.rings, n.Name)
			}
			k := [2]string{name, d.Name}
			dev := byDevice[k]
			if dev == nil {
				dev = &frameDevice{name: d.Name, draining: true}
				byDevice[k] = dev
			}
			m := Member{Ring: n.Name, ID: d.ID, Port: d.Port, Kind: n.Kind, Weight: d.Weight, Parts: n.Parts(d.ID)}
			dev.in = append(dev.in, m)
			dev.weight = max(dev.weight, m.Weight)
			dev.parts += m.Parts
			dev.draining = dev.draining && m.Weight == 0
		}
	}
	for k, dev := range byDevice {
		byNode[k[0]].devices = append(byNode[k[0]].devices, *dev)
	}
	f := &frame{}
	for _, name := range slices.SortedFunc(maps.Keys(byNode), compareNodes) {
		n := byNode[name]
		n.place.ec, n.place.relinking = ec, relinking
		n.place.order(spec.Recon.Port)
		slices.SortFunc(n.devices, func(a, b frameDevice) int { return strings.Compare(a.name, b.name) })
		f.nodes = append(f.nodes, *n)
	}
	return f
}

// places are the storage nodes that the rings name, by address.
func (r *Rings) places(spec fleet.Cluster) []*place {
	f := r.frameOf(spec)
	out := make([]*place, len(f.nodes))
	for i, n := range f.nodes {
		out[i] = n.place
	}
	return out
}

func (p *place) add(number int, k Kind) {
	i := slices.IndexFunc(p.ports, func(o port) bool { return o.number == number })
	if i < 0 {
		i = len(p.ports)
		p.ports = append(p.ports, port{number: number})
	}
	if !slices.Contains(p.ports[i].kinds, k) {
		p.ports[i].kinds = append(p.ports[i].kinds, k)
	}
}

// order puts the port first that is asked for recon: the one of the configuration,
// else the lowest of an object server, the others behind it in case it is down.
func (p *place) order(first int) {
	if first > 0 && !slices.ContainsFunc(p.ports, func(o port) bool { return o.number == first }) {
		p.ports = append(p.ports, port{number: first})
	}
	rank := func(o port) int {
		switch {
		case o.number == first:
			return 0
		case slices.Contains(o.kinds, Object):
			return 1
		}
		return 2
	}
	slices.SortFunc(p.ports, func(a, b port) int { return cmp.Or(rank(a)-rank(b), a.number-b.number) })
}

// nodeName is what tells two nodes apart: the address in the rings, and with
// nodes_by: port the port as well.
func nodeName(spec fleet.Cluster, ip string, number int) string {
	if spec.NodesBy == "port" {
		return net.JoinHostPort(canonical(ip), strconv.Itoa(number))
	}
	return canonical(ip)
}

// canonical is the one spelling of an address; host names become lower case.
func canonical(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil {
		return a.String()
	}
	return strings.ToLower(ip)
}

// compareNodes orders addresses by number, names by text behind them.
func compareNodes(a, b string) int {
	x, okX := addrPort(a)
	y, okY := addrPort(b)
	switch {
	case okX && okY:
		return x.Compare(y)
	case okX != okY && okX:
		return -1
	case okX != okY:
		return 1
	}
	return strings.Compare(a, b)
}

func addrPort(s string) (netip.AddrPort, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0), true
	}
	a, err := netip.ParseAddrPort(s)
	return a, err == nil
}
