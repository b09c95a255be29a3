package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// kept is how many ended runs of this process are kept for Live.
const kept = 100

// Live returns the runs of this process, newest first: immutable copies, shared
// between callers for as long as nothing changed.
func (r *Runner) Live() []RunRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live == nil {
		r.live = make([]RunRecord, len(r.runs))
		for i, x := range r.runs {
			r.live[i] = x.picture()
		}
	}
	return r.live
}

// changed throws the picture away and tells whoever looks.
func (r *Runner) changed() {
	r.mu.Lock()
	r.live = nil
	r.mu.Unlock()
	r.opts.Changed()
}

// forget drops the oldest ended runs; the ledger has them. The caller holds mu.
func (r *Runner) forget() {
	n := 0
	r.runs = slices.DeleteFunc(r.runs, func(x *run) bool {
		if x.ended() {
			n++
		}
		return x.ended() && n > kept
	})
}

func (r *Runner) find(id string) (*run, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.runs, func(x *run) bool { return x.id == id }); i >= 0 {
		return r.runs[i], true
	}
	return nil, false
}

// Wait waits until a run of this process has ended and returns it.
func (r *Runner) Wait(ctx context.Context, id string) (RunRecord, error) {
	x, ok := r.find(id)
	if !ok {
		return RunRecord{}, fmt.Errorf("run %s is not a run of this process", id)
	}
	select {
	case <-x.done:
		return x.picture(), nil
	case <-ctx.Done():
		return x.picture(), ctx.Err()
	}
}

// Cancel starts no new step of the run and cancels the running ones; the run is
// recorded as cancelled, each step with what was observed.
func (r *Runner) Cancel(id string) {
	if x, ok := r.find(id); ok {
		x.halt(Cancelled)
		x.cancel()
	}
}

// Busy reports whether a run of this process is going on.
func (r *Runner) Busy() bool { return len(r.going()) > 0 }

func (r *Runner) going() []*run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.runs), (*run).ended)
}

// Interrupt starts no new steps and waits until the running ones reached their
// end or deadline; the runs are recorded as interrupted and can be resumed. The
// error names the runs that were still in a step when ctx was done: the ledger
// has those steps as running.
func (r *Runner) Interrupt(ctx context.Context) error {
	r.gate.Lock()
	r.stopping = true
	r.gate.Unlock()
	going := r.going()
	for _, x := range going {
		x.halt(Interrupted)
	}
	var errs []error
	for _, x := range going {
		select {
		case <-x.done:
		case <-ctx.Done():
			if !x.ended() {
				errs = append(errs, fmt.Errorf("run %s (%s) was still in a step when time was up: look at it with `ringside runs show %[1]s`, then resume it or roll it back", x.id, x.picture().Title))
			}
		}
	}
	r.settle()
	return errors.Join(errs...)
}
