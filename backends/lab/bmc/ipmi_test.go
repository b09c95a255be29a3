package bmc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	control "github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"
)

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
	c.WithTimeout(time.Second).WithRetry(1).WithCipherSuiteID(types.CipherSuiteID17)
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
