// Package services is the picture of the services: whom their users get, both colours
// with their releases, and what was done with them. Everything in it is made by pure
// functions of what is known; the same rows feed the screen and the command line.
package services

import (
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/impact"
	"ringside/views/screen/releases"
)

// Row is one service as data: flat, with stable names. What is not known is null.
type Row struct {
	Service     string     `json:"service"`
	Environment string     `json:"environment"`
	Live        string     `json:"live"`    // blue, green; "" when no colour is live everywhere
	Settled     bool       `json:"settled"` // every proxy keeps what it has live
	Version     string     `json:"version"` // of what is live: the tag
	Digest      string     `json:"digest"`
	Health      string     `json:"health"` // healthy, unhealthy, starting, running (no check), stopped, missing, unknown
	Run         string     `json:"run"`    // that deployed it
	By          string     `json:"by"`
	Deployed    *time.Time `json:"deployed"`
	Sessions    *int       `json:"sessions"` // open requests and streams
	Requests    *float64   `json:"requests_per_second"`
	Errors      *float64   `json:"errors_per_second"`

	Other         string     `json:"other"`       // the colour that is not live
	OtherState    string     `json:"other_state"` // empty, ready, held (for a rollback), not ready, unknown
	OtherVersion  string     `json:"other_version"`
	OtherDigest   string     `json:"other_digest"`
	OtherHealth   string     `json:"other_health"`
	OtherSessions *int       `json:"other_sessions"`
	HeldUntil     *time.Time `json:"held_until"` // a rollback to it is kept so long
	HeldBy        string     `json:"held_by"`

	Engines []string `json:"engines"`
	Proxies []string `json:"proxies"`
	Error   string   `json:"error"` // why something is not known, or no colour is live
}

// Rows lists services in the order of the fleet.
func Rows(list []impact.Service, holds []actions.Hold, now time.Time) []Row {
	out := make([]Row, len(list))
	for i := range list {
		out[i] = row(&list[i], holds, now)
	}
	return out
}

func row(s *impact.Service, holds []actions.Hold, now time.Time) Row {
	r := Row{Service: s.Name, Environment: s.Environment, Live: string(s.Live), Settled: s.Settled(), Engines: s.Engines, Error: trouble(s)}
	for _, p := range s.Proxies {
		r.Proxies = append(r.Proxies, p.Name)
	}
	if s.Live == "" {
		return r
	}
	live, other := s.Colour(s.Live), s.Colour(s.Live.Other())
	rel, _ := live.Release()
	r.Version, r.Digest, r.Run, r.By, r.Health = rel.Version, rel.Digest, rel.Run, rel.By, Health(live)
	if at := rel.At; !at.IsZero() {
		r.Deployed = &at
	}
	r.Sessions, r.OtherSessions = known(live.Sessions), known(other.Sessions)
	if live.Rate.Known {
		r.Requests, r.Errors = &live.Rate.Requests, &live.Rate.Errors
	}
	rel, _ = other.Release()
	r.Other, r.OtherVersion, r.OtherDigest, r.OtherHealth = string(other.Colour), rel.Version, rel.Digest, Health(other)
	if h, ok := releases.Held(other, holds, now); ok {
		r.HeldBy = h.By
		if !h.Until.IsZero() {
			r.HeldUntil = &h.Until
		}
	}
	up, _ := other.Up()
	switch {
	case r.OtherHealth == "unknown":
		r.OtherState = "unknown"
	case other.Empty():
		r.OtherState = "empty"
	case !up:
		r.OtherState = "not ready"
	case r.HeldBy != "":
		r.OtherState = "held"
	default:
		r.OtherState = "ready"
	}
	return r
}

func known(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// trouble is why something of a service is not known.
func trouble(s *impact.Service) string {
	var out []string
	if s.Live == "" {
		out = append(out, s.Why)
	}
	for _, p := range s.Proxies {
		if p.Err != nil {
			out = append(out, p.Err.Error())
		}
	}
	for _, p := range s.Blue.Places { // the engines are the same for both colours
		if p.Err != nil {
			out = append(out, p.Err.Error())
		}
	}
	return strings.Join(out, "; ")
}

// Health is how a colour is in all: as its worst container.
func Health(c *impact.ColourState) string {
	worst := ""
	order := []string{"", "healthy", "running", "starting", "stopped", "missing", "unhealthy", "unknown"}
	for _, p := range c.Places {
		if h := health(p); slices.Index(order, h) > slices.Index(order, worst) {
			worst = h
		}
	}
	return worst
}

func health(p impact.Place) string {
	c := p.Container
	switch {
	case !p.Known || p.Err != nil:
		return "unknown"
	case c == nil:
		return "missing"
	case c.State != docker.Running:
		return "stopped"
	case c.Health != "":
		return string(c.Health)
	}
	return "running"
}

// Part is one container or one proxy of a service as data.
type Part struct {
	Type      string     `json:"type"` // container or proxy
	Service   string     `json:"service"`
	Colour    string     `json:"colour"` // of a container
	Live      bool       `json:"live"`   // it is of the colour that is live
	Engine    string     `json:"engine"`
	Name      string     `json:"name"`
	ID        string     `json:"id"`
	Address   string     `json:"address"` // where it is published
	State     string     `json:"state"`
	Health    string     `json:"health"`
	Image     string     `json:"image"`
	Version   string     `json:"version"`
	Digest    string     `json:"digest"`
	Run       string     `json:"run"` // that made it
	By        string     `json:"by"`
	Created   *time.Time `json:"created"`
	Replaced  bool       `json:"replaced"` // an earlier deploy left it
	HeldUntil *time.Time `json:"held_until"`

	Kind    string `json:"kind"`    // of a proxy: haproxy, caddy, nginx, traefik
	LiveIs  string `json:"live_is"` // what it has live, in its own words
	KeptIs  string `json:"kept_is"` // and what it keeps for its next start
	Settled bool   `json:"settled"` // both are the same
	Blue    *int   `json:"blue_sessions"`
	Green   *int   `json:"green_sessions"`
	Notes   string `json:"notes"` // what a switch costs or risks
	Error   string `json:"error"`
}

// Parts lists the containers and proxies of a service.
func Parts(s impact.Service, holds []actions.Hold, now time.Time) (out []Part) {
	for _, c := range []*impact.ColourState{&s.Blue, &s.Green} {
		for _, p := range c.Places {
			list := p.Others
			if p.Container != nil {
				list = append([]*docker.Container{p.Container}, list...)
			}
			for i, x := range list {
				r := Part{Type: "container", Service: s.Name, Colour: string(c.Colour), Live: s.Live == c.Colour && i == 0, Engine: p.Engine, Name: x.Name, ID: x.ID,
					Address: s.Ports.On(p.Engine).Address(c.Colour), State: string(x.State), Health: string(x.Health), Created: &x.Created, Replaced: i > 0}
				rel := impact.ReleaseOf(x)
				r.Image, r.Version, r.Digest, r.Run, r.By = rel.Image, rel.Version, rel.Digest, rel.Run, rel.By
				one := impact.ColourState{Places: []impact.Place{{Container: x}}}
				if h, ok := releases.Held(&one, holds, now); ok && !h.Until.IsZero() {
					r.HeldUntil = &h.Until
				}
				out = append(out, r)
			}
			if p.Err != nil {
				out = append(out, Part{Type: "container", Service: s.Name, Colour: string(c.Colour), Engine: p.Engine, State: "unknown", Error: p.Err.Error()})
			}
		}
	}
	for _, p := range s.Proxies {
		r := Part{Type: "proxy", Service: s.Name, Name: p.Name, Kind: p.Kind}
		if v := p.View; v != nil {
			r.LiveIs, r.KeptIs, r.Settled, r.Notes = v.LiveName, v.KeptName, v.Agrees(), strings.Join(v.Notes, "; ")
			r.Blue, r.Green = known(v.Blue.Sessions), known(v.Green.Sessions)
		}
		if p.Err != nil {
			r.Error = p.Err.Error()
		}
		out = append(out, r)
	}
	return out
}
