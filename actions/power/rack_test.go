package power_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/actions/power"
	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
)

// rack is hosts whose BMCs keep their state in a directory, so that it survives
// the process that acts on them, as real ones do.
type rack struct {
	dir  string
	bmcs map[string]*board
	at   func(point, host string) // called at "look", "before", "after" a verb
}

// board is a BMC. What it does after a verb takes it a number of looks.
type board struct {
	*rack
	host fleet.Host
	mu   sync.Mutex

	never   bool  // a soft off never ends
	transit bool  // it tells turning on and turning off, as Redfish does
	silent  error // reads and verbs fail
	refuse  error // verbs are turned down
	unknown bool  // it does not tell the power
	plain   bool  // boot flags are not kept, only the device
	unlit   bool  // it does not tell whether its light is on
}

// state is what a board keeps.
type state struct {
	Power bmc.Power
	Next  []bmc.Power // at every look it goes on by one
	Boot  bmc.Boot
	Light bool
}

func (b *board) file() string { return filepath.Join(b.dir, b.host.Name) }

func (b *board) read() (s state) {
	raw, err := os.ReadFile(b.file())
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		panic(err)
	}
	return s
}

func (b *board) write(s state) {
	raw, _ := json.Marshal(s)
	if err := os.WriteFile(b.file(), raw, 0o600); err != nil {
		panic(err)
	}
}

func (b *board) point(name string) {
	if b.at != nil {
		b.at(name, b.host.Name)
	}
}

func (b *board) Host() fleet.Host { return b.host }

func (b *board) Status(ctx context.Context) (*bmc.Facts, error) {
	b.point("look")
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := cmp.Or(ctx.Err(), b.silent); err != nil {
		return nil, err
	}
	s := b.read()
	if len(s.Next) > 0 {
		s.Power, s.Next = s.Next[0], s.Next[1:]
		b.write(s)
	}
	f := &bmc.Facts{Host: b.host.Name, Power: s.Power, Identify: s.Light && !b.unlit}
	if b.unknown {
		f.Power = bmc.Unknown
	}
	return f, nil
}

// then says how a power state is reached.
func (b *board) then(way, to bmc.Power) []bmc.Power {
	if b.transit {
		return []bmc.Power{way, way, to}
	}
	return []bmc.Power{b.read().Power, to}
}

func (b *board) Switch(_ context.Context, v bmc.Verb) error {
	b.point("before")
	b.mu.Lock()
	if err := cmp.Or(b.silent, b.refuse); err != nil {
		b.mu.Unlock()
		return err
	}
	b.log(string(v))
	s := b.read()
	switch v {
	case bmc.TurnOn:
		s.Next = b.then(bmc.TurningOn, bmc.On)
	case bmc.SoftOff:
		if s.Next = b.then(bmc.TurningOff, bmc.Off); b.never {
			s.Next = nil
		}
	case bmc.ForceOff:
		s.Next = []bmc.Power{bmc.Off}
	case bmc.Cycle:
		s.Next = []bmc.Power{bmc.On, bmc.Off, bmc.Off, bmc.On}
	}
	b.write(s)
	b.mu.Unlock()
	b.point("after")
	return nil
}

func (b *board) Boot(context.Context) (bmc.Boot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	boot := b.read().Boot
	if boot.PersistentKnown, boot.EFIKnown = !b.plain, !b.plain; b.plain {
		boot.Persistent, boot.EFI = false, false
	}
	return boot, b.silent
}

func (b *board) SetBoot(ctx context.Context, boot bmc.Boot) (bmc.Boot, error) {
	if b.silent != nil {
		return bmc.Boot{}, b.silent
	}
	b.mu.Lock()
	s := b.read()
	s.Boot = boot
	b.write(s)
	b.mu.Unlock()
	b.log("boot " + string(boot.Device))
	return b.Boot(ctx)
}

func (b *board) Identify(_ context.Context, on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.read()
	s.Light = on
	b.write(s)
	b.log(fmt.Sprint("light ", on))
	return b.silent
}

func (b *board) log(what string) {
	f, err := os.OpenFile(filepath.Join(b.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, b.host.Name, what)
		f.Close()
	}
	if err != nil {
		panic(err)
	}
}

// sent lists what a board was asked for, in order.
func (r *rack) sent(host string) string {
	raw, _ := os.ReadFile(filepath.Join(r.dir, "log"))
	var out []string
	for line := range strings.Lines(string(raw)) {
		if what, ok := strings.CutPrefix(strings.TrimSpace(line), host+" "); ok {
			out = append(out, what)
		}
	}
	return strings.Join(out, ", ")
}

func (r *rack) Controller(host string) (power.Controller, bool) { b, ok := r.bmcs[host]; return b, ok }

// powers counts hosts by their power: "38 off, 2 on".
func (r *rack) powers() string {
	n := map[bmc.Power]int{}
	for _, b := range r.bmcs {
		n[b.read().Power]++
	}
	var out []string
	for _, p := range []bmc.Power{bmc.Off, bmc.On} {
		if n[p] > 0 {
			out = append(out, fmt.Sprintf("%d %s", n[p], p))
		}
	}
	return strings.Join(out, ", ")
}

// rig is everything from the registry to the boards.
type rig struct {
	*actions.Runner
	*rack
	reg   *actions.Registry
	env   *actions.Env
	fleet *fleet.Fleet
	state *watch.State
}

// newRig makes n hosts sw001… that are on or off; those that the directory has
// already are left as they are.
func newRig(t testing.TB, dir string, n int, now bmc.Power) *rig {
	t.Helper()
	led, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { led.Close() })
	f := &fleet.Fleet{}
	k := &rack{dir: filepath.Join(dir, "boards"), bmcs: map[string]*board{}}
	os.MkdirAll(k.dir, 0o700)
	for i := range n {
		h := fleet.Host{Name: fmt.Sprintf("sw%03d", i+1), Site: "tokyo", Rack: "r1", Environment: "development", BMC: &fleet.BMC{Address: "192.0.2.1"}}
		f.Hosts = append(f.Hosts, h)
		b := &board{rack: k, host: h}
		k.bmcs[h.Name] = b
		if _, err := os.Stat(b.file()); err != nil {
			b.write(state{Power: now, Boot: bmc.Boot{Device: bmc.NoDevice}})
		}
	}
	r := &rig{rack: k, fleet: f, state: watch.NewStore().State()}
	r.env = &actions.Env{Fleet: f, State: func() *watch.State { return r.state }, Ledger: led, Actor: ledger.Self("command"), Now: time.Now}
	r.reg = actions.NewRegistry(append(actions.Guards(), power.Guards()...)...)
	r.reg.Add(power.Actions(k)...)
	r.Runner = actions.NewRunner(r.env, r.reg, actions.Options{})
	return r
}

// hosts are all targets of the fleet, or those named.
func (r *rig) hosts(names ...string) (out []fleet.Target) {
	for _, h := range r.fleet.Hosts {
		if len(names) == 0 || slices.Contains(names, h.Name) {
			out = append(out, impact.HostTarget(h))
		}
	}
	return out
}

func (r *rig) build(t testing.TB, act string, args actions.Args, targets ...fleet.Target) *actions.Plan {
	t.Helper()
	p, err := r.reg.Build(t.Context(), r.env, "power."+act, targets, args)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var confirmed = actions.Approval{Confirmed: true}

func (r *rig) run(t testing.TB, p *actions.Plan) actions.RunRecord {
	t.Helper()
	id, err := r.Start(t.Context(), p, confirmed)
	return r.ended(t, id, err)
}

func (r *rig) ended(t testing.TB, id string, err error) actions.RunRecord {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// said lists findings as "level guard subject: text".
func said(findings []actions.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", f.Level, f.Guard, f.Subject, f.Text))
	}
	return strings.Join(lines, "\n")
}

func silent(host string) error {
	return &bmc.Error{Host: host, Op: "read power", Trouble: bmc.Silent, Why: "no answer from 192.0.2.1:623 in 3 tries"}
}

// processT is what newRig needs of a test, in a process that is none.
type processT struct {
	testing.TB
	ctx context.Context
}

func (p processT) Context() context.Context { return p.ctx }
func (processT) Helper()                    {}
func (processT) Cleanup(func())             {}
func (processT) Fatal(args ...any)          { fmt.Println(args...); os.Exit(1) }

var errLost = errors.New("the answer was lost")
