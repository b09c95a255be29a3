package bmc

import (
	"context"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/chassis"
)

func (d *ipmi) status(ctx context.Context) (*Facts, error) {
	s, err := d.chassis(ctx)
	if err != nil {
		return nil, err
	}
	f := &Facts{Driver: d.name(), Suite: d.usedSuite(), Power: Off, Health: OK}
	if s.PowerIsOn {
		f.Power = On
	}
	for _, row := range chassisFaults {
		if row.is(s) {
			f.Faults = append(f.Faults, row.words)
			if f.Health != Critical {
				f.Health = row.health
			}
		}
	}
	f.Identify = s.ChassisIdentifySupported && s.ChassisIdentifyState != chassis.ChassisIdentifyStateOff
	return f, nil
}

// chassisFaults are the bits of Get Chassis Status (section 28.2) that say that
// something is wrong.
var chassisFaults = []struct {
	is     func(*chassis.GetChassisStatusResponse) bool
	words  string
	health Health
}{
	{func(s *chassis.GetChassisStatusResponse) bool { return s.PowerFault }, "main power fault", Critical},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.PowerControlFault }, "power control fault", Critical},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.PowerOverload }, "power overload", Critical},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.InterLock }, "power interlock active", Critical},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.CollingFanFault }, "cooling fault", Warning},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.DriveFault }, "drive fault", Warning},
	{func(s *chassis.GetChassisStatusResponse) bool { return s.ChassisIntrusionActive }, "chassis intrusion", Warning},
}

func (d *ipmi) chassis(ctx context.Context) (s *chassis.GetChassisStatusResponse, err error) {
	err = d.read(ctx, func(ctx context.Context, c *client.Client) (err error) {
		s, err = c.GetChassisStatus(ctx)
		return err
	})
	return s, err
}

func (d *ipmi) usedSuite() int {
	d.known.Lock()
	defer d.known.Unlock()
	return d.suite
}

// ipmiVerbs are the Chassis Control commands (section 28.3).
var ipmiVerbs = map[Verb]chassis.ChassisControl{
	TurnOn:   chassis.ChassisControlPowerUp,
	SoftOff:  chassis.ChassisControlSoftShutdown,
	ForceOff: chassis.ChassisControlPowerDown,
	Cycle:    chassis.ChassisControlPowerCycle,
	Reset:    chassis.ChassisControlHardReset,
}

func (d *ipmi) power(ctx context.Context, v Verb) error {
	// Looking first finds out whether the session still stands, and BMCs differ in
	// what they make of a reset of a host that is off.
	s, err := d.chassis(ctx)
	if err != nil {
		return err
	}
	if !s.PowerIsOn && (v == Cycle || v == Reset) {
		return errHostOff
	}
	return d.change(ctx, func(ctx context.Context, c *client.Client) error {
		_, err := c.ChassisControl(ctx, ipmiVerbs[v])
		return err
	})
}

var errHostOff = &reason{trouble: Rejected, why: "the host is off", hint: "turn it on instead"}

// identify keeps the light on until it is turned off; a BMC that does not know
// how (the second byte is optional, section 28.5) is asked for the longest time.
func (d *ipmi) identify(ctx context.Context, on bool) error {
	err := d.read(ctx, func(ctx context.Context, c *client.Client) error {
		_, err := c.ChassisIdentify(ctx, 0, on)
		return err
	})
	if on && err != nil && (troubleOf(err) == Rejected || troubleOf(err) == Unsupported) {
		return d.read(ctx, func(ctx context.Context, c *client.Client) error {
			_, err := c.RawCommand(ctx, 0x00, 0x04, []byte{0xff}, "Chassis Identify")
			return err
		})
	}
	return err
}
