package traffic

import (
	"context"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// Rates are made of two looks, and kept for as long as a sparkline is; what was
// reported is never written again.
func TestPast(t *testing.T) {
	var r rates
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	view := func(n int64) *View { return &View{Blue: Side{Requests: n}, Green: Side{Requests: -1}} }
	if blue, _, past := r.next(at, view(100)); blue.Known || past != nil {
		t.Errorf("a rate of one look: %+v %v", blue, past)
	}
	var first []Sample
	for i := range 2 * pastLen {
		blue, green, past := r.next(at.Add(time.Duration(i+1)*time.Second), view(int64(100+10*(i+1))))
		if !blue.Known || blue.Requests != 10 || green.Known || len(past) != min(i+1, pastLen) {
			t.Fatalf("look %d: %+v %+v, %d samples", i, blue, green, len(past))
		}
		if i == 0 {
			first = past
		}
	}
	if first[0].At != at.Add(time.Second) || first[0].Over != time.Second || first[0].Rate(fleet.Blue).Requests != 10 {
		t.Errorf("the first sample is %+v now", first[0])
	}
	if blue, _, past := r.next(at.Add((2*pastLen+1)*time.Second), view(5)); blue.Known || past[len(past)-1].Blue.Known {
		t.Error("a counter that fell gives a rate")
	}
}

// still is a proxy that always says the same.
type still struct{ driver }

func (still) look(context.Context) (*View, error) { return &View{Live: fleet.Blue}, nil }

// A proxy is read at leisure while nobody looks, and at once when somebody does.
func TestPaceOfWatching(t *testing.T) {
	t.Parallel()
	s := Source{New(fleet.Service{Name: "web"}, fleet.Traffic{Name: "haproxy", HAProxy: &fleet.HAProxy{}})}
	s.drv = still{}
	read := make(chan time.Time, 100)
	next := func() time.Time {
		t.Helper()
		select {
		case at := <-read:
			return at
		case <-time.After(30 * time.Second):
			t.Fatal("it is not read any more")
			return time.Time{}
		}
	}
	s.Look(nil)
	go s.Watch(t.Context(), func(r fleet.Reading) { read <- r.At })
	first := next()
	if gap := next().Sub(first); gap < idleEvery-time.Second {
		t.Errorf("nobody looks, and it is read every %v", gap)
	}
	began := time.Now()
	s.Look([]string{"web"})
	if gap := next().Sub(began); gap > idleEvery/2 {
		t.Errorf("it was read %v after somebody looked", gap)
	}
}
