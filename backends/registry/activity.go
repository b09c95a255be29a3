package registry

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"ringside/backends/fleet"
)

// Activity is what a sync moves just now; the source "registry/NAME/activity"
// reports it as *Activity while something moves, and once more when it ends.
type Activity struct {
	Sync      string
	Transfers []Transfer    // running ones, oldest first
	Rate      float64       // bytes a second to the target, over the last second
	History   []float64     // the same once a second, oldest first, at most ActivityLen
	Sent      int64         // bytes to the target since the program was started
	ETA       time.Duration // until the running transfers are through; 0 when nobody knows
}

// ActivityLen is how many samples a history holds.
const ActivityLen = 120

// Transfer is one blob or manifest on its way.
type Transfer struct {
	Repository, Tag string // at the source
	Digest          string
	Size, Done      int64 // bytes
	State           TransferState
	Began           time.Time
}

// TransferState is where a transfer stands.
type TransferState string

// States of a transfer. The last three are ends.
const (
	Checking TransferState = "checking" // does the target have it?
	Waiting  TransferState = "waiting"  // for its turn on the line
	Sending  TransferState = "sending"
	Retrying TransferState = "retrying" // after a failure that may pass
	Present  TransferState = "present"  // it was there
	Mounted  TransferState = "mounted"  // taken from another repository of the target
	Sent     TransferState = "sent"
)

// Over says that nothing more comes of the transfer.
func (s TransferState) Over() bool { return s == Present || s == Mounted || s == Sent }

// activity collects the transfers of a sync.
type activity struct {
	name string
	wake chan struct{}

	mu      sync.Mutex
	running map[*Transfer]bool
	sent    int64
}

func newActivity(name string) *activity {
	return &activity{name: name, wake: make(chan struct{}, 1), running: map[*Transfer]bool{}}
}

// begin adds a transfer. The caller changes it only through update and ends it.
func (a *activity) begin(t Transfer) *Transfer {
	a.mu.Lock()
	a.running[&t] = true
	a.mu.Unlock()
	poke(a.wake)
	return &t
}

func (a *activity) update(t *Transfer, f func(*Transfer)) Transfer {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := t.Done
	f(t)
	if t.Done > before {
		a.sent += t.Done - before
	}
	return *t
}

func (a *activity) end(t *Transfer) {
	a.mu.Lock()
	delete(a.running, t)
	a.mu.Unlock()
}

// snapshot copies what is running.
func (a *activity) snapshot() (running []Transfer, sent int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for t := range a.running {
		running = append(running, *t)
	}
	slices.SortFunc(running, func(x, y Transfer) int { return cmp.Or(x.Began.Compare(y.Began), cmp.Compare(x.Digest, y.Digest)) })
	return running, a.sent
}

// activityEvery is how often a running sync is reported, and 4 of them are a
// sample of its history.
const activityEvery = 250 * time.Millisecond

// watch reports while something moves. While nothing does, it sleeps.
func (a *activity) watch(ctx context.Context, source string, report func(fleet.Reading)) {
	var history []float64
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		if history = a.follow(ctx, source, history, report); history == nil {
			return
		}
	}
}

// follow reports until nothing moves any more; nil when ctx is done.
func (a *activity) follow(ctx context.Context, source string, history []float64, report func(fleet.Reading)) []float64 {
	tick := time.NewTicker(activityEvery)
	defer tick.Stop()
	_, last := a.snapshot()
	const window = int(time.Second / activityEvery)
	recent := make([]int64, 0, window) // bytes of each tick
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		running, sent := a.snapshot()
		if len(recent) == window {
			recent = recent[1:]
		}
		recent = append(recent, sent-last)
		last = sent
		sum := int64(0)
		for _, b := range recent {
			sum += b
		}
		rate := float64(sum) / (float64(len(recent)) * activityEvery.Seconds())
		if n%window == 0 {
			history = append(history, rate)
			history = slices.Clone(history[max(0, len(history)-ActivityLen):]) // readers have the old one
		}
		out := &Activity{Sync: a.name, Transfers: running, Rate: rate, History: slices.Clip(history), Sent: sent}
		if left := unsent(running); rate > 0 && left > 0 {
			out.ETA = time.Duration(float64(left) / rate * float64(time.Second))
		}
		report(fleet.Reading{Source: source, At: time.Now(), Facts: out})
		if len(running) == 0 && sum == 0 {
			if history == nil {
				history = []float64{}
			}
			return history
		}
	}
}

func unsent(running []Transfer) (left int64) {
	for _, t := range running {
		if !t.State.Over() {
			left += t.Size - t.Done
		}
	}
	return left
}
