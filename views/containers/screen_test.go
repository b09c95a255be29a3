package containers

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/views/screen"
	"ringside/views/screen/screentest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a fleet of three engines made by hand: one in each site, and one that
// went silent 12 seconds ago.
type world struct {
	fleet *fleet.Fleet
	store *watch.Store
	now   time.Time
}

func newWorld() *world {
	w := &world{store: watch.NewStore(), now: noon, fleet: &fleet.Fleet{Engines: []fleet.Engine{
		{Name: "tokyo-1", Site: "tokyo", Environment: "production", Address: "unix:///run/docker.sock"},
		{Name: "tokyo-2", Site: "tokyo", Environment: "verification", Context: "tokyo-2"},
		{Name: "shanghai-1", Site: "shanghai", Environment: "development", Address: "tcp://sha:2376"},
	}}}
	w.put("tokyo-1",
		container("api", "registry.tyo.example:5000/team/api", "3.2.0", func(c *docker.Container) { c.Health = docker.Unhealthy; c.Restarts = 3 }),
		container("web-blue", "registry.tyo.example:5000/team/web", "1.9.1", func(c *docker.Container) {
			c.Health = docker.Healthy
			c.Ports = []docker.Port{{Public: 8080, Private: 80, Protocol: "tcp"}, {IP: netip.MustParseAddr("127.0.0.1"), Public: 9000, Private: 9000, Protocol: "tcp"}, {Private: 443, Protocol: "tcp"}}
			c.MemLimit = 512 << 20
			c.Labels = map[string]string{"tier": "front", "com.example.token": "hush-hush-42"}
		}),
		container("migrate", "registry.tyo.example:5000/team/web", "1.9.1", func(c *docker.Container) {
			c.State, c.ExitCode, c.Finished = docker.Exited, 1, noon.Add(-4*time.Minute)
		}),
		container("注文-サービス", "registry.tyo.example:5000/team/orders", "2.0", func(c *docker.Container) { c.Project, c.Service = "注文", "サービス" }),
		container("🚀-launcher", "launcher", "v1", nil),
		container("nobody-inspected-this-one-with-a-very-long-name", "busybox", "", func(c *docker.Container) {
			c.Known, c.Digest, c.Project, c.Service = false, "sha256:0123456789abcdef", "", ""
		}),
	)
	w.put("tokyo-2", container("cron", "cron", "5", func(c *docker.Container) { c.State, c.Finished = docker.Exited, noon.Add(-3*time.Hour) }),
		container("worker", "worker", "5", func(c *docker.Container) { c.State = docker.Restarting }))
	w.put("shanghai-1", container("web-green", "registry.sha.example:5000/team/web", "1.9.2", func(c *docker.Container) { c.Health = docker.Healthy }))
	w.stats("tokyo-1", map[string]docker.Stats{
		"api":      {CPU: 131, Memory: 210 << 20},
		"web-blue": {CPU: 3.4, Memory: 490 << 20, NetRx: 2048, NetTx: math.NaN(), DiskRd: 0, DiskWr: 10, PIDs: 12, At: noon, CPUHistory: []float64{1, 5, 20, math.NaN(), 60, 3.4}, MemHistory: []float64{400 << 20, 490 << 20}},
	})
	w.fail("shanghai-1", &docker.Error{Engine: "shanghai-1", Op: "list containers", Why: "no answer in time", Hint: "is the network cut?"})
	w.now = noon.Add(12 * time.Second)
	return w
}

func container(name, image, tag string, change func(*docker.Container)) *docker.Container {
	c := &docker.Container{Name: name, ID: idOf(name), Image: image, Tag: tag, ImageID: "sha256:feedfacecafe", Project: "shop", Service: name,
		State: docker.Running, Status: "Up 3 hours", Created: noon.Add(-48 * time.Hour), Known: true, Started: noon.Add(-3 * time.Hour), Policy: "always"}
	if change != nil {
		change(c)
	}
	return c
}

func idOf(name string) string { return strings.Repeat(fmt.Sprintf("%x", name), 64)[:64] }

func (w *world) put(name string, list ...*docker.Container) {
	e, _ := w.fleet.Engine(name)
	slices.SortFunc(list, func(a, b *docker.Container) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range list {
		c.Engine, c.Site, c.Environment = e.Name, e.Site, e.Environment
	}
	w.store.Put(fleet.Reading{Source: "docker/" + name, At: w.now, Facts: &docker.Facts{Engine: name, Site: e.Site, CgroupVersion: "2", Containers: list}})
}

func (w *world) stats(name string, stats map[string]docker.Stats) {
	byID := map[string]*docker.Stats{}
	for n, s := range stats {
		byID[idOf(n)] = &s
	}
	w.store.Put(fleet.Reading{Source: "docker/" + name + "/stats", At: w.now, Facts: &docker.StatsFacts{Engine: name, Stats: byID}})
}

func (w *world) fail(name string, err error) {
	w.store.Put(fleet.Reading{Source: "docker/" + name, At: w.now, Err: err})
}

func (w *world) snapshot() screen.Snapshot {
	return screen.Snapshot{Fleet: w.fleet, State: w.store.State(), Now: w.now}
}

// robot drives a screen as the console does, commands included.
type robot struct {
	screentest.Robot[*robot]
	world  *world
	screen *Screen
}

func newRobot(t testing.TB, w *world, e engine, width, height int) *robot {
	t.Helper()
	r := &robot{world: w}
	r.screen = newScreen(func(string) (engine, bool) { return e, e != nil }, func() {})
	r.screen.later = func(time.Duration, tea.Msg) tea.Cmd { return nil }
	r.Start(t, r, r.screen, func() screen.Snapshot { return r.world.snapshot() }, width, height)
	return r
}

// fake is an engine that answers from memory.
type fake struct {
	mu      sync.Mutex
	detail  *docker.Detail
	err     error
	log     []docker.LogLine // those of the past
	ends    bool             // a followed log ends at once
	follows int              // followed reads so far
	flood   int              // lines that a followed log gives at once
}

func (f *fake) set(change func(*fake)) { f.mu.Lock(); defer f.mu.Unlock(); change(f) }

func (f *fake) Inspect(context.Context, string) (*docker.Detail, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.detail, f.err
}

func (f *fake) Top(context.Context, string) (*docker.Processes, error) {
	return &docker.Processes{Titles: []string{"PID", "USER", "CMD"}, Rows: [][]string{{"1", "root", "web --token=tok-12345"}, {"77", "www", "worker"}}}, nil
}

func (f *fake) Logs(ctx context.Context, id string, o docker.LogOptions, line func(docker.LogLine)) error {
	f.mu.Lock()
	err, ends, lines, flood := f.err, f.ends, slices.Clone(f.log), f.flood
	if o.Follow {
		f.follows++
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if o.Tail > 0 && len(lines) > o.Tail {
		lines = lines[len(lines)-o.Tail:]
	}
	for _, l := range lines {
		// No two containers write at the same moment, so that their order is known.
		l.At = l.At.Add(time.Duration(crc32.ChecksumIEEE([]byte(id))%1000) * time.Microsecond)
		if !l.At.Before(o.Since) && (o.Until.IsZero() || l.At.Before(o.Until)) && ctx.Err() == nil {
			line(l)
		}
	}
	for i := range flood {
		line(docker.LogLine{At: noon.Add(time.Duration(i)), Stream: docker.Stdout, Text: fmt.Sprint("flood ", i)})
	}
	if o.Follow && !ends {
		<-ctx.Done()
	}
	return nil
}

func (f *fake) Shell(context.Context, string, docker.ShellOptions) (int, error) {
	return 0, errors.New("not in this test")
}
