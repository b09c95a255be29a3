package registry

import (
	"context"
	"errors"
	"sync"
	"time"
)

// call is one operation of ours at a registry. It rides in the context through
// the library down to the transport, which leaves there what it saw.
type call struct {
	mount    string        // repository that an upload may mount its blob from
	patience time.Duration // how long to wait in all when the registry asks for it
	stats    *Stats        // what the operation cost, nil when nobody counts

	mu     sync.Mutex
	seen   attempt
	waited time.Duration
	over   bool // the transport gave up, whatever the library still tries
}

// attempt is how a request failed.
type attempt struct {
	status int
	says   string // the registry's own words, clean
	code   string // and its word for programs
	wait   time.Duration
	err    error
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf never returns nil.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func (c *call) last() attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

func (c *call) saw(a attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = a
}

// giveUp ends all further attempts of the call.
func (c *call) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

func (c *call) gaveUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// errGaveUp is what the library gets; what was seen before says why.
var errGaveUp = errors.New("given up")

// mayWait says whether the patience is long enough for one more wait, and books it.
func (c *call) mayWait(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waited+d > c.patience {
		return false
	}
	c.waited += d
	return true
}

// Stats counts what was spent at one registry.
type Stats struct {
	mu       sync.Mutex
	requests int
	up, down int64
}

func (s *Stats) request() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.requests++
	s.mu.Unlock()
}

func (s *Stats) bytes(up, down int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.up += up
	s.down += down
	s.mu.Unlock()
}

// Sum is how many requests were sent and how many bytes of bodies went each way.
func (s *Stats) Sum() (requests int, up, down int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.up, s.down
}
