package docker

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Pace of the stats. One poll takes the engine about 10 ms of waiting each.
const (
	statsLanes = 8
	statsEvery = 2 * time.Second
	statsSoon  = 400 * time.Millisecond // to the first poll of a container: who scrolls on looks elsewhere by then
	statsFirst = 700 * time.Millisecond // to the second poll of a container, without which there are no rates
	statsLimit = 5 * time.Second        // one poll of all that is looked at
	keepUnseen = 2 * time.Minute        // how long a history outlives the last look
)

// watchStats polls what is looked at, as long as the engine answers.
func (e *Engine) watchStats(ctx context.Context, report func(fleet.Reading)) {
	h := histories{}
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	in := func(d time.Duration) { due = time.Now().Add(d); timer.Reset(d) }
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.lookStats:
			// Only a container that was not seen before cannot wait for its turn.
			if time.Until(due) > statsSoon && h.lacks(e.runningLooked()) {
				in(statsSoon)
			}
		case <-timer.C:
			in(e.pollStats(ctx, h, report))
		}
	}
}

// pollStats reports one sample and returns when the next is due.
func (e *Engine) pollStats(ctx context.Context, h histories, report func(fleet.Reading)) time.Duration {
	ids := e.runningLooked()
	if len(ids) == 0 {
		return statsEvery
	}
	cl, err := e.open()
	if err != nil {
		return statsEvery
	}
	began := time.Now()
	limited, done := context.WithTimeout(ctx, statsLimit)
	samples, err := e.sample(limited, cl, ids)
	done()
	if ctx.Err() != nil {
		return statsEvery
	}
	r := fleet.Reading{Source: e.Name() + "/stats", At: began, Took: time.Since(began)}
	if len(samples) == 0 && err != nil {
		r.Err = err
		report(r)
		return statsEvery
	}
	fresh := h.lacks(ids)
	r.Facts = h.add(e.spec.Name, samples)
	report(r)
	if fresh {
		return statsFirst
	}
	return statsEvery
}

// runningLooked is the containers on screen that have stats.
func (e *Engine) runningLooked() []string {
	f, looked := e.latest.Load(), e.lookedAt()
	if f == nil || len(looked) == 0 {
		return nil
	}
	running := make(map[string]bool, len(looked)) // few: the engine may have thousands
	for _, id := range looked {
		running[id] = false
	}
	for _, c := range f.Containers {
		if _, on := running[c.ID]; on {
			running[c.ID] = c.State == Running || c.State == Paused
		}
	}
	return slices.DeleteFunc(slices.Clone(looked), func(id string) bool { return !running[id] })
}

// Sample polls the given running containers twice, gap apart.
func (e *Engine) Sample(ctx context.Context, ids []string, gap time.Duration) (*StatsFacts, error) {
	cl, err := e.open()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := e.checkID(id); err != nil {
			return nil, err
		}
	}
	h := histories{}
	first, err := e.sample(ctx, cl, ids)
	if err != nil && len(first) == 0 {
		return nil, err
	}
	f := h.add(e.spec.Name, first)
	if len(first) == 0 {
		return f, nil
	}
	if err := pause(ctx, gap); err != nil {
		return nil, e.fail("read stats", err)
	}
	second, err := e.sample(ctx, cl, ids)
	if err != nil && len(second) == 0 {
		return nil, err
	}
	return h.add(e.spec.Name, second), nil
}

// sample polls each container once, a few at a time. One that has stopped
// meanwhile is left out; err is that of another failure.
func (e *Engine) sample(ctx context.Context, cl *client.Client, ids []string) (samples map[string]sample, err error) {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		jobs = make(chan string, len(ids))
	)
	samples = make(map[string]sample, len(ids))
	for _, id := range ids {
		jobs <- id
	}
	close(jobs)
	for range min(statsLanes, len(ids)) {
		wg.Add(1)
		safe.Go("docker stats", func() {
			defer wg.Done()
			for id := range jobs {
				s, ok, bad := poll(ctx, cl, id)
				mu.Lock()
				switch {
				case bad != nil && !IsNotFound(bad):
					err = e.fail("read stats", bad)
				case ok:
					samples[id] = s
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return samples, err
}

// poll reads one sample; ok is false when the container does not run.
func poll(ctx context.Context, cl *client.Client, id string) (s sample, ok bool, err error) {
	r, err := cl.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return sample{}, false, err
	}
	defer r.Body.Close()
	var v container.StatsResponse
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		return sample{}, false, err
	}
	if v.Read.IsZero() || v.Read.Year() <= 1 {
		return sample{}, false, nil
	}
	return sampleOf(&v), true, nil
}

// sample is one poll: counters that only grow, and sizes.
type sample struct {
	at             time.Time // by the engine's clock
	cpu            uint64    // ns of CPU time
	rx, tx, rd, wr uint64    // bytes
	memory, limit  int64
	pids           int
}

func sampleOf(v *container.StatsResponse) sample {
	s := sample{at: v.Read, cpu: v.CPUStats.CPUUsage.TotalUsage, limit: int64(v.MemoryStats.Limit), pids: int(v.PidsStats.Current)}
	s.memory = int64(v.MemoryStats.Usage)
	// Page cache that can be dropped: cgroup v1 has the total_ form of the
	// whole subtree, v2 only the plain one.
	cache, ok := v.MemoryStats.Stats["total_inactive_file"]
	if !ok {
		cache = v.MemoryStats.Stats["inactive_file"]
	}
	if int64(cache) <= s.memory {
		s.memory -= int64(cache)
	}
	for _, n := range v.Networks {
		s.rx += n.RxBytes
		s.tx += n.TxBytes
	}
	for _, b := range v.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(b.Op) {
		case "read":
			s.rd += b.Value
		case "write":
			s.wr += b.Value
		}
	}
	return s
}

// history is what is kept of one container between polls.
type history struct {
	last     sample
	seen     time.Time // by our clock
	cpu, mem []float64
}

// histories is by container ID; only one goroutine uses it.
type histories map[string]*history

func (h histories) lacks(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return h[id] == nil })
}

// add turns samples into facts, with rates against the samples before.
func (h histories) add(engine string, samples map[string]sample) *StatsFacts {
	now := time.Now()
	f := &StatsFacts{Engine: engine, Stats: make(map[string]*Stats, len(samples))}
	for id, s := range samples {
		p := h[id]
		if p == nil {
			p = &history{}
			h[id] = p
		}
		st := rates(p.last, s)
		if !math.IsNaN(st.CPU) {
			p.cpu = push(p.cpu, st.CPU)
		}
		p.mem = push(p.mem, float64(s.memory))
		p.last, p.seen = s, now
		st.CPUHistory, st.MemHistory = slices.Clone(p.cpu), slices.Clone(p.mem)
		f.Stats[id] = st
	}
	for id, p := range h {
		if now.Sub(p.seen) > keepUnseen {
			delete(h, id)
		}
	}
	return f
}

// rates compares two samples. Counters that fell mean a restart between them.
func rates(a, b sample) *Stats {
	nan := math.NaN()
	st := &Stats{At: b.at, CPU: nan, Memory: b.memory, MemLimit: b.limit, NetRx: nan, NetTx: nan, DiskRd: nan, DiskWr: nan, PIDs: b.pids}
	seconds := b.at.Sub(a.at).Seconds()
	if a.at.IsZero() || seconds <= 0 || b.cpu < a.cpu || b.rx < a.rx || b.tx < a.tx || b.rd < a.rd || b.wr < a.wr {
		return st
	}
	per := func(x, y uint64) float64 { return float64(y-x) / seconds }
	st.CPU = per(a.cpu, b.cpu) / 1e9 * 100
	st.NetRx, st.NetTx, st.DiskRd, st.DiskWr = per(a.rx, b.rx), per(a.tx, b.tx), per(a.rd, b.rd), per(a.wr, b.wr)
	return st
}

func push(list []float64, v float64) []float64 {
	if len(list) >= HistoryLen {
		copy(list, list[1:])
		list = list[:HistoryLen-1]
	}
	return append(list, v)
}
