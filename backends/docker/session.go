package docker

import (
	"context"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Pace of the background inspects: at most so many every so often, so that
// 10,000 containers are known after some minutes and the engine hardly feels it.
const (
	trickleBatch = 8
	tricklePause = 100 * time.Millisecond
	trickleShow  = 500 * time.Millisecond // how often their results are reported
	applyLimit   = 2 * time.Second        // one inspect after an event; a slower one is left to the trickle
)

// run keeps the picture up to date until ctx is done or a read fails.
func (w *watcher) run(ctx context.Context) error {
	again := time.NewTicker(listEvery)
	defer again.Stop()
	trickle := time.NewTimer(0)
	defer trickle.Stop()
	var (
		gathered <-chan time.Time // ends the wait for the rest of a burst
		show     <-chan time.Time // reports what the trickle has found
		busy     bool             // a batch of inspects is under way
	)
	for {
		select {
		case <-ctx.Done():
			return w.fail("watch", ctx.Err())
		case at := <-w.alive:
			if gathered == nil {
				w.confirm(at)
			}
		case <-w.changed:
			if gathered == nil {
				gathered = time.After(gatherFor)
			}
		case <-gathered:
			gathered = nil
			if err := w.apply(ctx); err != nil {
				return err
			}
			trickle.Reset(0)
		case <-again.C:
			if err := w.list(ctx, time.Now()); err != nil {
				return err
			}
			trickle.Reset(0)
		case <-w.refresh:
			if err := w.list(ctx, time.Now()); err != nil {
				return err
			}
			w.table.recheckAll()
			trickle.Reset(0)
		case <-w.lookList:
			trickle.Reset(0)
		case <-trickle.C:
			if ids := w.table.unknown(w.lookedAt(), trickleBatch); len(ids) > 0 && !busy {
				busy = true
				asked := w.table.pick(ids)
				w.wg.Add(1)
				safe.Go("inspect "+w.Name(), func() {
					defer w.wg.Done()
					w.inspected <- inspected{asked, w.inspectAll(ctx, w.cl, ids, inspectLimit)}
				})
			}
		case r := <-w.inspected:
			busy = false
			w.again(w.table.learn(w.table.unchanged(r.asked), r.knowns))
			trickle.Reset(tricklePause)
			if show == nil {
				show = time.After(trickleShow)
			}
		case <-show:
			show = nil
			w.publish(w.at, w.took)
		}
	}
}

// list reads everything again.
func (w *watcher) list(ctx context.Context, began time.Time) error {
	limited, done := context.WithTimeout(ctx, readLimit)
	defer done()
	digests, err := w.readDigests(limited, w.cl)
	if err != nil {
		return err
	}
	at := time.Now()
	all, err := w.readList(limited, w.cl, nil, digests)
	if err != nil {
		return err
	}
	w.table.digests = digests
	w.table.replace(all)
	w.publish(at, time.Since(began))
	return nil
}

// apply reads the containers that had events, with their inspects, so that a
// change is shown whole.
func (w *watcher) apply(ctx context.Context) error {
	ids, images := w.take()
	if len(ids) >= manyChanged {
		w.table.recheck(ids)
		return w.list(ctx, time.Now())
	}
	limited, done := context.WithTimeout(ctx, readLimit)
	defer done()
	at := time.Now()
	if images {
		digests, err := w.readDigests(limited, w.cl)
		if err != nil {
			return err
		}
		w.table.setDigests(digests)
	}
	if len(ids) > 0 {
		now, err := w.readList(limited, w.cl, ids, w.table.digests)
		if err != nil {
			return err
		}
		w.table.update(ids, now)
		ids = ids[:0]
		for _, c := range now {
			ids = append(ids, c.ID)
		}
		knowns := w.inspectAll(limited, w.cl, ids, applyLimit)
		w.again(w.table.learn(ids, knowns))
		for _, id := range ids {
			if _, ok := knowns[id]; !ok {
				w.table.recheck([]string{id})
			}
		}
	}
	w.publish(at, time.Since(at))
	return nil
}

// again has containers read once more, as if they had had an event.
func (w *watcher) again(ids []string) {
	if len(ids) == 0 {
		return
	}
	w.mu.Lock()
	if w.pending == nil {
		w.pending = map[string]bool{}
	}
	for _, id := range ids {
		w.pending[id] = true
	}
	w.mu.Unlock()
	token(w.changed)
}

// publish reports the table; an unchanged one keeps its facts pointer, by which
// readers see that there is nothing to draw.
func (w *watcher) publish(at time.Time, took time.Duration) {
	list, changed := w.table.list()
	if w.facts == nil || changed {
		f := *w.engine
		f.Containers = list
		w.facts = &f
		w.latest.Store(w.facts)
	}
	if at.After(w.at) {
		w.at = at
	}
	w.took = took
	w.report(fleet.Reading{Source: w.Name(), At: w.at, Took: took, Facts: w.facts})
}

// confirm reports the same facts as true at a later moment.
func (w *watcher) confirm(at time.Time) {
	if at.Sub(w.at) >= confirmEvery {
		w.publish(at, w.took)
	}
}
