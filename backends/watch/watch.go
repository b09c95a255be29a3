package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Source watches one system. Watch reports readings until ctx is done and then
// returns without leaving anything behind; it reconnects by itself, with backoff
// and jitter, and reports every failed attempt as a reading with Err set.
type Source interface {
	Name() string
	Watch(ctx context.Context, report func(fleet.Reading))
}

// Looker is a source that reads more about the subjects somebody looks at now.
// Look must return at once; nil means that nobody looks.
type Looker interface{ Look(subjects []string) }

// Refresher is a source that can be asked to read again now. Refresh must return
// at once and may be called often.
type Refresher interface{ Refresh() }

// Set is a group of running sources.
type Set struct {
	store   *Store
	cancel  context.CancelFunc
	ctx     context.Context
	wg      sync.WaitGroup
	mu      sync.Mutex
	sources map[string]Source
}

// Run starts the sources, each in its own goroutine, until ctx is done or Close.
func Run(ctx context.Context, store *Store, sources ...Source) *Set {
	ctx, cancel := context.WithCancel(ctx)
	s := &Set{store: store, ctx: ctx, cancel: cancel, sources: map[string]Source{}}
	for _, src := range sources {
		s.Add(src)
	}
	return s
}

// Add starts one more source. A second source of the same name is a mistake of
// the caller and panics.
func (s *Set) Add(src Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sources[src.Name()]; ok {
		panic("watch: two sources named " + src.Name())
	}
	s.sources[src.Name()] = src
	s.wg.Add(1)
	safe.Go("watch "+src.Name(), func() {
		defer s.wg.Done()
		src.Watch(s.ctx, s.store.Put)
	})
}

// Look tells every Looker what is looked at: subjects by source name. Sources
// that are not named are told that nobody looks.
func (s *Set) Look(interest map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, src := range s.sources {
		if l, ok := src.(Looker); ok {
			l.Look(interest[name])
		}
	}
}

// Refresh asks the named sources, or all of them, to read again now.
func (s *Set) Refresh(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, src := range s.sources {
		r, ok := src.(Refresher)
		if ok && (len(names) == 0 || slices.Contains(names, name)) {
			r.Refresh()
		}
	}
}

// Close stops every source and waits for them, at most for the given time. The
// error says how many were still running, which is a defect of those sources.
func (s *Set) Close(limit time.Duration) error {
	s.cancel()
	done := make(chan struct{})
	safe.Go("watch close", func() { s.wg.Wait(); close(done) })
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-t.C:
		return fmt.Errorf("watch: some of %d sources had not stopped after %v", len(s.sources), limit)
	}
}
