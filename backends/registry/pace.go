package registry

import (
	"context"
	"sync"
	"time"
)

// pace lets so many units a second pass, for everybody who shares it. The nil
// pace lets all pass.
type pace struct {
	rate  float64
	burst float64 // units that may pass at once after a pause

	mu   sync.Mutex
	free time.Time // when everything that was let pass is paid for
}

// newPace returns nil when there is no limit.
func newPace(rate int64) *pace {
	if rate <= 0 {
		return nil
	}
	return &pace{rate: float64(rate), burst: float64(rate) / 8}
}

// wait returns when n units may pass.
func (p *pace) wait(ctx context.Context, n int) error {
	if p == nil || n <= 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-p.time(p.burst)); p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(p.time(float64(n)))
	d := p.free.Sub(now)
	p.mu.Unlock()
	return sleep(ctx, d)
}

func (p *pace) time(n float64) time.Duration {
	return time.Duration(n / p.rate * float64(time.Second))
}

// sleep waits for d, or until ctx is done, which is its error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gate is closed while a registry asks to be left alone. Every request waits for it.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// close keeps requests back for at least d from now on.
func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := time.Now().Add(d); t.After(g.until) {
		g.until = t
	}
}

// left is how long the gate is still closed.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}
