package ledger

import (
	"crypto/rand"
	"os"
	"os/user"
	"sync"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// Self describes this process as an actor; face is "console" or "command".
func Self(face string) actions.Actor {
	started, _ := process(os.Getpid())
	return actions.Actor{
		User: login(), Host: hostname(), PID: os.Getpid(), Started: started,
		Session: rand.Text(), Console: face,
	}
}

// login is who sits there: under sudo the one who called it, with the account.
func login() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if by := os.Getenv("SUDO_USER"); by != "" && by != name {
		name = by + " as " + name
	}
	if name == "" {
		name = "unknown"
	}
	return fleet.Clean(name)
}

var hostname = sync.OnceValue(func() string {
	h, err := os.Hostname()
	if err != nil || h == "" {
		return "localhost"
	}
	return fleet.Clean(h)
})

// liveness remembers which processes are alive for the time of one query.
type liveness map[actions.Actor]bool

// elsewhere is how long a run of another host, whose processes cannot be looked
// at, counts as alive after its last sign of life. It matters where the state
// directory is shared, or the host was renamed.
const elsewhere = time.Hour

func (l liveness) of(a actions.Actor, touched time.Time) bool {
	if a.Host != hostname() {
		return time.Since(touched) < elsewhere
	}
	alive, known := l[a]
	if !known {
		var started int64
		started, alive = process(a.PID)
		// A PID that was given to another process has another start time.
		alive = alive && (started == 0 || a.Started == 0 || started == a.Started)
		l[a] = alive
	}
	return alive
}
