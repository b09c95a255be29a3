// Package swap holds the actions that move users from one colour of a service to the
// other: swap, rollback, and what is done with the colour that is left: retire. Settle
// makes proxies keep what they have live.
package swap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// Actions returns the actions, in the order of menus.
func Actions(w service.World) []actions.Action {
	return []actions.Action{
		(&way{World: w, id: "service.swap", verb: "swap", title: "Swap colours",
			help: "Send the users of a service to its other colour, watch it for a while, and keep the old colour for a rollback.", hold: true}).action(),
		(&way{World: w, id: "service.rollback", verb: "rollback", title: "Roll back",
			help: "Send the users of a service back to the colour that they had before, while it is kept running.", times: 1}).action(),
		retire(w),
		settle(w),
	}
}

// way is one of the two directions in which users are moved.
type way struct {
	service.World
	id, verb, title, help string
	times                 int  // previews at the gate; 0: as the service says
	hold                  bool // whether the colour that is left is kept
}

// Params are what a swap needs to be rebuilt.
type Params struct {
	Run      string         `json:"run"`
	Service  string         `json:"service"`
	From     fleet.Colour   `json:"from"`
	To       fleet.Colour   `json:"to"`
	Was      impact.Release `json:"was"`
	Will     impact.Release `json:"will"`
	Proxies  []string       `json:"proxies"` // names, in their order
	Times    int            `json:"times"`   // previews at the gate
	Verify   time.Duration  `json:"verify"`  // nanoseconds, as the other times
	Drain    time.Duration  `json:"drain"`
	Hold     time.Duration  `json:"hold"`
	Keep     []fleet.Target `json:"keep,omitempty"`    // containers that are kept for a rollback
	Release  []actions.Hold `json:"release,omitempty"` // holds that end
	By       string         `json:"by"`
	Takeover []string       `json:"takeover,omitempty"` // markers of dead runs
}

func (a *way) action() actions.Action {
	return actions.Action{ID: a.id, Verb: a.verb, Title: a.title, Help: a.help, Takes: fleet.KindService, Why: a.why, Build: a.build, Rebuild: a.rebuild}
}

// why judges from the state alone.
func (a *way) why(env *actions.Env, targets []fleet.Target) string {
	st := watched(env, targets)
	if st.Live == "" {
		return ""
	}
	if other := st.Colour(st.Live.Other()); other.Empty() && known(other) {
		return fmt.Sprintf("there is nothing in %s to %s to: deploy first", st.Live.Other(), a.verb)
	}
	return ""
}

// watched is a service as the state has it; empty when it is not known there.
func watched(env *actions.Env, targets []fleet.Target) impact.Service {
	for _, st := range impact.Services(env.Fleet, env.State()) {
		if len(targets) == 1 && st.Name == targets[0].Name {
			return st
		}
	}
	return impact.Service{}
}

func known(c *impact.ColourState) bool {
	for _, p := range c.Places {
		if !p.Known || p.Err != nil {
			return false
		}
	}
	return true
}

func (a *way) build(ctx context.Context, env *actions.Env, targets []fleet.Target, _ actions.Args) (*actions.Plan, error) {
	s, err := service.Find(env, targets[0])
	if err != nil {
		return nil, err
	}
	st := service.Look(ctx, a.World, s)
	var t service.Tell
	t.Proxies(st)
	if st.Live == "" {
		return nil, Undecided(a.verb, st, t.Findings)
	}
	to := st.Live.Other()
	if st.Colour(to).Empty() && known(st.Colour(to)) {
		hint := "deploy first: ringside deploy " + s.Name + " IMAGE"
		if a.verb == "rollback" {
			hint = "it was retired; deploy its image again: ringside deploy " + s.Name + " IMAGE"
		}
		return nil, fmt.Errorf("%s: %w: %s is live and there is nothing in %s; %s", a.verb, actions.ErrNothingToDo, st.Live, to, hint)
	}
	p := Prepare(env, st, actions.NewID(env.Now()))
	p.Will, _ = st.Colour(to).Release()
	if a.times > 0 {
		p.Times = a.times
	}
	if !a.hold {
		p.Hold, p.Keep = 0, nil
	}
	if p.Release, err = holdsOn(ctx, env, st.Colour(to)); err != nil {
		return nil, err
	}
	Judge(&t, st)
	if !a.hold && len(p.Release) == 0 {
		t.Add("hold", actions.Warn, s.Name, "%s is not kept for a rollback: users may never have had it; a swap asks for the whole gate", to)
	}
	p.Takeover = t.Locks(ctx, env, a.World, s)
	t.Findings = append(t.Findings, actions.Held(ctx, env, Around(env, s))...)
	plan, err := a.plan(env, s, p)
	if err == nil {
		plan.Findings = t.Findings
	}
	return plan, err
}

// Undecided is the error of a plan for a service of which nobody knows what is live.
func Undecided(verb string, st impact.Service, findings []actions.Finding) error {
	errs := []error{fmt.Errorf("%s: it cannot be done, and nothing was changed: what is live is not known: %s", verb, st.Why)}
	for _, f := range findings {
		if f.Level == actions.Block {
			errs = append(errs, fmt.Errorf("%s %s", f.Subject, f.Text))
		}
	}
	return errors.Join(errs...)
}

// Prepare makes the parameters of a swap away from the colour that is live.
func Prepare(env *actions.Env, st impact.Service, run string) Params {
	p := Params{Run: run, Service: st.Name, From: st.Live, To: st.Live.Other(), Times: st.Gate.Times,
		Verify: st.Verify, Drain: st.Drain, Hold: st.Hold, By: env.Actor.User}
	p.Was, _ = st.Colour(p.From).Release()
	for _, x := range st.Proxies {
		p.Proxies = append(p.Proxies, x.Name)
	}
	for _, place := range st.Colour(p.From).Places {
		if c := place.Container; c != nil && c.State == docker.Running {
			p.Keep = append(p.Keep, service.ContainerTarget(st.Service, place.Engine, c.ID, c.Name))
		}
	}
	return p
}

// Judge tells what is to be known before users are moved to the colour that is not
// live and is up already.
func Judge(t *service.Tell, st impact.Service) {
	from, to := st.Colour(st.Live), st.Colour(st.Live.Other())
	was, _ := from.Release()
	will, same := to.Release()
	t.Add("digest", actions.Note, st.Name, "users have %s %s; they will have %s %s", from.Colour, service.Named(was), to.Colour, service.Named(will))
	if was.Digest != "" && was.Digest == will.Digest {
		t.Add("digest", actions.Note, st.Name, "both colours have the same digest")
	}
	if !same {
		t.Add("digest", actions.Block, st.Name, "the engines have different releases in %s: deploy again, so that all users get the same", to.Colour)
	}
	if ok, why := to.Up(); !ok {
		t.Add("health", actions.Block, st.Name, "%s is not ready for users: %s", to.Colour, why)
	}
	Migrations(t, st, to.Migration())
	t.Addresses(st, to.Colour)
	t.Costs(st)
}

// Migrations tells whether there is a way back, and that there is none from what is
// live. contract: the release that becomes live contains a contract migration.
func Migrations(t *service.Tell, st impact.Service, contract bool) {
	if contract {
		t.Add("migration", actions.Warn, st.Name, "the new release contains a contract migration: once users are on it, an instant rollback is not safe")
	}
	if st.Colour(st.Live).Migration() {
		t.Add("migration", actions.Block, st.Name, "%s, which is live, came with a contract migration: what ran before it may not work any more", st.Live)
	}
}

// Around are the engines of a service, for holds on them or on where they are.
func Around(env *actions.Env, s fleet.Service) (out []fleet.Target) {
	for _, name := range s.Engines {
		if e, ok := env.Fleet.Engine(name); ok {
			out = append(out, impact.EngineTarget(e))
		}
	}
	return out
}

// holdsOn finds the holds on the containers of a colour.
func holdsOn(ctx context.Context, env *actions.Env, c *impact.ColourState) (out []actions.Hold, err error) {
	if env.Ledger == nil {
		return nil, nil
	}
	all, err := env.Ledger.Holds(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, p := range c.Places {
		if p.Container != nil {
			ids[p.Container.ID] = true
		}
	}
	for _, h := range all {
		if h.Target.Kind == fleet.KindContainer && ids[h.Target.ID] {
			out = append(out, h)
		}
	}
	return out, nil
}

func (a *way) rebuild(_ context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
	var p Params
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("its parameters cannot be read: %w", err)
	}
	s, err := service.Find(env, fleet.Target{Name: p.Service})
	if err != nil {
		return nil, err
	}
	return a.plan(env, s, p)
}

// plan makes the plan from its parameters alone.
func (a *way) plan(env *actions.Env, s fleet.Service, p Params) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	gate := service.Gate{World: a.World, Service: s, Colour: p.To, Digest: p.Will.Digest, Times: p.Times}
	steps := []actions.Step{gate.Step(0)}
	more, err := Steps(env, a.World, s, p, 1)
	if err != nil {
		return nil, err
	}
	return &actions.Plan{ID: p.Run, Kind: a.id, Sides: Sides(p), Params: raw, Targets: []fleet.Target{s.Target()}, Parallel: 1, Steps: append(steps, more...),
		Title: fmt.Sprintf("%s %s from %s %s to %s %s", a.verb, s.Name, p.From, version(p.Was), p.To, version(p.Will)),
		Mutex: service.Lock{World: a.World, Service: s, Takeover: p.Takeover}}, nil
}

// Sides puts what users have beside what they will have.
func Sides(p Params) *actions.Sides {
	return service.Sides(service.Side{Title: "users have", Colour: p.From, Release: p.Was}, service.Side{Title: "users will have", Colour: p.To, Release: p.Will})
}

func version(r impact.Release) string {
	if r.Version != "" {
		return r.Version
	}
	return service.Short(r.Digest)
}
