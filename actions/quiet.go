package actions

import (
	"time"

	"ringside/backends/fleet"
)

// Quiet lists the hosts of a fleet that are on hold, by name, with the reason: by
// a hold of their own, or of their rack or site.
func Quiet(f *fleet.Fleet, holds []Hold, now time.Time) map[string]string {
	out := map[string]string{}
	for _, h := range holds {
		if !h.Until.IsZero() && !h.Until.After(now) {
			continue
		}
		for _, host := range f.Hosts {
			t := fleet.Target{Kind: fleet.KindHost, Name: host.Name, Site: host.Site, Environment: host.Environment}
			if h.covers(f, []fleet.Target{t}) {
				out[host.Name] = h.Why
			}
		}
	}
	return out
}
