package actions

import (
	"fmt"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// progress implements Progress for one running step: at once in memory, in the
// ledger at most every second.
type progress struct {
	run     *run
	index   int
	closed  bool      // under run.mu: the step has ended, late words do not count
	written time.Time // under run.mu
}

// Bounds of a step's output.
const (
	maxLines = 200
	maxLine  = 4 << 10 // bytes
)

// Log implements Progress.
func (p *progress) Log(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.change(func(s *StepRecord) {
		for line := range strings.Lines(text) {
			s.Output = appendLine(s.Output, strings.TrimSuffix(line, "\n"))
		}
	})
}

// Amount implements Progress.
func (p *progress) Amount(done, total int64, unit string) {
	p.change(func(s *StepRecord) { s.Done, s.Total, s.Unit = done, total, fleet.Clean(unit) })
}

func (p *progress) change(f func(*StepRecord)) {
	x := p.run
	now := x.r.env.Now()
	x.mu.Lock()
	if p.closed {
		x.mu.Unlock()
		return
	}
	f(&x.rec.Steps[p.index])
	s := x.rec.Steps[p.index]
	x.pic = nil
	due := now.Sub(p.written) >= time.Second
	if due {
		p.written = now
	}
	x.mu.Unlock()
	x.r.changed()
	if due {
		_ = x.record(s) // the run remembers that it failed, and ends after this step
	}
}

func (p *progress) close() {
	p.run.mu.Lock()
	p.closed = true
	p.run.mu.Unlock()
}

// appendLine adds a cleaned line; the oldest lines go when there are too many.
// Pictures share the array: it is only ever written behind their end.
func appendLine(lines []string, line string) []string {
	line = fleet.Clean(line)
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "") + "..."
	}
	if len(lines) >= maxLines {
		lines = append([]string{"... earlier lines were not kept"}, lines[maxLines/2:]...)
	}
	return append(lines, line)
}
