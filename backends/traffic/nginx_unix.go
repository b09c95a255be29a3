//go:build unix && !linux

package traffic

import (
	"errors"
	"syscall"
)

// readMaster cannot see processes where there is no /proc.
func readMaster(string) master {
	return master{err: errors.New("processes cannot be looked at on this system")}
}

// hangUp tells nginx's master to reload.
func hangUp(pidFile string) error {
	pid, err := pidOf(pidFile)
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGHUP)
}
