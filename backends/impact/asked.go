package impact

import (
	"time"

	"ringside/backends/bmc"
)

// Asked is a change of a host's power that somebody asked for through Ringside.
// Whoever reads the runs makes them: this package knows nothing of plans.
type Asked struct {
	Host   string
	Want   bmc.Power // what the host should be at the end
	Verb   bmc.Verb
	By     string // who
	Run    string
	At     time.Time // when it began
	Until  time.Time // when it ended; zero while it is under way
	Failed bool
}
