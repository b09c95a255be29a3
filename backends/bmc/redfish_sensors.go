package bmc

import (
	"context"
	"encoding/json"
	"strings"

	"ringside/backends/fleet"
)

// maxSensors bounds how many resources are read one by one.
const maxSensors = 300

type redfishChassis struct {
	Thermal link `json:"Thermal"`
	Power   link `json:"Power"`
	Sensors link `json:"Sensors"`
}

type redfishReading struct {
	Name   string   `json:"Name"`
	Fan    string   `json:"FanName"` // in old versions of Thermal
	Status statusOf `json:"Status"`

	Celsius *float64 `json:"ReadingCelsius"`
	Reading *float64 `json:"Reading"`
	Units   string   `json:"ReadingUnits"` // "RPM", "Percent", "Cel", "W"
	Kind    string   `json:"ReadingType"`  // "Temperature", "Power"
	Volts   *float64 `json:"ReadingVolts"`
	Watts   *float64 `json:"PowerConsumedWatts"`
	Output  *float64 `json:"LastPowerOutputWatts"`
}

// sensors reads the chassis' Thermal and Power, two requests each, and where a
// BMC has given them up, its collection of sensors.
func (d *redfish) sensors(ctx context.Context) ([]Sensor, error) {
	s, err := d.system(ctx)
	if err != nil {
		return nil, err
	}
	root, err := d.rootOf(ctx)
	if err != nil {
		return nil, err
	}
	chassis, err := d.members(ctx, s.Links.Chassis, root.Chassis)
	if err != nil {
		return nil, err
	}
	var out []Sensor
	offered := false
	for _, path := range chassis {
		var c redfishChassis
		if _, err := d.get(ctx, path, &c); err != nil {
			return nil, err
		}
		var more []Sensor
		switch {
		case c.Thermal.ID != "" || c.Power.ID != "":
			more, err = d.thermalAndPower(ctx, c)
		case c.Sensors.ID != "":
			more, err = d.sensorCollection(ctx, c.Sensors.ID)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		offered = true
		out = append(out, more...)
	}
	if !offered {
		return nil, &reason{trouble: Unsupported, why: "this BMC tells no sensors"}
	}
	return out, nil
}

func (d *redfish) thermalAndPower(ctx context.Context, c redfishChassis) ([]Sensor, error) {
	var t struct{ Temperatures, Fans []redfishReading }
	if c.Thermal.ID != "" {
		if _, err := d.get(ctx, c.Thermal.ID, &t); err != nil {
			return nil, err
		}
	}
	var p struct {
		PowerControl, Voltages, PowerSupplies []redfishReading
	}
	if c.Power.ID != "" {
		if _, err := d.get(ctx, c.Power.ID, &p); err != nil {
			return nil, err
		}
	}
	var out []Sensor
	add := func(of []redfishReading, kind, unit string, value func(redfishReading) *float64) {
		for _, r := range of {
			out = append(out, r.sensor(kind, unit, value(r)))
		}
	}
	add(t.Temperatures, "temperature", "C", func(r redfishReading) *float64 { return r.Celsius })
	add(t.Fans, "fan", "RPM", func(r redfishReading) *float64 { return r.Reading })
	add(p.PowerControl, "power", "W", func(r redfishReading) *float64 { return r.Watts })
	add(p.PowerSupplies, "power", "W", func(r redfishReading) *float64 { return r.Output })
	add(p.Voltages, "voltage", "V", func(r redfishReading) *float64 { return r.Volts })
	return out, nil
}

// sensor makes a sensor of a reading. Whatever is absent or has no value has no
// reading.
func (r redfishReading) sensor(kind, unit string, value *float64) Sensor {
	s := Sensor{Name: fleet.Clean(r.Name), Kind: kind, Unit: unit, State: string(healthOf(r.Status.Health))}
	if s.Name == "" {
		s.Name = fleet.Clean(r.Fan)
	}
	if kind == "fan" && strings.EqualFold(r.Units, "Percent") {
		s.Unit = "%"
	}
	if value == nil || r.Status.State == "Absent" || r.Status.State == "Disabled" {
		s.Absent = true
		return s
	}
	s.Value = *value
	return s
}

// readingTypes are the values of ReadingType that have a kind of their own.
var readingTypes = map[string]string{"Temperature": "temperature", "Rotational": "fan", "Power": "power", "Voltage": "voltage", "Current": "current"}

// unitNames are our words for units (UCUM codes, as ReadingUnits has them).
var unitNames = map[string]string{"Cel": "C", "RPM": "RPM", "W": "W", "V": "V", "A": "A", "%": "%"}

func (d *redfish) sensorCollection(ctx context.Context, path string) ([]Sensor, error) {
	var c collection
	if _, err := d.get(ctx, path, &c); err != nil {
		return nil, err
	}
	var out []Sensor
	for _, m := range c.Members[:min(len(c.Members), maxSensors)] {
		r, err := member[redfishReading](ctx, d, m)
		if err != nil {
			return nil, err
		}
		kind, ok := readingTypes[r.Kind]
		if !ok {
			kind = "other"
		}
		unit, ok := unitNames[r.Units]
		if !ok {
			unit = fleet.Clean(r.Units)
		}
		out = append(out, r.sensor(kind, unit, r.Reading))
	}
	return out, nil
}

// member returns a member of a collection: as it is when the BMC has put it there
// whole, else read by its link.
func member[T any](ctx context.Context, d *redfish, raw json.RawMessage) (out T, err error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return out, &reason{trouble: Rejected, why: "the BMC's answer is not what Redfish says", err: err}
	}
	if len(keys) > 1 {
		err = json.Unmarshal(raw, &out)
		if err != nil {
			err = &reason{trouble: Rejected, why: "the BMC's answer is not what Redfish says", err: err}
		}
		return out, err
	}
	var l link
	_ = json.Unmarshal(raw, &l)
	_, err = d.get(ctx, l.ID, &out)
	return out, err
}
