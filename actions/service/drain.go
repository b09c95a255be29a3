package service

import (
	"context"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
)

// drainPace is the pause between two looks at what is still open.
const drainPace = 250 * time.Millisecond

// Drain waits until a colour has no open request or stream in any of the proxies, for
// as long as it gets. What is open then is no failure: it is told, and whoever takes
// the colour away cuts it.
func Drain(ctx context.Context, pr actions.Progress, proxies []*traffic.Proxy, c fleet.Colour, limit time.Duration) error {
	over := time.After(limit)
	most := int64(0)
	for {
		left, known := sessions(ctx, proxies, c)
		if known {
			most = max(most, left)
			pr.Amount(most-left, most, "sessions")
			if left == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			if known {
				pr.Log("%d sessions are still open on %s after %v", left, c, limit)
			} else {
				pr.Log("how many sessions %s still has is not known", c)
			}
			return nil
		case <-time.After(drainPace):
		}
	}
}

// sessions adds up the open sessions of a colour; known is false when a proxy does
// not tell.
func sessions(ctx context.Context, proxies []*traffic.Proxy, c fleet.Colour) (sum int64, known bool) {
	for _, x := range proxies {
		v, err := x.Look(ctx)
		if err != nil {
			return 0, false
		}
		switch n := v.Side(c).Sessions; {
		case v.Leaving > 0: // old workers hold the sessions of before the reload
			sum += int64(v.Leaving)
		case n < 0 && x.Spec().Nginx != nil: // they have all gone
		case n < 0:
			return 0, false
		default:
			sum += int64(n)
		}
	}
	return sum, true
}
