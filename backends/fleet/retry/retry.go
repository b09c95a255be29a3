// Package retry spaces out attempts: exponential backoff with jitter, so that a
// hundred sources that lost one switch do not come back in one burst.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff counts failed attempts. The zero value waits 250 ms to 15 s.
type Backoff struct {
	Min, Max time.Duration
	n        int
}

// Next returns how long to wait before the next attempt: Min doubled for every
// failure so far up to Max, of which a random half is taken away.
func (b *Backoff) Next() time.Duration {
	lo, hi := b.Min, b.Max
	if lo <= 0 {
		lo = 250 * time.Millisecond
	}
	if hi <= 0 {
		hi = 15 * time.Second
	}
	d := lo << min(b.n, 20)
	if d > hi || d <= 0 {
		d = hi
	}
	b.n++
	return d/2 + rand.N(d/2+1)
}

// Reset forgets the failures, after an attempt that worked.
func (b *Backoff) Reset() { b.n = 0 }

// Wait sleeps for Next, or until ctx is done, and says whether to go on.
func (b *Backoff) Wait(ctx context.Context) bool {
	t := time.NewTimer(b.Next())
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
