//go:build !unix

package traffic

import "errors"

// readMaster cannot see processes where there is no /proc.
func readMaster(string) master {
	return master{err: errors.New("processes cannot be looked at on this system")}
}

// hangUp is how nginx reloads where there are signals.
func hangUp(pidFile string) error {
	return &reason{why: "nginx cannot be signalled on this system (" + pidFile + ")", hint: "give the proxy a reload command"}
}
