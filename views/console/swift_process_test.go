//go:build linux

package console_test

import (
	"fmt"
	"testing"

	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/lab/bmc"
	"ringside/backends/lab/swift"
)

// The key of the Swift screen leads to a plan, its run writes an object and takes it
// away, and what it came to is on the screen.
func TestATestObjectFromTheScreen(t *testing.T) {
	o := &swift.Options{Name: "objects", Environment: "development", Disks: 2, PartPower: 6, Calm: true}
	for i := range 8 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", i+1))
	}
	l, err := lab.Start(lab.Options{Hosts: bmc.Many(8), Engines: []lab.EngineOptions{}, Swift: o, Seed: 1, Speed: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := open(t, write(t, t.TempDir(), string(fleet.Starter(l.Fleet()))), state(t))
	s.See("Attention")
	s.Press("4")
	s.See("8 of 8 up")
	s.Press("H")
	s.See("Write a test object with the policy", "archive")
	s.Press("down", "enter")
	s.See("write ringside-health-archive/check-", "read it back", "with policy archive", "enter runs it")
	s.Press("enter")
	s.See("ended well", "enter close")
	s.Press("esc")
	s.Unsee("enter close")
	s.Press("end")
	s.See("test object", "policy archive: written in")
	if left := l.Swift().Objects("ringside-health-archive"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
