package fleet

import "time"

// Reading is what one source saw at one moment. It is immutable once reported:
// Facts may be shared by any number of readers.
type Reading struct {
	Source string        // "docker/tokyo-1", "bmc/sw-017"
	At     time.Time     // when the facts were read, not when they were stored
	Took   time.Duration // how long the reading took
	Facts  any           // a type of the backend that reports; nil when Err is set
	Err    error         // why there are no facts
}
