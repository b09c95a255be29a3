package swap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
)

// together is the group of the steps that move users: all of them, or none.
const together = "users"

// switchLimit bounds the switch of one proxy: a reload takes its time.
const switchLimit = 45 * time.Second

// Steps are the steps that move users, from the first switch to the hold. stage is
// the stage of the first of them.
func Steps(env *actions.Env, w service.World, s fleet.Service, p Params, stage int) ([]actions.Step, error) {
	proxies, err := find(w, p)
	if err != nil {
		return nil, err
	}
	var steps []actions.Step
	add := func(st actions.Step) {
		st.Stage = stage
		steps = append(steps, st)
		stage++
	}
	for _, x := range proxies {
		add(switchStep(x, s, p))
	}
	add(verifyStep(w, s, p, proxies))
	if p.Drain > 0 {
		add(drainStep(s, p, proxies))
	}
	if p.Hold > 0 && len(p.Keep) > 0 {
		add(holdStep(env, s, p))
	}
	if len(p.Release) > 0 {
		add(Release(env, s, p.Release))
	}
	return steps, nil
}

// find returns the proxies of the plan, which must all still be configured.
func find(w service.World, p Params) (out []*traffic.Proxy, err error) {
	all := w.Proxies(p.Service)
	for _, name := range p.Proxies {
		i := slices.IndexFunc(all, func(x *traffic.Proxy) bool { return x.Spec().Name == name })
		if i < 0 {
			return nil, fmt.Errorf("service %s has no proxy %q in the configuration any more", p.Service, name)
		}
		out = append(out, all[i])
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("service %s has no proxy in the configuration", p.Service)
	}
	return out, nil
}

// switchStep switches one proxy. It is done when users get the new colour and would
// after a reload too; it is undone when the same holds for the old one.
func switchStep(x *traffic.Proxy, s fleet.Service, p Params) actions.Step {
	at := func(want fleet.Colour) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			v, err := x.Look(ctx)
			if err != nil {
				return false, err
			}
			if v.Live == want && v.Agrees() {
				return true, nil
			}
			return false, actions.Observed(fmt.Sprintf("%s has %s live and keeps %s", x.Spec().Name, v.LiveName, v.KeptName))
		}
	}
	return actions.Step{
		Target: x.Target(s.Environment), Name: fmt.Sprintf("switch %s to %s", x.Spec().Name, p.To), Timeout: switchLimit, Together: together,
		Done: at(p.To), Undone: at(p.From),
		Do: func(ctx context.Context, _ actions.Progress) error {
			err := x.Switch(ctx, p.From, p.To)
			var moved *traffic.MovedError
			if errors.As(err, &moved) {
				return actions.NothingDone(err)
			}
			return err
		},
		Undo: func(ctx context.Context, _ actions.Progress) error { return x.Switch(ctx, p.To, p.From) },
	}
}

// drainStep waits until the old colour has no session left, for as long as it gets.
// Streams that go on stay until the colour is retired.
func drainStep(s fleet.Service, p Params, proxies []*traffic.Proxy) actions.Step {
	return service.Check(actions.Step{Target: s.Target(), Name: fmt.Sprintf("drain %s", p.From), Timeout: p.Drain + 15*time.Second},
		func(ctx context.Context, pr actions.Progress) error {
			return service.Drain(ctx, pr, proxies, p.From, p.Drain)
		})
}

// keptFor is why the old colour is held.
func keptFor(p Params) string {
	return fmt.Sprintf("kept for a rollback of %s (run %s)", p.Service, p.Run)
}

// holdStep keeps the containers of the old colour alone for a while. A hold that
// somebody has on one of them already says more, and stays.
func holdStep(env *actions.Env, s fleet.Service, p Params) actions.Step {
	why := keptFor(p)
	look := func(ctx context.Context) (ours, free []fleet.Target, err error) {
		all, err := env.Ledger.Holds(ctx)
		for _, t := range p.Keep {
			i := slices.IndexFunc(all, func(h actions.Hold) bool { return h.Target.Key() == t.Key() })
			switch {
			case i < 0:
				free = append(free, t)
			case all[i].Why == why:
				ours = append(ours, t)
			}
		}
		return ours, free, err
	}
	return actions.Step{
		Target: s.Target(), Name: fmt.Sprintf("keep %s for %v", p.From, p.Hold),
		Done: func(ctx context.Context) (bool, error) {
			_, free, err := look(ctx)
			return err == nil && len(free) == 0, err
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			_, free, err := look(ctx)
			now := env.Now()
			for _, t := range free {
				if err == nil {
					err = env.Ledger.Hold(ctx, actions.Hold{Target: t, By: p.By, Why: why, Since: now, Until: now.Add(p.Hold)})
				}
			}
			if err == nil {
				pr.Log("%s stays for a rollback until %s", p.From, now.Add(p.Hold).Local().Format(time.DateTime))
			}
			return err
		},
		Undo: func(ctx context.Context, _ actions.Progress) error {
			ours, _, err := look(ctx)
			for _, t := range ours {
				if err == nil {
					err = env.Ledger.Release(ctx, t.Key())
				}
			}
			return err
		},
		Undone: func(ctx context.Context) (bool, error) {
			ours, _, err := look(ctx)
			return err == nil && len(ours) == 0, err
		},
	}
}

// Release ends holds on containers that are live again, or are given up. The way back
// makes those anew that would still last.
func Release(env *actions.Env, s fleet.Service, holds []actions.Hold) actions.Step {
	left := func(ctx context.Context, want func(actions.Hold) bool) (int, error) {
		all, err := env.Ledger.Holds(ctx)
		n := 0
		for _, o := range holds {
			if want(o) && slices.ContainsFunc(all, func(h actions.Hold) bool { return o.Target.Key() == h.Target.Key() && o.Why == h.Why }) {
				n++
			}
		}
		return n, err
	}
	lasts := func(h actions.Hold) bool { return h.Until.IsZero() || h.Until.After(env.Now()) }
	return actions.Step{
		Target: s.Target(), Name: "release what was kept for a rollback",
		Done: func(ctx context.Context) (bool, error) {
			n, err := left(ctx, func(actions.Hold) bool { return true })
			return err == nil && n == 0, err
		},
		Do: func(ctx context.Context, _ actions.Progress) error {
			for _, h := range holds {
				if err := env.Ledger.Release(ctx, h.Target.Key()); err != nil {
					return err
				}
			}
			return nil
		},
		Undo: func(ctx context.Context, _ actions.Progress) error {
			for _, h := range holds {
				if lasts(h) {
					if err := env.Ledger.Hold(ctx, h); err != nil {
						return err
					}
				}
			}
			return nil
		},
		Undone: func(ctx context.Context) (bool, error) {
			n, err := left(ctx, lasts)
			for _, h := range holds {
				if !lasts(h) {
					n++ // it would be over by now
				}
			}
			return err == nil && n == len(holds), err
		},
	}
}
