package registry

import (
	"context"
	"sync"
	"time"
)

// pace lets so many bytes a second pass, over all connections together.
type pace struct {
	mu   sync.Mutex
	rate int64 // 0: no limit
	free time.Time
}

func (p *pace) set(rate int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// wait returns when n bytes may pass, or when ctx is done.
func (p *pace) wait(ctx context.Context, n int) {
	p.mu.Lock()
	if p.rate <= 0 {
		p.mu.Unlock()
		return
	}
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	until := p.free
	p.mu.Unlock()
	sleep(ctx, time.Until(until))
}

// sleep waits and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
