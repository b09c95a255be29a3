package power

import (
	"context"
	"testing"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/lab"
	labbmc "ringside/backends/lab/bmc"
	"ringside/backends/watch"
)

// The screen against BMCs that speak the real protocols: one of IPMI, one of
// Redfish, one that is silent and one that refuses us.
func TestAgainstTheLab(t *testing.T) {
	l, err := lab.Start(lab.Options{Dir: t.TempDir(), Speed: 20, Engines: []lab.EngineOptions{}, Hosts: []labbmc.Spec{
		{Name: "one", Site: "tokyo", Rack: "r1"},
		{Name: "two", Site: "tokyo", Rack: "r1", Protocol: labbmc.Redfish},
		{Name: "three", Site: "tokyo", Rack: "r2", Faults: []labbmc.Fault{labbmc.Silent}},
		{Name: "four", Site: "shanghai", Rack: "r1", Faults: []labbmc.Fault{labbmc.WrongPassword}, Off: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	set := bmc.NewSet(l.Fleet())
	defer set.Close()
	w := &world{fleet: l.Fleet(), store: watch.NewStore(), now: time.Now()}
	var sources []watch.Source
	for _, c := range set.All() {
		sources = append(sources, c)
	}
	running := watch.Run(context.Background(), w.store, sources...)
	defer running.Close(60 * time.Second)

	r := newRobot(t, w, 80, 24)
	r.screen.bmc = New(set).bmc
	r.Fresh = func() { w.now = time.Now() }
	r.Await("the list", "■ 2 on · ? 1 silent · ⊘ 1 unreadable", "⊘ wrong password")
	for _, host := range []string{"one", "two"} {
		open(r, host)
		r.Await(host, "serial", "firmware", "as the BIOS says, no override")
		toTab(r, "Sensors")
		r.Await(host+"'s sensors", "Temperatures", " C  ok")
		toTab(r, "Events")
		r.Await(host+"'s events", "20")
		r.Press("esc")
	}
	open(r, "four")
	r.Await("one that refuses us", "wrong password", "r asks all the same")
	r.Press("esc")
	l.BMC("one").Cut()
	set.All()[0].Refresh()
	r.Await("a power cut", "□ 1 off", "nobody asked")
}
