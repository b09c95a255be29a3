package containers

import (
	"context"
	"time"

	"ringside/backends/fleet/safe"
)

// resizes has a token now and then: Windows sends no signal when the size of a
// console changes, and setting the same size again does nothing.
func resizes(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	safe.Go("shell resizes", func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				select {
				case out <- struct{}{}:
				default:
				}
			}
		}
	})
	return out
}
