package power

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
	"ringside/views/screen/screentest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a fleet made by hand: racks of healthy hosts at two sites, and one host
// of every kind of trouble.
type world struct {
	fleet *fleet.Fleet
	store *watch.Store
	runs  []actions.RunRecord
	asked []impact.Asked
	now   time.Time
}

// ring is a fleet of hosts sw001, sw002…, so many a rack and racks at the sites by
// turns, all of them on.
func ring(n, perRack int) *world {
	w := &world{store: watch.NewStore(), now: noon, fleet: &fleet.Fleet{}}
	for i := range n {
		rack := i / perRack
		h := fleet.Host{Name: fmt.Sprintf("sw%03d", i+1), Site: []string{"tokyo", "shanghai"}[rack*2*perRack/n], Environment: "production",
			Rack: fmt.Sprintf("r%02d", rack%10+1), Tags: []string{"swift"}}
		h.BMC = &fleet.BMC{Address: h.Name + ".bmc.example", Port: 623, Driver: "auto"}
		w.fleet.Hosts = append(w.fleet.Hosts, h)
		w.put(h.Name, nil)
	}
	return w
}

func newWorld() *world {
	w := ring(40, 8)
	w.fleet.Hosts[1].Tags = []string{"swift", "proxy"}
	w.fleet.Hosts = append(w.fleet.Hosts, fleet.Host{Name: "bastion", Site: "tokyo", Tags: []string{"admin"}}, // no BMC
		fleet.Host{Name: "東京-踏み台-with-a-long-name", Site: "tokyo", Rack: "r11", BMC: &fleet.BMC{Address: "192.0.2.7"}})
	w.put("sw002", func(f *bmc.Facts) { f.Power, f.Was, f.Changed = bmc.Off, bmc.On, noon.Add(-12*time.Minute) })
	w.put("sw003", func(f *bmc.Facts) { f.Power, f.Was, f.Changed = bmc.Off, bmc.On, noon.Add(-40*time.Minute) })
	w.put("sw004", func(f *bmc.Facts) { f.Power = bmc.TurningOff })
	w.put("sw005", func(f *bmc.Facts) { f.Power = bmc.Unknown })
	w.put("sw006", func(f *bmc.Facts) {
		f.Health, f.Faults = bmc.Critical, []string{"main power fault", "cooling fault"}
	})
	w.put("sw007", func(f *bmc.Facts) { f.Health = bmc.Warning })
	w.put("sw008", func(f *bmc.Facts) {
		f.Driver, f.Suite, f.Insecure, f.Identify = "redfish", 0, "tls: {skip_verify: true}", true
	})
	w.fail("sw010", bmc.Silent, "no answer from sw010.bmc.example:623 in 3 tries", "is the BMC plugged in?")
	w.fail("sw011", bmc.WrongPassword, "user oncall is refused", "check credentials.bmc")
	w.fail("sw012", bmc.SessionsFull, "all 4 session slots are taken", "")
	w.asked = []impact.Asked{
		{Host: "sw003", Want: bmc.Off, Verb: bmc.SoftOff, By: "tanaka", Run: "r1", At: noon.Add(-41 * time.Minute), Until: noon.Add(-39 * time.Minute)},
		{Host: "sw013", Want: bmc.Off, Verb: bmc.SoftOff, By: "aoi", Run: "r3", At: noon},
		{Host: "sw014", Want: bmc.On, Verb: bmc.Cycle, By: "aoi", Run: "r3", At: noon},
		{Host: "sw015", Want: bmc.Off, Verb: bmc.SoftOff, By: "ren", Run: "r2", At: noon.Add(-9 * time.Minute), Until: noon.Add(-4 * time.Minute), Failed: true},
	}
	w.runs = []actions.RunRecord{{ID: "r1", Title: "power off sw003", Status: actions.Succeeded, Actor: actions.Actor{User: "tanaka"}, Created: noon.Add(-41 * time.Minute),
		Targets: []fleet.Target{{Kind: fleet.KindHost, Name: "sw003", Site: "tokyo", Environment: "production"}}}}
	w.fleet.Engines = []fleet.Engine{{Name: "tokyo-1", Site: "tokyo", Host: "sw003"}}
	w.store.Put(fleet.Reading{Source: "docker/tokyo-1", At: noon, Facts: &docker.Facts{Engine: "tokyo-1", Containers: []*docker.Container{
		{Name: "web-blue", Image: "registry.example/team/web", Tag: "1.9.1", State: docker.Running}, {Name: "job", State: docker.Exited}}}})
	w.now = noon.Add(12 * time.Second)
	return w
}

func (w *world) put(name string, change func(*bmc.Facts)) {
	f := &bmc.Facts{Host: name, Driver: "ipmi", Suite: 17, Power: bmc.On, Health: bmc.OK}
	if change != nil {
		change(f)
	}
	w.store.Put(fleet.Reading{Source: hosts.Source(name), At: w.now, Took: 3 * time.Millisecond, Facts: f})
}

func (w *world) fail(name string, trouble bmc.Trouble, why, hint string) {
	w.store.Put(fleet.Reading{Source: hosts.Source(name), At: w.now, Err: &bmc.Error{Host: name, Op: "read power", Trouble: trouble, Why: why, Hint: hint}})
}

func (w *world) snapshot() screen.Snapshot {
	return screen.Snapshot{Fleet: w.fleet, State: w.store.State(), Runs: w.runs, Asked: w.asked, Now: w.now}
}

// robot drives a screen as the console does, commands included.
type robot struct {
	screentest.Robot[*robot]
	world  *world
	bmcs   *fakeBMCs
	screen *Screen
	beats  []tea.Msg // what would come later
}

func newRobot(t testing.TB, w *world, width, height int) *robot {
	t.Helper()
	r := &robot{world: w, bmcs: newFakeBMCs()}
	r.screen = newScreen(func(string) (controller, bool) { return r.bmcs, true })
	r.screen.later = func(_ time.Duration, m tea.Msg) tea.Cmd { r.beats = append(r.beats, m); return nil }
	r.Start(t, r, r.screen, func() screen.Snapshot { return r.world.snapshot() }, width, height)
	return r
}

// line is the line of the screen with a text.
func (r *robot) line(text string) string {
	for l := range strings.SplitSeq(r.Frame(), "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// fakeBMCs answer from memory.
type fakeBMCs struct {
	mu      sync.Mutex
	info    bmc.Info
	boot    bmc.Boot
	sensors []bmc.Sensor
	events  []bmc.Event
	errs    map[part]error
	reads   map[part]int
	block   chan struct{} // reads wait for it, or for their context
	ended   int           // reads that ended with their context
}

func newFakeBMCs() *fakeBMCs {
	f := &fakeBMCs{errs: map[part]error{}, reads: map[part]int{},
		info: bmc.Info{Vendor: "Supermicro", Model: "SSG-6049P", Serial: "A123456", Firmware: "1.73.14", BIOS: "3.4", Protocol: "IPMI 2.0", Sessions: "2 of 4"},
		boot: bmc.Boot{Device: bmc.PXE, EFI: true, EFIKnown: true, PersistentKnown: true},
		sensors: []bmc.Sensor{{Name: "CPU1 Temp", Kind: "temperature", Value: 61, Unit: "C", State: "ok"}, {Name: "Inlet Temp", Kind: "temperature", Value: 41.5, Unit: "C", State: "warning"},
			{Name: "FAN3", Kind: "fan", Value: 0, Unit: "RPM", State: "critical"}, {Name: "12V", Kind: "voltage", Value: 12.06, Unit: "V", State: "ok"},
			{Name: "DIMM B2 Temp", Kind: "temperature", Unit: "C", Absent: true}, {Name: "Chassis", Kind: "intrusion", State: "closed"}, {Name: "PSU1 in", Kind: "power", Value: 342, Unit: "W", State: "ok"}},
		events: []bmc.Event{{ID: "3", At: noon.Add(-time.Hour), Sensor: "FAN3", Text: "Lower Critical going low", Severity: bmc.Critical},
			{ID: "2", At: noon.Add(-3 * time.Hour), Sensor: "PSU2", Text: "Power Supply AC lost", Severity: bmc.Warning}, {ID: "1", Text: "Log area cleared"}},
	}
	return f
}

func (f *fakeBMCs) set(change func(*fakeBMCs)) { f.mu.Lock(); defer f.mu.Unlock(); change(f) }

func (f *fakeBMCs) read(ctx context.Context, p part) error {
	f.mu.Lock()
	f.reads[p]++
	block, err := f.block, f.errs[p]
	f.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			f.set(func(f *fakeBMCs) { f.ended++ })
			return ctx.Err()
		}
	}
	return err
}

func (f *fakeBMCs) Info(ctx context.Context) (bmc.Info, error) {
	return f.info, f.read(ctx, infoPart)
}

func (f *fakeBMCs) Boot(ctx context.Context) (bmc.Boot, error) {
	return f.boot, f.read(ctx, bootPart)
}

func (f *fakeBMCs) Sensors(ctx context.Context) ([]bmc.Sensor, error) {
	err := f.read(ctx, sensorsPart)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sensors, err
}

func (f *fakeBMCs) Events(ctx context.Context, most int) ([]bmc.Event, error) {
	return f.events[:min(most, len(f.events))], f.read(ctx, eventsPart)
}
