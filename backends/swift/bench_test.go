package swift

import (
	"fmt"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/swift"
)

// BenchmarkSweep reads everything of 200 nodes once, at the limit of 2 s that a node
// has by default: with none, 20 and 60 of them hanging.
func BenchmarkSweep(b *testing.B) {
	o := lab.Options{Calm: true, Disks: 4, PartPower: 10}
	for n := range 200 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
	}
	var quiet time.Duration // what a sweep takes when nobody hangs
	for _, hung := range []int{0, 20, 60} {
		b.Run(fmt.Sprintf("200/%d_hung", hung), func(b *testing.B) {
			w := newWorld(b, o)
			for i := range hung {
				w.lab.Hang(o.Nodes[i*len(o.Nodes)/hung], true)
			}
			asked := w.lab.Requests()
			for b.Loop() {
				nodes, failed := 0, 0
				began := time.Now()
				results := make(chan fleet.Reading, 300)
				if err := New(w.fleet, w.spec).Sweep(b.Context(), func(r fleet.Reading) { results <- r }); err != nil {
					b.Fatal(err)
				}
				close(results)
				for r := range results {
					if _, ok := r.Facts.(*Node); ok {
						nodes++
					} else if r.Err != nil {
						failed++
					}
				}
				if nodes != 200-hung || failed != hung {
					b.Fatalf("%d nodes answered, %d failed", nodes, failed)
				}
				took := time.Since(began)
				if hung == 0 {
					quiet = took
				} else if took > 3*time.Second+quiet {
					b.Fatalf("a sweep took %v", took)
				}
			}
			b.ReportMetric(float64(w.lab.Requests()-asked)/float64(b.N)/float64(200-hung), "requests/node")
		})
	}
}

// BenchmarkJoin makes the overview of the demo: 120 nodes, 600 disks, four rings.
func BenchmarkJoin(b *testing.B) {
	w := newWorld(b, lab.Options{Speed: 1})
	w.sweep()
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			w.overview()
		}
	})
	b.Run("without_memo", func(b *testing.B) {
		for b.Loop() {
			w.memo = Memo{}
			w.overview()
		}
	})
}
