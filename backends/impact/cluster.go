package impact

import (
	"time"

	"ringside/backends/fleet"
	"ringside/backends/swift"
	"ringside/backends/watch"
)

// Cluster is one Swift cluster as the state knows it. The memo saves work between
// two calls; it may be nil.
func Cluster(f *fleet.Fleet, c fleet.Cluster, s *watch.State, now time.Time, memo *swift.Memo) *swift.Overview {
	return swift.Join(swift.Input{Fleet: f, Cluster: c, Now: now, Memo: memo, Read: func(source string) (swift.Entry, bool) {
		e, ok := s.Entry(source)
		return swift.Entry{Facts: e.Facts, At: e.At, Err: e.Err, Since: e.Since}, ok
	}})
}
