// Package impact looks at all systems at once: what needs a human now, and what
// an act would break elsewhere. Its functions are pure: state in, words out.
package impact

import (
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// Severity of a problem.
type Severity uint8

// Severities, in rising order.
const (
	Warning Severity = iota + 1
	Critical
)

func (s Severity) String() string { return [...]string{"", "warning", "critical"}[s] }

// Problem is something that needs a human.
type Problem struct {
	ID       string // stable while it lasts: "docker/unhealthy/ID"
	Severity Severity
	System   string // "docker"
	Subject  fleet.Target
	Text     string    // what is wrong, in a few words
	Why      string    // how Ringside knows
	Do       string    // what can be done from here
	Since    time.Time // zero when nobody knows
}

// Sort puts the worst first, then the newest, then by subject.
func Sort(p []Problem) {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		if c := b.Since.Compare(a.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Subject.String(), b.Subject.String())
	})
}
