package lab

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
)

// trouble is what is wrong with an engine just now, and how often it was asked.
type trouble struct {
	mu       sync.Mutex
	hung     chan struct{} // closed when the hanging ends; nil when it does not hang
	slow     time.Duration
	refusals []*refusal
	calls    map[string]int
}

type refusal struct {
	pattern string
	status  int
	message string
	left    int // negative: for ever
}

// Hang makes the engine accept connections and never answer; streams that are
// open stall. Switched off, everything goes on where it stood.
func (e *Engine) Hang(on bool) {
	t := &e.wrong
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

// Slow delays every answer; 0 ends it.
func (e *Engine) Slow(d time.Duration) {
	e.wrong.mu.Lock()
	defer e.wrong.mu.Unlock()
	e.wrong.slow = d
}

// Refuse makes calls answer an error: those whose method and path without API
// version match the pattern, in which * stands for anything ("POST
// /containers/*/stop", "GET *"). It holds for so many times, for ever when times
// is negative, and until the returned function is called.
func (e *Engine) Refuse(pattern string, status int, message string, times int) (end func()) {
	t := &e.wrong
	r := &refusal{pattern, status, message, times}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusals = append(t.refusals, r)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		r.left = 0
	}
}

// Calls says how often each endpoint was called: "GET /containers/{id}/stats".
func (e *Engine) Calls() map[string]int {
	e.wrong.mu.Lock()
	defer e.wrong.mu.Unlock()
	return maps.Clone(e.wrong.calls)
}

func (t *trouble) count(pattern string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = map[string]int{}
	}
	t.calls[pattern]++
}

// pass lets a request in, late or never.
func (t *trouble) pass(ctx context.Context) error {
	t.mu.Lock()
	slow := t.slow
	t.mu.Unlock()
	if slow > 0 && !sleep(ctx, slow) {
		return ctx.Err()
	}
	return t.stall(ctx)
}

// stall waits until the engine does not hang.
func (t *trouble) stall(ctx context.Context) error {
	for {
		t.mu.Lock()
		hung := t.hung
		t.mu.Unlock()
		if hung == nil {
			return ctx.Err()
		}
		select {
		case <-hung:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *trouble) refusal(call string) (status int, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.refusals {
		if r.left != 0 && wildcard(r.pattern, call) {
			if r.left > 0 {
				r.left--
			}
			return r.status, r.message
		}
	}
	return 0, ""
}

// wildcard matches s against a pattern in which * stands for anything.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(s, first) || len(s) < len(first)+len(last) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
