package swift

import (
	"context"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/swift"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/keymap"
)

// The screen against the lab's cluster, which speaks recon and the API over HTTP:
// what is broken there is seen.
func TestAgainstTheLab(t *testing.T) {
	l, err := lab.Start(lab.Options{Dir: t.TempDir(), Calm: true, PartPower: 9, Nodes: []string{"sw001", "sw002", "sw003", "sw004", "sw005", "sw006", "sw007", "sw008"}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := &fleet.Fleet{}
	l.Fleet(f)
	f.Clusters[0].Recon.Timeout = 500 * time.Millisecond
	set := swift.NewSet(f)
	w := &world{t: t, fleet: f, store: watch.NewStore(), now: time.Now()}
	running := watch.Run(context.Background(), w.store, set.All()[0])
	defer running.Close(60 * time.Second)

	r := newRobot(t, w, 80, 60)
	r.Fresh = func() { w.now = time.Now() }
	r.Await("a calm cluster", "8 of 8 up", "● disks          40 of 40 up", "● swift.conf     the same everywhere", "AUTH_admin")
	l.Hang("sw002", true)
	l.Unmount("sw003", "d1")
	l.Stale("sw004", true)
	set.All()[0].Refresh()
	r.Await("faults", "✗ nodes          7 of 8 up: sw002 silent", "sw003/d1 unmounted", "sw004 2 versions behind")
	r.page(nodesPage)
	r.Await("nodes", "✗ silent", "2 behind", "is off")
	r.Run(r.screen.Do(keymap.Mark))
	r.Await("what if", "If sw001 (5 disks) goes off, besides what is off now")
	r.screen.Show("node/objects/sw003")
	r.Press("enter")
	r.Await("a node", "✗ d1             unmounted", "object-server")
}
