package lab

import (
	"container/heap"
	"context"
	"time"
)

// agenda is what an engine has to do later. Its moments are real time, whatever
// clock the engine shows.
type agenda struct {
	items []appointment
	poke  chan struct{} // a token when the first item changed
}

type appointment struct {
	at time.Time
	do func() // runs with the engine's lock held
}

func (a *agenda) Len() int           { return len(a.items) }
func (a *agenda) Less(i, j int) bool { return a.items[i].at.Before(a.items[j].at) }
func (a *agenda) Swap(i, j int)      { a.items[i], a.items[j] = a.items[j], a.items[i] }
func (a *agenda) Push(x any)         { a.items = append(a.items, x.(appointment)) }
func (a *agenda) Pop() any {
	last := len(a.items) - 1
	x := a.items[last]
	a.items[last] = appointment{}
	a.items = a.items[:last]
	return x
}

// after has f called d from now by the life loop. The lock is held, here and
// when f runs.
func (e *Engine) after(d time.Duration, f func()) {
	at := time.Now().Add(d)
	heap.Push(&e.agenda, appointment{at, f})
	if e.agenda.items[0].at.Equal(at) {
		select {
		case e.agenda.poke <- struct{}{}:
		default:
		}
	}
}

// live keeps the appointments until ctx is done. It sleeps while there are none.
func (e *Engine) live(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.agenda.poke:
		case <-timer.C:
		}
		e.mu.Lock()
		next := time.Duration(-1)
		for e.agenda.Len() > 0 {
			if next = time.Until(e.agenda.items[0].at); next > 0 {
				break
			}
			heap.Pop(&e.agenda).(appointment).do()
			next = -1
		}
		e.mu.Unlock()
		if next >= 0 {
			timer.Reset(next)
		}
	}
}
