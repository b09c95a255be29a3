package bmc

import (
	"context"
	"strings"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet"
)

// maxRecords bounds the walk through a repository that never ends.
const maxRecords = 2000

// lastRecord is the ID after the last record (section 33.12).
const lastRecord = 0xffff

// sdrCache holds the records that describe the sensors of a BMC. Reading them
// takes hundreds of commands; they change with the BMC's firmware.
type sdrCache struct {
	stamp   repository
	sensors []sensorRecord
	names   map[sensorKey]string
}

// repository tells one state of a repository from another (section 33.9).
type repository struct {
	records       uint16
	added, erased int64
}

type sensorKey struct {
	owner  types.GeneratorID
	number uint8
}

// sensorRecord is what is needed to read a sensor and to understand the answer.
type sensorRecord struct {
	key   sensorKey
	name  string
	typ   types.SensorType
	class types.EventReadingType
	full  *types.SDRFull // nil: no number, only states
	unit  types.SensorUnit
	owner uint8
	lun   uint8
}

// records returns the descriptions of the sensors, read anew when the BMC says
// that they have changed.
func (d *ipmi) records(ctx context.Context) (*sdrCache, error) {
	var stamp repository
	err := d.read(ctx, func(ctx context.Context, c *client.Client) error {
		r, err := c.GetSDRRepoInfo(ctx)
		if err == nil {
			stamp = repository{r.RecordCount, r.MostRecentAdditionTime.Unix(), r.MostRecentEraseTime.Unix()}
		}
		return err
	})
	if err != nil && troubleOf(err) != Unsupported {
		return nil, err
	}
	d.known.Lock()
	cache := d.sdrs
	d.known.Unlock()
	if cache != nil && cache.stamp == stamp {
		return cache, nil
	}
	cache = &sdrCache{stamp: stamp, names: map[sensorKey]string{}}
	id := uint16(0)
	for range maxRecords {
		sdr, next, err := d.record(ctx, id)
		if err != nil {
			return nil, err
		}
		cache.add(sdr)
		if next == lastRecord || next == id {
			break
		}
		id = next
	}
	d.known.Lock()
	d.sdrs = cache
	d.known.Unlock()
	return cache, nil
}

// record reads one record; nil when it is of a kind that cannot be taken apart.
// Each one is a command of its own turn, so that others come in between.
func (d *ipmi) record(ctx context.Context, id uint16) (sdr *types.SDR, next uint16, err error) {
	next = lastRecord
	err = d.read(ctx, func(ctx context.Context, c *client.Client) error {
		r, err := c.GetSDR(ctx, id)
		if err != nil {
			return err
		}
		next = r.NextRecordID
		if sdr, err = types.ParseSDR(r.RecordData, next); err != nil {
			sdr = nil
		}
		return nil
	})
	return sdr, next, err
}

func (c *sdrCache) add(sdr *types.SDR) {
	if sdr == nil {
		return
	}
	switch {
	case sdr.Full != nil:
		f := sdr.Full
		r := sensorRecord{key: sensorKey{f.GeneratorID, uint8(f.SensorNumber)}, name: sensorName(f.IDStringBytes), typ: f.SensorType,
			class: f.SensorEventReadingType, unit: f.SensorUnit}
		if f.HasAnalogReading() {
			r.full = f
		}
		c.put(r)
	case sdr.Compact != nil:
		f := sdr.Compact
		c.put(sensorRecord{key: sensorKey{f.GeneratorID, uint8(f.SensorNumber)}, name: sensorName(f.IDStringBytes), typ: f.SensorType,
			class: f.SensorEventReadingType, unit: f.SensorUnit})
	case sdr.EventOnly != nil:
		c.names[sensorKey{sdr.EventOnly.GeneratorID, uint8(sdr.EventOnly.SensorNumber)}] = sensorName(sdr.EventOnly.IDStringBytes)
	}
}

func (c *sdrCache) put(r sensorRecord) {
	r.owner, r.lun = r.key.owner.OwnerID(), r.key.owner.LUN()
	c.names[r.key] = r.name
	if r.owner == types.BMC_SA { // others are behind bridges, which a BMC may not pass on to
		c.sensors = append(c.sensors, r)
	}
}

func sensorName(b []byte) string {
	return strings.TrimSpace(fleet.Clean(strings.TrimRight(string(b), "\x00")))
}
