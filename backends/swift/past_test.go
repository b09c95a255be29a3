package swift

import (
	"fmt"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func minutes(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }

// Quarantine only grows until somebody empties it: what is told is what came since
// the first look.
func TestQuarantineBaseline(t *testing.T) {
	var p past
	for i, c := range []struct {
		count, fresh int64
		since, rose  time.Time
	}{
		{5, 0, minutes(0), time.Time{}},
		{5, 0, minutes(0), time.Time{}},
		{9, 4, minutes(0), minutes(2)},
		{9, 4, minutes(0), minutes(2)},
		{2, 0, minutes(4), time.Time{}}, // emptied
		{3, 1, minutes(4), minutes(5)},
	} {
		q := p.quarantined(Quarantined{Objects: c.count}, minutes(i))
		if q.New() != c.fresh || !q.Since.Equal(c.since) || !q.Rose.Equal(c.rose) || q.Total() != c.count {
			t.Errorf("%d: %+v", i, q)
		}
	}
}

// The cron job's figure is compared with the one before it, however often it is read.
func TestAsyncBefore(t *testing.T) {
	var p past
	jitter := 3 * time.Millisecond // of the skew between two looks
	for i, c := range []struct {
		pending int64
		counted time.Time
		before  int64
		earlier time.Time
	}{
		{7, minutes(0), 0, time.Time{}},
		{7, minutes(0).Add(jitter), 0, time.Time{}},
		{12, minutes(5), 7, minutes(0).Add(jitter)},
		{12, minutes(5).Add(-jitter), 7, minutes(0).Add(jitter)},
		{1, minutes(10), 12, minutes(5).Add(-jitter)},
	} {
		a := p.async(Async{Pending: c.pending, Counted: c.counted})
		if a.Before != c.before || !a.Earlier.Equal(c.earlier) {
			t.Errorf("%d: %+v", i, a)
		}
	}
}

func TestPace(t *testing.T) {
	const gb = 1 << 30
	var p past
	full := func(used int64, minute int) Pace {
		return p.usage(Usage{Device: "d1", Mounted: true, Size: 1000 * gb, Used: used, Avail: 1000*gb - used}, minutes(minute))
	}
	for m := range 10 {
		if got := full(900*gb+int64(m)*gb, m); got != (Pace{}) {
			t.Errorf("after %d minutes: %+v", m, got)
		}
	}
	got := full(910*gb, 10)
	if got.Over != 10*time.Minute || got.BytesPerSecond < gb/61.0 || got.BytesPerSecond > gb/59.0 {
		t.Errorf("%+v", got)
	}
	if in, ok := got.Full(90 * gb); !ok || in < 89*time.Minute || in > 91*time.Minute {
		t.Errorf("full in %v, %v", in, ok)
	}
	// A disk that was emptied, or exchanged, begins anew.
	if got := full(10*gb, 11); got != (Pace{}) {
		t.Errorf("emptied: %+v", got)
	}
	full(900*gb, 12)
	p.usage(Usage{Device: "d1"}, minutes(13))
	if got := full(900*gb, 30); got != (Pace{}) {
		t.Errorf("unmounted in between: %+v", got)
	}
	// A day of points is kept, not more, and a still disk has no end.
	for m := range 3000 {
		got = full(900*gb, 31+m)
	}
	if n := len(p.disks["d1"].points); n != pacePoints || got.Over < 23*time.Hour || got.Over > 25*time.Hour {
		t.Errorf("%d points, %+v", n, got)
	}
	if _, ok := got.Full(100 * gb); ok {
		t.Errorf("a disk that does not fill is full some day: %+v", got)
	}
}

func TestSeen(t *testing.T) {
	for _, c := range []struct {
		s     Seen[int]
		known bool
		why   string
	}{
		{Seen[int]{}, false, "not read yet"},
		{Seen[int]{Value: 1, At: t0}, true, ""},
		{Seen[int]{At: t0, Null: true}, false, "never ran, or its cache file is broken"},
		{Seen[int]{Err: fmt.Errorf("refused")}, false, "refused"},
		{Seen[int]{Value: 1, At: t0, Err: fmt.Errorf("refused")}, true, ""},
	} {
		if c.s.Known() != c.known || c.s.Why() != c.why {
			t.Errorf("%+v: %v %q", c.s, c.s.Known(), c.s.Why())
		}
	}
}
