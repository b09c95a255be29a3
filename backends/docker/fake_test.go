package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"ringside/backends/fleet"
)

// fake speaks as much of the Engine API on a unix socket as watching needs.
type fake struct {
	api    string
	silent atomic.Bool  // answers nothing, but keeps the connections
	logs   atomic.Int64 // streams of logs that were opened
	lists  atomic.Int64
	full   atomic.Int64 // of lists, those without a filter
	filter atomic.Value // query of the event stream
	events chan string
	quit   chan struct{}

	mu         sync.Mutex
	containers map[string]container.Summary
}

// startFake serves a fake engine and returns it with the engine that talks to it.
func startFake(t testing.TB, api string, n int) (*fake, *Engine) {
	t.Helper()
	f := &fake{api: api, events: make(chan string, 4096), quit: make(chan struct{}), containers: map[string]container.Summary{}}
	for i := range n {
		f.put(i, "running")
	}
	dir, err := os.MkdirTemp("", "rs-fake-")
	must(t, err)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	must(t, err)
	srv := &http.Server{Handler: f}
	go srv.Serve(l)
	e := opened(t, fleet.Engine{Name: "fake", Address: "unix://" + dir + "/s"})
	t.Cleanup(func() { close(f.quit); srv.Close(); os.RemoveAll(dir) })
	return f, e
}

func fakeID(i int) string { return fmt.Sprintf("%064x", i) }

func (f *fake) put(i int, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[fakeID(i)] = container.Summary{
		ID: fakeID(i), Names: []string{fmt.Sprintf("/web-%05d", i)}, Image: "registry.example:5000/team/web:1.9", ImageID: "sha256:" + fakeID(7),
		Command: "/app -every 1s", Created: 1.7e9, State: container.ContainerState(state), Status: "Up 3 hours (healthy)",
		Labels: map[string]string{composeProject: "shop", composeService: "web", "maintainer": "ops@example", "version": "1.9"},
		Ports:  []container.PortSummary{{PrivatePort: 80, PublicPort: 8080, Type: "tcp"}},
	}
}

var versionPath = regexp.MustCompile(`^/v[0-9.]+`)

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.silent.Load() {
		<-f.quit
		return
	}
	w.Header().Set("Api-Version", f.api)
	w.Header().Set("Content-Type", "application/json")
	path := versionPath.ReplaceAllString(r.URL.Path, "")
	switch {
	case path == "/_ping":
		fmt.Fprint(w, "OK")
	case path == "/info":
		fmt.Fprint(w, `{"ID": "FAKE", "Name": "fake\u001b[31m", "ServerVersion": "20.10.24", "NCPU": 2}`)
	case path == "/images/json":
		fmt.Fprintf(w, `[{"Id": "sha256:%s", "RepoDigests": ["registry.example:5000/team/web@sha256:abc"]}]`, fakeID(7))
	case path == "/containers/json":
		f.list(w, r)
	case path == "/events":
		f.filter.Store(r.URL.Query().Get("filters"))
		w.(http.Flusher).Flush()
		for {
			select {
			case ev := <-f.events:
				fmt.Fprintln(w, ev)
				w.(http.Flusher).Flush()
			case <-f.quit:
				return
			case <-r.Context().Done():
				return
			}
		}
	case strings.HasSuffix(path, "/logs"):
		w.(http.Flusher).Flush()
		f.logs.Add(1)
		<-f.quit
	case strings.HasSuffix(path, "/json"):
		f.mu.Lock()
		c := f.containers[strings.Split(path, "/")[2]]
		f.mu.Unlock()
		fmt.Fprintf(w, `{"Id": %q, "State": {"Status": %q, "StartedAt": "2026-11-23T04:00:00Z", "Health": {"Status": "healthy"}}, "RestartCount": 2, "Config": {}, "HostConfig": {}}`, c.ID, c.State)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	var filters struct{ ID map[string]bool }
	_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters)
	f.lists.Add(1)
	if filters.ID == nil {
		f.full.Add(1)
	}
	f.mu.Lock()
	out := make([]container.Summary, 0, len(f.containers))
	for id, c := range f.containers {
		if filters.ID == nil || filters.ID[id] {
			out = append(out, c)
		}
	}
	f.mu.Unlock()
	_ = json.NewEncoder(w).Encode(out)
}

func (f *fake) happens(action string, i int) {
	f.events <- fmt.Sprintf(`{"Type": "container", "Action": %q, "Actor": {"ID": %q}}`, action, fakeID(i))
}

func TestWatchBursts(t *testing.T) {
	f, e := startFake(t, "1.41", 100)
	s, _ := watchIt(t, e)
	until(t, "first list", func() bool { return s.facts(e) != nil })
	if got := s.facts(e); got.API != "1.41" || got.Hostname != "fake" || len(got.Containers) != 100 || got.Containers[0].Digest != "sha256:abc" || got.Containers[0].Health != Healthy {
		t.Errorf("%+v", got)
	}
	if q, _ := f.filter.Load().(string); strings.Contains(q, "exec") || !strings.Contains(q, "health_status") {
		t.Errorf("event filter %s", q)
	}
	before := f.full.Load()
	f.put(3, "paused")
	for range 1000 {
		f.happens("pause", 3)
	}
	until(t, "the change", func() bool { c := s.container(e, fakeID(3)); return c != nil && c.State == Paused })
	if n := f.lists.Load(); f.full.Load() != before || n > 20 {
		t.Errorf("1000 events of one container cost %d lists, %d of them full", n, f.full.Load()-before)
	}
	for i := range 100 {
		f.put(i, "exited")
		f.happens("die", i)
	}
	until(t, "all changes", func() bool {
		for _, c := range s.facts(e).Containers {
			if c.State != Exited {
				return false
			}
		}
		return true
	})
	until(t, "everything is known", func() bool {
		e.Look([]string{fakeID(5)})
		for _, c := range s.facts(e).Containers {
			if !c.Known || c.Restarts != 2 {
				return false
			}
		}
		return true
	})
	full := f.full.Load()
	e.Refresh()
	until(t, "a refresh lists again", func() bool { return f.full.Load() > full })
}

func TestWatchSilence(t *testing.T) {
	f, e := startFake(t, "1.41", 3)
	s, _ := watchIt(t, e)
	until(t, "first list", func() bool { return s.facts(e) != nil })
	f.silent.Store(true)
	until(t, "the silence is reported", func() bool { return s.get(e.Name()).Err != nil })
	if err := s.get(e.Name()).Err; !strings.Contains(err.Error(), "no answer in time") {
		t.Error(err)
	}
	f.silent.Store(false)
	until(t, "recovery", func() bool { return s.get(e.Name()).Err == nil })
}

// An engine that dies without a word ends what follows one of its logs.
func TestFollowSilence(t *testing.T) {
	t.Parallel()
	f, e := startFake(t, "1.41", 1)
	ended := make(chan error, 1)
	go func() { ended <- e.Logs(context.Background(), fakeID(0), LogOptions{Follow: true}, func(LogLine) {}) }()
	until(t, "the log is read", func() bool { return f.logs.Load() > 0 })
	f.silent.Store(true)
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "follow the log: no answer in time") {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("following goes on without an engine")
	}
}

// An engine that takes connections and says nothing is told of before ssh or TCP
// would give up.
func TestSilentFromTheStart(t *testing.T) {
	t.Parallel()
	f, e := startFake(t, "1.41", 1)
	f.silent.Store(true)
	s, _ := watchIt(t, e)
	until(t, "the silence is reported", func() bool { return s.get(e.Name()).Err != nil })
	f.silent.Store(false)
	until(t, "contact", func() bool { return s.facts(e) != nil })
}

func TestTooOld(t *testing.T) {
	_, e := startFake(t, "1.39", 0)
	if _, err := e.List(soon(t)); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("error %v", err)
	}
}

func TestNothingLeft(t *testing.T) {
	_, e := startFake(t, "1.41", 50)
	round := func() {
		again := New(e.spec)
		s, stop := watchIt(t, again)
		until(t, "first list", func() bool { return s.facts(again) != nil })
		again.Look([]string{fakeID(1)})
		stop()
		must(t, again.Close())
	}
	round()
	before := runtime.NumGoroutine()
	for range 20 {
		round()
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// BenchmarkList: 10,000 containers read, decoded and converted; the fake's own
// encoding is in the figure.
func BenchmarkList(b *testing.B) {
	_, e := startFake(b, "1.41", 10_000)
	cl, err := e.open()
	must(b, err)
	digests, err := e.readDigests(soon(b), cl)
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		list, err := e.readList(b.Context(), cl, nil, digests)
		if err != nil || len(list) != 10_000 {
			b.Fatal(len(list), err)
		}
	}
}

// BenchmarkConvert: 10,000 decoded containers to ours, and into the table.
func BenchmarkConvert(b *testing.B) {
	f, e := startFake(b, "1.41", 10_000)
	tb := newTable()
	b.ReportAllocs()
	for b.Loop() {
		list := make([]*Container, 0, len(f.containers))
		for _, s := range f.containers {
			list = append(list, e.container(&s, nil))
		}
		sortContainers(list)
		tb.replace(list)
		tb.list()
	}
}

// BenchmarkWatch: what an event costs from the engine's word to the report, in a
// list of 10,000. Most of it is the wait for the rest of a burst.
func BenchmarkWatch(b *testing.B) {
	f, e := startFake(b, "1.41", 10_000)
	s, _ := watchIt(b, e)
	until(b, "first list", func() bool { return s.facts(e) != nil })
	states := []string{"paused", "running"}
	began := time.Now()
	n := 0
	for b.Loop() {
		want := states[n%2]
		f.put(1, want)
		f.happens("pause", 1)
		until(b, "change", func() bool { c := s.container(e, fakeID(1)); return c != nil && string(c.State) == want })
		n++
	}
	b.ReportMetric(float64(time.Since(began).Milliseconds())/float64(n), "ms/change")
}
