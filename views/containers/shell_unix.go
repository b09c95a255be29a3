//go:build unix

package containers

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"ringside/backends/fleet/safe"
)

// resizes has a token after every change of the terminal's size until ctx is done.
func resizes(ctx context.Context) <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	out := make(chan struct{}, 1)
	safe.Go("shell resizes", func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				select {
				case out <- struct{}{}:
				default:
				}
			}
		}
	})
	return out
}
