package home

import (
	"fmt"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// servicesPane is the services, one line each: whom users get, what is in the other
// colour, errors and requests.
var servicesPane = system{
	name: "Services", good: 4,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 6, Want: 10}, {Min: 16, Want: 22}, {Min: 32, Want: 44, Flex: true}, {Min: 14, Want: 16, Right: true}},
	read: func(s screen.Snapshot) content {
		if len(s.Services) == 0 {
			return content{none: true}
		}
		c := content{open: screen.Go{Screen: "services"}, census: census{source: "service", all: len(s.Services), things: count(len(s.Services), "service")}}
		of := &told{s, releases.Going(s.Runs), releases.Gates(s.Runs)}
		for i := range s.Services {
			svc := &s.Services[i]
			c.rows = append(c.rows, of.row(svc))
			if slices.ContainsFunc(svc.Proxies, func(p impact.ProxyState) bool { return p.At.IsZero() }) {
				c.census.unread++
				continue
			}
			for _, p := range svc.Proxies {
				c.census.oldest = max(c.census.oldest, s.Now.Sub(p.At))
			}
		}
		changed := 0
		for _, r := range of.going {
			if r.Alive {
				changed++
			}
		}
		if changed > 0 {
			c.notes = says(fmt.Sprintf("%d being changed", changed))
		}
		return c
	},
}

// told is what the runs tell of services.
type told struct {
	screen.Snapshot
	going map[string]*actions.RunRecord // by key of the service
	gates map[string]releases.Gate      // by the run that deployed
}

// row is a service in one line.
func (s *told) row(svc *impact.Service) row {
	t := svc.Target()
	r := row{key: t.Key(), target: t, open: place(t)}
	if svc.Live == "" {
		r.sign, r.cells = bad, []string{svc.Name, "not decided", svc.Why, ""}
		for _, p := range svc.Proxies {
			if p.At.IsZero() && p.Err == nil {
				r.sign, r.cells[1] = unknown, "not read yet"
			}
		}
		return r
	}
	live := svc.Colour(svc.Live)
	up, why := live.Up()
	known := true
	for _, p := range live.Places {
		known = known && p.Known && p.Err == nil
	}
	rates := "? err  ? rps"
	if live.Rate.Known {
		rates = fmt.Sprintf("%s err  %s rps", rate(live.Rate.Errors), rate(live.Rate.Requests))
	}
	rel, _ := live.Release()
	r.cells = []string{svc.Name, strings.TrimSpace(string(svc.Live)+" "+rel.Version) + " live", s.other(svc), rates}
	switch {
	case !known:
		r.sign = unknown
	case !up:
		r.sign, r.cells[2] = bad, why
	case !svc.Settled():
		r.sign, r.cells[2] = warn, "a proxy keeps another colour for its next start"
	case live.Rate.Known && live.Rate.Errors > 0:
		r.sign = warn
	}
	if run := s.going[t.Key()]; run != nil {
		if r.cells[2] = releases.InShort(run, s.Now); r.sign != bad {
			r.sign = warn
			if run.Alive {
				r.sign = busy
			}
		}
	}
	return r
}

// other is the colour that is not live: "green 1.9.2 ready".
func (s *told) other(svc *impact.Service) string {
	other := svc.Colour(svc.Live.Other())
	rel, _ := other.Release()
	name := strings.TrimSpace(string(other.Colour) + " " + rel.Version)
	if h, ok := releases.Held(other, s.Holds, s.Now); ok && !h.Until.IsZero() {
		return name + " held " + kit.Age(h.Until.Sub(s.Now)) + " for rollback"
	}
	for _, p := range other.Places {
		if !p.Known || p.Err != nil {
			return name + " not known"
		}
	}
	switch up, _ := other.Up(); {
	case other.Empty():
		return name + " empty"
	case !up:
		return name + " not ready"
	}
	if g := s.gates[rel.Run].String(); g != "" {
		return name + " ready, " + g
	}
	return name + " ready"
}

// rate is a number a second: small ones with one digit more.
func rate(n float64) string {
	if n > 0 && n < 10 {
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

// proxiesOf names the proxies of all services, as what is looked at.
func proxiesOf(f *fleet.Fleet) map[string][]string {
	out := map[string][]string{}
	for _, svc := range f.Services {
		for _, t := range svc.Traffic {
			out["traffic/"+svc.Name+"/"+t.Name] = []string{svc.Name}
		}
	}
	return out
}
