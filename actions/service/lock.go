package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// lockImage is an image of nothing, of which the marker containers are made.
const lockImage = "ringside-lock:1"

// lockFor is how long a marker is taken for that of a living run. A run that dies
// leaves its marker behind; after that time others may take it over.
const lockFor = 2 * time.Hour

// Labels of a marker beside fleet.LabelLock and fleet.LabelRun.
const (
	lockTitle   = "ringside.lock.title"
	lockUser    = "ringside.lock.user"
	lockHost    = "ringside.lock.host"
	lockPID     = "ringside.lock.pid"
	lockConsole = "ringside.lock.console"
	lockSince   = "ringside.lock.since"
)

// Lock is an actions.Mutex: a marker container of one name on every engine of a
// service that answers, never started. Of several who create it exactly one gets it.
// It is advisory: `docker container prune` removes it, so every step still looks at
// the world.
type Lock struct {
	World   World
	Service fleet.Service
	// Takeover are the IDs of markers that may be removed, as the human saw them when
	// the plan was made.
	Takeover []string
}

func (l Lock) name() string { return "ringside-lock-" + l.Service.Name }

// engines in one order for everybody, so that two who come at once do not each get
// half.
func (l Lock) engines() []string { return slices.Sorted(slices.Values(l.Service.Engines)) }

// Lock implements actions.Mutex.
func (l Lock) Lock(ctx context.Context, run actions.RunRecord) error {
	got := 0
	var silent []error
	for _, name := range l.engines() {
		e, ok := l.World.Engine(name)
		if !ok {
			continue
		}
		err := l.take(ctx, e, run)
		var held *actions.HeldError
		switch {
		case errors.As(err, &held):
			_ = l.Unlock(ctx, run) // what was got of the others
			return err
		case err != nil:
			silent = append(silent, err) // an engine that is down must not keep people from rolling back
		default:
			got++
		}
	}
	if got == 0 {
		return fmt.Errorf("service %s cannot be locked on any of its engines: %w", l.Service.Name, errors.Join(silent...))
	}
	return nil
}

// take creates the marker on one engine.
func (l Lock) take(ctx context.Context, e *docker.Engine, run actions.RunRecord) error {
	for range 3 {
		_, _, err := e.Create(ctx, l.name(), l.marker(run))
		switch {
		case err == nil:
			return nil
		case docker.IsNotFound(err):
			if err := e.ImportEmpty(ctx, lockImage); err != nil {
				return err
			}
			continue
		case !docker.IsConflict(err):
			return err
		}
		c, err := e.Get(ctx, l.name())
		switch {
		case docker.IsNotFound(err):
			continue // given back in this moment
		case err != nil:
			return err
		case c.Labels[fleet.LabelRun] == run.ID:
			return nil
		case !slices.Contains(l.Takeover, c.ID):
			return &actions.HeldError{Target: l.Service.Target(), Lock: heldBy(l.Service, c)}
		}
		if err := e.Remove(ctx, c.ID, true, false); err != nil && !docker.IsNotFound(err) {
			return err
		}
	}
	return fmt.Errorf("engine %s: the marker %s comes and goes", e.Spec().Name, l.name())
}

func (l Lock) marker(run actions.RunRecord) docker.Spec {
	var s docker.Spec
	s.Config.Image, s.Config.Cmd = lockImage, []string{"locked"} // an engine wants a command, though it never runs
	s.Host.NetworkMode = "none"
	for k, v := range map[string]string{
		fleet.LabelLock: l.Service.Name, fleet.LabelRun: run.ID, lockTitle: run.Title, lockUser: run.Actor.User, lockHost: run.Actor.Host,
		lockPID: strconv.Itoa(run.Actor.PID), lockConsole: run.Actor.Console, lockSince: time.Now().UTC().Format(time.RFC3339),
	} {
		s.SetLabel(k, v)
	}
	return s
}

// heldBy reads who holds a marker.
func heldBy(s fleet.Service, c *docker.Container) actions.Lock {
	pid, _ := strconv.Atoi(c.Labels[lockPID])
	since, err := time.Parse(time.RFC3339, c.Labels[lockSince])
	if err != nil {
		since = c.Created
	}
	return actions.Lock{Target: s.Target().Key(), Run: c.Labels[fleet.LabelRun], Title: c.Labels[lockTitle], Since: since,
		Actor: actions.Actor{User: c.Labels[lockUser], Host: c.Labels[lockHost], PID: pid, Console: c.Labels[lockConsole]}}
}

// Unlock implements actions.Mutex.
func (l Lock) Unlock(ctx context.Context, run actions.RunRecord) error {
	var errs []error
	for _, name := range l.engines() {
		e, ok := l.World.Engine(name)
		if !ok {
			continue
		}
		c, err := e.Get(ctx, l.name())
		if err == nil && c.Labels[fleet.LabelRun] == run.ID {
			err = e.Remove(ctx, c.ID, true, false)
		}
		if err != nil && !docker.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Locks tells who else holds the service, and returns the markers that the plan may
// take over: those of runs that are known to be dead, those that are too old, and the
// rest with an override.
func (t *Tell) Locks(ctx context.Context, env *actions.Env, w World, s fleet.Service) (takeover []string) {
	l := Lock{World: w, Service: s}
	seen := map[string]bool{}
	for _, name := range l.engines() {
		e, ok := w.Engine(name)
		if !ok {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, readLimit)
		c, err := e.Get(ctx, l.name())
		cancel()
		if err != nil {
			continue // none there, or an engine that tells about itself elsewhere
		}
		takeover = append(takeover, c.ID)
		lock := heldBy(s, c)
		if seen[lock.Run] {
			continue
		}
		seen[lock.Run] = true
		level, what := judge(ctx, env, lock)
		t.Add("service lock", level, s.Name, "%q holds it: %s; %s", lock.Title, lock.Holder(), what)
	}
	return takeover
}

// judge says how much a marker counts. This machine's ledger knows whether its own
// runs live; of another machine only the age of the marker is known.
func judge(ctx context.Context, env *actions.Env, l actions.Lock) (actions.Level, string) {
	if env.Ledger != nil && l.Actor.Host == env.Actor.Host {
		if run, err := env.Ledger.Run(ctx, l.Run); err == nil && run.ID == l.Run {
			if run.Alive && !run.Status.Final() {
				return actions.Block, "wait for it"
			}
			return actions.Note, "it has ended without giving the lock back, which is taken over"
		}
	}
	if time.Since(l.Since) > lockFor {
		return actions.Warn, fmt.Sprintf("that is more than %v ago, and the lock is taken over", lockFor)
	}
	return actions.Block, "ask there; an override takes the lock over"
}

// Busy says who works on a service now, here or on another machine; "" when nobody
// does. The marker of a run that is known to be dead does not count.
func Busy(ctx context.Context, env *actions.Env, w World, s fleet.Service) (holder string, err error) {
	if env.Ledger != nil {
		held, err := env.Ledger.Locks(ctx)
		if err != nil {
			return "", err
		}
		for _, l := range held {
			if l.Target == s.Target().Key() {
				return l.Holder(), nil
			}
		}
	}
	var t Tell
	t.Locks(ctx, env, w, s)
	for _, f := range t.Findings {
		if f.Level == actions.Block {
			return f.Text, nil
		}
	}
	return "", nil
}
