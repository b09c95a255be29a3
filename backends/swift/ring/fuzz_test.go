package ring_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	lab "ringside/backends/lab/swift"
	"ringside/backends/swift/ring"
)

// seed gives the files of small rings to a fuzz target, unpacked as well, because
// nobody finds a changed byte behind a checksum.
func seed(f *testing.F, add func(data []byte)) {
	for _, replicas := range []float64{2, 2.5, 6} {
		m, err := lab.MakeRing(lab.RingSpec{Devices: lab.Servers(7, 1, 3, func(s int) (string, int) { return fmt.Sprintf("10.0.0.%d", s+1), 6200 }), Replicas: replicas, PartPower: 3, Version: 3, Seed: 1})
		if err != nil {
			f.Fatal(err)
		}
		var one, two bytes.Buffer
		if err := errors.Join(m.WriteV1(&one), m.WriteV2(&two)); err != nil {
			f.Fatal(err)
		}
		add(one.Bytes())
		add(two.Bytes())
	}
	for _, name := range []string{"testdata/later.v1.ring.gz", "testdata/later.v2.ring.gz", "testdata/later.v2-wide.ring.gz"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
	}
}

// use asks a ring everything: none of it may panic, whatever the ring is.
func use(t *testing.T, r *ring.Ring) {
	if r.Partitions() > 1<<12 || r.Rows() > 32 {
		return // it is right, and would only take long
	}
	ec, _ := ring.ErasureCoded(2, 1, 2)
	for _, q := range []ring.Quorum{{}, ec} {
		off := r.NewOff()
		for i, d := range r.Devices() {
			if i%3 == 0 {
				off.Add(d.ID)
			}
		}
		c := r.WhatIf(off, q)
		if c.Degraded > c.Partitions || c.BelowQuorum > c.Partitions || c.Unreadable > c.Partitions || min(c.Degraded, c.BelowQuorum, c.Unreadable) < 0 {
			t.Errorf("%+v", c)
		}
		one := ring.Counts{Partitions: c.Partitions, ReplicasOff: c.ReplicasOff}
		for p := range r.Partitions() {
			s := r.Part(p, off, q)
			for _, x := range []struct {
				is bool
				n  *int
			}{{s.Degraded(), &one.Degraded}, {s.BelowQuorum(), &one.BelowQuorum}, {s.Unreadable(), &one.Unreadable}} {
				if x.is {
					*x.n++
				}
			}
		}
		if one != c {
			t.Errorf("%+v, one by one %+v", c, one)
		}
		r.Worst(off, q, 5)
		r.Next(r.Hosts(), off, q)
		if d, err := ring.Compare(r, r, q); err != nil || d.Moved != 0 {
			t.Errorf("%+v, %v", d, err)
		}
	}
	r.Balance()
	r.Dispersion()
	r.Missing(r.NewOff())
	n := 0
	for range r.Handoffs(0) {
		n++
	}
	if n > len(r.Devices()) {
		t.Errorf("%d handoffs on %d devices", n, len(r.Devices()))
	}
}

// FuzzRing reads files as they are.
func FuzzRing(f *testing.F) {
	seed(f, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ring.Parse("fuzz", data); err == nil {
			use(t, r)
		}
	})
}

// FuzzUnpacked reads format 1 behind the packing.
func FuzzUnpacked(f *testing.F) {
	seed(f, func(data []byte) { f.Add(unzip(data)) })
	f.Fuzz(func(t *testing.T, plain []byte) {
		if r, err := ring.Parse("fuzz", zip(plain)); err == nil {
			use(t, r)
		}
	})
}

func FuzzBuilder(f *testing.F) {
	data, err := os.ReadFile("testdata/later.builder")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(pickle(builder(nil)))
	f.Add(pickle(builder(object{"_replica2part2dev": nil})))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ring.ParseBuilder("fuzz", data)
		if err != nil {
			return
		}
		b.Hints(b.Ring(), time.Unix(1_700_000_000, 0))
		if r := b.Ring(); r != nil {
			use(t, r)
		}
	})
}

func FuzzConf(f *testing.F) {
	f.Add([]byte(goodConf))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ring.ParseConf("fuzz", data)
		if err == nil && (len(c.Policies) == 0 || c.Policies[0].Index != 0) {
			t.Errorf("%+v", c)
		}
	})
}
