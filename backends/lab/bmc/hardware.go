package bmc

import (
	"context"

	ipmibmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/hal"
)

// deviceInfo is what Get Device ID tells (IPMI v2.0 section 20.1). 32473 is the
// manufacturer of examples (RFC 5612).
var deviceInfo = ipmibmc.DeviceInfo{
	DeviceID: 0x20, DeviceRevision: 1, FirmwareMajor: 3, FirmwareMinor: 0x88, IPMIVersion: 0x02,
	ManufacturerID: 32473, ProductID: 1, AdditionalDeviceSupport: 0xbf,
}

// hardware is what the IPMI server finds below it: storage for it to serve, and
// for our own commands the BMC.
type hardware struct {
	bmc  *BMC
	life *life
}

func (*hardware) Chassis() hal.ChassisHAL   { return nil }
func (*hardware) Sensors() hal.SensorHAL    { return nil }
func (*hardware) Network() hal.NetworkHAL   { return nil }
func (*hardware) GPIO() hal.GPIOHAL         { return nil }
func (*hardware) I2C() hal.I2CHAL           { return nil }
func (*hardware) Console() hal.ConsoleHAL   { return nil }
func (*hardware) Close() error              { return nil }
func (h *hardware) Storage() hal.StorageHAL { return storage{h.bmc} }

// storage holds what the BMC keeps in its memory and never changes.
type storage struct{ bmc *BMC }

func (s storage) FRU() hal.FRUStore { return inventory{s.bmc} }
func (storage) SDR() hal.SDRStore   { return repository{} }

// repository is the sensor data records, the same for every host.
type repository struct{}

func (repository) Read(_ context.Context, id uint16) ([]byte, error) {
	r := records()
	if id == 0 || int(id) > len(r) {
		return nil, hal.ErrNotFound
	}
	return r[id-1], nil
}

func (repository) RecordIDs(context.Context) ([]uint16, error) {
	ids := make([]uint16, len(records()))
	for i := range ids {
		ids[i] = uint16(i + 1)
	}
	return ids, nil
}

func (repository) Write(context.Context, uint16, []byte) error { return hal.ErrNotSupported }
func (repository) Delete(context.Context, uint16) error        { return hal.ErrNotSupported }
