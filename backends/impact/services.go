package impact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// Service is what is known of one service: whom its users get, and both colours.
type Service struct {
	fleet.Service
	Live    fleet.Colour // on all proxies, as they run and as they keep it; "" when they do not agree or are not known
	Why     string       // why Live is ""
	Blue    ColourState
	Green   ColourState
	Proxies []ProxyState // in the order in which they are switched
}

// Colour returns one of the colours.
func (s *Service) Colour(c fleet.Colour) *ColourState {
	if c == fleet.Green {
		return &s.Green
	}
	return &s.Blue
}

// Settled says whether every proxy was read, and agrees with what it keeps.
func (s *Service) Settled() bool {
	return !slices.ContainsFunc(s.Proxies, func(p ProxyState) bool { return p.View == nil || !p.View.Agrees() })
}

// ProxyState is one proxy of a service.
type ProxyState struct {
	Name, Kind string
	View       *traffic.View // nil: not read
	Rates      *traffic.Facts
	Err        error
	At         time.Time // when it was read; zero when it never was
}

// ColourState is one colour of a service on all of its engines.
type ColourState struct {
	Colour   fleet.Colour
	Places   []Place // one per engine of the service, in its order
	Sessions int     // over all proxies; -1: not known
	Rate     traffic.Rate
}

// Place is a colour on one engine.
type Place struct {
	Engine    string
	Known     bool // the engine was read
	Err       error
	Container *docker.Container   // the newest that runs, else the newest; nil when there is none
	Others    []*docker.Container // older ones that a deploy left
}

// Release is what a colour consists of.
type Release struct {
	Image   string // as it was asked for, "" when not known
	Version string // the tag in it
	Digest  string // "sha256:…"
	Run     string // that deployed it
	By      string
	At      time.Time
}

// Release returns what a colour consists of. same is false when its engines have
// different digests, or only some of them a container.
func (c *ColourState) Release() (r Release, same bool) {
	same = true
	for i, p := range c.Places {
		var x Release
		if p.Container != nil {
			x = ReleaseOf(p.Container)
		}
		if i > 0 && x.Digest != r.Digest {
			same = false
		}
		if r.Digest == "" && x != (Release{}) {
			r = x
		}
	}
	return r, same
}

// ReleaseOf reads a container's release from its labels and its image.
func ReleaseOf(c *docker.Container) Release {
	r := Release{Image: c.Labels[fleet.LabelImage], Digest: c.Digest, Run: c.Labels[fleet.LabelRun], By: c.Labels[fleet.LabelBy], At: c.Created}
	if r.Image == "" {
		r.Image = strings.TrimSuffix(c.Image+":"+c.Tag, ":")
	}
	if i := strings.LastIndexByte(r.Image, ':'); i > strings.LastIndexByte(r.Image, '/') {
		r.Version = r.Image[i+1:]
	}
	return r
}

// Empty says whether no engine that was read has a container of it.
func (c *ColourState) Empty() bool {
	return !slices.ContainsFunc(c.Places, func(p Place) bool { return p.Container != nil })
}

// Up says whether the colour runs and is well on every engine, and if not, why.
func (c *ColourState) Up() (bool, string) {
	for _, p := range c.Places {
		switch {
		case p.Err != nil:
			return false, fmt.Sprintf("%s cannot be read", p.Engine)
		case !p.Known:
			return false, fmt.Sprintf("%s was not read", p.Engine)
		case p.Container == nil:
			return false, fmt.Sprintf("there is no %s container on %s", c.Colour, p.Engine)
		case p.Container.State != docker.Running:
			return false, fmt.Sprintf("%s/%s is %s", p.Engine, p.Container.Name, p.Container.State)
		case p.Container.Health == docker.Unhealthy || p.Container.Health == docker.Starting:
			return false, fmt.Sprintf("%s/%s is %s", p.Engine, p.Container.Name, p.Container.Health)
		}
	}
	return true, ""
}

// Migration says whether the release can not be left for the one before it at once.
func (c *ColourState) Migration() bool {
	return slices.ContainsFunc(c.Places, func(p Place) bool {
		return p.Container != nil && p.Container.Labels[fleet.LabelMigration] == fleet.MigrationContract
	})
}

// Reading is what was read of one engine or proxy for ServiceOf.
type Reading[T any] struct {
	Facts T
	Err   error
	At    time.Time // zero: not read
}

// ServiceOf puts together what was read of a service: the containers of its engines
// and the views of its proxies, by name.
func ServiceOf(s fleet.Service, engines map[string]Reading[[]*docker.Container], proxies map[string]Reading[*traffic.Facts]) Service {
	out := Service{Service: s, Blue: ColourState{Colour: fleet.Blue}, Green: ColourState{Colour: fleet.Green}}
	for _, e := range s.Engines {
		r := engines[e]
		for _, c := range []*ColourState{&out.Blue, &out.Green} {
			p := Place{Engine: e, Known: !r.At.IsZero(), Err: r.Err}
			p.choose(s.Name, c.Colour, r.Facts)
			c.Places = append(c.Places, p)
		}
	}
	for _, t := range s.Traffic {
		r := proxies[t.Name]
		p := ProxyState{Name: t.Name, Kind: t.Kind(), Err: r.Err, At: r.At, Rates: r.Facts}
		if r.Facts != nil {
			p.View = r.Facts.View
		}
		out.Proxies = append(out.Proxies, p)
	}
	out.Blue.add(out.Proxies)
	out.Green.add(out.Proxies)
	out.Live, out.Why = live(out.Proxies)
	return out
}

// choose picks the containers of a colour.
func (p *Place) choose(service string, c fleet.Colour, all []*docker.Container) {
	var found []*docker.Container
	for _, x := range all {
		if x.Labels[fleet.LabelService] == service && x.Labels[fleet.LabelColour] == string(c) {
			found = append(found, x)
		}
	}
	slices.SortStableFunc(found, func(a, b *docker.Container) int {
		if ra, rb := a.State == docker.Running, b.State == docker.Running; ra != rb {
			if ra {
				return -1
			}
			return 1
		}
		return b.Created.Compare(a.Created)
	})
	if len(found) > 0 {
		p.Container, p.Others = found[0], found[1:]
	}
}

// add adds up what the proxies know of a colour.
func (c *ColourState) add(proxies []ProxyState) {
	for _, p := range proxies {
		if p.View == nil || p.View.Side(c.Colour).Sessions < 0 {
			c.Sessions = -1
		} else if c.Sessions >= 0 {
			c.Sessions += p.View.Side(c.Colour).Sessions
		}
		if p.Rates != nil && p.Rates.Rate(c.Colour).Known {
			r := p.Rates.Rate(c.Colour)
			c.Rate.Known, c.Rate.Requests, c.Rate.Errors = true, c.Rate.Requests+r.Requests, c.Rate.Errors+r.Errors
		}
	}
}

// live is the colour that all proxies have, and why there is none.
func live(proxies []ProxyState) (fleet.Colour, string) {
	var out fleet.Colour
	for i, p := range proxies {
		switch {
		case p.View == nil && p.Err != nil:
			return "", fmt.Sprintf("%s does not answer", p.Name)
		case p.View == nil:
			return "", fmt.Sprintf("%s was not read yet", p.Name)
		case p.View.Live == "":
			return "", fmt.Sprintf("%s: %s", p.Name, p.View.Why)
		case i > 0 && p.View.Live != out:
			return "", fmt.Sprintf("%s has %s live, and %s has %s", proxies[0].Name, out, p.Name, p.View.Live)
		}
		out = p.View.Live
	}
	return out, ""
}

// Services puts together what the sources say of every service of the fleet.
func Services(f *fleet.Fleet, s *watch.State) []Service { return new(ServiceMemo).Services(f, s) }

// ServiceMemo saves work between two pictures: an engine whose facts are the same is
// not searched again for the containers of services. The zero memo is ready.
type ServiceMemo struct {
	labelled map[*docker.Facts][]*docker.Container
}

// Services is the same as the function, with what the memo remembers.
func (m *ServiceMemo) Services(f *fleet.Fleet, s *watch.State) []Service {
	if len(f.Services) == 0 {
		return nil
	}
	engines, next := map[string]Reading[[]*docker.Container]{}, map[*docker.Facts][]*docker.Container{}
	for _, e := range f.Engines {
		entry, ok := s.Entry("docker/" + e.Name)
		if !ok {
			continue
		}
		r := Reading[[]*docker.Container]{Err: entry.Err, At: entry.At}
		if facts, ok := entry.Facts.(*docker.Facts); ok {
			of, known := m.labelled[facts]
			if !known {
				of = labelled(facts.Containers)
			}
			r.Facts, next[facts] = of, of
		}
		engines[e.Name] = r
	}
	m.labelled = next
	out := make([]Service, 0, len(f.Services))
	for _, svc := range f.Services {
		proxies := map[string]Reading[*traffic.Facts]{}
		for _, t := range svc.Traffic {
			if entry, ok := s.Entry("traffic/" + svc.Name + "/" + t.Name); ok {
				facts, _ := entry.Facts.(*traffic.Facts)
				proxies[t.Name] = Reading[*traffic.Facts]{Facts: facts, Err: entry.Err, At: entry.At}
			}
		}
		out = append(out, ServiceOf(svc, engines, proxies))
	}
	return out
}

// labelled are the containers that belong to any service.
func labelled(all []*docker.Container) (out []*docker.Container) {
	for _, c := range all {
		if c.Labels[fleet.LabelService] != "" {
			out = append(out, c)
		}
	}
	return out
}

// ServiceProblems finds what is wrong with the services, worst first.
func ServiceProblems(list []Service) (out []Problem) {
	for i := range list {
		svc := &list[i]
		about := func(what string, severity Severity, text, why, do string) {
			out = append(out, Problem{ID: "service/" + what + "/" + svc.Name, Severity: severity, System: "services", Subject: svc.Target(), Text: text, Why: why, Do: do})
		}
		read := 0
		for _, p := range svc.Proxies {
			switch {
			case p.Err != nil:
				out = append(out, Problem{ID: "service/proxy/" + svc.Name + "/" + p.Name, Severity: Warning, System: "services", Subject: svc.Target(),
					Text: "proxy " + p.Name + " does not answer", Why: p.Err.Error(), Do: "ringside goes on trying; users may still be served"})
			case p.View != nil && !p.View.Agrees():
				about("half/"+p.Name, Critical, fmt.Sprintf("proxy %s has %s live and keeps %s: a reload would switch", p.Name, orName(p.View.Live, p.View.LiveName), orName(p.View.Kept, p.View.KeptName)),
					"what runs and what it reads at its start differ", "ringside services settle "+svc.Name+" makes what is kept follow what is live")
			}
			if p.View != nil {
				read++
			}
		}
		if read < len(svc.Proxies) {
			continue
		}
		if svc.Live == "" {
			about("live", Critical, "no colour is live everywhere", svc.Why, "resume or roll back the run that left it so, or switch the proxy by hand")
			continue
		}
		c := svc.Colour(svc.Live)
		if slices.ContainsFunc(c.Places, func(p Place) bool { return p.Err != nil || !p.Known }) {
			continue // the engine's own problem tells
		}
		if ok, why := c.Up(); !ok {
			about("up", Critical, fmt.Sprintf("%s is live and not well: %s", svc.Live, why), "its containers say so", "s swaps to the other colour, if that is well")
		}
	}
	Sort(out)
	return out
}

func orName(c fleet.Colour, name string) string {
	if c != "" {
		return string(c)
	}
	return name
}
