package power

import "time"

// Hurry makes waiting short in tests.
func Hurry() { pace, settle = 40*time.Millisecond, 200*time.Millisecond }
