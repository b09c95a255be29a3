package bmc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	control "github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"
)

func startLab(t testing.TB, o Options) *BMCs {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// hand is a clock that a test moves.
type hand struct{ at atomic.Int64 }

func newHand() *hand {
	h := &hand{}
	h.at.Store(time.Now().UnixNano())
	return h
}

func (h *hand) Now() time.Time       { return time.Unix(0, h.at.Load()) }
func (h *hand) move(d time.Duration) { h.at.Add(int64(d)) }

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// peer is go-ipmi's client, whose Close may be called once only.
type peer struct {
	*client.Client
	once sync.Once
}

func (p *peer) Close(ctx context.Context) (err error) {
	p.once.Do(func() { err = p.Client.Close(ctx) })
	return err
}

// connect opens a session with suite 17.
func connect(t testing.TB, s *BMCs, b *BMC) (*peer, error) {
	t.Helper()
	c, err := client.NewClient("127.0.0.1", b.Port(), Username, s.password)
	if err != nil {
		t.Fatal(err)
	}
	c.WithTimeout(300 * time.Millisecond).WithRetry(1).WithCipherSuiteID(types.CipherSuiteID17)
	if b.spec.Operator {
		c.WithMaxPrivilegeLevel(types.PrivilegeLevelOperator)
	}
	p := &peer{Client: c}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		_ = p.Close(ctx)
	})
	return p, c.Connect(t.Context())
}

func mustConnect(t testing.TB, s *BMCs, b *BMC) *peer {
	t.Helper()
	c, err := connect(t, s, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFleet: what the lab says of itself is what a configuration would say.
func TestFleet(t *testing.T) {
	dir := t.TempDir()
	s := startLab(t, Options{Dir: dir, Hosts: []Spec{
		{Name: "a", Site: "tokyo", Rack: "t01", Environment: "production", Tags: []string{"swift"}},
		{Name: "b", Protocol: Redfish}, {Name: "c", Protocol: Both}, {Name: "d", Operator: true, Driver: "auto"},
	}})
	hosts := s.Hosts()
	ports := map[int]bool{}
	for i, want := range []struct {
		driver, privilege string
		tls               bool
	}{{"ipmi", "", false}, {"redfish", "", true}, {"auto", "", true}, {"auto", "operator", false}} {
		b := hosts[i].BMC
		if b.Address != "127.0.0.1" || b.Port == 0 || ports[b.Port] || b.Credential != Credential {
			t.Errorf("%s: %+v", hosts[i].Name, b)
		}
		ports[b.Port] = true
		if b.Driver != want.driver || b.Privilege != want.privilege || (b.TLS != nil) != want.tls {
			t.Errorf("%s: %+v, want %+v", hosts[i].Name, b, want)
		}
	}
	if h := hosts[0]; h.Site != "tokyo" || h.Rack != "t01" || h.Environment != "production" || h.Tags[0] != "swift" {
		t.Errorf("%+v", h)
	}
	c := s.Credentials()[Credential]
	if secret, err := c.Secret(t.Context()); err != nil || secret != s.password || c.Username != Username {
		t.Errorf("credential %+v: %v", c, err)
	}
	if info, err := os.Stat(c.Password.File); err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(c.Password.File) != dir {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	if _, err := Start(Options{Hosts: []Spec{{Name: "a"}, {Name: "a"}}}); err == nil || !strings.Contains(err.Error(), `two hosts named "a"`) {
		t.Errorf("two hosts of one name: %v", err)
	}
}

// TestNothingStays starts and closes labs in the middle of everything.
func TestNothingStays(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	var dir string
	for range 5 {
		s, err := Start(Options{Speed: 1, Hosts: []Spec{{Name: "a"}, {Name: "b", Protocol: Both}, {Name: "c"}, {Name: "d", Protocol: Redfish}}})
		if err != nil {
			t.Fatal(err)
		}
		dir = s.ownDir
		c, err := connect(t, s, s.Host("a"))
		if err != nil {
			t.Fatal(err)
		}
		v := visit(t, s, s.Host("b"))
		v.logIn()
		s.Host("c").Set(Silent, true)
		s.Host("d").Set(Silent, true)
		w := visit(t, s, s.Host("d"))
		w.http.Timeout = 50 * time.Millisecond
		if _, _, err := w.ask("GET", "/redfish/v1/", nil); err == nil {
			t.Error("a silent BMC answered")
		}
		s.Host("a").Slow(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := c.GetChassisStatus(ctx); err == nil {
			t.Error("a BMC that takes an hour answered")
		}
		_ = c.Close(ctx)
		cancel()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
		v.http.CloseIdleConnections()
		w.http.CloseIdleConnections()
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	until(t, "files are closed", func() bool { return openFiles(t) <= files })
}

// openFiles counts this process's open files, where that can be told.
func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}

// TestStory: a host whose power somebody cuts, and one that is off.
func TestStory(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: []Spec{{Name: "a", CutAfter: 4 * time.Minute}, {Name: "b", Off: true}}})
	a, b := s.Host("a"), s.Host("b")
	if a.Power() != "On" || b.Power() != "Off" {
		t.Errorf("at first %s and %s", a.Power(), b.Power())
	}
	clock.move(3*time.Minute + 59*time.Second)
	if a.Power() != "On" {
		t.Errorf("before its time %s", a.Power())
	}
	clock.move(time.Hour) // nobody looked when it happened
	if a.Power() != "Off" {
		t.Errorf("after its time %s", a.Power())
	}
	log := a.chassis.log.entries
	if e := log[len(log)-1]; e.event != acpiSoftOff || !e.at.Equal(clock.Now().Add(-time.Hour+time.Second)) {
		t.Errorf("the log ends with %+v, at %v", e, clock.Now())
	}
	b.Press()
	clock.move(2 * time.Second)
	if b.Power() != "On" {
		t.Errorf("after the button %s", b.Power())
	}
	b.Press()
	clock.move(10 * time.Second)
	if b.Power() != "Off" {
		t.Errorf("after the button again %s", b.Power())
	}
	if n := s.Counters(); n.Total() != 0 || n.Datagrams != 0 {
		t.Errorf("nobody asked: %+v", n)
	}
}

// TestPower follows the power through what overtakes what.
func TestPower(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   string // letters of acts; a digit waits so many seconds
		want power
	}{
		{"on", "f9n", turningOn}, {"on, later", "f9n3", on},
		{"off", "f", turningOff}, {"off, later", "f1", off},
		{"soft", "s", turningOff}, {"soft, later", "s9", off},
		{"on while it shuts down is on already", "s1n9", off},
		{"forced while it shuts down", "s1f1", off},
		{"off while it comes on", "f9nf3", off},
		{"cycle", "c9", on}, {"cycle, in the pause", "c2", off},
		{"on in the pause of a cycle", "c2n9", on},
		{"off in the pause of a cycle", "c2f9", off},
		{"reset", "r", on}, {"reset while it shuts down", "s1r9", on},
		{"cut", "x", off}, {"cut while it comes on", "f9nx9", off},
	} {
		clock := newHand()
		s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
		c := s.list[0].chassis
		acts := map[rune]act{'n': (*chassis).turnOn, 'f': (*chassis).forceOff, 's': (*chassis).softOff, 'c': (*chassis).cycle, 'r': (*chassis).reset}
		for _, x := range tt.do {
			switch {
			case x >= '0' && x <= '9':
				clock.move(time.Duration(x-'0') * time.Second)
			case x == 'x':
				s.list[0].Cut()
			default:
				if err := c.do(acts[x]); err != nil {
					t.Errorf("%s: %c: %v", tt.name, x, err)
				}
			}
		}
		if got := s.list[0].Power(); got != string(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestRunning: the operating system comes some time after the power and goes with
// it, and somebody is told.
func TestRunning(t *testing.T) {
	clock := newHand()
	told := 0
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1), Changed: func(string) { told++ }})
	b := s.Host("sw001")
	is := func(want bool, times int) {
		t.Helper()
		if b.Running() != want || told != times {
			t.Errorf("running is %v, want %v; told %d times, want %d", !want, want, told, times)
		}
	}
	is(true, 0)
	b.Cut()
	is(false, 1)
	b.Press()
	clock.move(10 * time.Second)
	is(false, 1)
	clock.move(time.Minute)
	is(true, 2)
	b.Press()
	clock.move(2 * time.Second)
	is(true, 2)
	clock.move(time.Minute)
	is(false, 3)
}

// TestBootFlags: IPMI's are forgotten after a minute without a power command,
// unless they shall stay, and used up by one boot, unless they are for ever.
func TestBootFlags(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
	b := s.Host("sw001")
	c := mustConnect(t, s, b)
	valid := func() bool {
		t.Helper()
		var flags types.BootOptionParam_BootFlags
		if err := c.GetSystemBootOptionsParamFor(t.Context(), &flags); err != nil {
			t.Fatal(err)
		}
		return flags.BootFlagsValid
	}
	set := func(persist bool) {
		t.Helper()
		if err := c.SetBootDevice(t.Context(), types.BootDeviceSelectorForcePXE, types.BIOSBootTypeEFI, persist); err != nil {
			t.Fatal(err)
		}
	}
	boot := func(want string) {
		t.Helper()
		if _, err := c.ChassisControl(t.Context(), control.ChassisControlHardReset); err != nil {
			t.Fatal(err)
		}
		if got, _ := b.Booted(); got != want {
			t.Errorf("booted from %s, want %s", got, want)
		}
	}
	set(false)
	clock.move(59 * time.Second)
	if !valid() {
		t.Error("forgotten before its time")
	}
	clock.move(2 * time.Second)
	if valid() {
		t.Error("never forgotten")
	}
	boot("disk")
	if err := c.SetSystemBootOptionsParamFor(t.Context(), &types.BootOptionParam_BMCBootFlagValidBitClear{DontClearOnCommandReceivedTimeout: true}); err != nil {
		t.Fatal(err)
	}
	set(false)
	clock.move(time.Hour)
	if !valid() {
		t.Error("forgotten although it shall stay")
	}
	boot("pxe")
	if valid() {
		t.Error("used twice")
	}
	boot("disk")
	set(true)
	boot("pxe")
	boot("pxe")
}

// TestSensorsFollow: fans spin down and the board cools when the host is off.
func TestSensorsFollow(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
	b := s.Host("sw001")
	read := func(number byte) (float64, bool) {
		all, _ := b.measure()
		for _, m := range all {
			if m.number == number {
				return m.value, m.ok
			}
		}
		t.Fatalf("no sensor %#x", number)
		return 0, false
	}
	warm, _ := read(numBoard)
	fast, _ := read(numFan1)
	watts, _ := read(numPower)
	if fast < 4000 || watts < 120 || warm < 25 {
		t.Errorf("on: fan %v, %v W, %v C", fast, watts, warm)
	}
	b.Cut()
	clock.move(time.Second)
	slower, ok := read(numFan1)
	if !ok || slower > fast*0.7 || slower < fast*0.3 {
		t.Errorf("a second after the cut the fan does %v, %v; it did %v", slower, ok, fast)
	}
	cooler, _ := read(numBoard)
	if cooler < warm-1 {
		t.Errorf("cold at once: %v, was %v", cooler, warm)
	}
	clock.move(10 * time.Minute)
	if _, ok := read(numFan1); ok {
		t.Error("a fan without power has a reading")
	}
	if _, ok := read(numCPU1); ok {
		t.Error("a processor without power has a temperature")
	}
	cold, _ := read(numBoard)
	room, _ := read(numInlet)
	if cold > room+0.1 {
		t.Errorf("never cold: %v in a room of %v", cold, room)
	}
	if watts, _ := read(numPower); watts > 15 {
		t.Errorf("off and draws %v W", watts)
	}
	b.Press()
	clock.move(10 * time.Second)
	if f, ok := read(numFan1); !ok || f < 3500 {
		t.Errorf("on again and the fan does %v, %v", f, ok)
	}
	b.Set(FanFault, true)
	if f, _ := read(numFan3); f != 0 {
		t.Errorf("the fan that stands does %v", f)
	}
}

// TestIPMIFaults: each fault is another failure, and goes.
func TestIPMIFaults(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: Many(1)})
	b := s.Host("sw001")
	well := func() {
		t.Helper()
		c := mustConnect(t, s, b)
		if st, err := c.GetChassisStatus(t.Context()); err != nil || !st.PowerIsOn {
			t.Errorf("%+v, %v", st, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	fails := func(f Fault, is func(error) bool) {
		t.Helper()
		kept := mustConnect(t, s, b)
		b.Set(f, true)
		if _, err := connect(t, s, b); err == nil || !is(err) {
			t.Errorf("%s: a new session: %v", f, err)
		}
		if _, err := kept.GetChassisStatus(t.Context()); err == nil {
			t.Errorf("%s: the open session goes on", f)
		}
		b.Set(f, false)
		well()
	}
	well()
	fails(Silent, isTimeout)
	fails(Refused, func(err error) bool { return strings.Contains(err.Error(), "refused") })
	fails(WrongPassword, func(err error) bool { return strings.Contains(err.Error(), client.ErrRAKPAuthentication.Error()) })
	fails(SessionsFull, func(err error) bool { return strings.Contains(err.Error(), "Insufficient resources") })

	c := mustConnect(t, s, b)
	b.Set(Starting, true)
	var answer *types.ResponseError
	if _, err := c.GetChassisStatus(t.Context()); !errors.As(err, &answer) || answer.CompletionCode() != types.CodeCannotProvideResponseBMCInitialize {
		t.Errorf("while it starts: %v", err)
	}
	b.Set(Starting, false)
	if _, err := c.GetChassisStatus(t.Context()); err != nil {
		t.Errorf("after it started: %v", err)
	}

	b.Slow(100 * time.Millisecond)
	began := time.Now()
	if _, err := c.GetChassisStatus(t.Context()); err != nil || time.Since(began) < 100*time.Millisecond {
		t.Errorf("a slow BMC took %v: %v", time.Since(began), err)
	}
	b.Slow(0)

	b.Set(Stuck, true)
	if _, err := c.ChassisControl(t.Context(), control.ChassisControlPowerDown); err != nil || b.Power() != "On" {
		t.Errorf("a stuck host is %s: %v", b.Power(), err)
	}
	b.Set(Stuck, false)

	before := b.Counters().Lost
	if err := c.ColdReset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetChassisStatus(t.Context()); !isTimeout(err) {
		t.Errorf("a session that outlives a restart: %v", err)
	}
	until(t, "the BMC is back", func() bool { c, err := connect(t, s, b); _ = c; return err == nil })
	if n := b.Counters().Lost - before; n != 1 {
		t.Errorf("%d sessions lost by the restart", n)
	}
}

func isTimeout(err error) bool {
	return err != nil && strings.Contains(err.Error(), "before UDP read deadline")
}

// TestSessionSlots: four, and one more finds none until one is closed. An
// operator's account is no administrator's.
func TestSessionSlots(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a"}, {Name: "b", Operator: true}, {Name: "c", Suites: []int{3}}}})
	a := s.Host("a")
	var open []*peer
	for range 4 {
		open = append(open, mustConnect(t, s, a))
	}
	if _, err := connect(t, s, a); err == nil || !strings.Contains(err.Error(), "Insufficient resources") {
		t.Errorf("the fifth session: %v", err)
	}
	if c := a.Counters(); c.Opened != 4 || c.Open != 4 || c.Closed != 0 || c.Commands["Set Session Privilege Level"] != 4 {
		t.Errorf("four sessions: %+v", c)
	}
	if err := open[0].Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustConnect(t, s, a)
	if c := a.Counters(); c.Opened != 5 || c.Open != 4 || c.Closed != 1 || c.Lost != 0 {
		t.Errorf("one closed and one opened: %+v", c)
	}

	op := mustConnect(t, s, s.Host("b"))
	if _, err := op.ChassisControl(t.Context(), control.ChassisControlPowerDown); err != nil {
		t.Errorf("an operator may switch: %v", err)
	}
	var answer *types.ResponseError
	if err := op.ColdReset(t.Context()); !errors.As(err, &answer) || answer.CompletionCode() != types.CodeInsufficientPrivilege {
		t.Errorf("an operator may not restart the BMC: %v", err)
	}
	if _, err := connect(t, s, s.Host("c")); err == nil {
		t.Error("suite 17 at a BMC that has only 3")
	}
}

// TestThousand: as many as a test may want, in little memory.
func TestThousand(t *testing.T) {
	s := startLab(t, Options{Hosts: Many(1000)})
	for _, b := range s.All() {
		c := mustConnect(t, s, b)
		if _, err := c.GetChassisStatus(t.Context()); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", b.Name(), err))
		}
	}
	if n := s.Counters(); n.Open != 1000 || n.Commands["Get Chassis Status"] != 1000 {
		t.Errorf("after one round: %+v", n)
	}
}
