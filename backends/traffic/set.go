package traffic

import "ringside/backends/fleet"

// Set is the proxies of a fleet.
type Set struct {
	all []*Proxy
	by  map[string][]*Proxy
}

// NewSet prepares the proxies of services; nothing is opened before the first call.
func NewSet(services []fleet.Service) *Set {
	s := &Set{by: map[string][]*Proxy{}}
	for _, svc := range services {
		for _, t := range svc.Traffic {
			p := New(svc, t)
			s.all = append(s.all, p)
			s.by[svc.Name] = append(s.by[svc.Name], p)
		}
	}
	return s
}

// All returns the proxies in the order of the fleet.
func (s *Set) All() []*Proxy { return s.all }

// Proxies returns the proxies of one service, in the order in which they are
// switched.
func (s *Set) Proxies(service string) []*Proxy { return s.by[service] }
