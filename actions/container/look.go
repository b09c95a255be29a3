package container

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/watch"
)

// readLimit bounds the reading of one target; an engine that does not answer in
// that time would not act either.
const readLimit = 5 * time.Second

// look reads every target afresh, whatever the screen showed, and puts those that
// need a step into p. What it leaves out, and why, are findings.
func (a act) look(ctx context.Context, env *actions.Env, engines Engines, targets []fleet.Target, p *params) ([]actions.Finding, error) {
	var findings []actions.Finding
	shown := watched(env, targets)
	for i, r := range readAll(ctx, engines, targets) {
		t, c := targets[i], r.c
		tell := func(guard string, level actions.Level, text string) {
			findings = append(findings, actions.Finding{Guard: guard, Level: level, Subject: t.String(), Text: text})
		}
		if r.err != nil {
			guard, level, text := r.trouble()
			tell(guard, level, text)
			continue
		}
		if was := shown[c.ID]; was != nil && was.State != c.State {
			tell("stale", actions.Note, fmt.Sprintf("was shown as %s, is %s now", was.State, c.State))
		}
		if t.Name != c.Name && t.ID != "" && t.ID == c.ID {
			tell("stale", actions.Note, fmt.Sprintf("is called %s now", c.Name))
		}
		t.ID, t.Name = c.ID, c.Name
		if t.Environment == "" {
			t.Environment = c.Environment
		}
		if t.Site == "" {
			t.Site = c.Site
		}
		if why := a.there(c); why != "" {
			tell("state", actions.Note, why)
			continue
		}
		if a.same != nil && a.same(c, *p) != "" {
			tell("state", actions.Note, a.same(c, *p))
			continue
		}
		if why := a.cannot(c, *p); why != "" {
			tell("state", actions.Warn, why+"; it is left out")
			continue
		}
		if a.notes != nil {
			for _, f := range a.notes(c, *p) {
				tell(f.Guard, f.Level, f.Text)
			}
		}
		cpus, memory := host(env, c.Engine)
		p.Targets = append(p.Targets, seen{Target: t, State: c.State, Started: c.Started, Finished: c.Finished,
			NanoCPUs: c.NanoCPUs, MemLimit: c.MemLimit, AllCPUs: cpus, AllMemory: memory})
	}
	if len(p.Targets) == 0 {
		return nil, nothing(a.verb, findings)
	}
	return findings, nil
}

// nothing is the error of a plan without steps: why each target needs none.
func nothing(verb string, findings []actions.Finding) error {
	var why []string
	for _, f := range findings {
		why = append(why, f.Subject+" "+f.Text)
	}
	err := actions.ErrNothingToDo
	for _, f := range findings {
		if f.Level > actions.Note {
			err = errors.New("it cannot be done, and nothing was changed")
		}
	}
	return fmt.Errorf("%s: %w: %s", verb, err, strings.Join(why, "; "))
}

// reading is one target as it is now.
type reading struct {
	c        *docker.Container
	replaced *docker.Container // another container has its name now
	err      error
}

// trouble says why a target cannot be worked on. One that could not be read blocks:
// a plan that silently acts on the rest is not what was asked for.
func (r reading) trouble() (guard string, level actions.Level, text string) {
	switch {
	case r.replaced != nil:
		return "stale", actions.Warn, fmt.Sprintf("was replaced: the name belongs to another container now (%.12s); it is left out", r.replaced.ID)
	case docker.IsNotFound(r.err):
		return "stale", actions.Warn, "is gone; it is left out"
	}
	return "stale", actions.Block, fmt.Sprintf("cannot be read, so it is left out: %v; unmark it, or override to act on the others", r.err)
}

// readAll reads the targets side by side, eight at once.
func readAll(ctx context.Context, engines Engines, targets []fleet.Target) []reading {
	out := make([]reading, len(targets))
	turn := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Add(1)
		turn <- struct{}{}
		safe.Go("read "+t.String(), func() {
			defer wg.Done()
			defer func() { <-turn }()
			out[i] = read(ctx, engines, t)
		})
	}
	wg.Wait()
	return out
}

func read(ctx context.Context, engines Engines, t fleet.Target) (r reading) {
	e, ok := engines.Engine(t.Scope)
	if !ok {
		return reading{err: fmt.Errorf("there is no engine %q in the fleet", t.Scope)}
	}
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	if t.ID == "" {
		r.c, r.err = e.Get(ctx, t.Name)
		return r
	}
	if r.c, r.err = e.Get(ctx, t.ID); docker.IsNotFound(r.err) {
		if other, err := e.Get(ctx, t.Name); err == nil && other.ID != t.ID {
			r.replaced = other
		}
	}
	return r
}

// why judges from the state alone whether the act makes sense: "" when at least
// one target can take it, or nothing is known of them.
func (a act) why(env *actions.Env, targets []fleet.Target) (first string) {
	shown := watched(env, targets)
	if len(shown) < len(targets) {
		return ""
	}
	for _, t := range targets {
		c := shown[t.ID]
		// Arguments are not known yet: force may still make a removal possible.
		why := a.there(c)
		if why == "" {
			why = a.cannot(c, params{Force: true})
		}
		if why == "" {
			return ""
		}
		if first == "" {
			first = c.Name + " " + why
		}
	}
	return first
}

// watched finds the targets in the watched state, by ID. Menus ask often: only the
// targets' own engines are looked through, and not further than needed.
func watched(env *actions.Env, targets []fleet.Target) map[string]*docker.Container {
	out := make(map[string]*docker.Container, len(targets))
	want := make(map[string]map[string]bool) // IDs by engine
	for _, t := range targets {
		if want[t.Scope] == nil {
			want[t.Scope] = map[string]bool{}
		}
		want[t.Scope][t.ID] = true
	}
	for _, f := range watch.Latest[*docker.Facts](env.State()) {
		left := len(want[f.Engine])
		for i := 0; left > 0 && i < len(f.Containers); i++ {
			if c := f.Containers[i]; want[f.Engine][c.ID] {
				out[c.ID] = c
				left--
			}
		}
	}
	return out
}

// host is what an engine's host has: cores in billionths and memory in bytes; 0
// when it is not known.
func host(env *actions.Env, engine string) (nanoCPUs, memory int64) {
	for _, f := range watch.Latest[*docker.Facts](env.State()) {
		if f.Engine == engine {
			return int64(f.CPUs) * 1e9, f.Memory
		}
	}
	return 0, 0
}
