package registry

import (
	"context"
	"slices"
	"sync"
)

// A line bounds how many bytes are on the way at a time. What is on the way is
// lost when the program is killed or the line breaks, so blobs go one after the
// other (or so many as there are streams): that costs no time as long as the next
// one is ready when the last one ends. A transfer may therefore open, which takes
// an answer of each registry and a first few bytes, while little is left of the
// open ones.
type line struct {
	streams int

	mu   sync.Mutex
	open []*turn   // in the order in which they send
	wait []waiting // who wants to open, in order
}

// Bytes of the line.
const (
	lookahead = 4 << 20  // of open transfers that are left when the next one may open
	firstPart = 64 << 10 // that a transfer may send before its turn, so that its request is under way
)

type waiting struct {
	ready chan struct{}
	size  int64
}

// turn is one transfer's place on the line.
type turn struct {
	line *line
	left int64
	sent int64
	mine chan struct{} // closed when it may send all
	gone bool
}

func newLine(streams int) *line { return &line{streams: max(1, streams)} }

// enter waits until a transfer of so many bytes may open.
func (l *line) enter(ctx context.Context, size int64) (*turn, error) {
	l.mu.Lock()
	t := &turn{line: l, left: size, mine: make(chan struct{})}
	if len(l.wait) == 0 && l.room() {
		l.admit(t)
		l.mu.Unlock()
		return t, ctx.Err()
	}
	ready := make(chan struct{})
	l.wait = append(l.wait, waiting{ready, size})
	l.mu.Unlock()
	select {
	case <-ready:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.admit(t)
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
	for _, t := range l.open {
		n += t.left
	}
	for _, w := range l.wait {
		n += w.size
	}
	return n
}

// room says whether one more transfer may open.
func (l *line) room() bool {
	if len(l.open) < l.streams {
		return true
	}
	left := int64(0)
	for _, t := range l.open {
		left += t.left
	}
	return left <= lookahead
}

func (l *line) admit(t *turn) {
	l.open = append(l.open, t)
	if len(l.open) <= l.streams {
		close(t.mine)
	}
}

// next wakes who waits first, when there is room. It admits itself.
func (l *line) next() {
	if len(l.wait) > 0 && l.room() {
		close(l.wait[0].ready)
		l.wait = l.wait[1:]
	}
}

// allow says how many of n bytes may be sent now; it waits when that is none.
func (t *turn) allow(ctx context.Context, n int) (int, error) {
	select {
	case <-t.mine:
		return n, nil
	default:
	}
	if early := firstPart - t.sent; early > 0 {
		return int(min(int64(n), early)), nil
	}
	select {
	case <-t.mine:
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// passed books n bytes. With the last one the line is free for the next transfer,
// though the answer is still to come.
func (t *turn) passed(n int) {
	l := t.line
	l.mu.Lock()
	defer l.mu.Unlock()
	t.sent += int64(n)
	if t.left -= int64(n); t.left <= 0 {
		t.leave()
	}
	l.next()
}

// end gives the place up.
func (t *turn) end() {
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	t.leave()
	t.line.next()
}

func (t *turn) leave() {
	if t.gone {
		return
	}
	t.gone = true
	l := t.line
	i := slices.Index(l.open, t)
	l.open = slices.Delete(l.open, i, i+1)
	for _, o := range l.open[:min(l.streams, len(l.open))] {
		select {
		case <-o.mine:
		default:
			close(o.mine)
		}
	}
}
