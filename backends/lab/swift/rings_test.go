package swift

import (
	"bytes"
	"fmt"
	"testing"

	"ringside/backends/swift/ring"
)

func servers(n, disks, zones int) []*Device {
	return Servers(n, disks, zones, func(s int) (string, int) { return fmt.Sprintf("10.0.%d.%d", s/250, s%250+1), 6200 })
}

func read(t testing.TB, r *Ring, write func(*Ring, *bytes.Buffer) error) *ring.Ring {
	t.Helper()
	var b bytes.Buffer
	if err := write(r, &b); err != nil {
		t.Fatal(err)
	}
	out, err := ring.Parse("lab", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func v1(r *Ring, b *bytes.Buffer) error { return r.WriteV1(b) }
func v2(r *Ring, b *bytes.Buffer) error { return r.WriteV2(b) }

// TestRings reads made-up rings with the ring reader, which is tested against
// Swift's own: they are balanced and dispersed as good rings are.
func TestRings(t *testing.T) {
	for _, c := range []struct {
		servers, disks, zones, power int
		replicas, balance            float64
	}{
		{120, 5, 4, 12, 3, 3}, // 20.48 replicas a device
		{60, 5, 4, 10, 14, 2},
		{39, 4, 3, 10, 6, 2},
		{12, 2, 3, 10, 2.5, 1},
		{3, 1, 1, 4, 3, 0},
	} {
		spec := RingSpec{Devices: servers(c.servers, c.disks, c.zones), Replicas: c.replicas, PartPower: c.power, Version: 7, Seed: 1}
		made, err := MakeRing(spec)
		if err != nil {
			t.Fatal(err)
		}
		r := read(t, made, v1)
		if r.Replicas() != c.replicas || r.Partitions() != 1<<c.power || r.Version() != 7 || len(r.Hosts()) != c.servers || len(r.Devices()) != c.servers*c.disks {
			t.Errorf("%+v: %g replicas, %d partitions, version %d, %d hosts", c, r.Replicas(), r.Partitions(), r.Version(), len(r.Hosts()))
		}
		if r.Balance() > c.balance || r.Dispersion() > 0.1 {
			t.Errorf("%+v: balance %.2f, dispersion %.2f", c, r.Balance(), r.Dispersion())
		}
		again, err := MakeRing(spec)
		if err != nil || read(t, again, v1).File() != r.File() {
			t.Errorf("%+v: the same seed gives another ring: %v", c, err)
		}
		if two := read(t, made, v2); two.File().Format != 2 || !same(two, r) {
			t.Errorf("%+v: the two formats differ", c)
		}
	}
	if _, err := MakeRing(RingSpec{Devices: servers(2, 1, 1), Replicas: 3, PartPower: 4}); err == nil {
		t.Error("3 replicas on 2 devices")
	}
}

func same(a, b *ring.Ring) bool {
	for p := range a.Partitions() {
		x, y := a.Primaries(p), b.Primaries(p)
		for i := range x {
			if *x[i] != *y[i] {
				return false
			}
		}
	}
	return a.Partitions() == b.Partitions() && a.Rows() == b.Rows() && a.Version() == b.Version()
}

// TestChange drains a server, removes a disk and adds a server: the new ring is as
// good as the old one, and only partitions that must move more than one replica.
func TestChange(t *testing.T) {
	made, err := MakeRing(RingSpec{Devices: servers(24, 4, 4), Replicas: 3, PartPower: 12, Version: 7, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	next, err := made.Change(2, func(list []*Device) []*Device {
		for _, d := range list[:4] {
			d.Weight = 0
		}
		list[4] = nil
		for _, d := range servers(1, 4, 1) {
			d.ID, d.IP = len(list), "10.9.9.9"
			list = append(list, d)
		}
		return list
	})
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, next, v1)
	if r.Version() != 9 || r.Parts(0) != 0 || r.Device(4) != nil || r.Parts(len(next.Devices)-1) == 0 || made.Devices[0].Weight != 100 {
		t.Errorf("version %d, %d replicas on a drained device", r.Version(), r.Parts(0))
	}
	if r.Balance() > 2 || r.Dispersion() > 1 {
		t.Errorf("balance %.2f, dispersion %.2f", r.Balance(), r.Dispersion())
	}
	moved, several := 0, 0
	for p := range 1 << made.PartPower {
		n, must := 0, 0
		for i := range made.Rows {
			if made.Rows[i][p] != next.Rows[i][p] {
				n++
			}
			if made.Rows[i][p] <= 4 {
				must++
			}
		}
		moved += n
		if n > max(1, must) {
			several++
		}
	}
	if share := float64(moved) / float64(3*len(made.Rows[0])); several > 0 || share > 0.12 {
		t.Errorf("%.1f%% of the replicas moved, more than needed of %d partitions", 100*share, several)
	}
}

func BenchmarkMakeRing(b *testing.B) {
	for b.Loop() {
		if _, err := MakeRing(RingSpec{Devices: servers(120, 5, 4), Replicas: 3, PartPower: 18, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
