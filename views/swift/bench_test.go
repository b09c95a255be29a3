package swift

import (
	"fmt"
	"testing"

	"ringside/backends/lab/swift"
	"ringside/backends/swift/ring"
)

// A cursor key and the frame after it, with 200 nodes of 10 disks. Budget: 0.3 ms.
func BenchmarkKeyAndView(b *testing.B) {
	for _, page := range []int{nodesPage, disksPage} {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("%s/%dx%d", titles[page], size.w, size.h), func(b *testing.B) {
				r := newRobot(b, calm(b, 200, 10), size.w, size.h).page(page)
				for b.Loop() {
					r.Press("down")
					_ = r.screen.View()
				}
			})
		}
	}
}

// A mark and the frame after it: the answer to what if is worked out beside the
// screen and is not in it.
func BenchmarkMarkAndView(b *testing.B) {
	r := newRobot(b, calm(b, 200, 10), 80, 21).page(nodesPage)
	r.Hold = true
	for b.Loop() {
		r.Press("space")
		_ = r.screen.View()
		r.Held = r.Held[:0]
	}
}

// A letter of a filter and the frame after it, over 2,000 disks.
func BenchmarkFilterKey(b *testing.B) {
	r := newRobot(b, calm(b, 200, 10), 80, 21).page(disksPage).Press("/").Text("sw0")
	for b.Loop() {
		r.Press("1", "backspace")
		_ = r.screen.View()
	}
}

// A tick: the same 200 nodes of 10 disks joined anew, without the joining.
func BenchmarkRefresh(b *testing.B) {
	w := calm(b, 200, 10)
	r := newRobot(b, w, 80, 21).page(nodesPage)
	snap := w.snapshot()
	for b.Loop() {
		r.screen.Refresh(snap)
		_ = r.screen.View()
	}
}

// The answer to what if: the figures of all rings with the marked nodes off, and
// what each further node would do.
func BenchmarkAnswer(b *testing.B) {
	small := calm(b, 120, 5)
	big := calm(b, 120, 5)
	for i, x := range []struct {
		power    int
		replicas float64
	}{{14, 3}, {14, 3}, {18, 3}, {15, 6}} {
		made, err := swift.MakeRing(swift.RingSpec{Devices: swift.Servers(120, 5, 4, func(s int) (string, int) { return address(s), 6200 }), Replicas: x.replicas, PartPower: x.power, Version: 1, Seed: 1})
		if err != nil {
			b.Fatal(err)
		}
		spec := ring.Spec{PartPower: x.power, Version: 1, Rows: made.Rows}
		for _, d := range made.Devices {
			spec.Devices = append(spec.Devices, &ring.Device{ID: d.ID, Region: d.Region, Zone: d.Zone, IP: d.IP, Port: d.Port, ReplicationIP: d.IP, ReplicationPort: d.Port, Name: d.Name, Weight: d.Weight})
		}
		if big.rings.Rings[i].Ring, err = ring.New(spec); err != nil {
			b.Fatal(err)
		}
	}
	for name, w := range map[string]*world{"rings of 2^9": small, "a ring of 2^18": big} {
		b.Run(name, func(b *testing.B) {
			q := question{o: w.overview(), nodes: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, next: true}
			for b.Loop() {
				answer(q)
			}
		})
	}
}
