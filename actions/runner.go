package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet/safe"
)

// Errors of Start, Resume and Rollback. In all of these cases nothing was started.
var (
	ErrReadOnly     = errors.New("ringside runs read-only: nothing was started")
	ErrBlocked      = errors.New("a guard blocks the plan: nothing was started")
	ErrNotConfirmed = errors.New("the plan was not confirmed: nothing was started")
	ErrNothingToDo  = errors.New("there is nothing to do")
	ErrStopping     = errors.New("ringside is shutting down: nothing was started")
	ErrNoLedger     = errors.New("there is no ledger to record it in: nothing was started")
)

// Options say how a Runner works.
type Options struct {
	ReadOnly bool
	Parallel int    // upper bound of lanes at once for every plan; 0: DefaultParallel
	Changed  func() // called when the picture of a run changed; must not block
}

// DefaultParallel bounds the lanes at once where nobody says otherwise. Plans ask
// for fewer; those of hosts, which mostly wait, for the most.
const DefaultParallel = 64

// Approval is what a human gave so that a plan may run.
type Approval struct {
	Confirmed bool   // Plan.Confirm was satisfied
	Reason    string // recorded
	Override  string // why a Block is overridden; recorded
}

// Runner runs plans in the background and records every step in the ledger before
// and after it ran. Its methods may be called from any goroutine.
type Runner struct {
	env  *Env
	reg  *Registry
	opts Options

	gate     sync.RWMutex // held for reading while a run starts, so that Interrupt misses none
	stopping bool         // under gate

	mu      sync.Mutex
	runs    []*run      // newest first
	live    []RunRecord // what Live returns, nil when it is out of date
	unended []ending    // ends that the ledger did not take yet
}

// ending is the end of a run that is still to be recorded.
type ending struct {
	run     string
	status  Status
	message string
	at      time.Time
}

// note adds something to know.
func (e *ending) note(text string) { e.message = strings.TrimPrefix(e.message+"; "+text, "; ") }

// NewRunner returns a runner; env.Ledger must be set before the first Start.
func NewRunner(env *Env, reg *Registry, o Options) *Runner {
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	return &Runner{env: env, reg: reg, opts: o}
}

// Start records the run, takes its locks and runs it in the background. ctx
// bounds the checks, the recording and the taking of locks only. When it returns an
// error nothing was started: one of the above, a *HeldError, or the ledger's.
func (r *Runner) Start(ctx context.Context, p *Plan, a Approval) (string, error) {
	if err := r.allowed(p, a); err != nil {
		return "", err
	}
	// The plan may have waited in its dialog: a guard that blocks now and did not
	// then has not been seen by the human, so no override covers it.
	for _, f := range r.reg.findings(ctx, r.env, p) {
		if f.Level == Block && !slices.Contains(p.Findings, f) {
			return "", fmt.Errorf("%w; it came up after the plan was made: %s: %s", ErrBlocked, f.Subject, f.Text)
		}
	}
	now := r.env.Now()
	rec := RunRecord{
		ID: cmp.Or(p.ID, NewID(now)), Kind: p.Kind, Title: p.Title, Params: p.Params, Actor: r.env.Actor,
		Reason: a.Reason, Override: a.Override, Status: Running, Created: now, Alive: true,
		Targets: p.Targets, Findings: p.Findings, Steps: pending(p),
	}
	return r.launch(ctx, p, rec.ID, false, func() (RunRecord, error) { return rec, r.env.Ledger.Begin(ctx, rec) })
}

// Resume adopts a run that did not reach its end and goes on with it: its plan is
// rebuilt, and a step whose effect is there already is not done again. A
// block of today needs an override of today.
func (r *Runner) Resume(ctx context.Context, id string, a Approval) (string, error) {
	p, rec, err := r.rebuild(ctx, id, false)
	if err != nil {
		return "", err
	}
	if rec.Status == Succeeded {
		return "", fmt.Errorf("run %s has done all of its steps: %w", rec.ID, ErrNothingToDo)
	}
	if err := r.allowed(p, a); err != nil {
		return "", err
	}
	return r.launch(ctx, p, rec.ID, false, func() (RunRecord, error) { return r.env.Ledger.Adopt(ctx, rec.ID, r.env.Actor, a) })
}

// Rollback adopts a run that nobody runs now and undoes, in reverse order, the
// steps that it ran and whose effect is there. Steps that it found done before it
// came are left alone.
func (r *Runner) Rollback(ctx context.Context, id string, a Approval) (string, error) {
	p, rec, err := r.rebuild(ctx, id, true)
	if err != nil {
		return "", err
	}
	if rec.Status == RolledBack {
		return "", fmt.Errorf("run %s was rolled back already: %w", rec.ID, ErrNothingToDo)
	}
	if !slices.ContainsFunc(rec.Steps, func(s StepRecord) bool { return s.ran() && s.Final == "" }) {
		return "", fmt.Errorf("run %s ran no step that can be undone: %w", rec.ID, ErrNothingToDo)
	}
	if err := r.allowed(p, a); err != nil {
		return "", err
	}
	return r.launch(ctx, p, rec.ID, true, func() (RunRecord, error) { return r.env.Ledger.Adopt(ctx, rec.ID, r.env.Actor, a) })
}

// allowed is what every way to start a run asks first.
func (r *Runner) allowed(p *Plan, a Approval) error {
	switch {
	case r.opts.ReadOnly:
		return ErrReadOnly
	case r.env.Ledger == nil:
		return ErrNoLedger
	case len(p.Steps) == 0:
		return ErrNothingToDo
	case p.Blocked() && a.Override == "":
		return fmt.Errorf("%w: %s", ErrBlocked, p.Findings[0].Text)
	case !a.Confirmed:
		return ErrNotConfirmed
	}
	return nil
}

// rebuild reads a run and makes its plan again. It only looks; the run is adopted
// after that.
func (r *Runner) rebuild(ctx context.Context, id string, undo bool) (*Plan, RunRecord, error) {
	if r.opts.ReadOnly {
		return nil, RunRecord{}, ErrReadOnly
	}
	if r.env.Ledger == nil {
		return nil, RunRecord{}, ErrNoLedger
	}
	rec, err := r.env.Ledger.Run(ctx, id)
	if err != nil {
		return nil, rec, err
	}
	p, err := r.reg.Rebuild(ctx, r.env, rec, undo)
	if err != nil {
		return nil, rec, err
	}
	same := slices.EqualFunc(p.Steps, rec.Steps, func(s Step, was StepRecord) bool {
		return s.Name == was.Name && s.Stage == was.Stage && s.Target.Key() == was.Target.Key()
	})
	if !same {
		return nil, rec, fmt.Errorf("run %s was made by a version of ringside that plans %q in other steps; nothing was started: look at its targets and make a new plan", rec.ID, rec.Kind)
	}
	return p, rec, nil
}

// launch records the run and starts it.
func (r *Runner) launch(ctx context.Context, p *Plan, id string, undo bool, record func() (RunRecord, error)) (string, error) {
	r.gate.RLock()
	defer r.gate.RUnlock()
	if r.stopping {
		return "", ErrStopping
	}
	r.settle()
	rec, err := record()
	if err != nil {
		return "", err
	}
	x := newRun(r, p, rec, undo)
	r.mu.Lock()
	r.runs = slices.Insert(slices.DeleteFunc(r.runs, func(o *run) bool { return o.id == id }), 0, x)
	r.forget()
	r.mu.Unlock()
	r.changed()
	if err := x.lock(ctx); err != nil {
		defer close(x.done)
		defer x.cancel()
		x.finish(len(rec.Steps))
		return "", err
	}
	safe.Go("run "+id, x.execute)
	return id, nil
}

// settle tries again to record ends that the ledger did not take, as when the
// disk was full: until then their locks are held.
func (r *Runner) settle() {
	r.mu.Lock()
	open := r.unended
	r.unended = nil
	r.mu.Unlock()
	for _, e := range open {
		if r.end(e) != nil {
			r.mu.Lock()
			r.unended = append(r.unended, e)
			r.mu.Unlock()
		}
	}
}

// end records the end of a run; its context is its own, since a run that was
// cancelled ends too.
func (r *Runner) end(e ending) error {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
	defer cancel()
	return r.env.Ledger.End(ctx, e.run, e.status, e.message, e.at)
}

// pending are the records of a plan's steps before anything ran.
func pending(p *Plan) []StepRecord {
	out := make([]StepRecord, len(p.Steps))
	for i, s := range p.Steps {
		out[i] = StepRecord{Index: i, Stage: s.Stage, Name: s.Name, Target: s.Target, Status: Pending}
		if s.Undo == nil {
			out[i].Final = s.Final
			if s.Final == "" {
				out[i].Final = "it has no way back"
			}
		}
	}
	return out
}
