package bmc

import (
	"runtime"
	"testing"
)

// BenchmarkStart opens and closes the demo's number of BMCs, nobody asking.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := Start(Options{Speed: 1, Hosts: Many(240)})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		b.StartTimer()
	}
}
