package bmc

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

func (q *request) chassisList() {
	q.collection("ChassisCollection.ChassisCollection", "Chassis Collection", q.model.chassis)
}

func (q *request) chassis() {
	b, m, c := q.bmc, q.model, q.bmc.chassis
	now := c.look()
	state, health, lit, always := c.state, c.health(), c.identify.lit(now), c.identify.always
	c.mu.Unlock()
	v := object{
		"ChassisType": "RackMount", "Manufacturer": m.vendor, "Model": m.name, "SerialNumber": b.serial("S"), "PartNumber": m.part,
		"AssetTag": b.assetTag(), "PowerState": state, "Status": object{"State": "Enabled", "Health": health},
		"Links": object{"ComputerSystems": []object{link(below("Systems", m.system))}, "ManagedBy": []object{link(below("Managers", m.manager))}},
	}
	if m.oldLight {
		v["IndicatorLED"] = light(lit, always)
	} else {
		v["LocationIndicatorActive"] = lit
	}
	if m.sensorsCollection {
		v["Sensors"] = link(q.URL.Path + "/Sensors")
	} else {
		v["Thermal"], v["Power"] = link(q.URL.Path+"/Thermal"), link(q.URL.Path+"/Power")
	}
	q.resource("Chassis.v1_14_0.Chassis", m.chassis, "Chassis", v)
}

// measured is a sensor with its value at one moment.
type measured struct {
	*sensor
	value  float64
	ok     bool
	health string
}

// measure reads all sensors.
func (b *BMC) measure() (all []measured, w weather) {
	c := b.chassis
	now := c.look()
	w = c.weather(now)
	c.mu.Unlock()
	for i := range sensors {
		s := &sensors[i]
		v, ok := s.read(w)
		m := measured{sensor: s, value: math.Round(v*s.digits()) / s.digits(), ok: ok, health: "OK"}
		switch crossed := s.crossed(v); {
		case !ok:
		case crossed&(1<<1|1<<4) != 0:
			m.health = "Critical"
		case crossed != 0:
			m.health = "Warning"
		}
		all = append(all, m)
	}
	return all, w
}

// digits is 1 for what is told in whole units, as the schema of Thermal wants it
// of fans, and more for the others.
func (s *sensor) digits() float64 {
	switch s.kind {
	case kindFan:
		return 1
	case kindVoltage:
		return 1000
	}
	return 10
}

// reading is the value, null when there is none.
func (m measured) reading() any {
	if !m.ok {
		return nil
	}
	return m.value
}

func (m measured) status() object {
	if !m.ok {
		return object{"State": "UnavailableOffline"}
	}
	return object{"State": "Enabled", "Health": m.health}
}

// id is the sensor's name as a part of a path.
func (s *sensor) id() string { return strings.ReplaceAll(s.name, " ", "_") }

// limited adds the limits that there are.
func (s *sensor) limited(v object, names [4]string) object {
	for i, l := range []float64{s.limits.lowCritical, s.limits.lowWarning, s.limits.highWarning, s.limits.highCritical} {
		if l != 0 {
			v[names[i]] = l
		}
	}
	return v
}

var thermalLimits = [4]string{"LowerThresholdCritical", "LowerThresholdNonCritical", "UpperThresholdNonCritical", "UpperThresholdCritical"}

func (q *request) thermal() {
	if q.model.sensorsCollection {
		q.notFound()
		return
	}
	all, _ := q.bmc.measure()
	temperatures, fans := []object{}, []object{}
	for _, m := range all {
		v := m.limited(object{"MemberId": m.id(), "Name": m.name, "SensorNumber": int(m.number), "Status": m.status()}, thermalLimits)
		switch m.kind {
		case kindTemperature:
			v["@odata.id"] = q.URL.Path + "#/Temperatures/" + strconv.Itoa(len(temperatures))
			v["ReadingCelsius"] = m.reading()
			temperatures = append(temperatures, v)
		case kindFan:
			v["@odata.id"] = q.URL.Path + "#/Fans/" + strconv.Itoa(len(fans))
			v["Reading"], v["ReadingUnits"] = m.reading(), "RPM"
			fans = append(fans, v)
		}
	}
	q.resource("Thermal.v1_6_0.Thermal", "Thermal", "Thermal", object{"Temperatures": temperatures, "Fans": fans})
}

func (q *request) power() {
	if q.model.sensorsCollection {
		q.notFound()
		return
	}
	all, w := q.bmc.measure()
	control, voltages, units := []object{}, []object{}, []object{}
	for _, m := range all {
		switch m.kind {
		case kindOther:
			control = append(control, object{
				"@odata.id": q.URL.Path + "#/PowerControl/" + strconv.Itoa(len(control)), "MemberId": strconv.Itoa(len(control)), "Name": m.name,
				"PowerConsumedWatts": m.reading(), "PowerCapacityWatts": 1600, "Status": m.status(),
			})
		case kindVoltage:
			voltages = append(voltages, m.limited(object{
				"@odata.id": q.URL.Path + "#/Voltages/" + strconv.Itoa(len(voltages)), "MemberId": m.id(), "Name": m.name, "SensorNumber": int(m.number),
				"ReadingVolts": m.reading(), "Status": m.status(),
			}, thermalLimits))
		}
	}
	for i, s := range supplies {
		health := "OK"
		if s.number == numSupply2 && w.supplyFault {
			health = "Critical"
		}
		units = append(units, object{
			"@odata.id": q.URL.Path + "#/PowerSupplies/" + strconv.Itoa(i), "MemberId": strconv.Itoa(i), "Name": s.name,
			"PowerCapacityWatts": 800, "Status": object{"State": "Enabled", "Health": health},
		})
	}
	q.resource("Power.v1_6_0.Power", "Power", "Power", object{"PowerControl": control, "Voltages": voltages, "PowerSupplies": units})
}

// quantities is how a Sensor resource calls what it measures.
var quantities = map[byte]struct{ kind, unit string }{
	kindTemperature: {"Temperature", "Cel"},
	kindFan:         {"Rotational", "RPM"},
	kindVoltage:     {"Voltage", "V"},
	kindOther:       {"Power", "W"},
}

func (m measured) object(path string) object {
	thresholds := object{}
	for name, l := range m.limited(object{}, [4]string{"LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical"}) {
		thresholds[name] = object{"Reading": l}
	}
	quantity := quantities[m.kind]
	return object{
		"@odata.id": path, "@odata.type": "#Sensor.v1_2_0.Sensor", "Id": m.id(), "Name": m.name,
		"Reading": m.reading(), "ReadingType": quantity.kind, "ReadingUnits": quantity.unit,
		"Thresholds": thresholds, "Status": m.status(),
	}
}

// sensors lists the sensors; with $expand it shows them.
func (q *request) sensors() {
	if !q.model.sensorsCollection {
		q.notFound()
		return
	}
	all, _ := q.bmc.measure()
	members := make([]object, len(all))
	expand := strings.HasPrefix(q.URL.Query().Get("$expand"), ".")
	for i, m := range all {
		path := q.URL.Path + "/" + m.id()
		members[i] = link(path)
		if expand {
			members[i] = m.object(path)
		}
	}
	q.members("SensorCollection.SensorCollection", "Sensors", members, len(members), nil)
}

func (q *request) sensor() {
	all, _ := q.bmc.measure()
	for _, m := range all {
		if q.model.sensorsCollection && m.id() == q.PathValue("sensor") {
			q.json(http.StatusOK, m.object(q.URL.Path))
			return
		}
	}
	q.notFound()
}
