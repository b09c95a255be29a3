package ring_test

import (
	"bytes"
	"fmt"
	"testing"

	lab "ringside/backends/lab/swift"
	"ringside/backends/swift/ring"
)

// file makes the ring file of the benchmarks: 120 servers of 5 disks in 4 zones,
// 3 replicas.
func file(tb testing.TB, power int) []byte {
	tb.Helper()
	made, err := lab.MakeRing(lab.RingSpec{
		Devices:  lab.Servers(120, 5, 4, func(s int) (string, int) { return fmt.Sprintf("10.0.%d.%d", s/250, s%250+1), 6200 }),
		Replicas: 3, PartPower: power, Version: 601, Seed: 1,
	})
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := made.WriteV1(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func load(tb testing.TB, data []byte) *ring.Ring {
	tb.Helper()
	r, err := ring.Parse("bench", data)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// zoneOff is the set of all devices of a zone.
func zoneOff(r *ring.Ring, zone int) ring.Off {
	off := r.NewOff()
	for _, d := range r.Devices() {
		if d.Zone == zone {
			off.Add(d.ID)
		}
	}
	return off
}

func BenchmarkRing(b *testing.B) {
	for _, power := range []int{18, 20} {
		data := file(b, power)
		r := load(b, data)
		off := zoneOff(r, 1)
		for name, f := range map[string]func(){
			"load":       func() { load(b, data) },
			"what-if":    func() { r.WhatIf(off, ring.Quorum{}) },
			"dispersion": func() { r.Dispersion() },
			"balance":    func() { r.Balance() },
			"next":       func() { r.Next(r.Hosts(), off, ring.Quorum{}) },
			"worst":      func() { r.Worst(off, ring.Quorum{}, 20) },
			"safe":       func() { ring.SafeHosts([]ring.Layer{{Ring: r}}, ring.ByIP) },
			"compare":    func() { ring.Compare(r, r, ring.Quorum{}) },
			"handoffs": func() {
				for range r.Handoffs(1) {
				}
			},
		} {
			b.Run(fmt.Sprintf("%s/2^%d", name, power), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
	}
}
