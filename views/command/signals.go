package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ringside/backends/fleet/safe"
)

// Causes of a context that a signal ended.
var (
	errCancelled   = errors.New("cancelled")
	errInterrupted = errors.New("interrupted")
)

// echo is how soon after the first a signal counts as the same one: timeout(1)
// sends its own to the process and to the group.
const echo = 300 * time.Millisecond

// watchSignals ends the context at the first signal: ctrl-c cancels, all others
// interrupt. A second one ends the process at once; what was under way is in the
// ledger.
func (a *app) watchSignals(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, stop := a.Signals, func() {}
	if signals == nil {
		own := make(chan os.Signal, 2)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		signals, stop = own, func() { signal.Stop(own) }
	}
	done := make(chan struct{})
	safe.Go("signals", func() {
		var first time.Time
		for {
			select {
			case s := <-signals:
				switch {
				case !first.IsZero() && time.Since(first) < echo:
					continue
				case !first.IsZero():
					a.complain("left at once; \"ringside runs list\" shows what was under way")
					os.Exit(ExitCancelled)
				case s == os.Interrupt:
					cancel(errCancelled)
				default:
					cancel(errInterrupted)
				}
				first = time.Now()
			case <-done:
				return
			}
		}
	})
	// To the very end: a signal must not kill the process while it tidies up.
	a.closers = append([]func() error{func() error { stop(); close(done); cancel(nil); return nil }}, a.closers...)
	return ctx
}

// codeOf is the exit code that an error asks for.
func codeOf(err error) int {
	var c *coded
	if errors.As(withCode(err), &c) {
		return c.code
	}
	return ExitDone
}
