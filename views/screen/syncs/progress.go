package syncs

import (
	"slices"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// Progress is how far the runs of a sync are.
type Progress struct {
	Runs        []*actions.RunRecord // that are going on, newest first
	Tags, Ended int                  // steps of them, and those that are over
	Done, Total int64                // bytes of the steps that have begun
	Waiting     int                  // steps that have not: nobody knows their size yet
	Left        time.Duration        // until what has begun is through
	LeftKnown   bool
}

// Share is how much of what has begun is there; false when nobody knows.
func (p Progress) Share() (float64, bool) {
	if p.Total <= 0 {
		return 0, false
	}
	return float64(p.Done) / float64(p.Total), true
}

// Going says that a run is going on.
func Going(r *actions.RunRecord) bool { return r.Alive && !r.Status.Final() }

// progress sums the runs of a sync up. Steps are known by the registry they write
// to: one run may be of several syncs.
func progress(y *Sync, runs []actions.RunRecord) (p Progress) {
	for i := range runs {
		r := &runs[i]
		if !Going(r) || !Of(r, y.Target.Key()) {
			continue
		}
		p.Runs = append(p.Runs, r)
		for _, s := range r.Steps {
			if s.Target.Scope != y.Spec.To {
				continue
			}
			p.Tags++
			switch {
			case s.Status.Final() || s.Status == actions.Skipped:
				p.Ended++
			case s.Total == 0:
				p.Waiting++
			}
			if s.Unit == "bytes" {
				p.Done, p.Total = p.Done+s.Done, p.Total+s.Total
			}
		}
	}
	if rate := y.pace(); rate > 0 && p.Total > p.Done {
		p.Left, p.LeftKnown = time.Duration(float64(p.Total-p.Done)/rate*float64(time.Second)), true
	}
	return p
}

// Of says that a run is of a sync, by the key of its target.
func Of(r *actions.RunRecord, sync string) bool {
	return r.Kind == "sync.run" && slices.ContainsFunc(r.Targets, func(t fleet.Target) bool { return t.Key() == sync })
}

// paceOver is how many samples of a second a pace is taken over: bytes go in bursts,
// and what is left of a time is not to jump with them.
const paceOver = 8

// pace is how fast the sync moved over the last seconds; 0 when nobody here knows.
func (y *Sync) pace() float64 {
	if !y.Flowing {
		return 0
	}
	last := y.Activity.History
	last = last[max(0, len(last)-paceOver):]
	if len(last) == 0 {
		return y.Activity.Rate
	}
	sum := 0.0
	for _, r := range last {
		sum += r
	}
	return sum / float64(len(last))
}
