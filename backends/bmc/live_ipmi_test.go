//go:build unix

package bmc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

func TestLivePower(t *testing.T) {
	t.Parallel()
	s := sim(t, 1)
	c := s.controller(nil)
	must(t, c.Switch(soon(t), TurnOn))
	for _, row := range []struct {
		verb Verb
		want []Power // one after the other
	}{
		{ForceOff, []Power{Off}},
		{TurnOn, []Power{On}},
		{SoftOff, []Power{On, Off}},
		{TurnOn, []Power{On}},
		{Cycle, []Power{Off, On}},
		{Reset, []Power{On}},
	} {
		must(t, c.Switch(soon(t), row.verb))
		for _, want := range row.want {
			becomes(t, c, want)
			if f := status(t, c); want != Off && f.Power != s.tool("power", "status") {
				t.Errorf("%s: ringside says %s", row.verb, f.Power)
			}
		}
	}
	if f := status(t, c); f.Driver != "ipmi" || f.Suite != 3 || f.Host != "sim001" || f.Health != OK {
		t.Errorf("%+v", f)
	}
}

// tool asks ipmitool for the power.
func (s simulator) tool(args ...string) Power {
	s.t.Helper()
	cmd := exec.Command("ipmitool", append([]string{"-I", "lanplus", "-H", s.address, "-U", "admin", "-E", "-C", "3"}, args...)...)
	cmd.Env = append(os.Environ(), "IPMITOOL_PASSWORD=secret")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("ipmitool %v: %v: %s", args, err, out)
	}
	_, state, _ := strings.Cut(strings.TrimSpace(string(out)), "Chassis Power is ")
	return Power(state)
}

// The simulator keeps of the boot flags the device only, and says so.
func TestLiveBoot(t *testing.T) {
	c := sim(t, 2).controller(nil)
	for _, d := range []Device{PXE, Disk, CDROM, BIOS, NoDevice} {
		for range 2 { // set, then read by itself
			kept, err := c.SetBoot(soon(t), Boot{Device: d, EFI: true, Persistent: true})
			must(t, err)
			again, err := c.Boot(soon(t))
			must(t, err)
			if want := (Boot{Device: d}); kept != want || again != want {
				t.Errorf("%s: %+v, then %+v", d, kept, again)
			}
		}
	}
}

func TestLiveReads(t *testing.T) {
	c := sim(t, 2).controller(nil)
	for range 2 {
		got, err := c.Sensors(soon(t))
		must(t, err)
		want := []Sensor{{Name: "CPU Temp", Kind: "temperature", Value: 42, Unit: "C", State: "ok"}, {Name: "Fan 1 speed", Kind: "fan", Value: 6000, Unit: "RPM", State: "ok"}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v", got)
		}
	}
	events, err := c.Events(soon(t), 10)
	must(t, err)
	want := []Event{
		{ID: "0002", Sensor: "Power Supply #3", Text: "Power Supply Failure detected", Severity: Critical},
		{ID: "0001", Sensor: "CPU Temp", Text: "Upper Non-critical - going high (161 C, limit 160 C)", Severity: Warning},
	}
	if fmt.Sprint(events) != fmt.Sprint(want) {
		t.Errorf("%+v", events)
	}
	must(t, c.Identify(soon(t), true))
	must(t, c.Identify(soon(t), false))
	info, err := c.Info(soon(t))
	must(t, err)
	if info.Protocol != "IPMI 2.0" || info.Firmware != "9.08" || !strings.HasSuffix(info.Sessions, " of 63") || len(info.GUID) != 36 {
		t.Errorf("%+v", info)
	}
}

func TestLiveTroubles(t *testing.T) {
	t.Parallel()
	s := sim(t, 3)
	for name, cred := range map[string]fleet.Credential{"password": account(t, "admin", "wrong"), "user": account(t, "nobody", "secret")} {
		_, err := opened(t, New(s.host(nil), cred)).Status(soon(t))
		if e := trouble(t, err); e.Trouble != WrongPassword || strings.Contains(e.Error(), "secret") {
			t.Errorf("wrong %s: %+v", name, e)
		}
	}
	viewer := account(t, "viewer", "secret")
	c := opened(t, New(s.host(func(b *fleet.BMC) { b.Privilege = "user" }), viewer))
	status(t, c)
	if e := trouble(t, c.Switch(soon(t), ForceOff)); e.Trouble != WrongPassword || !strings.Contains(e.Why, "may not do that") {
		t.Errorf("a user who switches power: %+v", e)
	}
	_, err := s.controller(func(b *fleet.BMC) { b.CipherSuite = 17 }).Status(soon(t))
	if e := trouble(t, err); e.Trouble != Unsupported {
		t.Errorf("suite 17: %+v", e)
	}
}

func TestLiveSilent(t *testing.T) {
	t.Parallel()
	s := sim(t, 4)
	c := s.controller(nil)
	status(t, c)
	thaw := s.freeze()
	_, err := c.Status(soon(t))
	if e := trouble(t, err); e.Trouble != Silent {
		t.Errorf("%+v", e)
	}
	ctx, cancel := context.WithCancel(soon(t))
	time.AfterFunc(100*time.Millisecond, cancel)
	took := stopwatch()
	_, err = c.Status(ctx)
	if d := took(); !errors.Is(err, context.Canceled) || d > 400*time.Millisecond {
		t.Errorf("cancelled after %v: %v", d, err)
	}
	thaw()
	until(t, "it answers again", func() bool { _, err := c.Status(soon(t)); return err == nil })
}

func TestLiveRestart(t *testing.T) {
	t.Parallel()
	s := sim(t, 5)
	c := s.controller(nil)
	w, _ := watched(t, c)
	until(t, "it is watched", func() bool { return w.power() == On })
	s.kill()
	c.Refresh()
	until(t, "the closed port is told", func() bool { var e *Error; return errors.As(w.last().Err, &e) && e.Trouble == Refused })
	s.start()
	c.Refresh()
	until(t, "it is back", func() bool { c.Refresh(); return w.power() == On })
}

// sims returns the fleet of all simulators.
func sims(t testing.TB) *fleet.Fleet {
	f := &fleet.Fleet{Credentials: map[string]fleet.Credential{"sim": account(t, "admin", "secret")}}
	for i, a := range simulators(t) {
		f.Hosts = append(f.Hosts, simulator{t, i + 1, a}.host(nil))
	}
	return f
}

func TestLiveSweep(t *testing.T) {
	s := NewSet(sims(t))
	defer s.Close()
	for range 3 {
		answers := 0
		s.Sweep(soon(t), nil, 16, func(host string, f *Facts, err error) {
			if err != nil || f.Power == Unknown {
				t.Errorf("%s: %+v %v", host, f, err)
			}
			answers++
		})
		if answers != len(s.All()) {
			t.Errorf("%d of %d answered", answers, len(s.All()))
		}
	}
	must(t, s.Close())
}
