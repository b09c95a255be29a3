package power

import (
	"context"
	"strings"
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
	sees := func(what string, parts ...string) {
		t.Helper()
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			w.now = time.Now()
			r.tick()
			f, missing := r.frame(), ""
			for _, p := range parts {
				if !strings.Contains(f, p) {
					missing = p
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: no %q in\n%s", what, missing, f)
			}
		}
	}
	sees("the list", "■ 2 on · ? 1 silent · ⊘ 1 unreadable", "⊘ wrong password")
	for _, host := range []string{"one", "two"} {
		open(r, host)
		sees(host, "serial", "firmware", "as the BIOS says, no override")
		toTab(r, "Sensors")
		sees(host+"'s sensors", "Temperatures", " C  ok")
		toTab(r, "Events")
		sees(host+"'s events", "20")
		r.press("esc")
	}
	open(r, "four")
	sees("one that refuses us", "wrong password", "r asks all the same")
	r.press("esc")
	l.BMC("one").Cut()
	set.All()[0].Refresh()
	sees("a power cut", "□ 1 off", "nobody asked")
}
