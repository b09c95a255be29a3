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

// Within rounds the age of something fresh up to a step, so that a quiet screen
// stays still.
func Within(age time.Duration) time.Duration {
	for _, step := range []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second} {
		if age <= step {
			return step
		}
	}
	return age.Truncate(time.Minute) + time.Minute
}
