package ring_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ringside/backends/swift/ring"
)

// small is a ring of 4 partitions and 2 replicas on 2 servers with 2 disks each.
func small(t *testing.T, changes ...func(*ring.Spec)) *ring.Ring {
	t.Helper()
	s := ring.Spec{PartPower: 2, Version: 4, Rows: [][]uint16{{0, 1, 0, 1}, {2, 3, 3, 2}}}
	for id := range 4 {
		s.Devices = append(s.Devices, &ring.Device{ID: id, Region: 1, Zone: id/2 + 1, IP: []string{"10.0.0.1", "fd00::0:2"}[id/2], Port: 6200 + id%2, Name: fmt.Sprint("d", id%2), Weight: 100})
	}
	for _, change := range changes {
		change(&s)
	}
	r, err := ring.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTargets(t *testing.T) {
	r := small(t)
	for text, want := range map[string]string{
		"10.0.0.1": "0 1", "10.0.0.1:d1": "1", "10.0.0.1:6200": "0", "10.0.0.*": "0 1", "*": "0 1 2 3", "*:d0": "0 2", "1*1": "0 1", "10.0.0.1:*": "0 1",
		"fd00::2": "2 3", "FD00:0::2": "2 3", "[fd00::2]:d1": "3", "[fd00::2]": "2 3", "fd00*": "2 3",
		"zone=2": "2 3", "zone=r1z1": "0 1", "zone=r2z1": "", "region=1": "0 1 2 3", "device=3": "3", "10.0.0.2": "", "10.0.0.1:d": "", "1*1*1": "",
	} {
		target, err := ring.ParseTarget(text)
		if err != nil || target.String() != text {
			t.Error(err)
			continue
		}
		off := r.Select([]ring.Target{target})
		var ids []string
		for id := range 4 {
			if off.Has(id) {
				ids = append(ids, fmt.Sprint(id))
			}
		}
		if got := strings.Join(ids, " "); got != want || off.Len() != len(ids) {
			t.Errorf("%s names %q, not %q", text, got, want)
		}
	}
	for _, text := range []string{"", ":d1", "10.0.0.1:", "[fd00::2", "[fd00::2]d1", "zone=", "zone=r1", "zone=rxz1", "rack=1", "device=d1"} {
		if _, err := ring.ParseTarget(text); err == nil {
			t.Errorf("%q is a target", text)
		}
	}
}

func TestPaths(t *testing.T) {
	for text, want := range map[string]string{
		"AUTH_a": "AUTH_a||", "/AUTH_a/c": "AUTH_a|c|", "AUTH_a/c/o": "AUTH_a|c|o", "/v1/AUTH_a/c/o/p": "AUTH_a|c|o/p", "v1.0/a/c": "a|c|", "a/c/": "a|c|", "v1": "v1||",
	} {
		a, c, o, err := ring.SplitPath(text)
		if got := a + "|" + c + "|" + o; err != nil || got != want {
			t.Errorf("%q is %q, not %q (%v)", text, got, want, err)
		}
	}
	for _, text := range []string{"", "/", "a//o", "//c"} {
		if _, _, _, err := ring.SplitPath(text); err == nil {
			t.Errorf("%q is a path", text)
		}
	}
	n := ring.Named{Ring: small(t), Name: "object-1", Kind: ring.Object, Policy: ring.Policy{Index: 1}}
	sum, err := ring.NewHash(nil, []byte("x")).Sum("a", "c", "o")
	if err != nil {
		t.Fatal(err)
	}
	text := n.DiskPath("/srv/node", n.Device(3), sum)
	p, is := ring.ParseDiskPath(text + "/1700000000.00000.data")
	if !is || p.Ring != "object-1" || p.Device != "d1" || p.Part != n.PartitionOf(sum) || p.Sum != sum {
		t.Errorf("%s is %+v", text, p)
	}
	for _, text := range []string{"AUTH_a/c/o", "/srv/node/d1/objects/1/abc/0123456789abcdef0123456789abcdef", "/srv/node/d1/accounts-1/1/def/0123456789abcdef0123456789abcdef", "d1/objects/99999999999999999999/def/0123456789abcdef0123456789abcdef"} {
		if _, is := ring.ParseDiskPath(text); is {
			t.Errorf("%q is a path on a disk", text)
		}
	}
}

func TestHosts(t *testing.T) {
	r := small(t)
	hosts := r.Hosts()
	if len(hosts) != 2 || hosts[0].Name != "10.0.0.1" || hosts[1].Name != "fd00::2" || hosts[0].Parts != 4 || hosts[0].Weight != 200 || len(hosts[1].Devices) != 2 {
		t.Errorf("%+v", hosts)
	}
	if by := r.HostsBy(ring.ByAddress); len(by) != 4 || by[1].Name != "10.0.0.1:6201" || by[3].Name != "[fd00::2]:6201" {
		t.Errorf("%+v", by)
	}
}

func TestQuorum(t *testing.T) {
	var got []int
	for n := 1; n <= 6; n++ {
		got = append(got, ring.Quorum{}.Write(n))
	}
	if fmt.Sprint(got) != "[1 1 2 2 3 3]" {
		t.Error(got)
	}
	for _, c := range []struct{ data, parity, copies, write, replicas int }{{4, 2, 1, 5, 6}, {10, 4, 1, 11, 14}, {8, 4, 2, 18, 24}} {
		q := erasure(t, c.data, c.parity, c.copies)
		if q.Write(c.replicas) != c.write || q.Replicas() != c.replicas || q.Read() != c.data || q.Overhead(float64(c.replicas)) != float64(c.replicas)/float64(c.data) {
			t.Errorf("%v", q)
		}
	}
	for _, c := range [][3]int{{0, 2, 1}, {2, 0, 1}, {2, 2, 0}, {200, 100, 1}, {1 << 40, 1 << 40, 1 << 40}} {
		if _, err := ring.ErasureCoded(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v is an erasure code", c)
		}
	}
}

// TestDoubled: a device that has a partition twice is one primary, as for Swift.
func TestDoubled(t *testing.T) {
	r := small(t, func(s *ring.Spec) { s.Rows = [][]uint16{{0, 1, 0, 1}, {0, 3, 3, 2}, {2, 2, 2, 3}} })
	off := r.NewOff()
	off.Add(0)
	if c := r.WhatIf(off, ring.Quorum{}); c.Degraded != 2 || c.BelowQuorum != 0 || c.ReplicasOff != 3 {
		t.Errorf("%+v", c)
	}
	if s := r.Part(0, off, ring.Quorum{}); s.Primaries != 2 || s.On != 1 || s.BelowQuorum() {
		t.Errorf("%+v", s)
	}
	if got := fmt.Sprint(r.Missing(off)); got != "[2 2 0 0]" {
		t.Error(got)
	}
	if r.Dispersion() == 0 {
		t.Error("a partition twice on one device is well dispersed")
	}
}

// TestWhatIfAllocatesNothing: it is asked with every key press.
func TestWhatIfAllocatesNothing(t *testing.T) {
	r := made(t, 12, 2, 3, 10, 3, 1)
	off := zoneOff(r, 1)
	q := erasure(t, 1, 1, 1)
	if n := testing.AllocsPerRun(10, func() { r.WhatIf(off, ring.Quorum{}); r.WhatIf(off, q) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestOff(t *testing.T) {
	r := small(t)
	off := r.NewOff()
	for _, id := range []int{-1, 64, 1 << 40} {
		off.Add(id)
		off.Remove(id)
		if off.Has(id) {
			t.Error(id)
		}
	}
	off.Add(3)
	more := r.NewOff()
	more.Add(1)
	more.Merge(off)
	more.Remove(1)
	if off.Len() != 1 || more.Len() != 1 || !more.Has(3) {
		t.Error(off, more)
	}
	if ring.Off(nil).Has(3) || ring.Off(nil).Len() != 0 {
		t.Error("nothing has something")
	}
}

func TestWorst(t *testing.T) {
	r := made(t, 12, 2, 3, 8, 3, 1)
	off := zoneOff(r, 1)
	for _, h := range r.Hosts() {
		if h.Zone == 2 && h.Name != "10.0.0.2" {
			for _, id := range h.Devices {
				off.Add(id)
			}
		}
	}
	for _, h := range r.Hosts()[8:10] { // of zone 3
		for _, id := range h.Devices {
			off.Add(id)
		}
	}
	c := r.WhatIf(off, ring.Quorum{})
	all := r.Worst(off, ring.Quorum{}, 1000)
	if len(all) != c.Degraded || c.Unreadable == 0 || c.BelowQuorum == c.Unreadable || c.Degraded == c.BelowQuorum {
		t.Fatalf("%d of %+v", len(all), c)
	}
	for i, s := range all {
		if s.Unreadable() != (i < c.Unreadable) || s.BelowQuorum() != (i < c.BelowQuorum) || !s.Degraded() {
			t.Errorf("%d: %+v of %+v", i, s, c)
		}
	}
	if few := r.Worst(off, ring.Quorum{}, 3); len(few) != 3 || few[2] != all[2] {
		t.Errorf("%v", few)
	}
}

func TestCapacity(t *testing.T) {
	r := small(t)
	const size = 1000
	used := map[int]int64{0: 500, 1: 400, 2: 400, 3: 300}
	disk := func(d *ring.Device) (ring.Disk, bool) { return ring.Disk{Size: size, Used: used[d.ID]}, true }
	// Each disk has 2 of 8 replicas: half a byte for a byte of data kept twice.
	c := r.Capacity(ring.Quorum{}, 0.9, disk)
	want := ring.Capacity{Raw: 4 * size, Used: 1600, Known: 4, Usable: 1800, Free: 800, First: r.Device(0), Balanced: 1800, PerHost: 900}
	if c != want {
		t.Errorf("%+v, not %+v", c, want)
	}
	// A small disk with the same share limits all.
	c = r.Capacity(ring.Quorum{}, 1, func(d *ring.Device) (ring.Disk, bool) {
		if d.ID == 3 {
			return ring.Disk{Size: 100}, true
		}
		return ring.Disk{Size: size}, d.ID != 2
	})
	if c.Usable != 200 || c.Free != 200 || c.First != r.Device(3) || c.Known != 3 || c.Unknown != 1 {
		t.Errorf("%+v", c)
	}
	// An erasure code 1+1 has the overhead of two replicas; nothing known is 0.
	if e := r.Capacity(erasure(t, 1, 1, 1), 0.9, disk); e.Usable != 1800 {
		t.Errorf("%+v", e)
	}
	if n := r.Capacity(ring.Quorum{}, 1, func(*ring.Device) (ring.Disk, bool) { return ring.Disk{}, false }); n != (ring.Capacity{Unknown: 4}) {
		t.Errorf("%+v", n)
	}
	// A full disk leaves nothing.
	used[2] = size
	if c := r.Capacity(ring.Quorum{}, 0.9, disk); c.Free != 0 || c.First != r.Device(2) {
		t.Errorf("%+v", c)
	}
}

func TestCompare(t *testing.T) {
	old := small(t)
	compare := func(new *ring.Ring, q ring.Quorum) *ring.Diff {
		t.Helper()
		d, err := ring.Compare(old, new, q)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := compare(old, ring.Quorum{}); d.Moved != 0 || fmt.Sprint(d.Moving) != "[4]" || d.SeveralMoving() != 0 {
		t.Errorf("the same ring: %+v", d)
	}
	turned := small(t, func(s *ring.Spec) { s.Rows[0], s.Rows[1] = s.Rows[1], s.Rows[0] })
	if d := compare(turned, ring.Quorum{}); d.Moved != 0 {
		t.Errorf("only the order changed: %+v", d)
	}
	if d := compare(turned, erasure(t, 1, 1, 1)); d.Moved != 8 || d.SeveralMoving() != 4 || d.BelowQuorum != 4 {
		t.Errorf("fragments changed places: %+v", d)
	}
	// The partition power went up: every partition is two now, on the same devices.
	double := small(t, func(s *ring.Spec) {
		s.PartPower = 3
		for i, row := range s.Rows {
			var twice []uint16
			for _, id := range row {
				twice = append(twice, id, id)
			}
			s.Rows[i] = twice
		}
	})
	if d := compare(double, ring.Quorum{}); d.Moved != 0 || d.Partitions != 8 {
		t.Errorf("%+v", d)
	}
	if _, err := ring.Compare(double, old, ring.Quorum{}); err == nil || !strings.Contains(err.Error(), "right order") {
		t.Error(err)
	}
	// A disk that comes back under another id has not moved; a new address is told.
	other := small(t, func(s *ring.Spec) {
		back := *s.Devices[3]
		back.ID = 4
		s.Devices[3] = nil
		s.Devices = append(s.Devices, &back)
		s.Devices[0].IP = "10.0.0.7"
		s.Rows[1] = []uint16{2, 4, 4, 2}
	})
	d := compare(other, ring.Quorum{})
	if d.Moved != 0 || d.Devices[0].Change != ring.Readdressed || d.Devices[3].Change != ring.Kept || d.Devices[3].New.ID != 4 {
		t.Errorf("%+v", d)
	}
	// Drained and replaced: what goes out comes in.
	moved := small(t, func(s *ring.Spec) {
		s.Devices[1].Weight = 0
		s.Devices = append(s.Devices, &ring.Device{ID: 4, Region: 1, Zone: 3, IP: "10.0.0.3", Port: 6200, Name: "d0", Weight: 100})
		s.Rows[0] = []uint16{0, 4, 0, 4}
		s.Rows[1] = []uint16{2, 4, 3, 2}
		s.Rows[1][1] = 0
	})
	d = compare(moved, ring.Quorum{})
	if d.Moved != 3 || fmt.Sprint(d.Moving) != "[2 1 1]" || d.SeveralMoving() != 1 || d.BelowQuorum != 1 || d.Devices[1].Out != 2 || d.Devices[4].In != 2 || d.Devices[4].Change != ring.Added || d.Devices[1].Change != ring.Reweighted {
		t.Errorf("%+v", d)
	}
	if n, unknown := d.MoveBytes(func(x *ring.Device) (ring.Disk, bool) { return ring.Disk{Used: 100}, x.ID == 1 }); n != 100 || unknown != 1 {
		t.Errorf("%d bytes, %d unknown", n, unknown)
	}
	var hosts []string
	for _, h := range d.Hosts {
		hosts = append(hosts, fmt.Sprintf("%s +%d -%d", h.IP, h.In, h.Out))
	}
	if got := strings.Join(hosts, ", "); got != "10.0.0.1 +1 -2, 10.0.0.3 +2 -0, fd00::0:2 +0 -1" {
		t.Error(got)
	}
}

// TestBalanceOfNothing: rings in which nothing has a weight.
func TestBalanceOfNothing(t *testing.T) {
	r := small(t, func(s *ring.Spec) {
		for _, d := range s.Devices {
			d.Weight = 0
		}
	})
	if r.Balance() != 999.99 || r.Dispersion() != 100 || math.IsNaN(float64(r.Capacity(ring.Quorum{}, 1, func(*ring.Device) (ring.Disk, bool) { return ring.Disk{Size: 10}, true }).PerHost)) {
		t.Errorf("balance %g, dispersion %g", r.Balance(), r.Dispersion())
	}
}
