package ring_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	lab "ringside/backends/lab/swift"
	"ringside/backends/swift/ring"
)

// made makes a ring of servers with so many disks each, dealt to the zones.
func made(tb testing.TB, servers, disks, zones, power int, replicas float64, seed uint64) *ring.Ring {
	tb.Helper()
	m, err := lab.MakeRing(lab.RingSpec{
		Devices:  lab.Servers(servers, disks, zones, func(s int) (string, int) { return fmt.Sprintf("10.0.%d.%d", s/250, s%250+1), 6200 }),
		Replicas: replicas, PartPower: power, Seed: seed,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return rebuilt(tb, m)
}

// rebuilt makes our ring of the lab's.
func rebuilt(tb testing.TB, m *lab.Ring) *ring.Ring {
	tb.Helper()
	s := ring.Spec{PartPower: m.PartPower, Version: m.Version, Rows: m.Rows}
	for _, d := range m.Devices {
		if d == nil {
			s.Devices = append(s.Devices, nil)
			continue
		}
		s.Devices = append(s.Devices, &ring.Device{ID: d.ID, Region: d.Region, Zone: d.Zone, IP: d.IP, Port: d.Port, ReplicationIP: d.ReplicationIP, ReplicationPort: d.ReplicationPort, Name: d.Name, Weight: d.Weight})
	}
	r, err := ring.New(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func erasure(tb testing.TB, data, parity, copies int) ring.Quorum {
	tb.Helper()
	q, err := ring.ErasureCoded(data, parity, copies)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

// offWith is what is off with some machines on top.
func offWith(l ring.Layer, names []string) ring.Off {
	off := l.Ring.NewOff()
	off.Merge(l.Off)
	for _, h := range l.Ring.Hosts() {
		if slices.Contains(names, h.Name) {
			for _, id := range h.Devices {
				off.Add(id)
			}
		}
	}
	return off
}

// harm reports whether machines make a partition newly go below quorum, or one
// that is below it unreadable, looking at every partition.
func harm(layers []ring.Layer, names []string) bool {
	for _, l := range layers {
		before, after := l.Off, offWith(l, names)
		for p := range l.Ring.Partitions() {
			was, is := l.Ring.Part(p, before, l.Quorum), l.Ring.Part(p, after, l.Quorum)
			if is.BelowQuorum() && !was.BelowQuorum() || is.Unreadable() && !was.Unreadable() {
				return true
			}
		}
	}
	return false
}

// TestSafeHosts compares with all sets of machines, on rings small enough to try
// them all, with several rings at once and with devices off already.
func TestSafeHosts(t *testing.T) {
	codes := []struct {
		replicas float64
		q        ring.Quorum
	}{{3, ring.Quorum{}}, {2, ring.Quorum{}}, {2.5, ring.Quorum{}}, {5, ring.Quorum{}}, {6, erasure(t, 4, 2, 1)}, {7, erasure(t, 3, 4, 1)}, {8, erasure(t, 2, 2, 2)}, {1, ring.Quorum{}}}
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := map[int]int{}
	for i := range 60 {
		servers, zones := 4+rng.IntN(7), 1+rng.IntN(4)
		var layers []ring.Layer
		for range 1 + rng.IntN(2) {
			c := codes[rng.IntN(len(codes))]
			disks := 1 + rng.IntN(2)
			if servers*disks < int(c.replicas)+1 {
				disks = 3
			}
			l := ring.Layer{Ring: made(t, servers, disks, zones, 3+rng.IntN(3), c.replicas, uint64(i)), Quorum: c.q}
			if rng.IntN(2) == 0 {
				l.Off = l.Ring.NewOff()
				l.Off.Add(rng.IntN(servers * disks))
			}
			layers = append(layers, l)
		}
		got := ring.SafeHosts(layers, ring.ByIP)
		if harm(layers, got.Hosts) {
			t.Errorf("ring %d: %v is not safe", i, got.Hosts)
		}
		most, all := 0, layers[0].Ring.Hosts()
		for set := range 1 << len(all) {
			var names []string
			for j, h := range all {
				if set&(1<<j) != 0 {
					names = append(names, h.Name)
				}
			}
			if len(names) > most && !harm(layers, names) && anyOn(layers, names) {
				most = len(names)
			}
		}
		if len(got.Hosts) != most || !got.Largest() {
			t.Errorf("ring %d: %v (at most %d), but %d are possible", i, got.Hosts, got.AtMost, most)
		}
		sizes[most]++
	}
	if len(sizes) < 4 {
		t.Errorf("the largest sets were %v: the test sees too little", sizes)
	}
}

// anyOn reports whether every machine has a device that is on.
func anyOn(layers []ring.Layer, names []string) bool {
	for _, name := range names {
		on := false
		for _, l := range layers {
			for _, h := range l.Ring.Hosts() {
				on = on || h.Name == name && slices.ContainsFunc(h.Devices, func(id int) bool { return !l.Off.Has(id) })
			}
		}
		if !on {
			return false
		}
	}
	return true
}

// TestSafeHostsAtScale: a whole zone of a well dispersed ring may go off, and that
// no more can is proven. With an erasure code it is not proven, but safe.
func TestSafeHostsAtScale(t *testing.T) {
	replicated := ring.Layer{Ring: made(t, 120, 5, 4, 14, 3, 1)}
	if got := ring.SafeHosts([]ring.Layer{replicated}, ring.ByIP); len(got.Hosts) != 30 || !got.Largest() || harm([]ring.Layer{replicated}, got.Hosts) {
		t.Errorf("%d of at most %d: %v", len(got.Hosts), got.AtMost, got.Hosts)
	}
	both := []ring.Layer{replicated, {Ring: made(t, 120, 5, 4, 11, 14, 2), Quorum: erasure(t, 10, 4, 1)}}
	if got := ring.SafeHosts(both, ring.ByIP); len(got.Hosts) < 3 || got.AtMost < len(got.Hosts) || got.AtMost > 30 || harm(both, got.Hosts) {
		t.Errorf("%d of at most %d: %v", len(got.Hosts), got.AtMost, got.Hosts)
	}
}

// TestNext compares with WhatIf for each machine in turn.
func TestNext(t *testing.T) {
	for i, c := range []struct {
		replicas float64
		q        ring.Quorum
	}{{3, ring.Quorum{}}, {2.5, ring.Quorum{}}, {6, erasure(t, 4, 2, 1)}, {12, erasure(t, 4, 2, 2)}} {
		r := made(t, 12, 2, 3, 8, c.replicas, uint64(i))
		off := r.NewOff()
		for _, id := range []int{0, 5, 6, 7} {
			off.Add(id)
		}
		before := r.WhatIf(off, c.q)
		l := ring.Layer{Ring: r, Quorum: c.q, Off: off}
		for j, got := range r.Next(r.Hosts(), off, c.q) {
			after := r.WhatIf(offWith(l, []string{r.Hosts()[j].Name}), c.q)
			want := ring.Counts{Partitions: after.Partitions, Degraded: after.Degraded - before.Degraded, BelowQuorum: after.BelowQuorum - before.BelowQuorum,
				Unreadable: after.Unreadable - before.Unreadable, ReplicasOff: after.ReplicasOff - before.ReplicasOff}
			if got != want {
				t.Errorf("%v, machine %d: %+v, one by one %+v", c.q, j, got, want)
			}
		}
	}
}
