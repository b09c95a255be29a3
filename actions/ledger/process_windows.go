package ledger

import (
	"errors"

	"golang.org/x/sys/windows"
)

// process says whether a process is there, and when it started, in nanoseconds
// since 1970; 0 when that cannot be read.
func process(pid int) (started int64, alive bool) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return 0, errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(h)
	const stillActive = 259
	var exit uint32
	if windows.GetExitCodeProcess(h, &exit) == nil && exit != stillActive {
		return 0, false
	}
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &kernel, &user) != nil {
		return 0, true
	}
	return created.Nanoseconds(), true
}
