package actions

import (
	"fmt"
	"time"
)

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is locked by %s: %s", e.Target, e.Lock.Holder(), e.Lock.Title)
}

// Holder says who holds the lock: "aoi on ops-1 (console, pid 4711) since 12:04:31, run 01J…".
func (l Lock) Holder() string {
	return fmt.Sprintf("%s on %s (%s, pid %d) since %s, run %s",
		l.Actor.User, l.Actor.Host, l.Actor.Console, l.Actor.PID, l.Since.Local().Format(time.TimeOnly), l.Run)
}
