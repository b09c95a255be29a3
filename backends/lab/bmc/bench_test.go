package bmc

import (
	"testing"
)

// BenchmarkStart opens and closes the demo's number of BMCs, a fifth of them with
// Redfish. Nobody asks them anything.
func BenchmarkStart(b *testing.B) {
	hosts := Many(240)
	for i := range hosts {
		if i%5 == 0 {
			hosts[i].Protocol = Redfish
		}
	}
	for b.Loop() {
		s, err := Start(Options{Speed: 1, Hosts: hosts})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
