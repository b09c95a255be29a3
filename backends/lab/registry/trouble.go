package registry

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

// trouble is what is wrong with a registry just now.
type trouble struct {
	mu       sync.Mutex
	latency  time.Duration
	hung     chan struct{} // closed when the hanging ends; nil when it does not hang
	refusals []*refusal
	cuts     []*cut
	ask      func(kind string) int
}

type refusal struct {
	pattern string
	status  int
	after   time.Duration // of Retry-After; 0 for no such header
	left    int           // negative: for ever
}

type cut struct {
	up   bool
	left int64 // bytes until the connection breaks
}

// Hang makes the registry take requests and never answer; bodies stall.
func (r *Registry) Hang(on bool) {
	t := &r.wrong
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case on && t.hung == nil:
		t.hung = make(chan struct{})
	case !on && t.hung != nil:
		close(t.hung)
		t.hung = nil
	}
}

// Refuse makes requests of a kind ("blob GET", "manifest *", "*") fail so many
// times, for ever when times is negative. With 429 or 503, Retry-After is sent
// when after is not zero.
func (r *Registry) Refuse(kind string, status int, after time.Duration, times int) (end func()) {
	t := &r.wrong
	f := &refusal{kind, status, after, times}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusals = append(t.refusals, f)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		f.left = 0
	}
}

// CutUp breaks one connection after so many more bytes of uploads were read.
func (r *Registry) CutUp(after int64) { r.wrong.cut(true, after) }

// CutDown breaks one connection after so many more bytes of blobs were sent.
func (r *Registry) CutDown(after int64) { r.wrong.cut(false, after) }

func (t *trouble) cut(up bool, after int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cuts = append(t.cuts, &cut{up, after})
}

// allow says how many of n bytes pass before a cut: fewer than n means that the
// connection has to break after them.
func (t *trouble) allow(up bool, n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, c := range t.cuts {
		if c.up != up {
			continue
		}
		if c.left > int64(n) {
			c.left -= int64(n)
			return n
		}
		t.cuts = append(t.cuts[:i:i], t.cuts[i+1:]...)
		return int(c.left)
	}
	return n
}

func (t *trouble) setLatency(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latency = d
}

// pass lets a request in, late or never.
func (t *trouble) pass(ctx context.Context) bool {
	t.mu.Lock()
	d := t.latency
	t.mu.Unlock()
	return sleep(ctx, d) && t.stall(ctx)
}

// stall waits while the registry hangs and says whether ctx is still alive.
func (t *trouble) stall(ctx context.Context) bool {
	for {
		t.mu.Lock()
		hung := t.hung
		t.mu.Unlock()
		if hung == nil {
			return ctx.Err() == nil
		}
		select {
		case <-hung:
		case <-ctx.Done():
			return false
		}
	}
}

// wake ends a hanging, so that a stopped registry leaves nothing waiting.
func (t *trouble) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hung != nil {
		close(t.hung)
		t.hung = nil
	}
}

// OnRequest asks f about every request, by its kind, before it is served: a status
// other than 0 is the answer. The calls come one at a time. nil ends it.
func (r *Registry) OnRequest(f func(kind string) int) {
	r.wrong.mu.Lock()
	defer r.wrong.mu.Unlock()
	r.wrong.ask = f
}

func (t *trouble) refusal(kind string) (status int, after string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ask != nil {
		if status := t.ask(kind); status != 0 {
			return status, ""
		}
	}
	for _, f := range t.refusals {
		if f.left == 0 || f.pattern != "*" && f.pattern != kind && !(strings.HasSuffix(f.pattern, " *") && strings.HasPrefix(kind, f.pattern[:len(f.pattern)-1])) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		if f.after > 0 {
			after = strconv.Itoa(max(1, int(f.after/time.Second)))
		}
		return f.status, after
	}
	return 0, ""
}
