package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// Guards returns the checks that hold for every plan.
func Guards() []Guard {
	return []Guard{
		{"environment", environments},
		{"count", count},
		{"hold", holds},
		{"lock", locks},
	}
}

// environments tells when a plan reaches over an environment's border: most often
// a filter that caught more than was meant.
func environments(_ context.Context, _ *Env, p *Plan) []Finding {
	names := map[string][]string{}
	for _, t := range p.Targets {
		names[t.Environment] = append(names[t.Environment], t.String())
	}
	if len(names) < 2 {
		return nil
	}
	var parts []string
	for env, targets := range names {
		if env == "" {
			env = "an environment not known"
		}
		parts = append(parts, fmt.Sprintf("%d in %s (%s)", len(targets), env, few(targets)))
	}
	slices.Sort(parts)
	return []Finding{{Guard: "environment", Level: Warn, Text: fmt.Sprintf("the targets are in %d environments: %s", len(names), strings.Join(parts, ", "))}}
}

func count(_ context.Context, _ *Env, p *Plan) []Finding {
	if len(p.Targets) <= ManyTargets {
		return nil
	}
	return []Finding{{Guard: "count", Level: Note, Text: fmt.Sprintf("%d targets at once: leave out those that are not meant", len(p.Targets))}}
}

// holds blocks what somebody asked to leave alone.
func holds(ctx context.Context, env *Env, p *Plan) []Finding { return Held(ctx, env, p.Targets) }

// Held finds the holds on targets, for plans that touch more than they name as their
// targets. A hold that cannot be read blocks too.
func Held(ctx context.Context, env *Env, targets []fleet.Target) (out []Finding) {
	if env.Ledger == nil {
		return nil // nothing starts without a ledger
	}
	all, err := env.Ledger.Holds(ctx)
	if err != nil {
		return []Finding{{Guard: "hold", Level: Block, Text: fmt.Sprintf("holds cannot be read: %v", err)}}
	}
	now := env.Now()
	for _, h := range all {
		if h.covers(env.Fleet, targets) && (h.Until.IsZero() || h.Until.After(now)) {
			out = append(out, Finding{Guard: "hold", Level: Block, Subject: h.Target.String(),
				Text: fmt.Sprintf("%s asked to leave it alone %s: %s; leave it out, or release the hold", h.By, h.until(now), h.Why)})
		}
	}
	return out
}

// covers reports whether a hold concerns one of the targets: itself, or what it is
// on or in: its engine, host, rack or site.
func (h Hold) covers(f *fleet.Fleet, targets []fleet.Target) bool {
	return slices.ContainsFunc(targets, func(t fleet.Target) bool {
		if t.Key() == h.Target.Key() {
			return true
		}
		at := placeOf(f, t)
		switch h.Target.Kind {
		case fleet.KindEngine:
			return at.engine == h.Target.Name
		case fleet.KindHost:
			return at.host.Name == h.Target.Name
		case fleet.KindRack:
			return at.host.Rack == h.Target.Name && at.host.Site == h.Target.Scope
		case fleet.KindSite:
			return at.site == h.Target.Name
		}
		return false
	})
}

// place is where a target is, as far as the fleet tells; "" for what it does not.
type place struct {
	engine, site string
	host         fleet.Host
}

func placeOf(f *fleet.Fleet, t fleet.Target) place {
	at := place{engine: t.Scope, site: t.Site}
	host := t.Name
	switch t.Kind {
	case fleet.KindEngine:
		at.engine = t.Name
		fallthrough
	case fleet.KindContainer, fleet.KindImage:
		host = ""
		if f != nil {
			e, _ := f.Engine(at.engine)
			host = e.Host
		}
	}
	if f != nil && host != "" {
		at.host, _ = f.Host(host)
	}
	return at
}

func (h Hold) until(now time.Time) string {
	if h.Until.IsZero() {
		return "until the hold is released"
	}
	layout := time.TimeOnly
	if h.Until.Sub(now) > 12*time.Hour {
		layout = time.DateTime
	}
	return "until " + h.Until.Local().Format(layout)
}

// locks tells early that another run has a target; what counts is the lock at the
// start of the run.
func locks(ctx context.Context, env *Env, p *Plan) (out []Finding) {
	if env.Ledger == nil {
		return nil
	}
	held, err := env.Ledger.Locks(ctx)
	if err != nil {
		return []Finding{{Guard: "lock", Level: Warn, Text: fmt.Sprintf("locks cannot be read: %v", err)}}
	}
	for _, l := range held {
		for _, t := range p.Targets {
			if t.Key() == l.Target {
				out = append(out, Finding{Guard: "lock", Level: Warn, Subject: t.String(),
					Text: fmt.Sprintf("%q works on it: %s; wait for it, or leave the target out", l.Title, l.Holder())})
			}
		}
	}
	return out
}

// Fold joins findings that differ in their subject alone, so that what holds for
// two hundred hosts is said once, with "sw[001-200]" as its subject.
func Fold(list []Finding) (out []Finding) {
	at := map[Finding]int{}
	subjects := map[int][]string{}
	for _, f := range list {
		key := f
		key.Subject = ""
		i, known := at[key]
		if !known || f.Subject == "" || out[i].Subject == "" {
			i = len(out)
			at[key] = i
			out = append(out, f)
		}
		subjects[i] = append(subjects[i], f.Subject)
	}
	for i, names := range subjects {
		if len(names) > 1 {
			out[i].Subject = fleet.Fold(names)
		}
	}
	return out
}

// few names the first three.
func few(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}
