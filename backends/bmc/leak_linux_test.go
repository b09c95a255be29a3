package bmc

import (
	"os"
	"runtime"
	"testing"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

// A hundred times twenty BMCs opened, read and closed leave no goroutine, no file
// descriptor and no session behind.
func TestNothingLeaks(t *testing.T) {
	hosts := lab.Many(20)
	for i := range 5 {
		hosts[i].Protocol, hosts[10+i].Protocol = lab.Redfish, lab.Both
	}
	l := start(t, 1, hosts...)
	round := func() {
		s := NewSet(&fleet.Fleet{Hosts: l.Hosts(), Credentials: l.Credentials()})
		s.Sweep(soon(t), nil, 20, func(_ string, _ *Facts, err error) { must(t, err) })
		must(t, s.Close())
	}
	round() // what the lab makes at the first datagram stays
	descriptors := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(d)
	}
	runtime.GC()
	goroutines, fds := runtime.NumGoroutine(), descriptors()
	for range 100 {
		round()
	}
	until(t, "goroutines and descriptors are back", func() bool {
		return runtime.NumGoroutine() <= goroutines && descriptors() <= fds
	})
	for _, b := range l.BMCs.All() {
		if n := b.Counters(); n.Open != 0 || n.Opened != n.Closed {
			t.Errorf("%s: %+v", b.Name(), n)
		}
	}
}
