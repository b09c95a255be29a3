package ledger

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// process says whether a process is there, and when it started, in clock ticks
// since boot (proc_pid_stat(5), field 22); 0 when that cannot be read. A zombie is
// gone: it runs nothing any more.
func process(pid int) (started int64, alive bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil { // gone, or hidden from us (hidepid)
		err := syscall.Kill(pid, 0)
		return 0, err == nil || errors.Is(err, syscall.EPERM)
	}
	// The second field is the program's name in parentheses and may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return 0, true
	}
	started, _ = strconv.ParseInt(fields[19], 10, 64)
	return started, fields[0] != "Z" && fields[0] != "X"
}
