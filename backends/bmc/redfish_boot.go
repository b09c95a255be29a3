package bmc

import (
	"context"
	"net/http"
	"strings"

	"ringside/backends/fleet"
)

// redfishDevices are the values of BootSourceOverrideTarget.
var redfishDevices = map[Device]string{NoDevice: "None", PXE: "Pxe", Disk: "Hdd", CDROM: "Cd", BIOS: "BiosSetup"}

func (d *redfish) boot(ctx context.Context) (Boot, error) {
	s, err := d.system(ctx)
	if err != nil {
		return Boot{}, err
	}
	b := Boot{Device: NoDevice, EFI: s.Boot.Mode == "UEFI", EFIKnown: s.Boot.Mode != "",
		Persistent: s.Boot.Enabled == "Continuous", PersistentKnown: s.Boot.Enabled != ""}
	switch {
	case s.Boot.Target == "" && s.Boot.Enabled == "":
		return Boot{}, &reason{trouble: Unsupported, why: "this BMC does not tell what the host boots from"}
	case s.Boot.Enabled != "Disabled":
		b.Device = targetOf(s.Boot.Target)
	}
	return b, nil
}

func targetOf(target string) Device {
	for d, t := range redfishDevices {
		if t == target {
			return d
		}
	}
	if target == "" {
		return NoDevice
	}
	return Device(strings.ToLower(fleet.Clean(target)))
}

func (d *redfish) setBoot(ctx context.Context, b Boot) error {
	s, err := d.system(ctx)
	if err != nil {
		return err
	}
	path, err := d.systemPath(ctx)
	if err != nil {
		return err
	}
	boot := map[string]string{"BootSourceOverrideTarget": redfishDevices[b.Device], "BootSourceOverrideEnabled": "Once"}
	mode := map[bool]string{true: "UEFI", false: "Legacy"}[b.EFI]
	switch {
	case b.Device == NoDevice:
		boot["BootSourceOverrideEnabled"] = "Disabled"
	case b.Persistent:
		boot["BootSourceOverrideEnabled"] = "Continuous"
	}
	if b.Device != NoDevice && s.Boot.Mode != "" && s.Boot.Mode != mode {
		boot["BootSourceOverrideMode"] = mode
	}
	patch := request{method: http.MethodPatch, path: path, body: map[string]any{"Boot": boot}, etag: s.etag}
	_, err = d.ask(ctx, patch, nil)
	if _, tried := boot["BootSourceOverrideMode"]; tried && troubleOf(err) == Rejected {
		// On some the mode is a setting of the BIOS, and the request is refused
		// whole. What the BMC keeps is read back.
		delete(boot, "BootSourceOverrideMode")
		_, err = d.ask(ctx, patch, nil)
	}
	return err
}
