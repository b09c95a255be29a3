package power

import (
	"context"
	"fmt"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// Guards returns the checks that concern the power of hosts.
func Guards() []actions.Guard {
	return []actions.Guard{
		{Name: "runs there", Check: runsThere},
		{Name: "hold", Check: carried},
	}
}

// runsThere tells what goes down with the hosts; which systems are asked is a table
// of package impact.
func runsThere(_ context.Context, env *actions.Env, p *actions.Plan) (out []actions.Finding) {
	if !takesAway(p) {
		return nil
	}
	for _, l := range impact.HostLoss(env.Fleet, env.State(), names(p.Targets), env.Now()) {
		f := actions.Finding{Guard: l.Guard, Subject: l.Subject, Text: l.Text}
		_ = f.Level.UnmarshalText([]byte(l.Level)) // one that is not known counts as a warning
		out = append(out, f)
	}
	return out
}

// carried blocks where something that is held runs on a host that goes away: the
// hold on a container was not meant for the act on its host, but is broken by it.
func carried(ctx context.Context, env *actions.Env, p *actions.Plan) (out []actions.Finding) {
	if !takesAway(p) || env.Ledger == nil || env.Fleet == nil {
		return nil
	}
	holds, err := env.Ledger.Holds(ctx)
	if err != nil {
		return nil // the guard of holds has blocked for that
	}
	for _, h := range holds {
		name := h.Target.Scope
		if h.Target.Kind == fleet.KindEngine {
			name = h.Target.Name
		}
		if h.Target.Kind != fleet.KindEngine && h.Target.Kind != fleet.KindContainer {
			continue
		}
		e, _ := env.Fleet.Engine(name)
		for _, t := range p.Targets {
			if e.Host == t.Name {
				out = append(out, actions.Finding{Guard: "hold", Level: actions.Block, Subject: t.Name,
					Text: fmt.Sprintf("%s runs there, and %s asked to leave it alone: %s; leave the host out, or release the hold", h.Target, h.By, h.Why)})
			}
		}
	}
	return out
}
