package swap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
)

// Pace and patience of watching a swap.
const (
	verifyPace  = 500 * time.Millisecond
	patience    = 3  // looks or probes in a row that may fail before that is a failure
	enough      = 20 // answers of which a share of errors is made
	enoughAtEnd = 5  // and when the time is over
)

// verifyStep watches the new colour with its users for a while. It belongs to the
// switches: when it fails they are taken back.
func verifyStep(w service.World, s fleet.Service, p Params, proxies []*traffic.Proxy) actions.Step {
	v := &verifying{World: w, s: s, p: p, proxies: proxies}
	st := service.Check(actions.Step{Target: s.Target(), Name: fmt.Sprintf("watch %s for %v", p.To, p.Verify), Timeout: p.Verify + time.Minute}, v.watch)
	st.Together = together
	return st
}

type verifying struct {
	service.World
	s       fleet.Service
	p       Params
	proxies []*traffic.Proxy

	first map[string]traffic.Side // of the new colour, by proxy, when it got its users
	base  float64                 // percent of errors of the old colour
	blind int                     // looks in a row that failed
	bad   int                     // probes in a row that failed
	down  int                     // looks in a row that found some of its servers down
}

func (v *verifying) watch(ctx context.Context, pr actions.Progress) error {
	v.first = map[string]traffic.Side{}
	began := time.Now() // monotonic: a clock that jumps changes nothing
	for {
		past := time.Since(began)
		over := past >= v.p.Verify
		if err := v.look(ctx, over); err != nil {
			return fmt.Errorf("%s did not hold: %w", v.p.To, err)
		}
		pr.Amount(int64(min(past, v.p.Verify).Seconds()), int64(v.p.Verify.Seconds()), "seconds")
		if over {
			pr.Log("%s", v.summary(ctx))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(verifyPace, v.p.Verify-past)):
		}
	}
}

// look looks once at everything that may go wrong.
func (v *verifying) look(ctx context.Context, last bool) error {
	for _, x := range v.proxies {
		view, err := x.Look(ctx)
		if err != nil {
			if v.blind++; v.blind >= patience {
				return fmt.Errorf("it cannot be watched: %w", err)
			}
			continue
		}
		v.blind = 0
		if view.Live != v.p.To {
			return fmt.Errorf("somebody switched %s by hand: it has %s live", x.Spec().Name, view.LiveName)
		}
		if err := v.servers(view.Side(v.p.To)); err != nil {
			return err
		}
		if err := v.failures(x.Spec().Name, view, last); err != nil {
			return err
		}
		if err := v.probe(ctx, x); err != nil {
			return err
		}
	}
	return v.health(ctx)
}

// servers judges what a proxy finds of the new colour. While another server takes
// the users, one that is down for a moment is no reason to move them all.
func (v *verifying) servers(side traffic.Side) error {
	ok, why := side.Ready()
	if ok {
		v.down = 0
		return nil
	}
	for _, s := range side.Servers {
		if s.State == traffic.Up || s.State == traffic.Unchecked {
			if v.down++; v.down < patience {
				return nil
			}
			break
		}
	}
	return errors.New(why)
}

// failures compares the errors that users got with what the old colour had.
func (v *verifying) failures(proxy string, view *traffic.View, last bool) error {
	now := view.Side(v.p.To)
	first, seen := v.first[proxy]
	if !seen {
		v.first[proxy] = now
		v.base = max(v.base, percent(view.Side(v.p.From)))
		return nil
	}
	if now.Requests < first.Requests || now.Errors < first.Errors || now.Requests < 0 {
		v.first[proxy] = now // the proxy was restarted and counts anew, or does not count
		return nil
	}
	gone := traffic.Side{Requests: now.Requests - first.Requests, Errors: now.Errors - first.Errors}
	if gone.Requests < enough && !(last && gone.Requests >= enoughAtEnd) {
		return nil
	}
	if share := percent(gone); share > v.base+float64(v.s.Gate.Errors) {
		return fmt.Errorf("%.1f %% of its answers are errors (%d of %d through %s); the old colour had %.1f %%, and %d more are allowed",
			share, gone.Errors, gone.Requests, proxy, v.base, v.s.Gate.Errors)
	}
	return nil
}

func percent(s traffic.Side) float64 {
	if s.Requests <= 0 || s.Errors < 0 {
		return 0
	}
	return 100 * float64(s.Errors) / float64(s.Requests)
}

// probe asks as a user would.
func (v *verifying) probe(ctx context.Context, x *traffic.Proxy) error {
	if !x.Asks() {
		return nil
	}
	a, err := x.Probe(ctx, v.s.Gate.Path)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && a.Status == v.s.Gate.Status:
		v.bad = 0
		return nil
	}
	if v.bad++; v.bad < patience {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("GET %s through %s answered %d, not %d", v.s.Gate.Path, x.Spec().Name, a.Status, v.s.Gate.Status)
}

// health asks the engines how the containers are. An engine that does not answer is
// no reason to move users: the proxies know whether they are served.
func (v *verifying) health(ctx context.Context) error {
	for _, name := range v.s.Engines {
		e, ok := v.Engine(name)
		if !ok {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, 3*time.Second)
		list, err := e.Labelled(limited, fleet.LabelService+"="+v.s.Name, fleet.LabelColour+"="+string(v.p.To))
		cancel()
		if err != nil {
			continue
		}
		running := 0
		for _, c := range list {
			if c.State != docker.Running {
				continue
			}
			if running++; c.Health == docker.Unhealthy {
				return fmt.Errorf("%s/%s is unhealthy", name, c.Name)
			}
		}
		if running == 0 {
			return fmt.Errorf("no %s container runs on %s any more", v.p.To, name)
		}
	}
	return nil
}

// summary says what was seen in all.
func (v *verifying) summary(ctx context.Context) string {
	var requests, failed int64
	for _, x := range v.proxies {
		view, err := x.Look(ctx)
		first, ok := v.first[x.Spec().Name]
		now := traffic.Side{Requests: -1}
		if err == nil {
			now = view.Side(v.p.To)
		}
		if !ok || now.Requests < first.Requests || now.Requests < 0 {
			return fmt.Sprintf("%s held for %v", v.p.To, v.p.Verify)
		}
		requests, failed = requests+now.Requests-first.Requests, failed+now.Errors-first.Errors
	}
	return fmt.Sprintf("%s held for %v: %d answers, %d errors", v.p.To, v.p.Verify, requests, failed)
}
