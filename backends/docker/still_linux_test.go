package docker

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkWatchStill: the CPU of watching an engine with 10,000 containers on
// which nothing happens and everything is known, the fake engine's included.
func BenchmarkWatchStill(b *testing.B) {
	_, e := startFake(b, "1.41", 10_000)
	s, _ := watchIt(b, e)
	until(b, "first list", func() bool { return s.facts(e) != nil })
	cpu := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for b.Loop() {
		before := cpu()
		at := s.get(e.Name()).At
		began := time.Now()
		until(b, "a heartbeat is reported", func() bool { return s.get(e.Name()).At.After(at) })
		b.ReportMetric(float64(cpu()-before)/float64(time.Since(began))*100, "%cpu")
	}
}
