package lab

import (
	"fmt"
	"slices"
	"time"

	"ringside/backends/fleet/safe"
	"ringside/backends/lab/bmc"
)

// demoHosts is the demo's 240 servers in ranges of what they are for.
var demoHosts = []struct {
	first, last       int
	site, environment string
	tags              []string
}{
	{1, 120, "tokyo", "production", []string{"swift", "storage"}},
	{121, 144, "tokyo", "production", []string{"compute"}},
	{145, 150, "tokyo", "verification", []string{"compute"}},
	{151, 152, "tokyo", "production", []string{"docker"}},
	{153, 156, "tokyo", "verification", []string{"docker"}},
	{157, 160, "tokyo", "development", []string{"compute"}},
	{161, 210, "shanghai", "production", []string{"swift", "storage"}},
	{211, 228, "shanghai", "production", []string{"compute"}},
	{229, 230, "shanghai", "verification", []string{"compute"}},
	{231, 231, "shanghai", "production", []string{"docker"}},
	{232, 236, "shanghai", "development", []string{"docker"}},
	{237, 240, "shanghai", "development", []string{"compute"}},
}

// demoStories is what is special about some hosts.
var demoStories = map[int]func(*bmc.Spec){
	12:  func(s *bmc.Spec) { s.Events = 380 },
	17:  func(s *bmc.Spec) { s.Off = true },
	42:  func(s *bmc.Spec) { s.CutAfter = 4 * time.Minute },
	66:  func(s *bmc.Spec) { s.Faults = []bmc.Fault{bmc.NeverSoftOff} },
	89:  func(s *bmc.Spec) { s.Faults = []bmc.Fault{bmc.Silent} },
	101: func(s *bmc.Spec) { s.Suites = []int{3} },
	133: func(s *bmc.Spec) { s.Faults = []bmc.Fault{bmc.SessionsFull} },
	204: func(s *bmc.Spec) { s.Faults = []bmc.Fault{bmc.FanFault} },
}

// rackSize is how many servers stand in a rack.
const rackSize = 20

// DemoHosts is the fleet of ringside demo: sw001 to sw240, a fifth of them with
// Redfish.
func DemoHosts() []bmc.Spec {
	var out []bmc.Spec
	for _, r := range demoHosts {
		for n := r.first; n <= r.last; n++ {
			s := bmc.Spec{
				Name: fmt.Sprintf("sw%03d", n), Site: r.site, Environment: r.environment,
				Rack: fmt.Sprintf("%c%02d", r.site[0], (n-1)/rackSize+1), Tags: slices.Clone(r.tags),
			}
			switch {
			case n%40 == 0:
				s.Protocol = bmc.Both
			case n%5 == 0:
				s.Protocol = bmc.Redfish
			case n%16 == 3:
				s.Driver = "auto"
			}
			if tell := demoStories[n]; tell != nil {
				tell(&s)
			}
			out = append(out, s)
		}
	}
	return out
}

// follow is told that a host's operating system came or went: its engines stop
// and start with it.
func (l *Lab) follow(host string) {
	for _, e := range l.engines {
		if e.opts.Host != host {
			continue
		}
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return
		}
		l.wg.Add(1)
		l.mu.Unlock()
		safe.Go("lab "+e.opts.Name, func() {
			defer l.wg.Done()
			e.follows.Lock()
			defer e.follows.Unlock()
			if l.bmcs.Host(host).Running() { // by now
				e.Start()
			} else {
				e.Stop()
			}
		})
	}
}
