package swap

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// retired is what a retire needs to be rebuilt.
type retired struct {
	Run        string         `json:"run"`
	Service    string         `json:"service"`
	Live       fleet.Colour   `json:"live"`
	Release    impact.Release `json:"release"`
	Containers []doomed       `json:"containers"`
	Holds      []actions.Hold `json:"holds,omitempty"`
	Takeover   []string       `json:"takeover,omitempty"`
}

// doomed is one container that is removed.
type doomed struct {
	fleet.Target
	Running bool `json:"running"`
}

// retire removes the colour that is not live, and what earlier deploys left of both.
func retire(w service.World) actions.Action {
	return actions.Action{
		ID: "service.retire", Verb: "retire", Title: "Retire the old colour", Takes: fleet.KindService,
		Help: "Stop and remove the colour of a service that is not live, and give up the rollback to it.",
		Why: func(env *actions.Env, targets []fleet.Target) string {
			st := watched(env, targets)
			if st.Live == "" || !known(&st.Blue) || !known(&st.Green) || !st.Colour(st.Live.Other()).Empty() || leftovers(st.Colour(st.Live)) {
				return ""
			}
			return fmt.Sprintf("%s is live, and there is nothing else of %s", st.Live, st.Name)
		},
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, _ actions.Args) (*actions.Plan, error) {
			s, err := service.Find(env, targets[0])
			if err != nil {
				return nil, err
			}
			return buildRetire(ctx, env, w, s)
		},
		Rebuild: func(_ context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p retired
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			s, err := service.Find(env, fleet.Target{Name: p.Service})
			if err != nil {
				return nil, err
			}
			return planRetire(env, w, s, p)
		},
	}
}

// leftovers says whether earlier deploys left anything of a colour.
func leftovers(c *impact.ColourState) bool {
	return slices.ContainsFunc(c.Places, func(p impact.Place) bool { return len(p.Others) > 0 })
}

func buildRetire(ctx context.Context, env *actions.Env, w service.World, s fleet.Service) (*actions.Plan, error) {
	st := service.Look(ctx, w, s)
	var t service.Tell
	t.Proxies(st)
	if st.Live == "" {
		return nil, Undecided("retire", st, t.Findings)
	}
	old := st.Colour(st.Live.Other())
	p := retired{Run: actions.NewID(env.Now()), Service: s.Name, Live: st.Live}
	p.Release, _ = old.Release()
	for _, place := range old.Places {
		if place.Err != nil {
			t.Add("engine", actions.Block, place.Engine, "cannot be read, so what it has of %s stays: %v", old.Colour, place.Err)
		}
		if place.Container != nil {
			p.add(s, place, place.Container)
		}
		for _, c := range place.Others {
			p.add(s, place, c)
		}
	}
	for _, place := range st.Colour(st.Live).Places {
		for _, c := range place.Others {
			if c.State != docker.Running {
				p.add(s, place, c)
			}
		}
	}
	if len(p.Containers) == 0 {
		return nil, fmt.Errorf("retire: %w: %s is live, and there is nothing else of %s", actions.ErrNothingToDo, st.Live, s.Name)
	}
	var err error
	if p.Holds, err = holdsOn(ctx, env, old); err != nil {
		return nil, err
	}
	if !old.Empty() {
		t.Add("digest", actions.Note, s.Name, "%s %s goes; users have %s", old.Colour, service.Named(p.Release), st.Live)
	}
	for _, h := range p.Holds {
		if h.Until.IsZero() || h.Until.After(env.Now()) {
			t.Add("hold", actions.Warn, h.Target.String(), "%s until %s: after this there is no rollback", h.Why, h.Until.Local().Format(time.TimeOnly))
			break
		}
	}
	if old.Sessions > 0 {
		t.Add("sessions", actions.Warn, s.Name, "%d requests and streams are still open on %s and will be cut", old.Sessions, old.Colour)
	}
	p.Takeover = t.Locks(ctx, env, w, s)
	t.Findings = append(t.Findings, actions.Held(ctx, env, Around(env, s))...)
	plan, err := planRetire(env, w, s, p)
	if err == nil {
		plan.Findings = t.Findings
	}
	return plan, err
}

func (p *retired) add(s fleet.Service, place impact.Place, c *docker.Container) {
	p.Containers = append(p.Containers, doomed{service.ContainerTarget(s, place.Engine, c.ID, c.Name), c.State == docker.Running})
}

func planRetire(env *actions.Env, w service.World, s fleet.Service, p retired) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{ID: p.Run, Kind: "service.retire", Params: raw, Targets: []fleet.Target{s.Target()}, Parallel: 8,
		Title: fmt.Sprintf("retire %s %s %s", s.Name, p.Live.Other(), version(p.Release)),
		Mutex: service.Lock{World: w, Service: s, Takeover: p.Takeover}}
	plan.Steps = append(plan.Steps, stillLive(w, s, p))
	for _, c := range p.Containers {
		e, ok := w.Engine(c.Scope)
		if !ok {
			return nil, fmt.Errorf("engine %s of container %s is not in the fleet any more", c.Scope, c.Name)
		}
		if c.Running {
			st := service.Stop(w, e, s, p.Live.Other(), c.Target, "stop "+c.String())
			st.Stage = 1
			plan.Steps = append(plan.Steps, st)
		}
		st := service.Remove(e, c.Target, "remove "+c.String())
		st.Stage = 2
		plan.Steps = append(plan.Steps, st)
	}
	if len(p.Holds) > 0 {
		st := Release(env, s, p.Holds)
		st.Stage = 3
		plan.Steps = append(plan.Steps, st)
	}
	return plan, nil
}

// stillLive makes sure that users are where they were when the plan was made: a
// colour must not go while somebody swaps to it.
func stillLive(w service.World, s fleet.Service, p retired) actions.Step {
	return service.Check(actions.Step{Target: s.Target(), Name: fmt.Sprintf("see that users have %s", p.Live)},
		func(ctx context.Context, _ actions.Progress) error {
			st := service.Look(ctx, w, s)
			if st.Live != p.Live || !st.Settled() {
				return fmt.Errorf("users do not have %s everywhere: %s", p.Live, orLive(st))
			}
			return nil
		})
}

func orLive(st impact.Service) string {
	i := slices.IndexFunc(st.Proxies, func(x impact.ProxyState) bool { return x.View != nil && !x.View.Agrees() })
	switch {
	case i >= 0:
		return fmt.Sprintf("%s has %s live and keeps %s", st.Proxies[i].Name, st.Proxies[i].View.LiveName, st.Proxies[i].View.KeptName)
	case st.Why != "":
		return st.Why
	}
	return fmt.Sprintf("%s is live", st.Live)
}
