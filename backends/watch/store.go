// Package watch runs the sources of a fleet and keeps the latest reading of each.
//
// Sources write at their own pace and never wait: Put takes a mutex for the time
// of a map store. Readers take State, an immutable picture that is built at most
// once per change and shared by all of them. Nothing here knows who looks.
package watch

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"ringside/backends/fleet"
)

// Entry is the latest that is known of one source: the last facts that were read
// and, when a later attempt failed, since when and why.
type Entry struct {
	Source string
	Facts  any           // last good facts, nil when there never were any
	At     time.Time     // when Facts were read; zero when there never were any
	Took   time.Duration // how long that reading took
	Err    error         // the latest attempt's error, nil when it worked
	Since  time.Time     // when the present run of failures began; zero when Err is nil
}

// Age is how old the facts are at now; ok is false when there are none.
func (e Entry) Age(now time.Time) (age time.Duration, ok bool) {
	if e.At.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(e.At)), true
}

// State is an immutable picture of all entries. The zero value is empty.
type State struct {
	Seq     uint64 // grows with every change; equal Seq means equal state
	entries map[string]Entry
	order   []string
}

// Entry returns the entry of one source.
func (s *State) Entry(source string) (Entry, bool) {
	if s == nil {
		return Entry{}, false
	}
	e, ok := s.entries[source]
	return e, ok
}

// All yields every entry in the order of the source names.
func (s *State) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if s == nil {
			return
		}
		for _, n := range s.order {
			if !yield(s.entries[n]) {
				return
			}
		}
	}
}

// Latest yields the entries whose facts have type T, with those facts.
func Latest[T any](s *State) iter.Seq2[Entry, T] {
	return func(yield func(Entry, T) bool) {
		for e := range s.All() {
			if f, ok := e.Facts.(T); ok && !yield(e, f) {
				return
			}
		}
	}
}

// Store collects readings. Its methods may be called from any goroutine.
type Store struct {
	mu      sync.Mutex
	entries map[string]Entry
	order   []string // sorted names, replaced when a source appears
	seq     uint64
	state   *State // picture of seq, nil when it is out of date
	wake    map[chan struct{}]struct{}
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{entries: map[string]Entry{}, wake: map[chan struct{}]struct{}{}}
}

// Put stores a reading. A reading older than the facts at hand is dropped; a
// failed one keeps the facts and records the error and since when it lasts.
func (s *Store) Put(r fleet.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[r.Source]
	switch {
	case r.Err != nil:
		if e.Err == nil {
			e.Since = r.At
		}
		e.Err = r.Err
	case r.At.Before(e.At):
		return
	default:
		e.Facts, e.At, e.Took, e.Err, e.Since = r.Facts, r.At, r.Took, nil, time.Time{}
	}
	e.Source = r.Source
	s.entries[r.Source] = e
	if !known {
		i, _ := slices.BinarySearch(s.order, r.Source)
		s.order = slices.Insert(slices.Clone(s.order), i, r.Source)
	}
	s.changed()
}

// Touch wakes the subscribers for a change that lives outside the store, such as
// new lines of a log or the progress of a run.
func (s *Store) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed()
}

func (s *Store) changed() {
	s.seq++
	s.state = nil
	for c := range s.wake {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// State returns the picture of this moment.
func (s *Store) State() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		s.state = &State{Seq: s.seq, entries: maps.Clone(s.entries), order: s.order}
	}
	return s.state
}

// Subscribe returns a channel that holds one token whenever something changed
// since it was last read, and a function that ends the subscription.
func (s *Store) Subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	s.wake[c] = struct{}{}
	s.mu.Unlock()
	return c, func() {
		s.mu.Lock()
		delete(s.wake, c)
		s.mu.Unlock()
	}
}
