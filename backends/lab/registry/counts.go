package registry

import (
	"maps"
	"sync"
)

// Counts is what a registry was asked for.
type Counts struct {
	Requests map[string]int // by kind: "manifest HEAD", "blob GET", "upload POST", "mount", "tags", …
	Up, Down int64          // bytes of bodies
	Mounted  int            // mounts that were granted
	Peak     int            // most requests at one time
}

// Total is the number of all requests.
func (c Counts) Total() (n int) {
	for _, k := range c.Requests {
		n += k
	}
	return n
}

type counter struct {
	mu     sync.Mutex
	counts Counts
	active int
}

func (c *counter) enter(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts.Requests == nil {
		c.counts.Requests = map[string]int{}
	}
	c.counts.Requests[kind]++
	c.active++
	c.counts.Peak = max(c.counts.Peak, c.active)
}

func (c *counter) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
}

func (c *counter) bytes(up, down int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Up += up
	c.counts.Down += down
}

func (c *counter) mounted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Mounted++
}

// Counts returns what was counted since the last reset.
func (r *Registry) Counts() Counts {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	out := r.seen.counts
	out.Requests = maps.Clone(out.Requests)
	return out
}

// Reset begins counting anew.
func (r *Registry) Reset() {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	r.seen.counts = Counts{}
}
