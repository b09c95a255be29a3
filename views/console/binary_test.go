//go:build linux

package console_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/command"
	"ringside/views/console"
	"ringside/views/containers"
	"ringside/views/home"
	"ringside/views/screen"
)

// sourcesEnv makes the test binary a console that watches so many sources, each
// of which reports new facts once a second.
const sourcesEnv = "RINGSIDE_TEST_SOURCES"

// crashEnv makes the test binary ringside itself, whose demo is the fleet of that
// configuration, with a command that crashes.
const crashEnv = "RINGSIDE_TEST_CRASH"

func TestMain(m *testing.M) {
	if file := os.Getenv(crashEnv); file != "" {
		os.Exit(command.Main(context.Background(), command.Options{Args: os.Args[1:], Version: "test", StartDemo: func() (*command.Demo, error) {
			f, err := fleet.Load(file)
			boom := console.Command{ID: "boom", Title: "fall over", Run: func() error { panic("a command fell over") }}
			return &command.Demo{Fleet: f, Close: func() error { return nil }, Extra: []console.Command{boom}}, err
		}}))
	}
	if n, err := strconv.Atoi(os.Getenv(sourcesEnv)); err == nil {
		if err := showSources(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// binary builds ringside once for all tests of this package.
func binary(tb testing.TB) string {
	tb.Helper()
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ringside-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ringside")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "ringside")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %v\n%s", err, out)
	}
	return path, nil
})

// showSources runs a console on n synthetic engines of 20 containers.
func showSources(n int) error {
	ctx := context.Background()
	f := &fleet.Fleet{Environment: "development"}
	store := watch.NewStore()
	var sources []watch.Source
	for i := range n {
		name := fmt.Sprintf("e%03d", i)
		f.Engines = append(f.Engines, fleet.Engine{Name: name, Site: "tokyo"})
		sources = append(sources, &ticking{name: name, n: i})
	}
	set := watch.Run(ctx, store, sources...)
	defer set.Close(time.Second)
	env := &actions.Env{Fleet: f, State: store.State, Now: time.Now}
	reg := actions.NewRegistry()
	keys, _ := keymap.New(keymap.Table, nil)
	list := containers.New(docker.NewSet(nil), store.Touch)
	return console.Run(ctx, console.Options{Fleet: f, Store: store, Set: set, Env: env, Registry: reg, Keys: keys,
		Runner: actions.NewRunner(env, reg, actions.Options{}), Screens: []screen.Screen{startAt{list}, home.New()}, StateDir: os.TempDir()})
}

// startAt lets the containers come first.
type startAt struct{ screen.Screen }

// ticking reports once a second that one of its containers changed.
type ticking struct {
	name string
	n    int
}

func (t *ticking) Name() string { return "docker/" + t.name }

func (t *ticking) Watch(ctx context.Context, report func(fleet.Reading)) {
	list := make([]*docker.Container, 20)
	for i := range list {
		list[i] = &docker.Container{Engine: t.name, Site: "tokyo", ID: fmt.Sprintf("%064x", t.n*20+i), Name: fmt.Sprintf("c%04d", t.n*20+i),
			Image: "registry.tyo.example:5000/team/web", Tag: "1.9.1", State: docker.Running, Known: true, Started: time.Now().Add(-time.Hour)}
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		c := *list[n%20]
		c.Restarts++
		next := append([]*docker.Container(nil), list...)
		next[n%20] = &c
		list = next
		report(fleet.Reading{Source: t.Name(), At: time.Now(), Facts: &docker.Facts{Engine: t.name, Site: "tokyo", CPUs: 8, Containers: list}})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
