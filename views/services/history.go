package services

import (
	"encoding/json"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// Event is one thing that was done with a service.
type Event struct {
	Run      string     `json:"run"`
	Service  string     `json:"service"`
	What     string     `json:"what"`   // deploy, deploy and swap, swap, rollback, retire, settle
	Status   string     `json:"status"` // as of a run
	From     string     `json:"from"`   // the colour that users had
	To       string     `json:"to"`     // the colour that they got; of a deploy alone, the colour that was filled
	Was      string     `json:"was"`    // version
	Version  string     `json:"version"`
	Digest   string     `json:"digest"`
	User     string     `json:"user"`
	Created  time.Time  `json:"created"`
	Ended    *time.Time `json:"ended"`
	Duration *float64   `json:"duration_seconds"`
	Reason   string     `json:"reason"`
	Error    string     `json:"error"`
}

// recorded is what the plans on services have in common in the ledger.
type recorded struct {
	Service string         `json:"service"`
	From    fleet.Colour   `json:"from"`
	To      fleet.Colour   `json:"to"`
	Was     impact.Release `json:"was"`
	Will    impact.Release `json:"will"`
	Colour  fleet.Colour   `json:"colour"`
	Release impact.Release `json:"release"`
	Swap    *recorded      `json:"swap"`
}

// History lists what was done with services, newest first, from their runs. Other runs
// are left out.
func History(runs []actions.RunRecord) (out []Event) {
	for _, r := range runs {
		verb, ok := strings.CutPrefix(r.Kind, "service.")
		if !ok {
			continue
		}
		e := Event{Run: r.ID, What: verb, Status: string(r.Status), User: r.Actor.User, Created: r.Created, Reason: r.Reason, Error: r.Error}
		if !r.Ended.IsZero() {
			e.Ended = &r.Ended
			took := r.Ended.Sub(r.Created).Seconds()
			e.Duration = &took
		}
		var p struct{ Service string }
		_ = json.Unmarshal(r.Params, &p) // a run of another version tells less
		e.Service = p.Service
		var rec recorded
		if verb != "retire" && json.Unmarshal(r.Params, &rec) == nil {
			e.fill(rec)
		}
		out = append(out, e)
	}
	return out
}

func (e *Event) fill(r recorded) {
	switch {
	case r.Swap != nil:
		e.What = "deploy and swap"
		e.From, e.To, e.Was = string(r.Swap.From), string(r.Swap.To), r.Swap.Was.Version
		e.Version, e.Digest = r.Release.Version, r.Release.Digest
	case r.Colour != "":
		e.To, e.Version, e.Digest = string(r.Colour), r.Release.Version, r.Release.Digest
	default:
		e.From, e.To, e.Was, e.Version, e.Digest = string(r.From), string(r.To), r.Was.Version, r.Will.Version, r.Will.Digest
	}
}
