package containers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet/retry"
	"ringside/backends/fleet/safe"
	"ringside/views/kit"
)

// What a follower keeps between two looks at it. A flood that is faster loses
// its oldest lines, and a note says how many.
const (
	keepLines = 5_000
	keepBytes = 4 << 20
)

// follower reads one container's log in a goroutine of its own, into a bounded
// buffer that the screen empties when it is refreshed. It takes the log up again
// when the container restarts or the engine comes back.
type follower struct {
	engine engine
	id     string
	tail   int // lines of the past at the start
	touch  func()
	cancel context.CancelFunc
	ended  chan struct{}
	again  chan struct{} // a token: the container runs, try now

	mu      sync.Mutex
	lines   []kit.LogLine
	bytes   int
	skipped int
	last    time.Time // of the newest line read, to go on after it
	said    string    // the last note, if no line came since: it is not said twice
}

// follow starts to read.
func follow(e engine, id string, tail int, touch func()) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{engine: e, id: id, tail: tail, touch: touch, cancel: cancel,
		ended: make(chan struct{}), again: make(chan struct{}, 1)}
	safe.Go("log of "+id, func() {
		defer close(f.ended)
		f.run(ctx)
	})
	return f
}

// close ends the goroutine. It does not wait: a read that hangs is not ours to
// wait for in the screen.
func (f *follower) close() { f.cancel() }

// retry tells a follower whose log ended that the container runs.
func (f *follower) retry() {
	select {
	case f.again <- struct{}{}:
	default:
	}
}

// followPause is the least time between two reads, so that a log that ends at once is
// not read in a circle.
const followPause = 500 * time.Millisecond

func (f *follower) run(ctx context.Context) {
	backoff := retry.Backoff{Min: followPause, Max: 5 * time.Second}
	for ctx.Err() == nil {
		began := time.Now()
		o := docker.LogOptions{Follow: true, Stdout: true, Stderr: true, Tail: f.tail}
		if last := f.newest(); !last.IsZero() {
			o.Tail, o.Since = 0, last.Add(time.Nanosecond)
		}
		err := f.engine.Logs(ctx, f.id, o, f.add)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > followPause {
			backoff.Reset()
		}
		switch {
		case docker.IsNotFound(err):
			f.note("the container is gone: its log ends here")
			return
		case err != nil:
			f.fail(err)
			if !backoff.Wait(ctx) {
				return
			}
		default:
			f.note("the log ended here; it goes on as soon as the container runs")
			f.drop() // a token from before the end
			select {
			case <-ctx.Done():
				return
			case <-f.again:
			}
			if !backoff.Wait(ctx) {
				return
			}
		}
	}
}

func (f *follower) drop() {
	select {
	case <-f.again:
	default:
	}
}

func (f *follower) newest() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *follower) add(l docker.LogLine) {
	text := l.Text
	if l.Cut > 0 {
		text += fmt.Sprintf(" (%s more)", size(int64(l.Cut)))
	}
	f.mu.Lock()
	if l.At.After(f.last) {
		f.last = l.At
	}
	f.said = ""
	first := f.put(kit.LogLine{At: l.At, Err: l.Stream == docker.Stderr, Text: text})
	f.mu.Unlock()
	if first {
		f.touch()
	}
}

// put stores a line and says whether the buffer was empty.
func (f *follower) put(l kit.LogLine) (first bool) {
	first = len(f.lines) == 0
	f.lines = append(f.lines, l)
	f.bytes += len(l.Text)
	if len(f.lines) >= 2*keepLines || f.bytes >= 2*keepBytes {
		f.trim()
	}
	return first
}

// trim drops the oldest lines down to what is kept. It is called when twice as
// much has come, so that a line costs the same on average.
func (f *follower) trim() {
	from := max(0, len(f.lines)-keepLines)
	for i := range from {
		f.bytes -= len(f.lines[i].Text)
	}
	for from < len(f.lines)-1 && f.bytes > keepBytes {
		f.bytes -= len(f.lines[from].Text)
		from++
	}
	f.skipped += from
	n := copy(f.lines, f.lines[from:])
	clear(f.lines[n:])
	f.lines = f.lines[:n]
}

func (f *follower) note(text string) {
	f.mu.Lock()
	if f.said == text {
		f.mu.Unlock()
		return
	}
	f.said = text
	f.put(kit.LogLine{At: time.Now(), Text: text, Note: true})
	f.mu.Unlock()
	f.touch()
}

func (f *follower) fail(err error) { f.note("the log broke off: " + why(err) + "; trying again") }

// take empties the buffer.
func (f *follower) take() []kit.LogLine {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trim()
	lines := f.lines
	if f.skipped > 0 && len(lines) > 0 {
		note := kit.LogLine{At: lines[0].At, Note: true,
			Text: fmt.Sprintf("%d lines skipped: they came faster than they can be shown", f.skipped)}
		lines = append([]kit.LogLine{note}, lines...)
	}
	f.lines, f.bytes, f.skipped = nil, 0, 0
	return lines
}
