package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/fleet/cron"
	"ringside/backends/fleet/retry"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// keepGoing gives `sync run` its --watch.
func (a *app) keepGoing(c *cobra.Command) {
	once := c.RunE
	keep := c.Flags().Bool("watch", false, "keep going: run by every and schedule of the configuration until a signal ends it")
	every := c.Flags().Duration("every", 0, "with --watch: how often, for syncs that the configuration gives no time")
	c.Long = c.Short + `.

With --watch it keeps going without a terminal, as under systemd: every sync runs at
the start and then as its every or schedule says. Nobody is asked: --yes is needed,
and --reason for production. A run that fails is told and tried again, and a signal
ends it with 0 once the running copy is broken off; the next start sends only what is
missing.`
	c.RunE = func(c *cobra.Command, args []string) error {
		if !*keep {
			return once(c, args)
		}
		return a.run(func(ctx context.Context, args []string) error { return a.watchSyncs(ctx, c, args, *every) })(c, args)
	}
}

// duty is one sync that is run again and again.
type duty struct {
	*registry.Sync
	every    time.Duration
	schedule cron.Schedule // used when every is 0
	next     time.Time
	back     retry.Backoff
}

// watchSyncs runs syncs until ctx is done.
func (a *app) watchSyncs(ctx context.Context, c *cobra.Command, args []string, every time.Duration) error {
	x, _ := a.registry.Get("sync.run")
	values := actions.Args{}
	for _, arg := range x.Args {
		if f := c.Flags().Lookup(arg.Name); f.Changed {
			values[arg.Name] = f.Value.String()
		}
	}
	if err := checkArgs(x, args, values); err != nil {
		return err
	}
	if !a.flags.yes {
		return usage("--watch asks nobody: give --yes, and --reason WHY for production; nothing was started")
	}
	picked, err := a.pickSyncs(args)
	if err != nil {
		return err
	}
	duties, err := dutiesOf(picked, every)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		d := soonest(duties)
		if !waitUntil(ctx, d.next) {
			break
		}
		err := a.onDuty(ctx, x, d, values)
		var c *coded
		if errors.As(err, &c) && c.code == ExitUsage {
			return err // it would be wrong the next time as well
		}
		d.plan(time.Now(), err == nil)
		if err != nil && ctx.Err() == nil {
			a.complain("sync %s: %v; again at %s", d.Spec().Name, err, d.next.Local().Format(time.TimeOnly))
		}
	}
	return nil
}

func dutiesOf(picked []*registry.Sync, every time.Duration) ([]*duty, error) {
	var out []*duty
	for _, s := range picked {
		d := &duty{Sync: s, every: s.Spec().Every, back: retry.Backoff{Min: 10 * time.Second, Max: 10 * time.Minute}}
		if text := s.Spec().Schedule; text != "" {
			schedule, err := cron.Parse(text)
			if err != nil {
				return nil, usage("sync %s: %w", s.Spec().Name, err)
			}
			d.schedule = schedule
		} else if d.every == 0 {
			d.every = every
		}
		if d.every == 0 && s.Spec().Schedule == "" {
			return nil, usage("sync %s has neither every nor schedule: set one, or give --every 5m", s.Spec().Name)
		}
		out = append(out, d)
	}
	return out, nil
}

// plan sets the next time: by the configuration, or sooner after a failure.
func (d *duty) plan(now time.Time, worked bool) {
	if d.every > 0 {
		d.next = now.Add(d.every)
	} else {
		d.next = d.schedule.Next(now)
	}
	if worked {
		d.back.Reset()
	} else if again := now.Add(d.back.Next()); again.Before(d.next) {
		d.next = again
	}
}

func soonest(duties []*duty) *duty {
	first := duties[0]
	for _, d := range duties {
		if d.next.Before(first.next) {
			first = d
		}
	}
	return first
}

// waitUntil waits for a moment and says whether ctx is still alive. It looks at the
// clock every minute: a machine that slept does not count the time.
func waitUntil(ctx context.Context, at time.Time) bool {
	for {
		left := time.Until(at)
		if left <= 0 {
			return ctx.Err() == nil
		}
		t := time.NewTimer(min(left, time.Minute))
		select {
		case <-ctx.Done():
			t.Stop()
			return false
		case <-t.C:
		}
	}
}

// onDuty runs one sync once.
func (a *app) onDuty(ctx context.Context, x actions.Action, d *duty, values actions.Args) error {
	targets := syncTargets(a.fleet, []*registry.Sync{d.Sync})
	state, err := a.whatRuns(ctx, values["delete-extra"] == "true")
	if err != nil {
		return err
	}
	env := a.env(a.fleet, func() *watch.State { return state }, "command")
	if a.flags.readOnly {
		return withCode(actions.ErrReadOnly)
	}
	plan, err := a.registry.Build(ctx, env, x.ID, targets, values)
	if errors.Is(err, actions.ErrNothingToDo) {
		a.log.Info("nothing to do", "sync", d.Spec().Name)
		return nil
	}
	if err != nil {
		return err
	}
	return withCode(a.carryOut(ctx, env, job{plan: plan, asked: targets}))
}
