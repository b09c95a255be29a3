package power

import (
	"context"
	"errors"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/backends/bmc"
)

// devices are what a host can be told to boot from.
var devices = []string{string(bmc.PXE), string(bmc.Disk), string(bmc.BIOS), string(bmc.CDROM), string(bmc.NoDevice)}

var boot = act{
	verb: "boot", title: "Set the boot device", does: "boot", blind: true,
	help: "Set what hosts boot from: pxe, disk, bios (the setup), cdrom, or none for the order of the BIOS; read back after it was set.",
	args: []actions.Arg{
		{Name: "device", Required: true, Check: checkDevice, Help: strings.Join(devices, ", ")},
		{Name: "always", Flag: true, Default: "false", Check: checkBool, Help: "for every boot, not only for the next one"},
		{Name: "legacy", Flag: true, Default: "false", Check: checkBool, Help: "by the legacy BIOS instead of EFI"},
	},
	parse: func(a actions.Args, p *params) error {
		p.Boot = bmc.Boot{Device: bmc.Device(a["device"]), Persistent: a["always"] == "true", EFI: a["legacy"] != "true", EFIKnown: true, PersistentKnown: true}
		if p.Boot.Device == bmc.NoDevice {
			p.Boot.Persistent, p.Boot.EFI = false, false
			if a["always"] == "true" || a["legacy"] == "true" {
				return errors.New("device none takes the override away: it has no always and no legacy")
			}
		}
		return nil
	},
	text: func(p params) string {
		if p.Boot.Device == bmc.NoDevice {
			return " in the order of its BIOS"
		}
		return " from " + Words(p.Boot)
	},
	read: func(ctx context.Context, j *job) (err error) {
		j.seen.Boot, err = j.Controller.Boot(ctx)
		return err
	},
	same: func(s seen, p params) string {
		if sameBoot(s.Boot, p.Boot) {
			return "is set to boot like that already"
		}
		return ""
	},
	notes: func(s seen, p params) []actions.Finding {
		if p.Boot.Persistent || p.Boot.Device == bmc.NoDevice {
			return nil
		}
		return []actions.Finding{{Guard: "boot", Level: actions.Note,
			Text: "many BMCs forget a one-time boot device 60 s after it was set: start the host right after this"}}
	},
	done: func(ctx context.Context, j *job) (bool, error) {
		b, err := j.Controller.Boot(ctx)
		if err != nil {
			return false, err
		}
		return sameBoot(b, j.params.Boot), actions.Observed("boots from " + Words(b))
	},
	do: func(ctx context.Context, j *job) error { return j.setBoot(ctx, j.params.Boot) },
	undo: func(ctx context.Context, j *job) error {
		was := j.seen.Boot
		if !was.EFIKnown {
			was.EFI = j.params.Boot.EFI
		}
		return j.setBoot(ctx, was)
	},
}

// setBoot sets a boot device and tells what the BMC made of it.
func (j *job) setBoot(ctx context.Context, want bmc.Boot) error {
	got, err := j.SetBoot(ctx, want)
	if err != nil {
		return err
	}
	j.pr.Log("asked: %s", Words(want))
	j.pr.Log("read back: %s", Words(got))
	return nil
}

// sameBoot compares with what was asked for. What the BMC does not tell cannot be
// compared.
func sameBoot(got, want bmc.Boot) bool {
	if got.Device != want.Device || want.Device == bmc.NoDevice {
		return got.Device == want.Device
	}
	return (!got.PersistentKnown || got.Persistent == want.Persistent) && (!got.EFIKnown || got.EFI == want.EFI)
}

// Words is a boot override for people: "pxe once (EFI)".
func Words(b bmc.Boot) string {
	if b.Device == bmc.NoDevice || b.Device == "" {
		return "the BIOS order"
	}
	text := string(b.Device)
	switch {
	case b.PersistentKnown && b.Persistent:
		text += " always"
	case b.PersistentKnown:
		text += " once"
	}
	switch {
	case b.EFIKnown && b.EFI:
		text += " (EFI)"
	case b.EFIKnown:
		text += " (legacy)"
	}
	return text
}

func checkDevice(text string) error {
	if !slices.Contains(devices, text) {
		return errors.New("not one of " + strings.Join(devices, ", "))
	}
	return nil
}
