package ring

// tier is one level of failure domains: regions, zones, servers or devices.
// Servers are told apart by region, zone and IP, as Swift does.
type tier struct {
	of    []uint16 // domain, by device id
	count int
}

// domain is the path to a failure domain; fields below its level are zero.
type domain struct {
	region, zone int
	ip           string
	device       int
}

// path is the domain of a device at a level: 0 region, 1 zone, 2 server, 3 device.
func (d *Device) path(level int) domain {
	out := domain{region: d.Region}
	if level >= 1 {
		out.zone = d.Zone
	}
	if level >= 2 {
		out.ip = d.IP
	}
	if level >= 3 {
		out.device = d.ID + 1 // never the zero of a shorter path
	}
	return out
}

// findTiers numbers the failure domains.
func (r *Ring) findTiers() {
	for level := range r.tiers {
		t := &r.tiers[level]
		t.of = make([]uint16, len(r.spec.Devices))
		seen := map[domain]uint16{}
		for id, d := range r.spec.Devices {
			if d == nil {
				continue
			}
			at, known := seen[d.path(level)]
			if !known {
				at = uint16(len(seen))
				seen[d.path(level)] = at
			}
			t.of[id] = at
		}
		t.count = len(seen)
	}
}
