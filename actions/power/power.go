// Package power holds the actions on the power of hosts: on, off, force, cycle,
// reset, boot, identify.
//
// Each act is one entry of the table in acts.go. A plan is made in two parts: look
// reads every target afresh and writes what it saw into Params; plan makes the
// steps from Params alone, so that a run whose process was killed is rebuilt from
// its record. Many hosts go in waves, which are the plan's stages.
package power

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/fleet"
)

// Controller is what plans need of a BMC; *bmc.Controller is one.
type Controller interface {
	Host() fleet.Host
	Status(ctx context.Context) (*bmc.Facts, error)
	Switch(ctx context.Context, v bmc.Verb) error
	Boot(ctx context.Context) (bmc.Boot, error)
	SetBoot(ctx context.Context, b bmc.Boot) (bmc.Boot, error)
	Identify(ctx context.Context, on bool) error
}

// Controllers finds the BMC of a host by the host's name.
type Controllers interface {
	Controller(host string) (Controller, bool)
}

// Actions returns the actions on the power of hosts, in the order of menus.
func Actions(c Controllers) []actions.Action {
	var out []actions.Action
	for _, a := range acts {
		out = append(out, a.action(c))
	}
	return out
}

// act is one entry of the table.
type act struct {
	verb, title, help string
	does              string                            // in titles, before the host: "turn on"
	args              []actions.Arg                     // beside those of waves
	parse             func(actions.Args, *params) error // nil: no arguments of its own
	text              func(params) string               // after the hosts in titles; may be nil
	surge             bool                              // hosts start, and draw the current of that
	blind             bool                              // the power state does not matter

	there  func(bmc.Power) string                       // why nothing is to do, "" when there is; may be nil
	same   func(seen, params) string                    // the same, where arguments decide; may be nil
	cannot func(bmc.Power) string                       // why it is left out; may be nil
	notes  func(seen, params) []actions.Finding         // what else to know; may be nil
	read   func(context.Context, *job) error            // reads more of the target into seen; may be nil
	done   func(context.Context, *job) (bool, error)    // looks
	do     func(context.Context, *job) error            // one request
	undo   func(context.Context, *job) error            // nil: final says why
	undone func(context.Context, *job) (bool, error)    // nil: not done is undone
	keep   func(params) bool                            // there is no way back with these arguments; may be nil
	final  string                                       // why there is none
	once   bool                                         // its effect cannot be told from outside
	limit  func(params) time.Duration                   // nil: the default
	next   func(actions.RunRecord) (actions.Next, bool) // may be nil
}

// params are a plan's parameters as the ledger keeps them.
type params struct {
	Targets   []seen        `json:"targets"`
	Wave      int           `json:"wave,omitempty"`    // hosts in a wave; 0: no waves
	Pause     time.Duration `json:"pause,omitempty"`   // nanoseconds, between waves
	StopAfter int           `json:"stop_after"`        // failures
	Timeout   time.Duration `json:"timeout,omitempty"` // nanoseconds, until the state must be observed
	Boot      bmc.Boot      `json:"boot,omitzero"`     // asked for
	Dark      bool          `json:"dark,omitempty"`    // the identify light is to go off
}

// seen is a target and what was there when the plan was made.
type seen struct {
	fleet.Target
	Power bmc.Power `json:"power,omitempty"`
	Boot  bmc.Boot  `json:"boot,omitzero"`
	Light bool      `json:"light,omitempty"`
}

// most is how many hosts are worked on at once. A step mostly waits, and each BMC
// gets one request every few seconds.
const most = 64

// pace is the longest pause between two looks at a BMC while a step waits: they
// are slow machines, and too many questions make some of them crash. Tests hurry.
var pace = 3 * time.Second

func (a act) action(c Controllers) actions.Action {
	return actions.Action{
		ID: "power." + a.verb, Verb: a.verb, Title: a.title, Help: a.help,
		Takes: fleet.KindHost, Many: true, Args: append(a.args[:len(a.args):len(a.args)], waveArgs(a.surge)...),
		Why: a.why, Next: a.next,
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			var p params
			if err := a.parseAll(args, &p); err != nil {
				return nil, &actions.ArgumentError{Err: fmt.Errorf("%s: %w", a.verb, err)}
			}
			findings, err := a.look(ctx, env, c, targets, &p)
			if err != nil {
				return nil, err
			}
			plan, err := a.plan(c, p)
			if err != nil {
				return nil, err
			}
			plan.Findings = findings
			return plan, nil
		},
		Rebuild: func(_ context.Context, _ *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p params
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			return a.plan(c, p)
		},
	}
}

// plan makes the plan from its parameters alone.
func (a act) plan(c Controllers, p params) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	size := len(p.Targets)
	if p.Wave > 0 {
		size = min(size, p.Wave)
	}
	plan := &actions.Plan{Kind: "power." + a.verb, Params: raw, Waves: true, Pause: p.Pause, Parallel: min(size, most), StopAt: p.StopAfter}
	for i, s := range p.Targets {
		bmc, ok := c.Controller(s.Name)
		if !ok {
			return nil, fmt.Errorf("host %s is not in the fleet any more, or has no BMC there", s.Name)
		}
		step := a.step(&job{Controller: bmc, seen: s, params: p})
		step.Stage = i / size
		plan.Targets = append(plan.Targets, s.Target)
		plan.Steps = append(plan.Steps, step)
	}
	plan.Title = a.does + " " + subject(plan.Targets)
	if a.text != nil {
		plan.Title += a.text(p)
	}
	if n := (len(p.Targets) + size - 1) / size; n > 1 {
		plan.Title += fmt.Sprintf(" in %d waves", n)
	}
	return plan, nil
}

func (a act) step(j *job) actions.Step {
	step := actions.Step{
		Target: j.seen.Target, Name: a.does + " " + j.seen.Name, Final: a.final, Once: a.once, Pace: pace,
		Done: func(ctx context.Context) (bool, error) { return a.done(ctx, j) },
		Do:   func(ctx context.Context, pr actions.Progress) error { return j.begin(ctx, pr, a.do) },
	}
	if a.text != nil {
		step.Name += a.text(j.params)
	}
	if a.undo != nil && (a.keep == nil || !a.keep(j.params)) {
		step.Undo = func(ctx context.Context, pr actions.Progress) error { return j.begin(ctx, pr, a.undo) }
	}
	if a.undone != nil {
		step.Undone = func(ctx context.Context) (bool, error) { return a.undone(ctx, j) }
	}
	if a.limit != nil {
		step.Timeout = a.limit(j.params)
	}
	return step
}

// subject names the hosts: "sw001", "40 hosts (sw[001-040])".
func subject(targets []fleet.Target) string {
	if len(targets) == 1 {
		return targets[0].Name
	}
	const room = 40
	text := fmt.Sprintf("%d hosts", len(targets))
	if names := fleet.Fold(names(targets)); len(names) <= room {
		text += " (" + names + ")"
	}
	return text
}

func names(targets []fleet.Target) []string {
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = t.Name
	}
	return out
}
