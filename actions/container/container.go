// Package container holds the actions on containers: start, stop, restart, kill,
// pause, unpause, remove, rename, limits, pull.
//
// Each act is one entry of the table in acts.go. A plan is made in two parts: look
// reads every target afresh and writes what it saw into Params; steps makes the
// steps from Params alone, so that a run whose process was killed is rebuilt from
// its record.
package container

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// Engines finds an engine by its name in the fleet; docker.Set is one.
type Engines interface {
	Engine(name string) (*docker.Engine, bool)
}

// Actions returns the actions on containers, in the order of menus.
func Actions(engines Engines) []actions.Action {
	var out []actions.Action
	for _, a := range acts {
		out = append(out, a.action(engines))
	}
	return append(out, pullOfContainers(engines), pullOnEngines(engines))
}

// act is one entry of the table. Where a function takes params, seen is the
// target's part of them.
type act struct {
	verb, title, help string
	one               bool // takes one target only
	args              []actions.Arg
	parse             func(actions.Args, *params) error // nil: no arguments
	text              func(params) string               // after the targets in titles: " to web-2"

	there  func(*docker.Container) string                    // why nothing is to do, "" when there is
	same   func(*docker.Container, params) string            // the same, where arguments decide; may be nil
	cannot func(*docker.Container, params) string            // why it is left out; may be nil
	notes  func(*docker.Container, params) []actions.Finding // what else to know; may be nil
	done   func(c *docker.Container, s seen, p params) bool  // c is nil when it is gone
	do     func(context.Context, call) error                 // one request
	undo   func(context.Context, call) error                 // nil: Final says why
	final  string                                            // why there is no way back
	limit  func(params) time.Duration                        // nil: the default
	blind  func(params) bool                                 // the effect cannot be seen from outside; may be nil
}

// call is what do and undo work with.
type call struct {
	*docker.Engine
	seen
	params
	actions.Progress
}

// params are a plan's parameters as the ledger keeps them.
type params struct {
	Targets  []seen         `json:"targets"`
	Timeout  *time.Duration `json:"timeout,omitempty"` // nanoseconds
	Signal   string         `json:"signal,omitempty"`
	Force    bool           `json:"force,omitempty"`
	Volumes  bool           `json:"volumes,omitempty"`
	Name     string         `json:"name,omitempty"`
	NanoCPUs *int64         `json:"nano_cpus,omitempty"`
	Memory   *int64         `json:"memory,omitempty"` // bytes
}

// seen is a target and what was there when the plan was made: what Done compares
// with, and what Undo goes back to.
type seen struct {
	fleet.Target
	State     docker.State `json:"state"`
	Started   time.Time    `json:"started,omitzero"`
	Finished  time.Time    `json:"finished,omitzero"`
	NanoCPUs  int64        `json:"was_nano_cpus,omitempty"`
	MemLimit  int64        `json:"was_memory,omitempty"`     // bytes
	AllCPUs   int64        `json:"host_nano_cpus,omitempty"` // what the host has; 0: not known
	AllMemory int64        `json:"host_memory,omitempty"`
}

func (a act) action(engines Engines) actions.Action {
	return actions.Action{
		ID: "container." + a.verb, Verb: a.verb, Title: a.title, Help: a.help,
		Takes: fleet.KindContainer, Many: !a.one, Args: a.args,
		Why: a.why,
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			var p params
			if a.parse != nil {
				if err := a.parse(args, &p); err != nil {
					return nil, &actions.ArgumentError{Err: fmt.Errorf("%s: %w", a.verb, err)}
				}
			}
			findings, err := a.look(ctx, env, engines, targets, &p)
			if err != nil {
				return nil, err
			}
			plan, err := a.plan(engines, p)
			if err != nil {
				return nil, err
			}
			plan.Findings = findings
			return plan, nil
		},
		Rebuild: func(ctx context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p params
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			return a.plan(engines, p)
		},
	}
}

// parallel is how many containers are worked on at once: enough to hide the ten
// seconds of a stop, few enough not to load an engine.
const parallel = 8

// plan makes the plan from its parameters alone.
func (a act) plan(engines Engines, p params) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: "container." + a.verb, Params: raw, Parallel: parallel}
	for _, s := range p.Targets {
		e, ok := engines.Engine(s.Scope)
		if !ok {
			return nil, fmt.Errorf("engine %s of container %s is not in the fleet any more", s.Scope, s.Name)
		}
		plan.Targets = append(plan.Targets, s.Target)
		plan.Steps = append(plan.Steps, a.step(e, s, p))
	}
	plan.Title = a.verb + " " + subject(plan.Targets, "container")
	if a.text != nil {
		plan.Title += a.text(p)
	}
	return plan, nil
}

func (a act) step(e *docker.Engine, s seen, p params) actions.Step {
	sent := false // for acts whose effect cannot be seen from outside; one lane, no race
	name := a.verb + " " + s.Target.String()
	if a.text != nil {
		name += a.text(p)
	}
	step := actions.Step{
		Target: s.Target, Name: name, Final: a.final, Once: a.blind != nil && a.blind(p),
		Done: func(ctx context.Context) (bool, error) {
			if a.blind != nil && a.blind(p) {
				return sent, nil
			}
			c, err := e.Get(ctx, s.ID)
			if err != nil && !docker.IsNotFound(err) {
				return false, err
			}
			if err != nil {
				c = nil
			}
			if a.done(c, s, p) {
				return true, nil
			}
			return false, actions.Observed(describe(c))
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			err := a.do(ctx, call{e, s, p, pr})
			sent = err == nil
			return err
		},
	}
	if a.undo != nil {
		step.Undo = func(ctx context.Context, pr actions.Progress) error { return a.undo(ctx, call{e, s, p, pr}) }
	}
	if a.limit != nil {
		step.Timeout = a.limit(p)
	}
	return step
}

// subject says how many of what: "tokyo-1/web", "3 containers on 2 engines".
func subject(targets []fleet.Target, noun string) string {
	if len(targets) == 1 {
		return targets[0].String()
	}
	engines := map[string]bool{}
	for _, t := range targets {
		engines[t.Scope] = true
	}
	if len(engines) == 1 {
		return fmt.Sprintf("%d %ss on %s", len(targets), noun, targets[0].Scope)
	}
	return fmt.Sprintf("%d %ss on %d engines", len(targets), noun, len(engines))
}

// describe says in words what is there.
func describe(c *docker.Container) string {
	switch {
	case c == nil:
		return "the container is gone"
	case c.State == docker.Exited:
		return fmt.Sprintf("exited with code %d", c.ExitCode)
	case c.State == docker.Running && c.Health != "":
		return fmt.Sprintf("running since %s, %s", c.Started.Local().Format(time.TimeOnly), c.Health)
	case c.State == docker.Running:
		return "running since " + c.Started.Local().Format(time.TimeOnly)
	}
	return string(c.State)
}
