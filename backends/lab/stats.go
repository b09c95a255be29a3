package lab

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/moby/moby/api/types/container"
)

// stats answers with one sample at once (one-shot), with one that has a sample
// before it a second later, or with a sample a second until the client leaves.
func (e *Engine) stats(a *answer, r *http.Request, c *instance) {
	q := r.URL.Query()
	stream := q.Get("stream") == "" || truthy(q.Get("stream"))
	oneShot := truthy(q.Get("one-shot"))
	if stream && oneShot {
		a.fail(http.StatusBadRequest, "cannot have stream=true and one-shot=true")
		return
	}
	last, ok := e.sample(c)
	if oneShot || !stream && !ok {
		a.json(http.StatusOK, last)
		return
	}
	enc := json.NewEncoder(a.stream("application/json"))
	for {
		if stream && enc.Encode(last) != nil || !sleep(r.Context(), time.Second) {
			return
		}
		next, _ := e.sample(c)
		next.PreRead, next.PreCPUStats = last.Read, last.CPUStats
		last = next
		if !stream {
			_ = enc.Encode(last)
			return
		}
	}
}

// sample is one reading; of a container that does not run there is only its name.
func (e *Engine) sample(c *instance) (container.StatsResponse, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := container.StatsResponse{Name: "/" + c.name, ID: c.id}
	if !c.up() {
		return s, false
	}
	now := e.now()
	u := c.usage(now, e.lab.opts.Speed)
	if !e.old() {
		s.OSType = "linux"
	}
	s.Read = now
	s.CPUStats = container.CPUStats{
		CPUUsage: container.CPUUsage{
			TotalUsage: uint64(u.cpu), UsageInKernelmode: uint64(u.cpu / 5), UsageInUsermode: uint64(u.cpu * 4 / 5),
		},
		SystemUsage:    uint64(now.Sub(e.booted)+1000*time.Hour) * uint64(e.opts.CPUs),
		OnlineCPUs:     uint32(e.opts.CPUs),
		ThrottlingData: container.ThrottlingData{Periods: u.periods, ThrottledPeriods: u.throt, ThrottledTime: u.throt * 2e6},
	}
	s.MemoryStats = container.MemoryStats{Usage: uint64(u.memory + u.cache), Limit: uint64(e.opts.Memory)}
	if c.memory > 0 {
		s.MemoryStats.Limit = uint64(c.memory)
		s.MemoryStats.Usage = uint64(min(u.memory+u.cache, c.memory))
	}
	inactive := "inactive_file" // what a client takes off the usage
	if e.cgroup() == "1" {
		inactive = "total_inactive_file"
		s.MemoryStats.MaxUsage = s.MemoryStats.Usage
	}
	s.MemoryStats.Stats = map[string]uint64{inactive: s.MemoryStats.Usage - uint64(u.memory), "pgfault": uint64(u.cpu / 1e6)}
	s.PidsStats = container.PidsStats{Current: uint64(c.pids())}
	for i := range c.networks() {
		if !c.bridged() {
			break
		}
		if s.Networks == nil {
			s.Networks = map[string]container.NetworkStats{}
		}
		s.Networks["eth"+base36(i)] = container.NetworkStats{RxBytes: u.rx, RxPackets: u.rx / 700, TxBytes: u.tx, TxPackets: u.tx / 700}
	}
	s.BlkioStats.IoServiceBytesRecursive = []container.BlkioStatEntry{
		{Major: 254, Op: e.blkioWord("Read"), Value: u.read},
		{Major: 254, Op: e.blkioWord("Write"), Value: u.written},
	}
	return s, true
}

// blkioWord is the operation's name as the host's cgroup version writes it.
func (e *Engine) blkioWord(op string) string {
	if e.cgroup() == "1" {
		return op
	}
	return map[string]string{"Read": "read", "Write": "write"}[op]
}
