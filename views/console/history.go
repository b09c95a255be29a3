package console

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// How much of the ledger the console keeps at hand, and how often it looks for
// what other consoles wrote.
const (
	historyLen  = 100
	historyPace = 3 * time.Second
)

// history keeps the newest runs of the ledger, and what it has on hold.
type history struct {
	ledger actions.Ledger
	mu     sync.Mutex
	list   []actions.RunRecord
	hosts  map[string]string // on hold, with the reason
	held   []actions.Hold

	fleet *fleet.Fleet
	now   func() time.Time
}

func (h *history) runs() []actions.RunRecord {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list
}

// quiet are the hosts that are to be left alone, with the reason.
func (h *history) quiet() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts
}

// holds are all holds of the ledger.
func (h *history) holds() []actions.Hold {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held
}

// watch reads the ledger again and again until ctx is done and calls changed
// when something in it is new. A ledger that cannot be read keeps the old list.
func (h *history) watch(ctx context.Context, changed func()) {
	for h.ledger != nil {
		h.read(ctx, changed)
		select {
		case <-ctx.Done():
			return
		case <-time.After(historyPace):
		}
	}
}

func (h *history) read(ctx context.Context, changed func()) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	list, err := h.ledger.Runs(ctx, actions.RunQuery{Limit: historyLen})
	if err != nil {
		return
	}
	holds, err := h.ledger.Holds(ctx)
	if err != nil {
		return
	}
	hosts := actions.Quiet(h.fleet, holds, h.now())
	h.mu.Lock()
	same := slices.EqualFunc(h.list, list, sameRun) && maps.Equal(h.hosts, hosts) && slices.EqualFunc(h.held, holds, sameHold)
	h.list, h.hosts, h.held = list, hosts, holds
	h.mu.Unlock()
	if !same {
		changed()
	}
}

func sameHold(a, b actions.Hold) bool {
	return a.Target == b.Target && a.By == b.By && a.Why == b.Why && a.Until.Equal(b.Until)
}

// sameRun compares what a picture shows of a run.
func sameRun(a, b actions.RunRecord) bool {
	return a.ID == b.ID && a.Status == b.Status && a.Alive == b.Alive &&
		slices.EqualFunc(a.Steps, b.Steps, func(x, y actions.StepRecord) bool {
			return x.Status == y.Status && x.Done == y.Done && len(x.Output) == len(y.Output)
		})
}

// merge puts the runs of this process and those of the ledger into one list,
// newest first. Of a run that is in both, the live picture is the newer one.
func merge(live, recorded []actions.RunRecord) []actions.RunRecord {
	out := slices.Clone(live)
	have := make(map[string]bool, len(live))
	for _, r := range live {
		have[r.ID] = true
	}
	for _, r := range recorded {
		if !have[r.ID] {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b actions.RunRecord) int { return b.Created.Compare(a.Created) })
	return out
}
