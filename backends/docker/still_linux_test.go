package docker

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// BenchmarkWatchStill: the CPU of watching an engine on which nothing happens,
// the fake engine's share included. With 10,000 containers the background
// inspects still go on.
func BenchmarkWatchStill(b *testing.B) {
	for _, n := range []int{40, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, e := startFake(b, "1.41", n)
			s, _ := watchIt(b, e)
			until(b, "the first confirmation", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return len(s.all) > 0 && s.all[len(s.all)-1].At.Sub(s.all[0].At) >= confirmEvery
			})
			cpu := func() time.Duration {
				var u syscall.Rusage
				must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
				return time.Duration(u.Utime.Nano() + u.Stime.Nano())
			}
			before, began := cpu(), time.Now()
			for b.Loop() {
				at := s.get(e.Name()).At
				for !s.get(e.Name()).At.After(at) {
					time.Sleep(300 * time.Millisecond) // rarely: looking costs CPU as well
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(time.Since(began))*100, "%cpu")
		})
	}
}
