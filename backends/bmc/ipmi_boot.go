package bmc

import (
	"context"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"
)

// ipmiDevices are the boot device selectors (section 28.13, parameter 5).
var ipmiDevices = map[Device]types.BootDeviceSelector{
	NoDevice: types.BootDeviceSelectorNoOverride,
	PXE:      types.BootDeviceSelectorForcePXE,
	Disk:     types.BootDeviceSelectorForceHardDrive,
	CDROM:    types.BootDeviceSelectorForceCDROM,
	BIOS:     types.BootDeviceSelectorForceBIOSSetup,
}

func (d *ipmi) flags(ctx context.Context) (*types.BootOptionParam_BootFlags, error) {
	var f types.BootOptionParam_BootFlags
	err := d.read(ctx, func(ctx context.Context, c *client.Client) error {
		f = types.BootOptionParam_BootFlags{}
		return c.GetSystemBootOptionsParamFor(ctx, &f)
	})
	return &f, err
}

func (d *ipmi) boot(ctx context.Context) (Boot, error) {
	f, err := d.flags(ctx)
	if err != nil {
		return Boot{}, err
	}
	d.known.Lock()
	onlyDevice := d.flagsLost
	d.known.Unlock()
	switch {
	case f.BootFlagsValid:
		return Boot{Device: deviceOf(f.BootDeviceSelector), Persistent: f.Persist, EFI: bool(f.BIOSBootType), EFIKnown: true, PersistentKnown: true}, nil
	case onlyDevice:
		return Boot{Device: deviceOf(f.BootDeviceSelector)}, nil
	}
	return Boot{Device: NoDevice}, nil // what the flags say has been used up
}

func deviceOf(s types.BootDeviceSelector) Device {
	for d, selector := range ipmiDevices {
		if selector == s {
			return d
		}
	}
	return Device(s.String())
}

// setBoot sets the flags. Without being told, a BMC drops them when no power
// command follows within a minute (parameter 3), so it is told first.
func (d *ipmi) setBoot(ctx context.Context, b Boot) error {
	want := &types.BootOptionParam_BootFlags{BootFlagsValid: true, Persist: b.Persistent, BIOSBootType: types.BIOSBootType(b.EFI),
		BootDeviceSelector: ipmiDevices[b.Device]}
	if b.Device == NoDevice {
		want = &types.BootOptionParam_BootFlags{}
	}
	err := d.read(ctx, func(ctx context.Context, c *client.Client) error {
		const keepWithoutPowerCommand = 0x08
		_, _ = c.SetSystemBootOptionsParam(ctx, &chassis.SetSystemBootOptionsParamRequest{ // not every BMC knows it
			ParamSelector: types.BootOptionParamSelector_BMCBootFlagValidBitClear, ParamData: []byte{keepWithoutPowerCommand}})
		return c.SetSystemBootOptionsParamFor(ctx, want)
	})
	if err != nil {
		return err
	}
	got, err := d.flags(ctx)
	if err != nil {
		return err
	}
	d.known.Lock()
	d.flagsLost = b.Device != NoDevice && !got.BootFlagsValid && got.BootDeviceSelector == want.BootDeviceSelector
	d.known.Unlock()
	return nil
}
