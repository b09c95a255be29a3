package containers

import (
	"context"
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
	r.Fresh = func() { w.now = time.Now() }
	r.Await("the list", "web", "evil", "名", "2 up")
	r.Press("/").Text("web").Press("enter", "enter", "tab")
	r.Await("the environment", "DB_PASSWORD=••••••••")
	r.Press("l")
	r.Await("the log", "GET")
	l.Engine("one").Stop()
	r.Await("the loss", "does not answer", "stale")
	l.Engine("one").Start()
	pane := r.screen.top().(*logs).pane
	r.Until("the return", func() bool {
		notes := map[string]bool{}
		for _, line := range pane.Lines() {
			notes[line.Text] = line.Note
		}
		return notes["engine one answers again"] && notes["the container was started again"]
	})
	r.Press("f", "f")
	l.Engine("one").Flood("web", true)
	r.Until("the flood", func() bool { return pane.Len() >= keepLines })
	l.Engine("one").Flood("web", false)
	r.Press("esc", "esc", "esc", "*", "l")
	r.Await("both logs", "2 logs: ", "evil")
}
