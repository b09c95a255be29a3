package bmc

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

// sink keeps the readings of a watched controller.
type sink struct {
	mu  sync.Mutex
	all []fleet.Reading
}

func (s *sink) put(r fleet.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, r)
}

func (s *sink) last() (r fleet.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.all); n > 0 {
		r = s.all[n-1]
	}
	return r
}

func (s *sink) power() Power {
	if f, ok := s.last().Facts.(*Facts); ok {
		return f.Power
	}
	return ""
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// watched runs Watch until the end of the test, or until stop is called.
func watched(t testing.TB, c *Controller) (s *sink, stop func()) {
	t.Helper()
	s = &sink{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Watch(ctx, s.put) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return s, stop
}

func TestWatch(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		s, stop := watched(t, c)
		until(t, "the first reading", func() bool { return s.power() == On })
		if r := s.last(); r.Source != "bmc/"+b.Name() || r.At.IsZero() || r.Took <= 0 || r.Err != nil {
			t.Errorf("%+v", r)
		}
		// A change is seen soon after it was asked for, without anybody polling.
		must(t, c.Switch(soon(t), ForceOff))
		until(t, "off is reported", func() bool { return s.power() == Off })
		// What others read is reported as well.
		n := s.count()
		status(t, c)
		if s.count() <= n {
			t.Errorf("%d readings, then %d", n, s.count())
		}
		b.Set(lab.Starting, true)
		c.Refresh()
		until(t, "trouble is reported", func() bool { var e *Error; return errors.As(s.last().Err, &e) && e.Trouble == Booting })
		if s.last().Facts != nil {
			t.Error("facts beside an error")
		}
		b.Set(lab.Starting, false)
		c.Refresh()
		until(t, "it is well again", func() bool { return s.power() == Off })
		stop()
		n = s.count()
		status(t, c)
		if s.count() != n {
			t.Error("a reading was reported after the watch had ended")
		}
	})
}

func TestWatchEndsAtOnce(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		b.Set(lab.Silent, true)
		_, stop := watched(t, c)
		until(t, "it asks", func() bool { n := b.Counters(); return n.Datagrams+n.Connections > 0 })
		took := stopwatch()
		stop()
		if d := took(); d > 300*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

// The rest after a failure grows with its kind, and is forgotten when all is well.
func TestPace(t *testing.T) {
	var p pace
	fail := func(kind Trouble) time.Duration { return p.rest(&Error{Trouble: kind}) }
	for range 100 {
		if d := p.rest(nil); d < restMin || d >= restMax {
			t.Fatalf("well: %v", d)
		}
	}
	for kind, b := range backoffs {
		p.rest(nil)
		if d := fail(kind); d < b.Min/2 || d > b.Min {
			t.Errorf("%s: first %v, of %v", kind, d, b.Min)
		}
		for range 20 {
			fail(kind)
		}
		if d := fail(kind); d < b.Max/2 || d > b.Max {
			t.Errorf("%s: at last %v, of %v", kind, d, b.Max)
		}
	}
	for range 5 {
		fail(Silent)
	}
	if d := fail(Booting); d > backoffs[Booting].Min {
		t.Errorf("another trouble begins anew: %v", d)
	}
	for _, kind := range []Trouble{Silent, Refused, WrongPassword, SessionsFull, BadTLS, Booting, Unsupported, NoSecret, Rejected, Other} {
		if backoffs[kind].Min == 0 {
			t.Errorf("%s has no pace", kind)
		}
	}
	// Fewer logins than any lock-out counts: three within a quarter of an hour.
	if d := backoffs[WrongPassword].Min; d/2+d < 5*time.Minute || shutFor[WrongPassword] < time.Minute {
		t.Errorf("logins with a wrong password after %v", d)
	}
}
