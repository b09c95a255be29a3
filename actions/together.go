package actions

import (
	"context"
	"fmt"
	"slices"
)

// takeBack undoes, in reverse order, the steps of every group that was begun and did
// not come to its end: they hold together or not at all. It does so whatever stopped
// the run, a cancel included. Effects that were there before the run stay.
func (x *run) takeBack() {
	for _, group := range x.halfDone() {
		for i, s := range slices.Backward(x.plan.Steps) {
			if s.Together == group && s.Undo != nil && x.rec.Steps[i].ran() {
				x.stepBack(i)
			}
		}
	}
}

// halfDone names the groups of which some step ran and some did not succeed.
func (x *run) halfDone() (out []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, s := range x.plan.Steps {
		if s.Together == "" || slices.Contains(out, s.Together) || !x.rec.Steps[i].ran() {
			continue
		}
		for k, other := range x.plan.Steps {
			if st := x.rec.Steps[k].Status; other.Together == s.Together && st != Succeeded && st != Skipped {
				out = append(out, s.Together)
				break
			}
		}
	}
	return out
}

// stepBack undoes one step of a group. One that failed keeps its error: it is why the
// others went back.
func (x *run) stepBack(i int) {
	s := x.plan.Steps[i]
	limit := s.Timeout
	if limit <= 0 {
		limit = DefaultStepTimeout
	}
	base := context.WithoutCancel(x.ctx)
	ctx, cancel := context.WithTimeout(base, limit)
	defer cancel()
	was := x.rec.Steps[i]
	now := x.change(i, func(r *StepRecord) { r.Status, r.Undoing, r.Saw = Running, true, "" })
	err := x.record(now)
	p := &progress{run: x, index: i, written: now.Started}
	if err == nil {
		p.Log("taken back at once, since what belongs together was not done as a whole")
		err = x.settled(ctx, base, s, p, s.Undo(ctx, p), true)
	}
	p.close()
	x.mu.Lock()
	switch {
	case err != nil:
		x.standing = append(x.standing, s.Name)
	case was.Status == Succeeded:
		x.returned++
	}
	x.mu.Unlock()
	now = x.change(i, func(r *StepRecord) {
		r.Ended = x.r.env.Now()
		switch {
		case err != nil:
			r.Status, r.Error = Failed, fmt.Sprintf("%s; could not be taken back: %v", was.Error, err)
		case was.Status == Failed:
			r.Status, r.Error, r.Acted, r.Undoing = Failed, was.Error, false, false
		default:
			r.Status = RolledBack
		}
	})
	_ = x.record(now) // the run ends here anyway, and says that it could not record
}
