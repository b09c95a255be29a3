package watch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
)

var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAFailureKeepsTheFactsAndTheirAge(t *testing.T) {
	s := NewStore()
	s.Put(fleet.Reading{Source: "a", At: t0, Facts: 1})
	s.Put(fleet.Reading{Source: "a", At: t0.Add(time.Second), Err: errors.New("gone")})
	s.Put(fleet.Reading{Source: "a", At: t0.Add(2 * time.Second), Err: errors.New("still gone")})
	e, _ := s.State().Entry("a")
	if e.Facts != 1 || e.Err == nil || e.Err.Error() != "still gone" || !e.Since.Equal(t0.Add(time.Second)) {
		t.Errorf("after two failures: %+v", e)
	}
	if age, ok := e.Age(t0.Add(5 * time.Second)); !ok || age != 5*time.Second {
		t.Errorf("age %v %v, want that of the facts, 5s", age, ok)
	}
	s.Put(fleet.Reading{Source: "a", At: t0.Add(6 * time.Second), Facts: 2})
	if e, _ = s.State().Entry("a"); e.Facts != 2 || e.Err != nil || !e.Since.IsZero() {
		t.Errorf("after recovery: %+v", e)
	}
}

func TestAnUnknownAgeIsNotZero(t *testing.T) {
	s := NewStore()
	s.Put(fleet.Reading{Source: "a", At: t0, Err: errors.New("never answered")})
	e, _ := s.State().Entry("a")
	if age, ok := e.Age(t0.Add(time.Hour)); ok {
		t.Errorf("a source that never answered has the age %v", age)
	}
}

func TestALateReadingDoesNotReplaceANewerOne(t *testing.T) {
	s := NewStore()
	s.Put(fleet.Reading{Source: "a", At: t0.Add(time.Minute), Facts: "new"})
	s.Put(fleet.Reading{Source: "a", At: t0, Facts: "old"})
	if e, _ := s.State().Entry("a"); e.Facts != "new" {
		t.Errorf("facts %v", e.Facts)
	}
}

func TestStateIsAPictureOfItsMoment(t *testing.T) {
	s := NewStore()
	for _, n := range []string{"c", "a", "b"} {
		s.Put(fleet.Reading{Source: n, At: t0, Facts: n})
	}
	before := s.State()
	if s.State() != before {
		t.Error("a second picture was made although nothing changed")
	}
	s.Put(fleet.Reading{Source: "d", At: t0, Facts: "d"})
	if got := names(before); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("the old picture changed: %v", got)
	}
	if got := names(s.State()); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("the new picture: %v", got)
	}
}

func names(s *State) (out []string) {
	for e := range s.All() {
		out = append(out, e.Source)
	}
	return out
}

func TestLatestYieldsOneType(t *testing.T) {
	s := NewStore()
	s.Put(fleet.Reading{Source: "a", At: t0, Facts: 1})
	s.Put(fleet.Reading{Source: "b", At: t0, Facts: "text"})
	s.Put(fleet.Reading{Source: "c", At: t0, Err: errors.New("x")})
	var got []string
	for e, n := range Latest[int](s.State()) {
		got = append(got, fmt.Sprint(e.Source, n))
	}
	if !slices.Equal(got, []string{"a1"}) {
		t.Errorf("%v", got)
	}
	for range Latest[int](nil) {
		t.Error("a nil state has entries")
	}
}

func TestManyChangesAreOneToken(t *testing.T) {
	s := NewStore()
	c, end := s.Subscribe()
	for i := range 100 {
		s.Put(fleet.Reading{Source: "a", At: t0.Add(time.Duration(i)), Facts: i})
	}
	<-c
	select {
	case <-c:
		t.Error("a second token although it was read after the last change")
	default:
	}
	end()
	s.Touch()
	select {
	case <-c:
		t.Error("a token after the subscription ended")
	default:
	}
}

// stuck is a source that never reports and ignores everything but its context.
type stuck struct {
	name    string
	looked  chan []string
	started chan struct{}
}

func (s *stuck) Name() string { return s.name }
func (s *stuck) Watch(ctx context.Context, _ func(fleet.Reading)) {
	close(s.started)
	<-ctx.Done()
}
func (s *stuck) Look(ids []string) { s.looked <- ids }

// steady reports as often as it is asked to.
type steady struct {
	name string
	ask  chan struct{}
}

func (s *steady) Name() string { return s.name }
func (s *steady) Refresh()     { s.ask <- struct{}{} }
func (s *steady) Watch(ctx context.Context, report func(fleet.Reading)) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-s.ask:
			report(fleet.Reading{Source: s.name, At: time.Now(), Facts: n})
		}
	}
}

func TestADeadSourceDelaysNobody(t *testing.T) {
	store := NewStore()
	dead := &stuck{name: "dead", looked: make(chan []string, 1), started: make(chan struct{})}
	live := &steady{name: "live", ask: make(chan struct{})}
	set := Run(t.Context(), store, dead, live)
	<-dead.started
	changed, end := store.Subscribe()
	defer end()
	for range 3 {
		set.Refresh("live")
		<-changed
	}
	if e, _ := store.State().Entry("live"); e.Facts != 2 {
		t.Errorf("live source at %v, want 2", e.Facts)
	}
	set.Look(map[string][]string{"dead": {"x"}})
	if got := <-dead.looked; !slices.Equal(got, []string{"x"}) {
		t.Errorf("looked at %v", got)
	}
	if err := set.Close(60 * time.Second); err != nil {
		t.Error(err)
	}
}

func TestCloseSaysWhenASourceDoesNotStop(t *testing.T) {
	hold := make(chan struct{})
	set := Run(t.Context(), NewStore(), sourceFunc(func(context.Context, func(fleet.Reading)) { <-hold }))
	if err := set.Close(10 * time.Millisecond); err == nil {
		t.Error("a source that ignores its context was not reported")
	}
	close(hold)
	if err := set.Close(60 * time.Second); err != nil {
		t.Error(err)
	}
}

type sourceFunc func(context.Context, func(fleet.Reading))

func (sourceFunc) Name() string                                            { return "f" }
func (f sourceFunc) Watch(ctx context.Context, report func(fleet.Reading)) { f(ctx, report) }

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		var sources []Source
		for i := range 20 {
			sources = append(sources, &steady{name: fmt.Sprint(i), ask: make(chan struct{})})
		}
		if err := Run(t.Context(), NewStore(), sources...).Close(60 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(60 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines before, %d after", before, n)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := NewStore()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 500 {
				s.Put(fleet.Reading{Source: fmt.Sprint(w), At: time.Unix(int64(i), 0), Facts: i})
				for range s.State().All() {
				}
			}
		})
	}
	wg.Wait()
	for e := range s.State().All() {
		if e.Facts != 499 {
			t.Errorf("%s at %v", e.Source, e.Facts)
		}
	}
}

// 500 sources write once between two ticks: the price of a tick.
func BenchmarkTickOf500Sources(b *testing.B) {
	s := NewStore()
	var names [500]string
	for i := range names {
		names[i] = fmt.Sprint("bmc/sw-", i)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for _, name := range names {
			s.Put(fleet.Reading{Source: name, At: time.Unix(int64(n), 0), Facts: n})
		}
		s.State()
	}
}
