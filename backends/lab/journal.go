package lab

import (
	"slices"
	"strings"
	"time"
)

// line is one line of a log.
type line struct {
	at     time.Time
	stream byte
	text   string
}

// Bounds of a log: computed lines reach this far back from its end, and this
// many written lines are kept.
const (
	keptLog     = time.Hour
	keptWritten = 5000
)

// journal is a container's log at one moment: computed lines from the clock, and
// the lines that were written. Time is divided into slots of equal width, and
// each slot has one entry at a moment within it; a slot's number and the seed
// decide what it says, so any part of the log can be read without the rest.
type journal struct {
	spans   []span // when it logged, oldest first; each has an end
	author  author // nil when nothing is computed
	width   int64  // of a slot, in nanoseconds
	seed    uint64
	open    bool // more will come
	written []line
}

// journal takes a snapshot of the computed log. The lock is held.
func (e *Engine) journal(c *instance) journal {
	j := journal{seed: c.seed, author: authors[c.spec.Logs]}
	if j.author == nil {
		return j
	}
	speed, now := e.lab.opts.Speed, e.now()
	if speed <= 0 {
		now = e.booted // what was logged before is there, and nothing follows by itself
		speed = 1
	} else {
		j.open = c.state == running
	}
	rate := c.spec.LogRate
	if rate <= 0 {
		rate = 0.5
	}
	j.width = int64(1e9 / (rate * speed))
	if c.state == paused {
		now = c.pausedAt
	}
	for _, s := range c.runs {
		if s.to.IsZero() || s.to.After(now) {
			s.to = now
		}
		j.spans = append(j.spans, s)
	}
	if n := len(j.spans); n > 0 {
		oldest := j.spans[n-1].to.Add(-keptLog)
		for i, s := range j.spans {
			if s.from.Before(oldest) {
				j.spans[i].from = oldest
			}
		}
	}
	return j
}

// slotTime is the moment of a slot's entry.
func (j *journal) slotTime(k int64) time.Time {
	return time.Unix(0, k*j.width+int64(unit(mix(j.seed, uint64(k)))*0.9*float64(j.width)))
}

// slots are the first and last slot that may have an entry between two moments.
func (j *journal) slots(s span, from, to time.Time) (first, last int64) {
	if s.from.After(from) {
		from = s.from
	}
	if s.to.Before(to) {
		to = s.to
	}
	if from.After(to) {
		return 1, 0
	}
	return from.UnixNano() / j.width, to.UnixNano() / j.width
}

// entry is what slot k says, if it says it within the span and the moments.
func (j *journal) entry(k int64, s span, from, to time.Time) []line {
	at := j.slotTime(k)
	if at.Before(s.from) || at.After(s.to) || at.Before(from) || at.After(to) {
		return nil
	}
	return j.author(mix(j.seed, uint64(k)^0x5bd1e995), at)
}

// each calls yield for every line from one moment to another, both included,
// oldest first, until yield returns false. A zero from is the beginning.
func (j *journal) each(from, to time.Time, yield func(line) bool) {
	j.merge(from, to, slices.DeleteFunc(j.written, func(l line) bool { return l.at.Before(from) || l.at.After(to) }), yield)
}

// merge yields the computed lines between two moments and all the written ones
// in the order of time.
func (j *journal) merge(from, to time.Time, written []line, yield func(line) bool) {
	for _, s := range j.spans {
		for k, last := j.slots(s, from, to); k <= last; k++ {
			for _, l := range j.entry(k, s, from, to) {
				for len(written) > 0 && !written[0].at.After(l.at) {
					if !yield(written[0]) {
						return
					}
					written = written[1:]
				}
				if !yield(l) {
					return
				}
			}
		}
	}
	for _, l := range written {
		if !yield(l) {
			return
		}
	}
}

// last returns the last n wanted lines between two moments, oldest first. What
// it computes does not grow with the length of the log.
func (j *journal) last(n int, from, to time.Time, wanted func(line) bool) []line {
	var out []line // newest first
	for i := len(j.spans) - 1; i >= 0 && len(out) < n; i-- {
		first, k := j.slots(j.spans[i], from, to)
		for ; k >= first && len(out) < n; k-- {
			for _, l := range slices.Backward(j.entry(k, j.spans[i], from, to)) {
				if wanted(l) {
					out = append(out, l)
				}
			}
		}
	}
	slices.Reverse(out)
	for _, l := range j.written {
		if !l.at.Before(from) && !l.at.After(to) && wanted(l) {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b line) int { return a.at.Compare(b.at) })
	return out[max(0, len(out)-n):]
}

// untilNext is how long a follower can sleep after now: until the next entry, or
// until it is woken.
func (j *journal) untilNext(now time.Time) time.Duration {
	if !j.open {
		return time.Hour
	}
	k := now.UnixNano() / j.width
	for !j.slotTime(k).After(now) {
		k++
	}
	return j.slotTime(k).Sub(now) + time.Millisecond
}

// Log writes text to a container's log, now, a line for every line of it. The
// stream is "stdout" or "stderr". It panics when there is no such container.
func (e *Engine) Log(name, stream, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.write(e.must(name), streamNumber(stream), text)
}

func streamNumber(s string) byte {
	if s == "stderr" {
		return stderr
	}
	return stdout
}

// write adds lines to a log. The lock is held.
func (e *Engine) write(c *instance, stream byte, text string) {
	now := e.now()
	for s := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		c.written = append(c.written, line{now, stream, s})
		c.writtenNo++
	}
	if extra := len(c.written) - keptWritten; extra > keptWritten/4 {
		c.written = slices.Delete(c.written, 0, extra)
	}
	c.wake()
}
