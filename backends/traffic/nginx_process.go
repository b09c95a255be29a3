package traffic

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// startJitter is how exactly the start of a process is known: the kernel counts it
// in hundredths of a second, and so the time since boot.
const startJitter = 50 * time.Millisecond

// master is what is seen of nginx's processes.
type master struct {
	workers []int     // those that take requests, in the order of their numbers
	newest  time.Time // start of the newest of them
	leaving int       // workers that finish what they have
	err     error     // why nothing is known
}

// pidOf reads a PID file.
func pidOf(file string) (int, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return 0, &reason{why: file + " holds no process number", hint: "is nginx running?"}
	}
	return pid, nil
}

func modified(file string) (time.Time, error) {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
