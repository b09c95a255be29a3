package actions

import (
	"context"
	"errors"
)

// Errors of Start, Resume and Rollback. In all of these cases nothing was started.
var (
	ErrReadOnly     = errors.New("ringside runs read-only: nothing was started")
	ErrBlocked      = errors.New("a guard blocks the plan: nothing was started")
	ErrNotConfirmed = errors.New("the plan was not confirmed: nothing was started")
	ErrNothingToDo  = errors.New("there is nothing to do")
	ErrStopping     = errors.New("ringside is shutting down: nothing was started")
)

// Options say how a Runner works.
type Options struct {
	ReadOnly bool
	Parallel int    // upper bound of lanes at once for every plan; 0: 8
	Changed  func() // called when the picture of a run changed; must not block
}

// Approval is what a human gave so that a plan may run.
type Approval struct {
	Confirmed bool   // Plan.Confirm was satisfied
	Reason    string // recorded
	Override  string // why a Block is overridden; recorded
}

// Runner runs plans in the background and records every step in the ledger.
// Its methods may be called from any goroutine.
type Runner struct {
	env  *Env
	reg  *Registry
	opts Options
}

// NewRunner returns a runner; env.Ledger must be set before the first Start.
func NewRunner(env *Env, reg *Registry, o Options) *Runner {
	return &Runner{env: env, reg: reg, opts: o}
}

// Start records the run, takes its locks and runs it in the background. ctx
// bounds the recording only. When it returns an error nothing was started.
func (r *Runner) Start(ctx context.Context, p *Plan, a Approval) (string, error) {
	return "", ErrStopping
}

// Resume adopts an unfinished, failed or cancelled run, rebuilds its plan and
// goes on: a step whose effect is there already is not done again.
func (r *Runner) Resume(ctx context.Context, id string) (string, error) { return "", ErrStopping }

// Rollback adopts a run that nobody runs now and undoes, in reverse order, the
// steps that it ran.
func (r *Runner) Rollback(ctx context.Context, id string, a Approval) (string, error) {
	return "", ErrStopping
}

// Cancel starts no new step of the run and cancels the running ones.
func (r *Runner) Cancel(id string) {}

// Wait waits until a run of this process has ended and returns it.
func (r *Runner) Wait(ctx context.Context, id string) (RunRecord, error) {
	return RunRecord{}, ErrStopping
}

// Live returns the runs of this process, newest first: immutable copies.
func (r *Runner) Live() []RunRecord { return nil }

// Interrupt starts no new steps and waits until the running ones reached their
// end or deadline; the runs are recorded as interrupted and can be resumed.
func (r *Runner) Interrupt(ctx context.Context) error { return nil }

// Busy reports whether a run of this process is going on.
func (r *Runner) Busy() bool { return false }
