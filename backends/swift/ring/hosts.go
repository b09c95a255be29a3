package ring

import (
	"cmp"
	"net"
	"slices"
	"strconv"
)

// HostKey says what tells two machines of a ring apart.
type HostKey func(*Device) string

// ByIP takes all devices of an address for one machine, whatever their ports: a
// server may serve every disk at a port of its own.
func ByIP(d *Device) string { return canonical(d.IP) }

// ByAddress tells machines apart by address and port, for clusters whose nodes
// share an address.
func ByAddress(d *Device) string { return net.JoinHostPort(canonical(d.IP), strconv.Itoa(d.Port)) }

// Host is a machine.
type Host struct {
	Name         string // as its HostKey has it: an address
	Region, Zone int    // of its first device
	Devices      []int  // ids, ascending
	Parts        int    // replicas assigned
	Weight       float64
}

// Hosts returns the machines by IP, in the order of HostsBy. The slice is shared:
// it must not be changed.
func (r *Ring) Hosts() []Host { return r.hosts }

// HostsBy groups the devices to machines, by region, zone and name.
func (r *Ring) HostsBy(key HostKey) []Host {
	var out []Host
	at := map[string]int{}
	for id, d := range r.spec.Devices {
		if d == nil {
			continue
		}
		i, known := at[key(d)]
		if !known {
			i = len(out)
			at[key(d)] = i
			out = append(out, Host{Name: key(d), Region: d.Region, Zone: d.Zone})
		}
		h := &out[i]
		h.Devices = append(h.Devices, id)
		h.Parts += r.parts[id]
		h.Weight += d.Weight
	}
	slices.SortFunc(out, func(a, b Host) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Zone, b.Zone), compareIP(a.Name, b.Name))
	})
	return out
}

// noHost marks a device of none of the machines.
const noHost = 1<<16 - 1

// hostIndex is the index of a device's machine, by device id.
func (r *Ring) hostIndex(hosts []Host) []uint16 {
	out := slices.Repeat([]uint16{noHost}, len(r.spec.Devices))
	for i, h := range hosts {
		for _, id := range h.Devices {
			out[id] = uint16(i)
		}
	}
	return out
}
