package registries

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/actions/sync"
	"ringside/backends/fleet"
	lab "ringside/backends/lab/registry"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/views/screen"
)

// The screen against two registries of the lab: a lag is seen, y brings it, its bars
// are seen while it moves, and then both sides are the same. A run that is cancelled by
// x leaves no half of an image.
func TestSyncsAgainstTheLab(t *testing.T) {
	lib := lab.NewLibrary()
	start := func(o lab.Options) *lab.Registry {
		x, err := lab.Start(lib, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.Stop)
		return x
	}
	near, far := start(lab.Options{Name: "tokyo"}), start(lab.Options{Name: "shanghai", Latency: 5 * time.Millisecond, Bandwidth: 4 << 20})
	push := func(tag string, size int64) {
		near.Push("team/web", tag, lib.Build(lab.Image{Name: "team/web:" + tag, Platforms: []string{"linux/amd64"}, Layers: func(p string) []lab.Layer {
			return []lab.Layer{{Name: "a " + tag + p, Size: size}, {Name: "b " + tag + p, Size: size}}
		}}))
	}
	push("1", 4<<20)
	f := &fleet.Fleet{Syncs: []fleet.Sync{{Name: "tyo-sha", From: "tokyo", To: "shanghai", Environment: "development", Repositories: []string{"team/*"}}}}
	for _, x := range []*lab.Registry{near, far} {
		f.Registries = append(f.Registries, fleet.Registry{Name: x.Name(), Address: x.Address(), PlainHTTP: true, Environment: "development",
			Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams})
	}
	set, err := registry.NewSet(f)
	if err != nil {
		t.Fatal(err)
	}
	led, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer led.Close()
	w := &world{fleet: f, store: watch.NewStore(), now: time.Now()}
	env := &actions.Env{Fleet: f, State: w.store.State, Ledger: led, Actor: ledger.Self("console"), Now: time.Now}
	reg := actions.NewRegistry(append(actions.Guards(), sync.Guards(set)...)...)
	reg.Add(sync.Actions(set)...)
	runner := actions.NewRunner(env, reg, actions.Options{Changed: w.store.Touch})
	running := watch.Run(context.Background(), w.store, set.Syncs()[0])
	defer running.Close(5 * time.Second)

	r := newRobot(t, w, 100, 30)
	r.Fresh = func() { w.now, w.runs = time.Now(), runner.Live() }
	// carryOut does what the console does with what the screen asked for.
	carryOut := func() {
		t.Helper()
		switch m := r.Last().(type) {
		case screen.Act:
			p, err := reg.Build(t.Context(), env, m.Action, m.Targets, m.Args)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := runner.Start(t.Context(), p, actions.Approval{Confirmed: true, Reason: "test"}); err != nil {
				t.Fatal(err)
			}
		case screen.RunAct:
			runner.Cancel(m.Run)
		default:
			t.Fatalf("asked for %+v", m)
		}
	}
	r.Await("a lag", "! 1 behind", "! missing  team/web:1", "not verified", "plain HTTP")
	r.Press("y")
	carryOut()
	r.Await("a run", "◐ syncing", "0 of 1 tag")
	r.page(transfersPage)
	r.Await("its bars", "copy 1 tag", "sending", "B/s", "left", "team/web:1")
	r.Await("its end", "nothing is on its way", "sent since this console was started")
	r.page(tagsPage)
	r.Await("both sides", "● equal   team/web:1")
	if a, _ := near.Digest("team/web", "1"); a == "" || !strings.Contains(r.Frame(), short(a)) {
		t.Errorf("%s is not on screen", a)
	}
	r.page(historyPage)
	r.Await("history", "● done", "sync tyo-sha: copy 1 tag", "1/1")

	push("2", 8<<20)
	set.Syncs()[0].Refresh()
	r.page(tagsPage)
	r.Await("another lag", "! missing team/web:2")
	r.screen.Show("tag/tokyo/team/web:2")
	r.Press("y").pick("team/web:2")
	carryOut()
	r.page(transfersPage)
	r.Await("it moves", "sending")
	r.Press("x")
	carryOut()
	r.page(historyPage)
	r.Await("its end", "○ cancelled")
	if _, there := far.Digest("team/web", "2"); there || far.Broken() != nil {
		t.Errorf("the cancelled tag is there: %v, broken: %v", there, far.Broken())
	}
}
