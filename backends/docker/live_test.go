package docker

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// The tests in live_*_test.go need real engines: `.ci/engines up DIR` starts them
// and DIR/env says where they are. RINGSIDE_REQUIRE_ENGINES=1 makes their absence
// a failure.

const (
	appImage  = "ringside-test/app:v1"
	bareImage = "ringside-test/bare:v1" // without a shell
	patience  = 60 * time.Second
)

func liveEnv(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" && os.Getenv("RINGSIDE_REQUIRE_ENGINES") == "1" {
		t.Fatalf("%s is not set: run .ci/engines up DIR and source DIR/env", name)
	}
	if v == "" {
		t.Skipf("%s is not set: no real engine (see .ci/engines)", name)
	}
	return v
}

// live returns engine A or B, closed at the end of the test.
func live(t testing.TB, name string) *Engine {
	t.Helper()
	return opened(t, fleet.Engine{Name: "eng-" + strings.ToLower(name), Site: "lab", Environment: "development", Address: liveEnv(t, "RINGSIDE_TEST_ENGINE_"+name)})
}

func opened(t testing.TB, spec fleet.Engine) *Engine {
	e := New(spec)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// create makes a container, removed at the end of the test, and returns its ID.
func create(t testing.TB, e *Engine, change func(*container.Config, *container.HostConfig), args ...string) string {
	t.Helper()
	conf := &container.Config{Image: appImage, Cmd: args, Labels: map[string]string{composeProject: "shop", composeService: "web", "evil\x1b[31m": "x\x1b]0;t\x07y"}}
	host := &container.HostConfig{NetworkMode: "none"}
	if change != nil {
		change(conf, host)
	}
	cl, err := e.open()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t-%s-%d", strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), time.Now().UnixNano())
	r, err := cl.ContainerCreate(soon(t), client.ContainerCreateOptions{Config: conf, HostConfig: host, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Remove(ctx, r.ID, true, true); err != nil && !IsNotFound(err) {
			t.Error(err)
		}
	})
	return r.ID
}

func run(t testing.TB, e *Engine, change func(*container.Config, *container.HostConfig), args ...string) string {
	t.Helper()
	id := create(t, e, change, args...)
	must(t, e.Start(soon(t), id))
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// sink keeps the readings of a watched engine.
type sink struct {
	mu   sync.Mutex
	last map[string]fleet.Reading
	all  []fleet.Reading
}

// watchIt runs Watch until the test ends or stop is called.
func watchIt(t testing.TB, e *Engine) (s *sink, stop func()) {
	t.Helper()
	s = &sink{last: map[string]fleet.Reading{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Watch(ctx, func(r fleet.Reading) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.last[r.Source] = r
			s.all = append(s.all, r)
		})
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return s, stop
}

func (s *sink) get(source string) fleet.Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[source]
}

func (s *sink) facts(e *Engine) *Facts {
	f, _ := s.get(e.Name()).Facts.(*Facts)
	return f
}

// container returns the latest picture of one container, nil when it is not there.
func (s *sink) container(e *Engine, id string) *Container {
	if f := s.facts(e); f != nil {
		for _, c := range f.Containers {
			if c.ID == id {
				return c
			}
		}
	}
	return nil
}
