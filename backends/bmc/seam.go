package bmc

import (
	"context"
	"errors"
	"os"

	"github.com/bmc-toolbox/bmclib/v2"
	"github.com/bmc-toolbox/bmclib/v2/providers"
	"github.com/jacobweinstock/registrar"

	"ringside/backends/fleet"
)

func init() {
	// With it the library prints HTTP requests, passwords and all, to stdout.
	_ = os.Unsetenv("DEBUG_BMCLIB")
}

// seam is the door through which changes go: bmclib's client, for which there
// are drivers for other kinds of machines. Its registry holds our driver alone, so
// that no other one is tried with the password. Reads do not go through it: it has
// no words for faults, lights and states in between.
type seam struct{ client *bmclib.Client }

// newSeam makes the client of one host. It is made for one change: it knows no
// secrets, keeps nothing open, and must not be used by two goroutines.
func newSeam(h fleet.Host, d driver) seam {
	reg := registrar.NewRegistry()
	reg.Register(d.name(), d.name(), registrar.Features{providers.FeaturePowerSet, providers.FeatureBootDeviceSet}, nil, provider{d})
	return seam{bmclib.NewClient(h.BMC.Address, "", "", bmclib.WithRegistry(reg), bmclib.WithPerProviderTimeout(actLimit))}
}

func (s seam) power(ctx context.Context, v Verb) error {
	_, err := s.client.SetPowerState(ctx, string(v))
	return cause(err)
}

func (s seam) boot(ctx context.Context, b Boot) error {
	_, err := s.client.SetBootDevice(ctx, string(b.Device), b.Persistent, b.EFI)
	return cause(err)
}

// cause finds our own error among those that bmclib has wrapped it in.
func cause(err error) error {
	var r *reason
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return err
}

// provider gives bmclib a driver of ours.
type provider struct{ d driver }

func (p provider) Name() string { return p.d.name() }

func (p provider) PowerSet(ctx context.Context, state string) (bool, error) {
	return true, p.d.power(ctx, Verb(state))
}

func (p provider) BootDeviceSet(ctx context.Context, device string, persistent, efi bool) (bool, error) {
	return true, p.d.setBoot(ctx, Boot{Device: Device(device), Persistent: persistent, EFI: efi})
}
