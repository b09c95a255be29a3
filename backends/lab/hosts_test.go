package lab

import (
	"os"
	"strings"
	"testing"
	"time"

	"ringside/backends/lab/bmc"
)

// TestDemoHosts: 240 servers of two sites, each with a BMC of its own, and those
// that the engines run on.
func TestDemoHosts(t *testing.T) {
	l, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := l.Fleet()
	sites, drivers, racks := map[string]int{}, map[string]int{}, map[string]int{}
	environment := map[string]string{}
	for _, h := range f.Hosts {
		sites[h.Site]++
		drivers[h.BMC.Driver]++
		racks[h.Rack]++
		environment[h.Name] = h.Environment
		if _, ok := f.Credentials[h.BMC.Credential]; !ok || h.BMC.Port == 0 || len(h.Tags) == 0 {
			t.Errorf("host %+v", h)
		}
		if ca := h.BMC.TLS; ca != nil {
			if _, err := os.Stat(ca.CA); err != nil {
				t.Errorf("%s: %v", h.Name, err)
			}
		}
	}
	if len(f.Hosts) != 240 || sites["tokyo"] != 160 || sites["shanghai"] != 80 || len(racks) != 12 || racks["t01"] != 20 {
		t.Errorf("%d hosts, %v, %v", len(f.Hosts), sites, racks)
	}
	if drivers["redfish"] != 42 || drivers["auto"] < 10 || drivers["ipmi"] < 150 {
		t.Errorf("drivers %v", drivers)
	}
	for _, e := range f.Engines {
		if environment[e.Host] != e.Environment {
			t.Errorf("engine %s (%s) runs on %q (%s)", e.Name, e.Environment, e.Host, environment[e.Host])
		}
	}
	for host, want := range map[string]string{"sw001": "On", "sw017": "Off", "sw042": "On", "sw240": "On"} {
		if got := l.BMC(host).Power(); got != want {
			t.Errorf("%s is %s", host, got)
		}
	}
}

// TestEnginesFollowTheirHosts: without power there is no engine.
func TestEnginesFollowTheirHosts(t *testing.T) {
	l, err := Start(Options{Speed: 100, Engines: []EngineOptions{{Name: "e", Host: "sw001"}, {Name: "other"}}, Hosts: bmc.Many(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, e := l.BMC("sw001"), l.Engine("e")
	wait := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("never happened: %s", what)
			}
		}
	}
	b.Cut()
	wait("the engine stops", func() bool { return !e.Running() })
	b.Press()
	wait("the engine starts", func() bool { return b.Running() && e.Running() })
	if !l.Engine("other").Running() {
		t.Error("an engine of no host stopped")
	}
	b.Cut() // its engine may still be stopping when the lab closes
}

// TestBMCFaults switches every fault of the presenter on and off again.
func TestBMCFaults(t *testing.T) {
	l, err := Start(Options{Speed: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := map[string]bool{}
	for range 2 {
		for _, f := range l.Faults() {
			if id, host, ok := strings.Cut(f.ID, "/"); ok && (l.BMC(host) != nil || host == "third") {
				seen[id] = true
				if err := f.Toggle(); err != nil {
					t.Errorf("%s: %v", f.ID, err)
				}
			}
		}
	}
	if len(seen) != len(bmcTroubles) {
		t.Errorf("faults %v", seen)
	}
	wait := time.Now().Add(60 * time.Second)
	for l.BMC("sw054").Power() != "On" {
		if time.Now().After(wait) {
			t.Fatal("sw054 never came back")
		}
		time.Sleep(2 * time.Millisecond)
	}
}
