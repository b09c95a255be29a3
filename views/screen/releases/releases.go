// Package releases says in words what screens show of deploys and swaps: the run that
// works on a service, how far it is, how a gate ended, and what is kept for a rollback.
package releases

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/kit"
)

// Going finds by the key of a service the run that works on it now, or else the
// newest one that was left half way. runs are the newest first.
func Going(runs []actions.RunRecord) map[string]*actions.RunRecord {
	out := map[string]*actions.RunRecord{}
	for i := range runs {
		r := &runs[i]
		if r.Status.Final() || !strings.HasPrefix(r.Kind, "service.") {
			continue
		}
		for _, t := range r.Targets {
			if old := out[t.Key()]; t.Kind == fleet.KindService && (old == nil || r.Alive && !old.Alive) {
				out[t.Key()] = r
			}
		}
	}
	return out
}

// Gate is how a release did at its gate.
type Gate struct {
	Status   actions.Status // "": not known
	Previews int64          // good ones
}

func (g Gate) String() string {
	switch {
	case g.Status == actions.Succeeded && g.Previews > 0:
		return fmt.Sprintf("gate %d/%d", g.Previews, g.Previews)
	case g.Status == actions.Succeeded:
		return "gate passed"
	case g.Status == actions.Failed:
		return "gate failed"
	}
	return ""
}

// Gates finds by the run that deployed a release how its last gate ended: of that
// run, or of a swap to it. runs are the newest first; one that is not among them says
// nothing.
func Gates(runs []actions.RunRecord) map[string]Gate {
	out := map[string]Gate{}
	for i := range runs {
		for _, s := range runs[i].Steps {
			if !strings.HasPrefix(s.Name, "gate of ") || !strings.HasPrefix(runs[i].Kind, "service.") {
				continue
			}
			by := deployedBy(&runs[i])
			if _, newer := out[by]; !newer && by != "" {
				out[by] = Gate{s.Status, s.Done}
			}
			break
		}
	}
	return out
}

// deployedBy is the run that deployed the release of which a run asked the gate.
func deployedBy(r *actions.RunRecord) string {
	if r.Kind == "service.deploy" {
		return r.ID
	}
	var p struct {
		Will impact.Release `json:"will"`
	}
	if json.Unmarshal(r.Params, &p) != nil { // of another version
		return ""
	}
	return p.Will.Run
}

// drainOf is how long a run gives the old colour to finish.
func drainOf(r *actions.RunRecord) time.Duration {
	var p struct {
		Drain time.Duration `json:"drain"`
		Swap  *struct {
			Drain time.Duration `json:"drain"`
		} `json:"swap"`
	}
	if json.Unmarshal(r.Params, &p) != nil { // of another version: not known
		return 0
	}
	if p.Swap != nil {
		return p.Swap.Drain
	}
	return p.Drain
}

// stepNow is the step that runs, or the last one that began; nil before the first.
func stepNow(r *actions.RunRecord) (now *actions.StepRecord) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Status == actions.Running {
			return s
		}
		if !s.Started.IsZero() {
			now = s
		}
	}
	return now
}

// Amount is how far a running step is: a drain counts sessions and time down, a
// window of watching the time, the rest says how much of how much.
func Amount(r *actions.RunRecord, s *actions.StepRecord, now time.Time) string {
	switch {
	case s.Status != actions.Running || s.Total <= 0:
		return ""
	case s.Unit == "sessions":
		text := fmt.Sprintf("%d open", s.Total-s.Done)
		if limit := drainOf(r); limit > 0 && !s.Started.IsZero() {
			text += ", " + kit.Age(limit-now.Sub(s.Started)) + " left"
		}
		return text
	case s.Unit == "seconds":
		return kit.Age(time.Duration(s.Total-s.Done)*time.Second) + " left"
	}
	return fmt.Sprintf("%d of %d %s", s.Done, s.Total, s.Unit)
}

// verbOf is what a run does, in one word or two.
func verbOf(r *actions.RunRecord) string {
	verb, _ := strings.CutPrefix(r.Kind, "service.")
	if verb == "deploy" && strings.HasPrefix(r.Title, "deploy and swap") {
		return "deploy and swap"
	}
	return verb
}

// InShort is a run in a few words: "swap 3/6: drain blue, 2 open, 8s left".
func InShort(r *actions.RunRecord, now time.Time) string {
	if !r.Alive {
		return verbOf(r) + " left half way"
	}
	done := 0
	for _, s := range r.Steps {
		if s.Status.Final() || s.Status == actions.Skipped {
			done++
		}
	}
	text := fmt.Sprintf("%s %d/%d", verbOf(r), done, len(r.Steps))
	if s := stepNow(r); s != nil {
		text += ": " + shortName(s.Name)
		if a := Amount(r, s, now); a != "" {
			text += ", " + a
		}
	}
	return text
}

// shortName is a step's name up to its details.
func shortName(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return name
}

// Watched is what a run saw while it watched the new colour with its users: "green held
// for 10s: 81 answers, 0 errors"; "" when it did not, or has not ended that.
func Watched(r *actions.RunRecord) string {
	for _, s := range r.Steps {
		if n := len(s.Output); n > 0 && s.Unit == "seconds" && s.Status == actions.Succeeded {
			return s.Output[n-1]
		}
	}
	return ""
}

// Held finds the hold under which a colour is kept for a rollback.
func Held(c *impact.ColourState, holds []actions.Hold, now time.Time) (actions.Hold, bool) {
	for _, p := range c.Places {
		for _, h := range holds {
			if p.Container != nil && h.Target.Kind == fleet.KindContainer && h.Target.ID == p.Container.ID && (h.Until.IsZero() || h.Until.After(now)) {
				return h, true
			}
		}
	}
	return actions.Hold{}, false
}
