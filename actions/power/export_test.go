package power

import "time"

// Tests do not wait as long as people do.
func init() { pace, settle = 40*time.Millisecond, 200*time.Millisecond }
