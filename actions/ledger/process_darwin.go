package ledger

import (
	"errors"

	"golang.org/x/sys/unix"
)

// process says whether a process is there, and when it started, in microseconds
// since 1970; 0 when that cannot be read.
func process(pid int) (started int64, alive bool) {
	if err := unix.Kill(pid, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return 0, false
	}
	const zombie = 5 // SZOMB in sys/proc.h
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0, true
	}
	t := p.Proc.P_starttime
	return t.Sec*1e6 + int64(t.Usec), p.Proc.P_stat != zombie
}
