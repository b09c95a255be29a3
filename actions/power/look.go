package power

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// readLimit bounds the reading of one target; a BMC that does not answer in that
// time would not act either.
const readLimit = 8 * time.Second

// look reads every target afresh, whatever the screen showed, and puts those that
// need a step into p. What it leaves out, and why, are findings.
func (a act) look(ctx context.Context, env *actions.Env, c Controllers, targets []fleet.Target, p *params) ([]actions.Finding, error) {
	var findings []actions.Finding
	var blind troubles
	for i, r := range a.readAll(ctx, c, targets) {
		t := targets[i]
		tell := func(guard string, level actions.Level, text string) {
			findings = append(findings, actions.Finding{Guard: guard, Level: level, Subject: t.Name, Text: text})
		}
		if r.err != nil {
			blind.add(t, r.err)
			continue
		}
		h := r.Host()
		t.Site, t.Environment = h.Site, h.Environment
		r.seen.Target = t
		now := r.seen.Power
		if was := shown(env, t.Name); was != "" && was != bmc.Unknown && was != now && !a.blind {
			tell("stale", actions.Note, fmt.Sprintf("was shown as %s, is %s now", saw(was), saw(now)))
		}
		if why := a.needless(r.seen, *p); why != "" {
			tell("state", actions.Note, why)
			continue
		}
		if a.cannot != nil && a.cannot(now) != "" {
			tell("state", actions.Warn, a.cannot(now)+"; it is left out")
			continue
		}
		if a.notes != nil {
			for _, f := range a.notes(r.seen, *p) {
				tell(f.Guard, f.Level, f.Text)
			}
		}
		p.Targets = append(p.Targets, r.seen)
	}
	findings = append(actions.Fold(findings), blind.findings()...)
	if len(p.Targets) == 0 {
		return nil, nothing(a.verb, findings)
	}
	return append(findings, inrush(a, *p)...), nil
}

// needless says why nothing is to do.
func (a act) needless(s seen, p params) (why string) {
	if a.there != nil {
		why = a.there(s.Power)
	}
	if why == "" && a.same != nil {
		why = a.same(s, p)
	}
	return why
}

// nothing is the error of a plan without steps: why each target needs none.
func nothing(verb string, findings []actions.Finding) error {
	var why []string
	err := actions.ErrNothingToDo
	for _, f := range findings {
		why = append(why, f.Subject+" "+f.Text)
		if f.Level > actions.Note {
			err = errors.New("it cannot be done, and nothing was changed")
		}
	}
	return fmt.Errorf("%s: %w: %s", verb, err, strings.Join(why, "; "))
}

// reading is one target as it is now.
type reading struct {
	*job
	err error
}

// readAll reads the targets side by side.
func (a act) readAll(ctx context.Context, c Controllers, targets []fleet.Target) []reading {
	out := make([]reading, len(targets))
	turn := make(chan struct{}, most)
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Add(1)
		turn <- struct{}{}
		safe.Go("read "+t.Name, func() {
			defer wg.Done()
			defer func() { <-turn }()
			out[i] = a.readOne(ctx, c, t)
		})
	}
	wg.Wait()
	return out
}

func (a act) readOne(ctx context.Context, c Controllers, t fleet.Target) reading {
	controller, ok := c.Controller(t.Name)
	if !ok {
		return reading{err: errNoBMC}
	}
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	j := &job{Controller: controller}
	f, err := controller.Status(ctx)
	if err != nil {
		return reading{err: err}
	}
	j.seen.Power, j.seen.Light = f.Power, f.Identify
	if !a.blind && (f.Power == bmc.Unknown || f.Power == "") {
		return reading{err: errUnknown}
	}
	if a.read != nil {
		err = a.read(ctx, j)
	}
	return reading{j, err}
}

var errNoBMC = errors.New("it has no BMC in the configuration")

// troubles are the targets that could not be read, by what an operator would do
// about it.
type troubles struct {
	order []string
	by    map[string][]fleet.Target
	err   map[string]error // of the first one
}

func (x *troubles) add(t fleet.Target, err error) {
	kind := err.Error()
	var e *bmc.Error
	if errors.As(err, &e) {
		kind = string(e.Trouble)
	}
	if x.by == nil {
		x.by, x.err = map[string][]fleet.Target{}, map[string]error{}
	}
	if _, known := x.by[kind]; !known {
		x.order = append(x.order, kind)
		x.err[kind] = err
	}
	x.by[kind] = append(x.by[kind], t)
}

// findings block: a plan that silently acts on the rest is not what was asked for.
func (x *troubles) findings() (out []actions.Finding) {
	for _, kind := range x.order {
		list := x.by[kind]
		text := x.err[kind].Error()
		if len(list) > 1 {
			text = kind
		}
		out = append(out, actions.Finding{Guard: "stale", Level: actions.Block, Subject: fleet.Fold(names(list)),
			Text: "cannot be read, so nothing is done there: " + text + "; leave out, or override to act on the others"})
	}
	return out
}

// shown is the power that the watched state has of a host, "" for none.
func shown(env *actions.Env, host string) bmc.Power {
	e, _ := env.State().Entry("bmc/" + host)
	if f, ok := e.Facts.(*bmc.Facts); ok {
		return f.Power
	}
	return ""
}

// why judges from the state alone whether the act makes sense: "" when at least
// one target can take it, or nothing is known of them.
func (a act) why(env *actions.Env, targets []fleet.Target) (first string) {
	for _, t := range targets {
		if h, ok := env.Fleet.Host(t.Name); ok && h.BMC == nil {
			first = cmp.Or(first, t.Name+" has no BMC in the configuration")
			continue
		}
		now, why := shown(env, t.Name), ""
		if now == "" || now == bmc.Unknown {
			return ""
		}
		if a.there != nil {
			why = a.there(now)
		}
		if why == "" && a.cannot != nil {
			why = a.cannot(now)
		}
		if why == "" {
			return ""
		}
		first = cmp.Or(first, t.Name+" "+why)
	}
	return first
}

// surgeOf is how many hosts may start at once without a word about it.
const surgeOf = 20

// inrush tells when many hosts start at once: their supplies draw several times
// the current of a running host, and a breaker takes a rack down.
func inrush(a act, p params) []actions.Finding {
	size := len(p.Targets)
	if p.Wave > 0 {
		size = min(size, p.Wave)
	}
	if size = min(size, most); !a.surge || size <= surgeOf {
		return nil
	}
	return []actions.Finding{{Guard: "inrush", Level: actions.Note,
		Text: fmt.Sprintf("%d hosts start at once, and draw several times their usual current: smaller waves spare the breakers", size)}}
}

// kinds of plans whose hosts lose their power, forward or on the way back.
func takesAway(p *actions.Plan) bool {
	if p.Undo {
		return p.Kind == "power.on"
	}
	return slices.Contains([]string{"power.off", "power.force", "power.cycle", "power.reset"}, p.Kind)
}
