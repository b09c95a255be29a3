// Package swift holds the action on Swift clusters: write an object, read it back
// and delete it, to see whether a cluster takes data.
//
// The object's name is chosen when the plan is made and is in Params, so that a run
// whose process was killed finds its object again. What the object holds follows
// from its name.
package swift

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/swift"
)

// Cluster is what plans need of a Swift cluster; *swift.Cluster is one.
type Cluster interface {
	Spec() fleet.Cluster
	Ping(ctx context.Context) (*swift.API, error)
	HasTest(ctx context.Context, o swift.TestObject) (bool, error)
	WriteTest(ctx context.Context, o swift.TestObject) (time.Duration, error)
	ReadTest(ctx context.Context, o swift.TestObject) (time.Duration, error)
	DeleteTest(ctx context.Context, o swift.TestObject) (time.Duration, error)
}

// Clusters finds a cluster by its name in the fleet.
type Clusters interface {
	Cluster(name string) (Cluster, bool)
}

// Probe is the id of the action.
const Probe = "swift.probe"

// stepLimit bounds a step: a proxy tries several nodes with time-outs of its own.
const stepLimit = 60 * time.Second

// params are a plan's parameters as the ledger keeps them.
type params struct {
	fleet.Target
	swift.TestObject
}

// Actions returns the actions on clusters.
func Actions(c Clusters) []actions.Action {
	return []actions.Action{{
		ID: Probe, Verb: "probe", Title: "Write a test object", Takes: fleet.KindCluster,
		Help: "Write an object of 4 KiB, read it back, compare it and delete it.",
		Args: []actions.Arg{{Name: "policy", Help: "storage policy to write with; empty: the default one"}},
		Build: func(ctx context.Context, _ *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			cluster, ok := c.Cluster(targets[0].Name)
			if !ok {
				return nil, fmt.Errorf("there is no cluster %q in the fleet", targets[0].Name)
			}
			findings, err := look(ctx, cluster, args["policy"])
			if err != nil {
				return nil, err
			}
			plan, err := params{targets[0], swift.NewTestObject(args["policy"])}.plan(cluster)
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
			cluster, ok := c.Cluster(p.Target.Name)
			if !ok {
				return nil, fmt.Errorf("cluster %s is not in the fleet any more", p.Target.Name)
			}
			return p.plan(cluster)
		},
	}}
}

// look asks the proxy what it offers. That a login is missing or refused is said
// before anything is recorded.
func look(ctx context.Context, c Cluster, policy string) ([]actions.Finding, error) {
	name := c.Spec().Name
	if c.Spec().Auth == nil {
		return nil, fmt.Errorf("cluster %s: nobody is logged in, so nothing can be written: add auth: {tempauth: CREDENTIAL} or auth: {cloud: NAME} to it", name)
	}
	api, err := c.Ping(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range api.Policies {
		names = append(names, p.Name)
	}
	known := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, policy) })
	if policy != "" && len(names) > 0 && !known {
		return nil, &actions.ArgumentError{Err: fmt.Errorf("probe: cluster %s offers no policy %q, but %s", name, policy, strings.Join(names, ", "))}
	}
	return []actions.Finding{{Guard: "data", Level: actions.Note, Subject: name,
		Text: fmt.Sprintf("container %s of account %s is made where it is not there, and stays; the object expires by itself within an hour", swift.NewTestObject(policy).Container, api.Account)}}, nil
}

// plan makes the plan from its parameters alone. Its steps hold together: whatever
// ends the run before the last of them, the object goes.
func (p params) plan(c Cluster) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: Probe, Params: raw, Targets: []fleet.Target{p.Target}, Harmless: true, Title: "write and delete a test object in " + p.Target.Name}
	if p.Policy != "" {
		plan.Title += " with policy " + p.Policy
	}
	for i, s := range []actions.Step{p.write(c), p.read(c), p.remove(c)} {
		s.Target, s.Stage, s.Timeout, s.Together = p.Target, i, stepLimit, "object"
		plan.Steps = append(plan.Steps, s)
	}
	return plan, nil
}

func (p params) write(c Cluster) actions.Step {
	return actions.Step{
		Name: "write " + p.Path(), Done: p.there(c, true),
		Do:   timed("written", p.TestObject, c.WriteTest),
		Undo: timed("deleted", p.TestObject, c.DeleteTest),
	}
}

// read cannot be told from outside, and may be done as often as one likes.
func (p params) read(c Cluster) actions.Step {
	equal := false // one lane calls Done and Do
	do := timed("read back", p.TestObject, c.ReadTest)
	return actions.Step{
		Name: "read it back and compare it", Undo: nothing, Undone: always,
		Done: func(context.Context) (bool, error) { return equal, nil },
		Do: func(ctx context.Context, pr actions.Progress) error {
			err := do(ctx, pr)
			equal = err == nil
			return err
		},
	}
}

func (p params) remove(c Cluster) actions.Step {
	return actions.Step{
		Name: "delete it", Done: p.there(c, false), Undo: nothing, Undone: always,
		Do: timed("deleted", p.TestObject, c.DeleteTest),
	}
}

// A read and a delete leave nothing behind that would have to be undone.
func nothing(context.Context, actions.Progress) error { return nil }
func always(context.Context) (bool, error)            { return true, nil }

// there makes a step's look: is the object there, or is it not?
func (p params) there(c Cluster, want bool) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		is, err := c.HasTest(ctx, p.TestObject)
		switch {
		case err != nil:
			return false, err
		case is == want:
			return true, nil
		case is:
			return false, actions.Observed("the object is there")
		}
		return false, actions.Observed("the object is not there")
	}
}

// timed makes a step's act, which tells how long it took.
func timed(what string, o swift.TestObject, act func(context.Context, swift.TestObject) (time.Duration, error)) func(context.Context, actions.Progress) error {
	return func(ctx context.Context, pr actions.Progress) error {
		took, err := act(ctx, o)
		if err == nil {
			pr.Log("%s in %s", what, milliseconds(took))
		}
		return err
	}
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// Result is what a probe came to, in words: "policy gold: written in 12 ms, read back
// in 3 ms, deleted in 4 ms", or why it failed.
func Result(run actions.RunRecord) string {
	var p params
	policy := "the default policy"
	if err := json.Unmarshal(run.Params, &p); err == nil && p.Policy != "" {
		policy = "policy " + p.Policy
	}
	var said []string
	for _, s := range run.Steps {
		if s.Status == actions.Failed {
			return policy + ": " + s.Error
		}
		if n := len(s.Output); n > 0 {
			said = append(said, s.Output[n-1])
		}
	}
	if len(said) == 0 {
		return policy + ": " + cmp.Or(run.Error, string(run.Status))
	}
	return policy + ": " + strings.Join(said, ", ")
}
