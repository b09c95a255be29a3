package actions

import (
	"context"
	"time"

	"ringside/backends/fleet"
)

// Ledger is where runs, holds and locks are kept. It is safe for several
// consoles on one machine; package ledger implements it on SQLite.
type Ledger interface {
	// Begin records a run with all its steps and takes the locks of its targets,
	// both or neither. When a lock is held it returns a *HeldError.
	Begin(ctx context.Context, run RunRecord) error
	// Adopt makes actor the owner of a run that nobody runs now, atomically, and
	// takes its locks, to resume it or to roll it back. The reason and the override
	// of the approval are recorded where there are any. It returns the run with its
	// steps as they were left, and fails when a living process still runs it.
	Adopt(ctx context.Context, id string, actor Actor, a Approval) (RunRecord, error)
	// Step records the state of steps, all or none; it returns when that is on disk,
	// and fails when the run belongs to another process by now.
	Step(ctx context.Context, run string, steps ...StepRecord) error
	// End records how a run ended and gives its locks back.
	End(ctx context.Context, run string, status Status, message string, at time.Time) error
	// Run returns one run by its ID or an unambiguous prefix of it.
	Run(ctx context.Context, id string) (RunRecord, error)
	// Runs returns runs, newest first.
	Runs(ctx context.Context, q RunQuery) ([]RunRecord, error)
	// Locks returns the locks that are held by living processes.
	Locks(ctx context.Context) ([]Lock, error)

	Hold(ctx context.Context, h Hold) error
	Release(ctx context.Context, target string) error
	Holds(ctx context.Context) ([]Hold, error)
	Close() error
}

// RunQuery selects runs; zero fields select everything.
type RunQuery struct {
	Limit      int
	Unfinished bool
	Target     string // key of a target
	Kind       string
	Since      time.Time
}

// Lock is one target's lock.
type Lock struct {
	Target string // fleet.Target.Key
	Run    string
	Title  string
	Actor  Actor
	Since  time.Time
}

// HeldError says that a target is locked by another run.
type HeldError struct {
	Target fleet.Target
	Lock   Lock
}

// Hold is "leave this alone": who, why, until when.
type Hold struct {
	Target fleet.Target `json:"target"`
	By     string       `json:"by"`
	Why    string       `json:"why"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until,omitzero"` // zero: until it is released
}
