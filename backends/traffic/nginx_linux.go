package traffic

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is USER_HZ, in which the kernel tells times in /proc (proc(5)); it is 100 on
// every architecture of ours.
const ticks = 100

// readMaster looks at nginx's workers in /proc.
func readMaster(pidFile string) (m master) {
	pid, err := pidOf(pidFile)
	if err != nil {
		return master{err: err}
	}
	all, err := os.ReadDir("/proc")
	if err != nil {
		return master{err: err}
	}
	uptime, err := sinceBoot()
	if err != nil {
		return master{err: err}
	}
	for _, d := range all {
		child, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		parent, start, ok := readStatus(child)
		if !ok || parent != pid {
			continue
		}
		title, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		switch {
		case bytes.Contains(title, []byte("shutting down")):
			m.leaving++
		case bytes.Contains(title, []byte("worker process")):
			m.workers = append(m.workers, child)
			if at := time.Now().Add(start - uptime); at.After(m.newest) {
				m.newest = at
			}
		}
	}
	if len(m.workers) == 0 {
		m.err = fmt.Errorf("process %d, which %s names, has no nginx worker", pid, pidFile)
	}
	slices.Sort(m.workers)
	return m
}

// readStatus reads the parent and the start, after boot, of a process from
// /proc/PID/stat, whose second field is a name in parentheses that may hold anything.
func readStatus(pid int) (parent int, start time.Duration, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, false // it has ended
	}
	_, rest, found := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
	f := strings.Fields(rest)
	if !found || len(f) < 20 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(f[1])
	began, err2 := strconv.ParseInt(f[19], 10, 64)
	return parent, time.Duration(began) * time.Second / ticks, err == nil && err2 == nil
}

func sinceBoot() (time.Duration, error) {
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	s, err := strconv.ParseFloat(first, 64)
	return time.Duration(s * float64(time.Second)), err
}

// hangUp tells nginx's master to reload. The number may belong to another process
// by now, which a HUP would end.
func hangUp(pidFile string) error {
	pid, err := pidOf(pidFile)
	if err != nil {
		return err
	}
	title, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, os.ErrNotExist) {
		return &reason{why: fmt.Sprintf("nginx is not running: there is no process %d, which %s names", pid, pidFile), err: err}
	}
	if err == nil && !bytes.Contains(title, []byte("nginx")) {
		return &reason{why: fmt.Sprintf("process %d, which %s names, is not nginx", pid, pidFile), hint: "check pid in the proxy's entry"}
	}
	return syscall.Kill(pid, syscall.SIGHUP)
}
