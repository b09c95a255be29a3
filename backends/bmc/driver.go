package bmc

import "context"

// driver speaks one protocol to one BMC. Its methods may be called from any
// goroutine; each command waits for its turn, so that one is in flight at a time.
// Errors are *reason where the cause is known. Text in results is clean.
type driver interface {
	name() string // "ipmi", "redfish"

	status(ctx context.Context) (*Facts, error)
	// power sends the verb once. That it is accepted does not mean that it is done.
	power(ctx context.Context, v Verb) error
	boot(ctx context.Context) (Boot, error)
	// setBoot sets the override; what the BMC made of it boot tells.
	setBoot(ctx context.Context, b Boot) error
	sensors(ctx context.Context) ([]Sensor, error)
	// events returns the newest entries of the log, at most so many (more than none), the
	// newest first.
	events(ctx context.Context, most int) ([]Event, error)
	identify(ctx context.Context, on bool) error
	info(ctx context.Context) (Info, error)

	// close ends the session, if there is one, and leaves the driver usable.
	close(ctx context.Context) error
}

// turn is a lock that can be waited for no longer than a context lasts.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
