package command

import (
	"context"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/backends/fleet/safe"
)

// pending is a ledger that is being opened: opening reads the disk, and the first
// frame does not wait for that. Whoever uses it waits, and learns why it could not
// be opened.
type pending struct {
	ready  chan struct{}
	ledger *ledger.Ledger
	err    error
}

func openLater(path string) *pending {
	p := &pending{ready: make(chan struct{})}
	safe.Go("open the ledger", func() {
		defer close(p.ready)
		p.ledger, p.err = ledger.Open(context.Background(), path)
	})
	return p
}

func (p *pending) get(ctx context.Context) (actions.Ledger, error) {
	select {
	case <-p.ready:
		if p.err != nil {
			return nil, p.err
		}
		return p.ledger, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// with calls f with the ledger once it is open.
func with[T any](ctx context.Context, p *pending, f func(actions.Ledger) (T, error)) (T, error) {
	l, err := p.get(ctx)
	if err != nil {
		var none T
		return none, err
	}
	return f(l)
}

// do is with for calls that return an error only.
func (p *pending) do(ctx context.Context, f func(actions.Ledger) error) error {
	l, err := p.get(ctx)
	if err != nil {
		return err
	}
	return f(l)
}

func (p *pending) Begin(ctx context.Context, run actions.RunRecord) error {
	return p.do(ctx, func(l actions.Ledger) error { return l.Begin(ctx, run) })
}

func (p *pending) Adopt(ctx context.Context, id string, actor actions.Actor, ok actions.Approval) (actions.RunRecord, error) {
	return with(ctx, p, func(l actions.Ledger) (actions.RunRecord, error) { return l.Adopt(ctx, id, actor, ok) })
}

func (p *pending) Step(ctx context.Context, run string, steps ...actions.StepRecord) error {
	return p.do(ctx, func(l actions.Ledger) error { return l.Step(ctx, run, steps...) })
}

func (p *pending) End(ctx context.Context, run string, status actions.Status, message string, at time.Time) error {
	return p.do(ctx, func(l actions.Ledger) error { return l.End(ctx, run, status, message, at) })
}

func (p *pending) Run(ctx context.Context, id string) (actions.RunRecord, error) {
	return with(ctx, p, func(l actions.Ledger) (actions.RunRecord, error) { return l.Run(ctx, id) })
}

func (p *pending) Runs(ctx context.Context, q actions.RunQuery) ([]actions.RunRecord, error) {
	return with(ctx, p, func(l actions.Ledger) ([]actions.RunRecord, error) { return l.Runs(ctx, q) })
}

func (p *pending) Locks(ctx context.Context) ([]actions.Lock, error) {
	return with(ctx, p, func(l actions.Ledger) ([]actions.Lock, error) { return l.Locks(ctx) })
}

func (p *pending) Hold(ctx context.Context, h actions.Hold) error {
	return p.do(ctx, func(l actions.Ledger) error { return l.Hold(ctx, h) })
}

func (p *pending) Release(ctx context.Context, target string) error {
	return p.do(ctx, func(l actions.Ledger) error { return l.Release(ctx, target) })
}

func (p *pending) Holds(ctx context.Context) ([]actions.Hold, error) {
	return with(ctx, p, func(l actions.Ledger) ([]actions.Hold, error) { return l.Holds(ctx) })
}

// Close waits for the opening and closes the ledger.
func (p *pending) Close() error {
	<-p.ready
	if p.err != nil {
		return nil // told to whoever used it
	}
	return p.ledger.Close()
}
