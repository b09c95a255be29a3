package hosts

import (
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/views/kit"
)

// Host is one server with a BMC as it is seen now.
type Host struct {
	Spec   *fleet.Host
	Entry  watch.Entry
	Facts  *bmc.Facts // the last that were read; nil before the first answer
	Status Status
}

// Source names the source that watches a host's BMC.
func Source(host string) string { return "bmc/" + host }

// Read lists the hosts that have a BMC, in the order of the fleet.
func Read(f *fleet.Fleet, s *watch.State, now time.Time) []Host {
	out := make([]Host, 0, len(f.Hosts))
	for i := range f.Hosts {
		if f.Hosts[i].BMC == nil {
			continue
		}
		h := Host{Spec: &f.Hosts[i]}
		entry, read := s.Entry(Source(h.Spec.Name))
		h.Entry, h.Status = entry, StatusOf(entry, read, now)
		h.Facts, _ = entry.Facts.(*bmc.Facts)
		out = append(out, h)
	}
	return out
}

// Groups puts hosts on a map: a group for each site, a part for each rack, both
// in the order in which they come. Things are the places in the list.
func Groups(list []Host) []kit.HeatGroup {
	var groups []kit.HeatGroup
	site, rack := map[string]int{}, map[[2]string]int{}
	for i, h := range list {
		g, ok := site[h.Spec.Site]
		if !ok {
			g = len(groups)
			site[h.Spec.Site] = g
			groups = append(groups, kit.HeatGroup{Name: h.Spec.Site})
		}
		at := [2]string{h.Spec.Site, h.Spec.Rack}
		p, ok := rack[at]
		if !ok {
			p = len(groups[g].Parts)
			rack[at] = p
			groups[g].Parts = append(groups[g].Parts, kit.HeatPart{Name: h.Spec.Rack})
		}
		groups[g].Parts[p].Things = append(groups[g].Parts[p].Things, i)
	}
	for i := range groups {
		if groups[i].Name == "" && len(groups) > 1 {
			groups[i].Name = "no site"
		}
	}
	return groups
}
