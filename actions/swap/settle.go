package swap

import (
	"context"
	"encoding/json"
	"fmt"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/fleet"
)

// settled is what a settle needs to be rebuilt.
type settled struct {
	Service string   `json:"service"`
	Proxies []string `json:"proxies"`
}

// settle makes what proxies keep for their next start follow what they have live:
// the running proxy is the truth. Without it the next reload would switch by itself.
func settle(w service.World) actions.Action {
	return actions.Action{
		ID: "service.settle", Verb: "settle", Title: "Settle the proxies", Takes: fleet.KindService,
		Help: "Make the files of a service's proxies say what is live, so that a reload changes nothing.",
		Why: func(env *actions.Env, targets []fleet.Target) string {
			if st := watched(env, targets); len(st.Proxies) > 0 && st.Settled() {
				return "every proxy keeps what it has live"
			}
			return ""
		},
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, _ actions.Args) (*actions.Plan, error) {
			s, err := service.Find(env, targets[0])
			if err != nil {
				return nil, err
			}
			p := settled{Service: s.Name}
			var t service.Tell
			for _, x := range service.Look(ctx, w, s).Proxies {
				switch {
				case x.View == nil:
					t.Add("proxy", actions.Warn, s.Name+"/"+x.Name, "cannot be read, and is left out: %v", x.Err)
				case !x.View.Agrees():
					p.Proxies = append(p.Proxies, x.Name)
					t.Add("proxy", actions.Note, s.Name+"/"+x.Name, "has %s live and keeps %s: it will keep %[1]s", x.View.LiveName, x.View.KeptName)
				}
			}
			if len(p.Proxies) == 0 && len(t.Findings) > 0 {
				return nil, fmt.Errorf("settle: nothing was changed: %s %s", t.Findings[0].Subject, t.Findings[0].Text)
			}
			if len(p.Proxies) == 0 {
				return nil, fmt.Errorf("settle: %w: every proxy of %s keeps what it has live", actions.ErrNothingToDo, s.Name)
			}
			plan, err := planSettle(w, s, p)
			if err == nil {
				plan.Findings = t.Findings
			}
			return plan, err
		},
		Rebuild: func(_ context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p settled
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			s, err := service.Find(env, fleet.Target{Name: p.Service})
			if err != nil {
				return nil, err
			}
			return planSettle(w, s, p)
		},
	}
}

func planSettle(w service.World, s fleet.Service, p settled) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	proxies, err := find(w, Params{Service: p.Service, Proxies: p.Proxies})
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: "service.settle", Params: raw, Targets: []fleet.Target{s.Target()}, Parallel: 1, Title: "settle the proxies of " + s.Name}
	for _, x := range proxies {
		plan.Steps = append(plan.Steps, actions.Step{
			Target: x.Target(s.Environment), Name: fmt.Sprintf("settle %s", x.Spec().Name), Final: "what the file said before was not what users got",
			Done: func(ctx context.Context) (bool, error) {
				v, err := x.Look(ctx)
				if err == nil && !v.Agrees() {
					return false, actions.Observed(fmt.Sprintf("it has %s live and keeps %s", v.LiveName, v.KeptName))
				}
				return err == nil, err
			},
			Do: func(ctx context.Context, _ actions.Progress) error { return x.Settle(ctx) },
		})
	}
	return plan, nil
}
