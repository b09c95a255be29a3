package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// lastLook is how long a step whose own time is over may still look at the world:
// what is recorded is what is there, not what was hoped for. Whoever cancelled
// does not wait as long.
const (
	lastLook      = 5 * time.Second
	cancelledLook = 250 * time.Millisecond
)

// step brings one step to its end, forward or back, and says whether the lane may
// go on.
func (x *run) step(i int) bool {
	s := x.plan.Steps[i]
	limit := s.Timeout
	if limit <= 0 {
		limit = DefaultStepTimeout
	}
	ctx, cancel := context.WithTimeout(x.ctx, limit)
	defer cancel()

	began := x.r.env.Now()
	earlier := x.rec.Steps[i] // only this lane changes the step
	ran := earlier.ran()
	if s.Once && ran && !x.undo {
		return x.once(i, earlier)
	}
	was := x.change(i, func(r *StepRecord) {
		r.Status, r.Error, r.Started, r.Ended, r.Undoing = Running, "", began, time.Time{}, x.undo
		r.Done, r.Total, r.Unit, r.Saw = 0, 0, "", ""
	})
	there, err := look(ctx, s, x.undo)
	x.saw(i, err)
	switch {
	case blind(err):
		return x.result(i, Failed, fmt.Errorf("%s: the present state cannot be read, so nothing was changed: %w", s.Name, err))
	case there == !x.undo:
		return x.already(i, ran)
	case x.undo && s.Undo == nil:
		x.mu.Lock()
		x.stuck = append(x.stuck, s.Name)
		x.mu.Unlock()
		return x.result(i, Succeeded, fmt.Errorf("cannot be undone: %s", was.Final))
	}

	was = x.change(i, func(r *StepRecord) { r.Acted = true })
	if err := x.record(was); err != nil {
		x.change(i, func(r *StepRecord) {
			r.Status, r.Acted, r.Error = Pending, ran, fmt.Sprintf("%s: not run, because it could not be recorded: %v", s.Name, err)
		})
		return false
	}
	x.mu.Lock()
	x.acts++
	x.mu.Unlock()
	p := &progress{run: x, index: i, written: began}
	act := s.Do
	if x.undo {
		act = s.Undo
	}
	err = act(ctx, p)
	var refused *nothingDone
	nothing := errors.As(err, &refused)
	err = x.settled(ctx, x.ctx, s, p, err, x.undo)
	p.close()
	if err != nil && nothing && !ran {
		x.change(i, func(r *StepRecord) { r.Acted = false })
	}
	switch {
	case err != nil:
		return x.result(i, Failed, fmt.Errorf("%s: %w", s.Name, err))
	case x.undo:
		return x.result(i, RolledBack, nil)
	}
	return x.result(i, Succeeded, nil)
}

// once deals with a step that must not be done a second time and that an earlier
// execution began. Where that one saw it end, nothing is to do.
func (x *run) once(i int, earlier StepRecord) bool {
	if earlier.Status == Succeeded {
		x.mu.Lock()
		x.handled++
		x.mu.Unlock()
		return true
	}
	x.mu.Lock()
	x.unsure++
	x.mu.Unlock()
	why := fmt.Errorf("%s: not done again: it was begun before, and whether it had its effect cannot be told from outside; look at %s, then decide", earlier.Name, earlier.Target)
	switch {
	case strings.HasPrefix(earlier.Error, why.Error()): // asked before, and not answered
		why = errors.New(earlier.Error)
	case earlier.Error != "":
		why = fmt.Errorf("%w. It ended with: %s", why, earlier.Error)
	}
	return x.result(i, Failed, why)
}

// look looks whether the effect is there, on the way back also whether it is all
// gone.
func look(ctx context.Context, s Step, back bool) (there bool, seen error) {
	if back && s.Undone != nil {
		gone, seen := s.Undone(ctx)
		return !gone, seen
	}
	return s.Done(ctx)
}

// saw keeps what a look at the world saw instead of the effect.
func (x *run) saw(i int, seen error) {
	var o Observed
	if errors.As(seen, &o); x.rec.Steps[i].Saw == string(o) || seen != nil && o == "" {
		return
	}
	x.change(i, func(r *StepRecord) { r.Saw = fleet.Clean(string(o)) })
}

// already ends a step that needs nothing. Forward, an effect of a step that an
// earlier execution ran is counted as that step's own, so that a rollback takes
// it back.
func (x *run) already(i int, ran bool) bool {
	status, line := Skipped, "already there"
	switch {
	case x.undo:
		status, line = RolledBack, "its effect is not there: nothing to undo"
	case ran:
		status, line = Succeeded, "found done"
	}
	x.change(i, func(r *StepRecord) { r.Output = appendLine(r.Output, line) })
	return x.result(i, status, nil)
}

// settled waits until the world shows the effect, or shows it gone on the way
// back: accepted is not done. When the act itself failed, one look decides: an
// answer that was lost on the way does not make the effect undone. base is ctx
// without the step's own time.
func (x *run) settled(ctx, base context.Context, s Step, p *progress, acted error, back bool) error {
	var there bool
	var seen error
	pace := s.Pace
	if pace <= 0 {
		pace = time.Second
	}
	pause := retry.Backoff{Min: max(50*time.Millisecond, pace/10), Max: pace}
	for acted == nil {
		there, seen = look(ctx, s, back)
		x.saw(p.index, seen)
		if !blind(seen) && there == !back {
			return nil
		}
		if !pause.Wait(ctx) {
			break
		}
	}
	limit := lastLook
	if base.Err() != nil {
		limit = cancelledLook
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	there, seen = look(last, s, back)
	x.saw(p.index, seen)
	if !blind(seen) && there == !back {
		if acted != nil {
			p.Log("it answered with an error, but the effect is there: %v", acted)
		}
		return nil
	}
	var nothing *nothingDone
	if seen == nil && errors.As(acted, &nothing) {
		return cause(ctx, base, acted) // it changed nothing, and says why
	}
	return fmt.Errorf("%w; %s", cause(ctx, base, acted), observed(there, seen))
}

// cause says why a step failed, in the order of what a human would ask first.
func cause(ctx, base context.Context, acted error) error {
	switch {
	case base.Err() != nil:
		return errors.New("cancelled while it ran")
	case acted != nil && ctx.Err() != nil:
		return fmt.Errorf("not done within its time: %w", acted)
	case acted != nil:
		return acted
	}
	return errors.New("accepted, but not done within its time")
}

// observed says what the last look saw.
func observed(there bool, seen error) string {
	switch {
	case blind(seen):
		return fmt.Sprintf("what is there now cannot be read: %v", seen)
	case seen != nil:
		return "now: " + seen.Error()
	case there:
		return "now: its effect is still there"
	}
	return "now: the effect is not there"
}

// blind reports whether a look at the world failed, rather than saw something else.
func blind(err error) bool {
	var o Observed
	return err != nil && !errors.As(err, &o)
}

// result records how a step ended and says whether its lane may go on. A result
// that cannot be recorded ends the run; in memory the step keeps what happened.
func (x *run) result(i int, status Status, why error) bool {
	s := x.change(i, func(r *StepRecord) {
		r.Status, r.Ended = status, x.r.env.Now()
		if status != Failed {
			r.Saw = ""
		}
		if why != nil {
			r.Error = fleet.Clean(why.Error())
		}
	})
	x.mu.Lock()
	x.handled++
	if status == Failed {
		x.failures++
	}
	enough := x.failures-x.unsure >= max(1, x.plan.StopAt)
	x.mu.Unlock()
	if enough {
		x.halt(Failed)
	}
	return x.record(s) == nil && status != Failed
}
