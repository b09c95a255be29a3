package actions

import (
	"context"
	"fmt"
	"time"
)

// Mutex keeps the consoles of other machines away from a plan's targets while it
// runs; the ledger's locks hold for one machine only.
type Mutex interface {
	// Lock takes it for a run, and is content when the run has it already. When
	// another run has it the error is a *HeldError.
	Lock(ctx context.Context, run RunRecord) error
	// Unlock gives it back; what is gone already is fine.
	Unlock(ctx context.Context, run RunRecord) error
}

// mutexTimeout bounds the taking and the giving back of a Mutex.
const mutexTimeout = 20 * time.Second

// lock takes the plan's mutex. A run that does not get it ends before its first
// step.
func (x *run) lock(ctx context.Context) error {
	if x.plan.Mutex == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mutexTimeout)
	defer cancel()
	x.refused = x.plan.Mutex.Lock(ctx, x.picture())
	return x.refused
}

// unlock gives the mutex back. A run that was interrupted keeps it: it is to be gone
// on with, and nobody should come in between.
func (x *run) unlock(end *ending) {
	if x.plan.Mutex == nil || x.refused != nil || end.status == Interrupted {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), mutexTimeout)
	defer cancel()
	if err := x.plan.Mutex.Unlock(ctx, x.picture()); err != nil {
		end.note(fmt.Sprintf("the lock on its targets could not be given back: %v", err))
	}
}
