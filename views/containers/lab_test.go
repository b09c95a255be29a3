package containers

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/lab"
	"ringside/backends/watch"
)

// The screen against engines that speak the real API: a log through a restart of
// the engine, a flood, and a name that is an attack.
func TestAgainstTheLab(t *testing.T) {
	l, err := lab.Start(lab.Options{Dir: t.TempDir(), Speed: 1, Engines: []lab.EngineOptions{{Name: "one", Containers: []lab.ContainerSpec{
		{Name: "web", Project: "shop", Policy: "always", Logs: "nginx", LogRate: 20, Env: []string{"DB_PASSWORD=correct-horse"}},
		{Name: "evil\x1b]52;c;aGk=\x07\x1b[2J名", Logs: "go", LogRate: 1},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	set := docker.NewSet(l.Fleet().Engines)
	defer set.Close()
	w := &world{fleet: l.Fleet(), store: watch.NewStore(), now: time.Now()}
	var sources []watch.Source
	for _, e := range set.All() {
		sources = append(sources, e)
	}
	running := watch.Run(context.Background(), w.store, sources...)
	defer running.Close(60 * time.Second)

	r := newRobot(t, w, nil, 80, 24)
	r.screen.engines = New(set, w.store.Touch).engines
	sees := func(what string, parts ...string) {
		t.Helper()
		r.until(what, func() bool {
			w.now = time.Now()
			f := r.frame() // fails for anything raw
			for _, p := range parts {
				if !strings.Contains(f, p) {
					return false
				}
			}
			return true
		})
	}
	sees("the list", "web", "evil", "名", "2 up")
	r.press("/").text("web").press("enter", "enter", "tab")
	sees("the environment", "DB_PASSWORD=••••••••")
	r.press("l")
	sees("the log", "GET")
	l.Engine("one").Stop()
	sees("the loss", "does not answer", "stale")
	l.Engine("one").Start()
	pane := r.screen.top().(*logs).pane
	r.until("the return", func() bool {
		w.now = time.Now()
		notes := map[string]bool{}
		for _, line := range pane.Lines() {
			notes[line.Text] = line.Note
		}
		return notes["engine one answers again"] && notes["the container was started again"]
	})
	r.press("f", "f")
	l.Engine("one").Flood("web", true)
	r.until("the flood", func() bool { return pane.Len() >= keepLines })
	l.Engine("one").Flood("web", false)
	r.press("esc", "esc", "esc", "*", "l")
	sees("both logs", "2 logs: ", "evil")
}
