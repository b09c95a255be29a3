package registry

import (
	"context"
	"slices"
	"sync"
)

// A line bounds how many bytes are on the way at a time. What a registry has not
// confirmed is lost when the program is killed or the network breaks, so there is
// never more of it than one blob (or so many as there are streams): blobs go one
// after the other, small ones together. That costs little time because the next
// one is ready when the last one is confirmed: it may open, which takes an answer
// of each registry and a first few bytes, while little is left of the open ones.
type line struct {
	streams int

	mu      sync.Mutex
	open    []*turn       // not confirmed yet, in the order in which they send
	wait    []waiting     // who wants to open, in order
	changed chan struct{} // closed and replaced when an open one ends
}

// Bytes of the line.
const (
	lookahead = 4 << 20  // of open transfers that are left when the next one may open
	firstPart = 16 << 10 // that a transfer may send before its turn, so that its request is under way; fills the write buffer
	together  = 1 << 20  // that small blobs may have on the way together
)

// turn is one transfer's place on the line.
type turn struct {
	line *line
	size int64
	sent int64
}

type waiting struct {
	ready chan struct{}
	size  int64
}

func newLine(streams int) *line {
	return &line{streams: max(1, streams), changed: make(chan struct{})}
}

// enter waits until a transfer of so many bytes may open.
func (l *line) enter(ctx context.Context, size int64) (*turn, error) {
	l.mu.Lock()
	t := &turn{line: l, size: size}
	if len(l.wait) == 0 && l.room() {
		l.open = append(l.open, t)
		l.mu.Unlock()
		return t, nil
	}
	ready := make(chan struct{})
	l.wait = append(l.wait, waiting{ready, size})
	l.mu.Unlock()
	select {
	case <-ready:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open = append(l.open, t)
		l.next()
		return t, nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		l.wait = slices.DeleteFunc(l.wait, func(w waiting) bool { return w.ready == ready })
		l.next() // it may have been our turn
		return nil, ctx.Err()
	}
}

// ahead is how many bytes go before a transfer that would enter now.
func (l *line) ahead() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wait {
		n += w.size
	}
	return n + l.left()
}

// left is how many bytes of the open transfers are still to be sent.
func (l *line) left() (n int64) {
	for _, t := range l.open {
		n += t.size - t.sent
	}
	return n
}

// room says whether one more transfer may open.
func (l *line) room() bool { return len(l.open) < l.streams || l.left() <= lookahead }

// next wakes who waits first, when there is room. It opens by itself.
func (l *line) next() {
	if len(l.wait) > 0 && l.room() {
		close(l.wait[0].ready)
		l.wait = l.wait[1:]
	}
}

// allow says how many of n bytes may be sent now; it waits when that is none.
func (t *turn) allow(ctx context.Context, n int) (int, error) {
	for {
		may, changed := t.may(int64(n))
		if may > 0 {
			return int(may), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (t *turn) may(n int64) (may int64, changed chan struct{}) {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := int64(0)
	for i, o := range l.open {
		sum += o.size
		if o == t && (i < l.streams || sum <= together) {
			return n, nil
		}
	}
	return min(n, firstPart-t.sent), l.changed
}

// first says whether the transfer may send all of its bytes.
func (t *turn) first() bool {
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	return slices.Index(t.line.open, t) < t.line.streams
}

// passed books n bytes that were sent.
func (t *turn) passed(n int) {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	t.sent += int64(n)
	l.next()
}

// end gives the place up: the transfer was confirmed, or it failed.
func (t *turn) end() {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.open, t)
	if i < 0 {
		return
	}
	l.open = slices.Delete(l.open, i, i+1)
	close(l.changed)
	l.changed = make(chan struct{})
	l.next()
}
