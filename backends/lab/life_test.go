package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// TestPolicies: what the restart policy makes of an end.
func TestPolicies(t *testing.T) {
	r := newRig(t, EngineOptions{},
		ContainerSpec{Name: "no"}, ContainerSpec{Name: "always", Policy: "always", Health: &HealthSpec{Interval: time.Millisecond}},
		ContainerSpec{Name: "twice", Policy: "on-failure:2"}, ContainerSpec{Name: "looping", Policy: "unless-stopped"})
	for _, name := range []string{"no", "always", "twice"} {
		r.Crash(name)
	}
	if s := r.list(client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("status", "restarting")}); len(s) != 2 {
		t.Errorf("%d restarting, want 2", len(s))
	}
	r.until("always is back and healthy", func() bool {
		c := r.inspect("always")
		return c.RestartCount == 1 && c.State.Running && c.State.Health.Status == "healthy"
	})
	r.until("twice is back", func() bool { return r.inspect("twice").State.Status == "running" })
	r.Crash("twice")
	r.until("twice is back again", func() bool { return r.inspect("twice").State.Status == "running" })
	r.Crash("twice")
	if c := r.inspect("twice"); c.State.Status != "exited" || c.RestartCount != 2 {
		t.Errorf("after the third end: %s, %d restarts", c.State.Status, c.RestartCount)
	}
	if c := r.inspect("no"); c.State.Status != "exited" || c.State.ExitCode != 1 {
		t.Errorf("without a policy: %+v", c.State)
	}
	r.CrashLoop("looping", true)
	r.until("looping restarts", func() bool { return r.inspect("looping").RestartCount >= 2 })
	r.CrashLoop("looping", false)
	if _, err := r.cl.ContainerStop(r.ctx, "looping", client.ContainerStopOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := r.inspect("looping").State; s.Restarting || s.Running {
		t.Errorf("stopped in a loop: %+v", s)
	}
}

// TestLife: at speed the things happen that the demo promises.
func TestLife(t *testing.T) {
	r := newRigOf(t, Options{Speed: 2000, Engines: []EngineOptions{{Name: "e"}}})
	next := r.listen(make(client.Filters).Add("event", "die", "oom", "health_status"))
	r.Add(ContainerSpec{Name: "crashing", Policy: "always", Logs: "go", Life: Life{CrashEvery: 30 * time.Second, CrashCode: 2}})
	r.Add(ContainerSpec{Name: "leaking", Memory: 64 << 20, Age: time.Second, Load: Load{Memory: 32 << 20, Leak: 320 << 20}})
	r.Add(ContainerSpec{Name: "ailing", Health: &HealthSpec{}, Life: Life{UnhealthyEvery: time.Minute, UnhealthyFor: time.Minute}})
	r.Add(ContainerSpec{Name: "job", Life: Life{RunFor: 20 * time.Second, RunEvery: 20 * time.Second}})
	missing := map[string]bool{"crashing die": true, "leaking oom": true, "ailing health_status: unhealthy": true, "ailing health_status: healthy": true, "job die": true}
	for len(missing) > 0 {
		m := next(1)[0]
		delete(missing, m.Actor.Attributes["name"]+" "+string(m.Action))
	}
	if _, errs := r.readLogs("crashing", client.ContainerLogsOptions{ShowStderr: true, Tail: "1"}); errs == "" {
		t.Error("it crashed without a word")
	}
}

func TestStopAndStart(t *testing.T) {
	specs := []ContainerSpec{{Name: "always", Policy: "always"}, {Name: "no"}, {Name: "off", Policy: "always", State: exited}}
	for _, tt := range []struct {
		live bool
		want map[string]string
	}{
		{false, map[string]string{"always": "running", "no": "exited", "off": "exited"}},
		{true, map[string]string{"always": "running", "no": "running", "off": "exited"}},
	} {
		r := newRig(t, EngineOptions{LiveRestore: tt.live}, specs...)
		started := r.inspect("always").State.StartedAt
		res := r.cl.Events(r.ctx, client.EventsListOptions{})
		r.Stop()
		r.Stop()
		if err := <-res.Err; err == nil || r.ctx.Err() != nil {
			t.Errorf("the event stream ended with %v", err)
		}
		if _, err := os.Stat(r.socket); !errors.Is(err, os.ErrNotExist) && r.socket != "" {
			t.Errorf("the socket is still there: %v", err)
		}
		if _, err := r.cl.ContainerList(r.ctx, client.ContainerListOptions{}); !client.IsErrConnectionFailed(err) {
			t.Errorf("a stopped engine answers %v", err)
		}
		r.Engine.Start()
		r.Engine.Start()
		for name, want := range tt.want {
			if got := string(r.inspect(name).State.Status); got != want {
				t.Errorf("live restore %v: %s is %s, want %s", tt.live, name, got, want)
			}
		}
		if same := r.inspect("always").State.StartedAt == started; same != tt.live {
			t.Errorf("live restore %v: it is the same run: %v", tt.live, same)
		}
	}
}

func TestHang(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "a"})
	next := r.listen(nil)
	r.Hang(true)
	ctx, cancel := context.WithTimeout(r.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := r.cl.ContainerList(ctx, client.ContainerListOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a hanging engine answers %v", err)
	}
	r.Crash("a")
	answered := make(chan error)
	go func() { _, err := r.cl.Ping(r.ctx, client.PingOptions{}); answered <- err }()
	r.Hang(false)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if got := actions(next(1)); got != "die" {
		t.Errorf("event %q after the hanging, want die", got)
	}
}

func TestSlowAndCutAndRefuse(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "a"})
	r.Slow(30 * time.Millisecond)
	if begin := time.Now(); r.list(client.ContainerListOptions{}) == nil || time.Since(begin) < 30*time.Millisecond {
		t.Error("a slow engine is not")
	}
	r.Slow(0)

	res := r.cl.Events(r.ctx, client.EventsListOptions{})
	r.until("the stream", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.events.listeners) == 1 })
	r.CutEvents()
	if err := <-res.Err; !errors.Is(err, io.EOF) {
		t.Errorf("a cut stream ended with %v", err)
	}

	restart := func() error {
		_, err := r.cl.ContainerRestart(r.ctx, "a", client.ContainerRestartOptions{})
		return err
	}
	r.Refuse("POST /containers/*/restart", http.StatusInternalServerError, "no space left on device", 1)
	r.wantErr(restart(), cerrdefs.IsInternal, "no space left on device")
	if err := restart(); err != nil {
		t.Errorf("refused more often than asked: %v", err)
	}
	end := r.Refuse("*", http.StatusServiceUnavailable, "later", -1)
	r.wantErr(restart(), cerrdefs.IsUnavailable, "later")
	r.wantErr(restart(), cerrdefs.IsUnavailable, "later")
	end()
	if err := restart(); err != nil {
		t.Errorf("refused after the end: %v", err)
	}
	if n := r.Calls()["POST /containers/{id}/restart"]; n != 2 {
		t.Errorf("%d restarts were served, want 2", n)
	}
}

func TestPresenter(t *testing.T) {
	r := newRigOf(t, Options{})
	ids := []string{}
	for _, f := range r.lab.Faults() {
		ids = append(ids, f.ID)
		for range 2 { // on and off
			if err := f.Toggle(); err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
		}
	}
	for _, want := range []string{"hang/tokyo-2", "kill/shanghai-1", "unhealthy/api", "crash/worker", "flood/logs"} {
		if !slices.Contains(ids, want) {
			t.Errorf("no fault %s in %v", want, ids)
		}
	}
	if !slices.ContainsFunc(r.list(client.ContainerListOptions{All: true}), func(c container.Summary) bool { return c.State == "running" }) {
		t.Error("nothing runs after all faults were mended")
	}
}

func TestFlood(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "a"})
	r.Flood("a", true)
	r.until("a thousand lines", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.find("a").writtenNo > 1000 })
	r.Flood("a", false)
}

func TestWildcard(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"GET /x", "GET /x", true}, {"GET /x", "GET /xy", false}, {"*", "", true}, {"POST /containers/*/stop", "POST /containers/a/b/stop", true},
		{"a*b*c", "abc", true}, {"a*b*c", "acb", false}, {"ab*ba", "aba", false},
	} {
		if got := wildcard(tt.pattern, tt.s); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.s, got)
		}
	}
}

// BenchmarkMany measures ten thousand containers: memory each, and the time to
// list two thousand of them through the client.
func BenchmarkMany(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l, err := Start(Options{Engines: Many(10_000), Speed: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	runtime.GC()
	runtime.ReadMemStats(&after)
	cl := dial(b, l.Engine("many-1"))
	for b.Loop() {
		if res, err := cl.ContainerList(b.Context(), client.ContainerListOptions{All: true}); err != nil || len(res.Items) != 2000 {
			b.Fatal(fmt.Sprint(len(res.Items)), err)
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/10_000, "B/container")
}
