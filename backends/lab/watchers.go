package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/moby/moby/api/types/container"
)

// wait answers when the container does not run (the default), has ended once
// more, or is gone. The headers go out at once, as with dockerd.
func (e *Engine) wait(a *answer, r *http.Request, c *instance) {
	out := a.stream("application/json")
	e.mu.Lock()
	life, condition := c.life, r.URL.Query().Get("condition")
	e.await(r, c, func() bool {
		gone := e.containers[c.id] != c
		switch condition {
		case "removed":
			return gone
		case "next-exit":
			return gone || c.life != life && !c.up()
		}
		return gone || !c.up() && c.state != restarting
	})
	code := c.exitCode
	e.mu.Unlock()
	if r.Context().Err() == nil {
		_ = json.NewEncoder(out).Encode(container.WaitResponse{StatusCode: int64(code)})
	}
}

// resize accepts the size of a terminal that nobody is attached to.
func (e *Engine) resize(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !c.up() {
		a.fail(http.StatusConflict, "Container "+c.id+" is not running")
		return
	}
	a.WriteHeader(http.StatusOK)
}

func (e *Engine) top(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case c.state == restarting:
		a.fail(http.StatusConflict, "Container "+c.id+" is restarting, wait until the container is running")
	case !c.up():
		a.fail(http.StatusConflict, "Container "+c.id+" is not running")
	default:
		e.emit(c, "top", nil)
		a.json(http.StatusOK, container.TopResponse{
			Titles:    []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"},
			Processes: e.processes(c),
		})
	}
}

// processes are the container's, as ps -ef on the host shows them.
func (e *Engine) processes(c *instance) [][]string {
	tty := "?"
	if c.spec.TTY {
		tty = "pts/0"
	}
	used := int(c.usage(e.now(), e.lab.opts.Speed).cpu.Seconds())
	clock := fmt.Sprintf("%02d:%02d:%02d", used/3600, used/60%60, used%60)
	row := func(pid, ppid int, clock, cmd string) []string {
		return []string{"root", fmt.Sprint(pid), fmt.Sprint(ppid), "0", c.started.Format("15:04"), tty, clock, cmd}
	}
	rows := [][]string{row(c.pid, c.pid-1, clock, strings.Join(c.command(), " "))}
	for i := 1; i < min(c.pids(), 6); i++ {
		rows = append(rows, row(c.pid+i, c.pid, "00:00:00", cmp.Or(c.spec.Service, c.name)+": worker "+fmt.Sprint(i)))
	}
	return rows
}
