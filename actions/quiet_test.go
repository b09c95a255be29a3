package actions_test

import (
	"maps"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

func TestQuietHosts(t *testing.T) {
	now := time.Now()
	f := &fleet.Fleet{Hosts: []fleet.Host{{Name: "a", Site: "tokyo", Rack: "r1"}, {Name: "b", Site: "tokyo", Rack: "r1"}, {Name: "c", Site: "tokyo", Rack: "r2"}, {Name: "d", Site: "shanghai", Rack: "r1"}}}
	for name, c := range map[string]struct {
		target fleet.Target
		until  time.Time
		want   map[string]string
	}{
		"a host":    {fleet.Target{Kind: fleet.KindHost, Name: "b", Site: "tokyo"}, time.Time{}, map[string]string{"b": "disks"}},
		"a rack":    {fleet.Target{Kind: fleet.KindRack, Scope: "tokyo", Name: "r1"}, now.Add(time.Hour), map[string]string{"a": "disks", "b": "disks"}},
		"a site":    {fleet.Target{Kind: fleet.KindSite, Name: "shanghai"}, time.Time{}, map[string]string{"d": "disks"}},
		"over":      {fleet.Target{Kind: fleet.KindSite, Name: "tokyo"}, now, map[string]string{}},
		"elsewhere": {fleet.Target{Kind: fleet.KindContainer, Name: "a", Scope: "tokyo"}, time.Time{}, map[string]string{}},
	} {
		got := actions.Quiet(f, []actions.Hold{{Target: c.target, By: "aoi", Why: "disks", Until: c.until}}, now)
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
