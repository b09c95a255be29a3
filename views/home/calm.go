package home

import (
	"fmt"
	"strings"
	"time"

	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/screen"
)

// census is how much a system watches, and how well.
type census struct {
	things string // "40 containers on 5 engines"
	source string // "engine"
	all    int    // sources
	unread int    // of them, never read so far
	oldest time.Duration
}

// add counts one source.
func (c *census) add(e watch.Entry, now time.Time) {
	age, ok := e.Age(now)
	if !ok {
		c.unread++
		return
	}
	c.oldest = max(c.oldest, age)
}

const nothingKnown = "no engine is known; ringside init writes a starter file"

// calm says in words that nothing is wrong, or what is not known yet.
func calm(all []census) string {
	var things, asked []string
	unread, sources, oldest := 0, 0, time.Duration(0)
	for _, c := range all {
		if c.all == 0 {
			continue
		}
		things, asked = append(things, c.things), append(asked, count(c.all, c.source))
		unread, sources, oldest = unread+c.unread, sources+c.all, max(oldest, c.oldest)
	}
	of := strings.Join(things, ", ")
	switch {
	case sources == 0:
		return nothingKnown
	case unread == sources:
		return "asking " + strings.Join(asked, " and ")
	case unread > 0:
		return fmt.Sprintf("nothing needs you so far; %s, %d still connecting", of, unread)
	}
	return fmt.Sprintf("nothing needs you; %s, all read within %s", of, kit.Age(screen.Within(oldest)))
}
