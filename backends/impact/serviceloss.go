package impact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// production is the environment in which users are lost for real.
const production = "production"

// servicesOn tells whose users lose their service with the hosts.
func servicesOn(f *fleet.Fleet, s *watch.State, hosts map[string]bool, _ time.Time) (out []Loss) {
	away := map[string]bool{} // engines
	for _, e := range f.Engines {
		away[e.Name] = e.Host != "" && hosts[e.Host]
	}
	for _, svc := range Services(f, s) {
		if slices.ContainsFunc(svc.Engines, func(e string) bool { return away[e] }) {
			out = append(out, serviceLoss(&svc, away))
		}
	}
	return out
}

// serviceLoss says what a service loses without some of its engines. Where it is the
// last live one in production that blocks: only who says why takes the users away.
func serviceLoss(svc *Service, away map[string]bool) Loss {
	l := Loss{Guard: "services", Level: "warn", Subject: svc.Name}
	if svc.Live == "" {
		l.Text = "it runs there, and which of its colours users have is not known: " + svc.Why
		return l
	}
	live := svc.Colour(svc.Live)
	left, gone := live.serving(func(p Place) bool { return !away[p.Engine] }), live.serving(func(p Place) bool { return away[p.Engine] })
	rel, _ := live.Release()
	what := strings.TrimSpace(fmt.Sprintf("the live %s %s", svc.Live, rel.Version))
	switch {
	case len(gone) > 0 && len(left) == 0:
		if svc.Environment == production {
			l.Level = "block"
		}
		l.Text = fmt.Sprintf("%s runs there and nowhere else that is known to be well: its users get nothing until %s", what, back(gone))
	case len(gone) > 0:
		l.Text = fmt.Sprintf("%s runs there; %s must take all of its users", what, some(left))
	default:
		l.idle(svc, away)
	}
	return l
}

func back(engines []string) string {
	if len(engines) == 1 {
		return engines[0] + " is back"
	}
	return some(engines) + " are back"
}

// idle is for hosts that have nothing of what is live.
func (l *Loss) idle(svc *Service, away map[string]bool) {
	other := svc.Colour(svc.Live.Other())
	gone := other.serving(func(p Place) bool { return away[p.Engine] })
	switch rel, _ := other.Release(); {
	case slices.ContainsFunc(other.Places, func(p Place) bool { return away[p.Engine] && (!p.Known || p.Err != nil) }):
		l.Text = "it may run there: the engine cannot be read"
	case len(gone) > 0:
		l.Text = fmt.Sprintf("its idle %s runs there: no swap and no rollback to it until the host is back", strings.TrimSpace(string(other.Colour)+" "+rel.Version))
	default:
		l.Level, l.Text = "note", "it may be deployed there, and runs nothing there now"
	}
}

// serving are the engines on which the colour is known to run and to be well, of the
// places that count.
func (c *ColourState) serving(counts func(Place) bool) (out []string) {
	for _, p := range c.Places {
		one := ColourState{Colour: c.Colour, Places: []Place{p}}
		if up, _ := one.Up(); up && counts(p) {
			out = append(out, p.Engine)
		}
	}
	return out
}

// LiveLoss says what becomes of services when the containers, by ID, are taken away,
// one loss for each service that has one of them; effect is in words: "goes away".
func LiveLoss(list []Service, containers map[string]bool, effect string) (out []Loss) {
	takes := func(p Place) bool {
		return p.Container != nil && containers[p.Container.ID] && p.Container.State == docker.Running
	}
	for i := range list {
		svc := &list[i]
		for _, c := range []*ColourState{&svc.Blue, &svc.Green} {
			if !slices.ContainsFunc(c.Places, takes) {
				continue
			}
			rel, _ := c.Release()
			l := Loss{Guard: "services", Level: "warn", Subject: svc.Name}
			left := c.serving(func(p Place) bool { return !takes(p) })
			name := strings.TrimSpace(string(c.Colour) + " " + rel.Version)
			switch {
			case svc.Live == "":
				l.Text = fmt.Sprintf("%s %s, and whether users have it is not known: %s", name, effect, svc.Why)
			case svc.Live != c.Colour:
				l.Level, l.Text = "note", fmt.Sprintf("%s is not live; it %s: no swap and no rollback to it then. ringside retire takes it away in order", name, effect)
			case len(left) > 0:
				l.Text = fmt.Sprintf("%s is live and %s here; %s must take all of its users", name, effect, some(left))
			default:
				if svc.Environment == production {
					l.Level = "block"
				}
				l.Text = fmt.Sprintf("%s is live and %s with nothing to take its place: its users get nothing; swap to the other colour first", name, effect)
			}
			out = append(out, l)
		}
	}
	return out
}
