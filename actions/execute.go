package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet/safe"
)

// run is one execution of a plan, forward or back.
type run struct {
	r      *Runner
	id     string
	plan   *Plan
	undo   bool
	ctx    context.Context // of the steps; ends by Cancel
	cancel context.CancelFunc
	done   chan struct{} // closed when the end is recorded
	halted chan struct{} // closed when no new step is started any more

	mu       sync.Mutex
	rec      RunRecord  // Steps are changed in place, under mu
	pic      *RunRecord // immutable copy of rec, nil when it is out of date
	stop     Status     // why no new step is started: Failed, Cancelled, Interrupted, or ""
	failures int
	unsure   int      // failures that are only a question: steps that are not done again
	handled  int      // steps this execution dealt with
	acts     int      // steps of which this execution began Do or Undo
	stuck    []string // steps that cannot be undone and whose effect stays
	broken   error    // the ledger's, which ended the run
	refused  error    // the mutex's, for which it never began
	returned int      // steps that were taken back at once (Step.Together)
	standing []string // those that could not be
}

// newRun makes a run from what the ledger has of it. Steps that an earlier
// execution did not start, or took back, wait again; one that it ran keeps its
// record until this execution comes to it.
func newRun(r *Runner, p *Plan, rec RunRecord, undo bool) *run {
	ctx, cancel := context.WithCancel(context.Background())
	rec.Steps = slices.Clone(rec.Steps)
	if !undo {
		for i := range rec.Steps {
			if s := &rec.Steps[i]; !s.ran() {
				s.Status, s.Error, s.Undoing, s.Acted, s.Saw = Pending, "", false, false, ""
			}
		}
	}
	return &run{r: r, id: rec.ID, plan: p, undo: undo, ctx: ctx, cancel: cancel, done: make(chan struct{}), halted: make(chan struct{}), rec: rec}
}

// ran reports whether the step may have had an effect of its own: one that was
// skipped was there before, or never started, and one may have failed before it
// was begun.
func (s StepRecord) ran() bool {
	return s.Acted && (s.Status == Running || s.Status == Succeeded || s.Status == Failed)
}

// execute runs the stages one after another, each with its lanes side by side.
func (x *run) execute() {
	defer close(x.done)
	defer x.cancel()
	todo := x.todo()
	acts := 0
	for _, stage := range x.stages(todo) {
		if acts > 0 {
			x.rest()
		}
		if x.stopped() {
			break
		}
		before := x.begun()
		x.stage(stage)
		acts = x.begun() - before
	}
	if !x.undo && x.stopped() {
		x.takeBack()
	}
	x.finish(len(todo))
}

// rest waits for the plan's pause between two stages, or until the run is halted.
func (x *run) rest() {
	if x.plan.Pause <= 0 || x.stopped() {
		return
	}
	x.resting(x.r.env.Now().Add(x.plan.Pause))
	defer x.resting(time.Time{})
	t := time.NewTimer(x.plan.Pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-x.halted:
	}
}

func (x *run) resting(until time.Time) {
	x.mu.Lock()
	x.rec.Resting, x.pic = until, nil
	x.mu.Unlock()
	x.r.changed()
}

func (x *run) begun() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.acts
}

// todo lists the steps to look at: all of them forward; back those that ran.
func (x *run) todo() (out []int) {
	for i, s := range x.rec.Steps {
		if !x.undo || s.ran() {
			out = append(out, i)
		}
	}
	if x.undo {
		slices.Reverse(out)
	}
	return out
}

// stages groups steps by stage and then by target. The order within is kept, so
// that a reversed list comes out as a plan that runs backwards.
func (x *run) stages(steps []int) (out [][][]int) {
	type key struct {
		stage  int
		target string
	}
	lane := map[key]int{}
	stage := map[int]int{}
	for _, i := range steps {
		s := x.plan.Steps[i]
		at, ok := stage[s.Stage]
		if !ok {
			at = len(out)
			stage[s.Stage] = at
			out = append(out, nil)
		}
		k := key{s.Stage, s.Target.Key()}
		n, ok := lane[k]
		if !ok {
			n = len(out[at])
			lane[k] = n
			out[at] = append(out[at], nil)
		}
		out[at][n] = append(out[at][n], i)
	}
	return out
}

// stage runs lanes side by side, in their order, and waits for them.
func (x *run) stage(lanes [][]int) {
	workers := min(max(1, x.plan.Parallel), x.r.opts.Parallel, len(lanes))
	next := make(chan []int)
	var wg sync.WaitGroup
	for range workers {
		wg.Add(1)
		safe.Go("run "+x.id, func() {
			defer wg.Done()
			for lane := range next {
				x.lane(lane)
			}
		})
	}
	for _, lane := range lanes {
		next <- lane
	}
	close(next)
	wg.Wait()
	// A stage needs all of the one before it, whatever StopAt allowed within; a wave
	// does not.
	if x.failed() && !x.plan.Waves {
		x.halt(Failed)
	}
}

func (x *run) lane(steps []int) {
	for _, i := range steps {
		if x.stopped() || !x.step(i) {
			return
		}
	}
}

// halt stops the start of new steps; the first reason counts.
func (x *run) halt(why Status) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stop == "" {
		x.stop = why
		close(x.halted)
	}
}

func (x *run) stopped() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stop != ""
}

func (x *run) failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failures > 0
}

func (x *run) ended() bool {
	select {
	case <-x.done:
		return true
	default:
		return false
	}
}

// picture returns an immutable copy of the record.
func (x *run) picture() RunRecord {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pic == nil {
		pic := x.rec
		pic.Steps = slices.Clone(x.rec.Steps)
		x.pic = &pic
	}
	return *x.pic
}

// change changes the record and returns a copy of step i as it is now.
func (x *run) change(i int, f func(*StepRecord)) StepRecord {
	x.mu.Lock()
	f(&x.rec.Steps[i])
	s := x.rec.Steps[i]
	x.pic = nil
	x.mu.Unlock()
	x.r.changed()
	return s
}

// finish gives the steps that were not started their status, and records the end.
func (x *run) finish(todo int) {
	x.mu.Lock()
	end := x.verdict(todo)
	var rest []StepRecord
	for i := range x.rec.Steps {
		s := &x.rec.Steps[i]
		if s.Status != Pending || end.status == Interrupted {
			continue
		}
		why := "not started: an earlier step failed"
		if s.Status = Skipped; end.status == Cancelled {
			s.Status, why = Cancelled, "not started: the run was cancelled"
		}
		if s.Error == "" {
			s.Error = why
		}
		rest = append(rest, *s)
	}
	x.mu.Unlock()

	err := x.record(rest...)
	x.unlock(&end)
	if err == nil {
		err = x.r.end(end)
	}
	if err != nil {
		x.r.mu.Lock()
		x.r.unended = append(x.r.unended, end)
		x.r.mu.Unlock()
		end.note(fmt.Sprintf("its end could not be recorded, so its locks stay until it can be, or until ringside ends: %v", err))
	}
	x.mu.Lock()
	x.rec.Status, x.rec.Error, x.rec.Ended, x.rec.Alive, x.pic = end.status, end.message, end.at, false, nil
	x.mu.Unlock()
	x.r.changed()
}

// verdict says how the run ended and what to do next. The caller holds mu.
func (x *run) verdict(todo int) ending {
	end := ending{run: x.id, status: Succeeded, at: x.r.env.Now()}
	done, left := x.handled-x.failures-x.returned, todo-x.handled
	so := fmt.Sprintf("%d of %d steps done, %d failed, %d not started", done, todo, x.failures, left)
	next := "; see the steps, then resume it or roll it back"
	if x.undo {
		end.status = RolledBack
		so = fmt.Sprintf("of %d steps to undo %d are undone, %d failed, %d not started", todo, done-len(x.stuck), x.failures, left)
		next = "; see the steps, then roll it back again or resume it"
	}
	if x.returned > 0 {
		so += fmt.Sprintf("; %d taken back at once", x.returned)
	}
	if len(x.standing) > 0 {
		so += "; could not be taken back: " + strings.Join(x.standing, ", ")
	}
	switch {
	case x.refused != nil:
		end.status, end.message = Failed, "not started: "+x.refused.Error()
	case x.broken != nil:
		end.status, end.message = Failed, fmt.Sprintf("stopped, because the ledger cannot record: %v; %s%s", x.broken, so, next)
	case x.stop == Cancelled && (left > 0 || x.failures > 0):
		end.status, end.message = Cancelled, "cancelled: "+so+next
	case x.failures > 0:
		end.status, end.message = Failed, so+next
	case x.stop == Interrupted && left > 0:
		end.status, end.message = Interrupted, "ringside was told to end: "+so+next
	case len(x.stuck) > 0:
		end.status, end.message = Failed, fmt.Sprintf("%d of %d steps cannot be undone and stay: %s", len(x.stuck), todo, strings.Join(x.stuck, ", "))
	}
	return end
}

// ledgerTimeout bounds one write to the ledger.
const ledgerTimeout = 10 * time.Second

// record writes steps to the ledger; the first write that fails ends the run: no
// step may run unrecorded. A cancelled run still records.
func (x *run) record(steps ...StepRecord) error {
	if len(steps) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
	defer cancel()
	err := x.r.env.Ledger.Step(ctx, x.id, steps...)
	if err != nil {
		x.mu.Lock()
		if x.broken == nil {
			x.broken = err
		}
		x.mu.Unlock()
		x.halt(Failed)
	}
	return err
}
