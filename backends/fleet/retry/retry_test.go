package retry

import (
	"context"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		b     Backoff
		steps []time.Duration // the most that each wait may be; at least half of it
	}{
		{Backoff{}, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second}},
		{Backoff{Min: time.Second, Max: 3 * time.Second}, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}},
		{Backoff{Min: time.Minute, Max: time.Second}, []time.Duration{time.Second}},
		{Backoff{Min: 1 << 62, Max: 1<<63 - 1}, []time.Duration{1 << 62, 1<<63 - 1}},
	} {
		for round := range 50 {
			for i, most := range c.steps {
				if d := c.b.Next(); d < most/2 || d > most {
					t.Fatalf("round %d, wait %d = %v, want %v to %v", round, i, d, most/2, most)
				}
			}
			c.b.Reset()
		}
	}
}

func TestNextForEver(t *testing.T) {
	var b Backoff
	for range 1000 {
		if d := b.Next(); d <= 0 || d > 15*time.Second {
			t.Fatalf("wait = %v", d)
		}
	}
}

// A hundred sources must not come back at one moment.
func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		var b Backoff
		seen[b.Next()] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 first waits have %d values", len(seen))
	}
}

func TestWait(t *testing.T) {
	b := Backoff{Min: time.Nanosecond, Max: time.Nanosecond}
	if !b.Wait(t.Context()) {
		t.Error("Wait gave up")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b = Backoff{Min: time.Hour, Max: time.Hour}
	if b.Wait(ctx) {
		t.Error("Wait went on after its context was done")
	}
}
