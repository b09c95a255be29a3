package bmc

import (
	"context"
	"math"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/dcmi"
	"github.com/bougou/go-ipmi/pkg/command/sensor"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet"
)

func (d *ipmi) sensors(ctx context.Context) ([]Sensor, error) {
	cache, err := d.records(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Sensor, 0, len(cache.sensors)+1)
	power := false
	for _, r := range cache.sensors {
		s, err := d.sensor(ctx, r)
		if err != nil {
			return nil, err
		}
		power = power || s.Kind == "power" && s.Unit == "W" && !s.Absent
		out = append(out, s)
	}
	if !power {
		if s, ok := d.draw(ctx); ok {
			out = append(out, s)
		}
	}
	return out, ctx.Err()
}

func (d *ipmi) sensor(ctx context.Context, r sensorRecord) (Sensor, error) {
	var got *sensor.GetSensorReadingResponse
	err := d.read(ctx, func(ctx context.Context, c *client.Client) (err error) {
		var to client.CommandContext
		to.WithResponderAddr(r.owner).WithResponderLUN(r.lun)
		got, err = c.GetSensorReading(client.WithCommandContext(ctx, &to), r.key.number)
		return err
	})
	if answered(err, types.CodeRequestedDataNotPresent, types.CodeParameterOutOfRange, types.CodeIllegalCommand, types.CodeInvalidCommand,
		types.CodeDestinationUnavailable) { // the record describes a part that is not there
		got, err = &sensor.GetSensorReadingResponse{ReadingUnavailable: true}, nil
	}
	if err != nil {
		return Sensor{}, err
	}
	return r.reading(got), nil
}

// reading puts an answer to Get Sensor Reading (section 35.14) into our words.
func (r sensorRecord) reading(got *sensor.GetSensorReadingResponse) Sensor {
	s := Sensor{Name: r.name, Kind: r.kind()}
	if r.full != nil {
		s.Unit = unitOf(r.unit)
	}
	if got.ReadingUnavailable || got.SensorScanningDisabled {
		s.Absent = true
		return s
	}
	if r.full != nil {
		s.Value = r.full.ConvertReading(got.Reading)
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			s.Value, s.Absent = 0, true
			return s
		}
	}
	if r.class.IsThreshold() {
		s.State = thresholdStates[got.ThresholdStatus()]
		return s
	}
	for offset := range uint8(15) {
		if !active(got, offset) {
			continue
		}
		if s.State != "" {
			s.State += ", "
		}
		s.State += eventText(r.class, r.typ, types.EventData{EventData1: offset})
	}
	return s
}

// active says whether a discrete sensor has a state just now.
func active(got *sensor.GetSensorReadingResponse, offset uint8) bool {
	if offset < 8 {
		return got.OptionalData1&(1<<offset) != 0
	}
	return got.OptionalData2&(1<<(offset-8)) != 0
}

var thresholdStates = map[types.SensorThresholdStatus]string{
	types.SensorThresholdStatus_OK:  "ok",
	types.SensorThresholdStatus_LNC: "warning", types.SensorThresholdStatus_UNC: "warning",
	types.SensorThresholdStatus_LCR: "critical", types.SensorThresholdStatus_UCR: "critical",
	types.SensorThresholdStatus_LNR: "critical", types.SensorThresholdStatus_UNR: "critical",
}

// sensorKinds are kinds by sensor type (table 42-3), where the unit does not say.
var sensorKinds = map[types.SensorType]string{
	types.SensorTypeTemperature: "temperature", types.SensorTypeFan: "fan", types.SensorTypeVoltage: "voltage",
	types.SensorTypeCurrent: "current", types.SensorTypePowerSupply: "power", types.SensorTypePowerUnit: "power",
}

// units are our words for units (table 43-15) and the kinds that they tell.
var units = map[types.SensorUnitType]struct{ unit, kind string }{
	1: {"C", "temperature"}, 2: {"F", "temperature"}, 3: {"K", "temperature"},
	4: {"V", "voltage"}, 5: {"A", "current"}, 6: {"W", "power"}, 18: {"RPM", "fan"},
}

func (r sensorRecord) kind() string {
	if u, ok := units[r.unit.BaseUnit]; ok && r.full != nil {
		return u.kind
	}
	if k, ok := sensorKinds[r.typ]; ok {
		return k
	}
	return "other"
}

func unitOf(u types.SensorUnit) string {
	if u.Percentage {
		return "%"
	}
	if known, ok := units[u.BaseUnit]; ok {
		return known.unit
	}
	if u.BaseUnit == 0 {
		return ""
	}
	return fleet.Clean(u.BaseUnit.String())
}

// draw reads the power draw by DCMI, for BMCs that have no sensor for it.
func (d *ipmi) draw(ctx context.Context) (Sensor, bool) {
	var got *dcmi.GetDCMIPowerReadingResponse
	err := d.read(ctx, func(ctx context.Context, c *client.Client) (err error) {
		got, err = c.GetDCMIPowerReading(ctx)
		return err
	})
	if err != nil || !got.PowerMeasurementActive {
		return Sensor{}, false
	}
	return Sensor{Name: "power draw", Kind: "power", Value: float64(got.CurrentPower), Unit: "W"}, true
}
