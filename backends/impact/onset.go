package impact

import (
	"cmp"
	"time"
)

// Onset remembers when problems were first seen, for those whose facts do not
// say since when they last. One that was there at the first look at its system's
// subject keeps an unknown start: it may be an hour or a month old.
type Onset struct {
	seen  map[string]time.Time
	known map[string]bool // sources that had been read at the last look
}

// Fill sets Since of the problems that have none. Known says which scopes (the
// engine of a container, a host itself) had facts by now.
func (o *Onset) Fill(problems []Problem, known map[string]bool, now time.Time) {
	next := make(map[string]time.Time, len(problems))
	for i := range problems {
		p := &problems[i]
		if !p.Since.IsZero() {
			continue
		}
		since, old := o.seen[p.ID]
		if !old && o.known[cmp.Or(p.Subject.Scope, p.Subject.Name)] {
			since = now
		}
		p.Since, next[p.ID] = since, since
	}
	o.seen, o.known = next, known
}
