package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"ringside/backends/fleet/safe"
)

// Causes of a context that a signal ended.
var (
	errCancelled   = errors.New("cancelled")
	errInterrupted = errors.New("interrupted")
)

// watchSignals ends the context at the first signal: ctrl-c cancels, all others
// interrupt. A second one ends the process at once; what was under way is in the
// ledger.
func (a *app) watchSignals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, stop := a.Signals, func() {}
	if signals == nil {
		own := make(chan os.Signal, 2)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		signals, stop = own, func() { signal.Stop(own) }
	}
	done := make(chan struct{})
	safe.Go("signals", func() {
		for n := 0; ; n++ {
			select {
			case s := <-signals:
				switch {
				case n > 0:
					a.complain("left at once; \"ringside runs list\" shows what was under way")
					os.Exit(ExitCancelled)
				case s == os.Interrupt:
					cancel(errCancelled)
				default:
					cancel(errInterrupted)
				}
			case <-done:
				return
			}
		}
	})
	return ctx, func() { stop(); close(done); cancel(nil) }
}

// codeOf is the exit code that an error asks for.
func codeOf(err error) int {
	var c *coded
	if errors.As(withCode(err), &c) {
		return c.code
	}
	return ExitDone
}
