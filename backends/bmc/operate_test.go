package bmc

import (
	"testing"

	lab "ringside/backends/lab/bmc"
)

// fast is the speed of life at which a soft shutdown takes tenths of a second.
const fast = 50

func TestPower(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		becomes(t, c, On)
		for _, row := range []struct {
			verb Verb
			then Power
		}{{SoftOff, Off}, {TurnOn, On}, {ForceOff, Off}, {ForceOff, Off}, {TurnOn, On}, {TurnOn, On}, {Reset, On}, {Cycle, On}} {
			if err := c.Switch(soon(t), row.verb); err != nil {
				if row.verb == Cycle && b.Name() == "redfish1" && trouble(t, err).Trouble == Unsupported {
					continue // it has none
				}
				t.Fatal(err)
			}
			becomes(t, c, row.then)
		}
	})
}

// What is done to a host that is off differs from BMC to BMC: here it is refused.
func TestResetOfAHostThatIsOff(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		must(t, c.Switch(soon(t), ForceOff))
		becomes(t, c, Off)
		for _, v := range []Verb{Reset, Cycle} {
			e := trouble(t, c.Switch(soon(t), v))
			if e.Trouble != Rejected || e.Why != "the host is off" {
				t.Errorf("%s: %+v", v, e)
			}
		}
		if _, boots := b.Booted(); boots != 0 || status(t, c).Power != Off {
			t.Error("the host was started")
		}
	})
}

func TestBoot(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		got, err := c.Boot(soon(t))
		must(t, err)
		if got.Device != NoDevice {
			t.Errorf("at the start: %+v", got)
		}
		for _, want := range []Boot{
			{Device: PXE, EFI: true}, {Device: Disk, Persistent: true, EFI: true}, {Device: BIOS}, {Device: CDROM, EFI: true, Persistent: true}, {Device: PXE},
		} {
			want.EFIKnown, want.PersistentKnown = true, true
			kept, err := c.SetBoot(soon(t), want)
			must(t, err)
			again, err := c.Boot(soon(t))
			must(t, err)
			if kept != want || again != want {
				t.Errorf("asked for %+v, told %+v, then %+v", want, kept, again)
			}
		}
		must(t, c.Switch(soon(t), Reset))
		until(t, "it boots", func() bool { from, n := b.Booted(); return n == 1 && from == "pxe" })
		if got, err = c.Boot(soon(t)); err != nil || got.Device != NoDevice {
			t.Errorf("after one boot: %+v %v", got, err)
		}
		if _, err = c.SetBoot(soon(t), Boot{Device: Disk, Persistent: true}); err != nil {
			t.Fatal(err)
		}
		if got, err = c.SetBoot(soon(t), Boot{Device: NoDevice}); err != nil || got.Device != NoDevice {
			t.Errorf("taken back: %+v %v", got, err)
		}
	})
}

func TestSensors(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		for range 2 { // the second time from the cache
			all, err := c.Sensors(soon(t))
			must(t, err)
			units := map[string]string{"temperature": "C", "fan": "RPM", "power": "W", "voltage": "V"}
			seen := map[string]bool{}
			for _, s := range all {
				if want := units[s.Kind]; want != "" && !s.Absent && s.Unit == want && s.Value > 0 {
					seen[s.Kind] = true
				}
				if s.Name == "" {
					t.Errorf("a sensor without a name: %+v", s)
				}
			}
			for kind := range units {
				if !seen[kind] {
					t.Errorf("no %s among %+v", kind, all)
				}
			}
		}
		b.Set(lab.FanFault, true)
		until(t, "the fan's state", func() bool {
			all, err := c.Sensors(soon(t))
			must(t, err)
			for _, s := range all {
				if s.Kind == "fan" && s.State == "critical" {
					return true
				}
			}
			return false
		})
	})
}

func TestEvents(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		b.Set(lab.SupplyFault, true)
		b.Set(lab.FanFault, true)
		all, err := c.Events(soon(t), 1000)
		must(t, err)
		if len(all) < 3 || all[0].At.Before(all[len(all)-1].At) {
			t.Fatalf("%d events, the newest first? %+v", len(all), all)
		}
		for _, e := range all {
			if e.ID == "" || e.Text == "" || e.At.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		if all[0].Severity != Critical {
			t.Errorf("the newest is the fan: %+v", all[0])
		}
		few, err := c.Events(soon(t), 2)
		must(t, err)
		if len(few) != 2 || few[0] != all[0] || few[1] != all[1] {
			t.Errorf("two of them: %+v, not %+v", few, all[:2])
		}
	})
}

func TestIdentify(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		for _, on := range []bool{true, false} {
			must(t, c.Identify(soon(t), on))
			if f := status(t, c); f.Identify != on {
				t.Errorf("%v: %+v", on, f)
			}
		}
	})
}

func TestInfo(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		i, err := c.Info(soon(t))
		must(t, err)
		protocol, sessions := "IPMI 2.0", "1 of 4"
		if redfishOnly(c) {
			protocol, sessions = "Redfish 1.15.1", "1"
		}
		if i.Vendor == "" || i.Model == "" || i.Serial == "" || i.AssetTag == "" || i.Firmware == "" || len(i.GUID) != 36 ||
			i.Protocol != protocol || i.Sessions != sessions {
			t.Errorf("%+v", i)
		}
	})
}

func TestFacts(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		f := status(t, c)
		suite := map[string]int{"ipmi17": 17, "ipmi3": 3}[b.Name()]
		if f.Host != b.Name() || f.Driver != c.host.BMC.Driver || f.Suite != suite || f.Power != On || f.Health != OK || f.Insecure != "" || !f.Changed.IsZero() || f.Was != "" {
			t.Errorf("%+v", f)
		}
		b.Set(lab.FanFault, true)
		if f = status(t, c); f.Health == OK || f.Health == "" {
			t.Errorf("with a dead fan: %+v", f)
		}
		b.Cut()
		becomes(t, c, Off)
		if f = status(t, c); f.Was != On || f.Changed.IsZero() {
			t.Errorf("after the power was cut: %+v", f)
		}
		first := f.Changed
		if f = status(t, c); f.Changed != first {
			t.Error("the time of the change moves")
		}
	})
}
