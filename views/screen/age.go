package screen

import (
	"time"

	"ringside/views/kit"
)

// Since is how long ago a moment was, in at most four columns; "" when the moment
// is not known.
func Since(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return kit.Age(now.Sub(t))
}
