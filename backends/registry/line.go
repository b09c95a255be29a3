package registry

import (
	"context"
	"slices"
	"sync"
)

// A line bounds how many bytes are on the way at a time. Of what was begun, all is
// lost when the program is killed or the network breaks, so blobs are sent one
// after the other (or so many at a time as there are streams), small ones
// together. That costs no time as long as the next one is ready when the last one
// ends: it may open, which takes an answer of each registry and a first few bytes,
// while little is left of the one before it.
type line struct {
	streams int

	mu      sync.Mutex
	open    []*turn       // that have bytes left, in the order in which they send
	wait    []waiting     // who wants to open, in order
	changed chan struct{} // closed and replaced when an open one leaves
}

// Bytes of the line.
const (
	lookahead = 4 << 20   // left of open transfers when the next one may open
	together  = 256 << 10 // small blobs that go at the same time
	firstPart = 16 << 10  // that a transfer may send before its turn, so that its request is under way; fills the write buffer
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
	if len(l.wait) == 0 && l.room(size) {
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

// room says whether a transfer of that size may open: at once, as the next one
// when little is left, or with others that are small.
func (l *line) room(size int64) bool {
	left := l.left()
	return len(l.open) < l.streams || len(l.open) == l.streams && left <= lookahead || left+size <= together
}

// next wakes who waits first, when there is room. It opens by itself.
func (l *line) next() {
	if len(l.wait) > 0 && l.room(l.wait[0].size) {
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
	if t.sent >= t.size { // what follows is the end of the blob
		return n, nil
	}
	sum := int64(0)
	for i, o := range l.open {
		sum += o.size - o.sent
		if o == t && (i < l.streams || sum <= together) {
			return n, nil
		}
	}
	return min(n, firstPart-t.sent), l.changed
}

// passed books n bytes that were sent. After the last one the line is free,
// though the target's answer is still to come: it has the blob, whatever becomes
// of us.
func (t *turn) passed(n int) {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.sent += int64(n); t.sent >= t.size {
		t.leave()
	}
	l.next()
}

// end gives the place up, also of a transfer that failed.
func (t *turn) end() {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	t.leave()
	l.next()
}

func (t *turn) leave() {
	l := t.line
	if i := slices.Index(l.open, t); i >= 0 {
		l.open = slices.Delete(l.open, i, i+1)
		close(l.changed)
		l.changed = make(chan struct{})
	}
}
