package bmc

import (
	"math"
	"time"
)

// trend is a value that goes to 1 with the power and to 0 without it, each at its
// own pace.
type trend struct {
	value float64
	at    time.Time     // when it had the value
	slow  time.Duration // time constant
}

// Time constants of what follows the power.
const (
	warmthSlow = 90 * time.Second
	spinSlow   = 1500 * time.Millisecond
	heatSlow   = 30 * time.Second // follows a fan that stands
)

// hotAfter is when a processor under a fan that stands is hotter than it should
// be.
const hotAfter = 4 * heatSlow

// now is the trend's value on its way to 1 or 0.
func (t trend) now(at time.Time, up bool, pace float64) float64 {
	goal := 0.0
	if up {
		goal = 1
	}
	passed := max(at.Sub(t.at).Seconds()*pace, 0)
	return goal + (t.value-goal)*math.Exp(-passed/t.slow.Seconds())
}

// settled is a trend that has been there for long.
func settled(at time.Time, up bool, slow time.Duration) trend {
	t := trend{at: at, slow: slow}
	t.value = t.now(at.Add(100*slow), up, 1)
	return t
}

// turn fixes the trends at a moment in which the power came or went.
func (c *chassis) turn(at time.Time, was bool) {
	for _, t := range []*trend{&c.warmth, &c.spin} {
		t.value, t.at = t.now(at, was, c.bmcs.pace()), at
	}
}

// sensor is one sensor: what it is called, how IPMI tells its value, and how the
// value comes about.
type sensor struct {
	number   byte
	name     string // at most 16 characters
	kind     byte   // IPMI v2.0 table 42-3
	unit     byte   // table 43-15
	entity   byte   // table 43-13
	instance byte
	m        int // value = raw * m * 10^r
	r        int
	limits   limits
	read     func(w weather) (value float64, ok bool)
}

// limits are thresholds in the sensor's unit; 0 for none.
type limits struct{ lowCritical, lowWarning, highWarning, highCritical float64 }

// weather is what a host's sensors depend on at one moment.
type weather struct {
	powered      bool
	room         float64 // C
	load         float64 // 0 to 1
	warmth, spin float64 // 0 to 1
	heat         float64 // 0 to 1
	fanFault     bool
	supplyFault  bool
	wobble       float64 // -1 to 1
}

// Kinds, units and numbers of sensors.
const (
	kindTemperature, kindVoltage, kindFan, kindSupply, kindOther = 0x01, 0x02, 0x04, 0x08, 0x0b
	unitCelsius, unitVolt, unitWatt, unitRPM                     = 1, 4, 6, 18

	numInlet, numBoard, numCPU1, numCPU2      = 0x01, 0x02, 0x03, 0x04
	numFan1, numFan2, numFan3, numFan4        = 0x10, 0x11, 0x12, 0x13
	numPower, numP12V, numSupply1, numSupply2 = 0x20, 0x21, 0x30, 0x31
)

// processor is as warm as its work makes it, and as hot as given without a fan.
func processor(extra, hot float64) func(weather) (float64, bool) {
	return func(w weather) (float64, bool) {
		t := w.room + w.warmth*(14+38*w.load+extra) + w.wobble
		return t + w.warmth*w.heat*(hot-t), w.powered
	}
}

func fan(n int) func(weather) (float64, bool) {
	return func(w weather) (float64, bool) {
		rpm := w.spin * (4300 + 4200*w.load + 40*float64(n) + 60*w.wobble)
		switch {
		case n == 3 && w.fanFault:
			rpm = 0
		case w.fanFault:
			rpm *= 1.25 // the others make up for it
		}
		return rpm, w.powered || w.spin > 0.02
	}
}

var sensors = []sensor{
	{numInlet, "Inlet Temp", kindTemperature, unitCelsius, 64, 1, 1, 0, limits{0, 0, 38, 42}, func(w weather) (float64, bool) { return w.room, true }},
	{numBoard, "System Temp", kindTemperature, unitCelsius, 7, 1, 1, 0, limits{0, 0, 60, 70}, func(w weather) (float64, bool) { return w.room + w.warmth*(6+7*w.load), true }},
	{numCPU1, "CPU1 Temp", kindTemperature, unitCelsius, 3, 1, 1, 0, limits{0, 0, 90, 98}, processor(2, 93)},
	{numCPU2, "CPU2 Temp", kindTemperature, unitCelsius, 3, 2, 1, 0, limits{0, 0, 90, 98}, processor(0, 84)},
	{numFan1, "FAN1", kindFan, unitRPM, 29, 1, 60, 0, limits{600, 900, 0, 0}, fan(1)},
	{numFan2, "FAN2", kindFan, unitRPM, 29, 2, 60, 0, limits{600, 900, 0, 0}, fan(2)},
	{numFan3, "FAN3", kindFan, unitRPM, 29, 3, 60, 0, limits{600, 900, 0, 0}, fan(3)},
	{numFan4, "FAN4", kindFan, unitRPM, 29, 4, 60, 0, limits{600, 900, 0, 0}, fan(4)},
	{numPower, "Pwr Consumption", kindOther, unitWatt, 7, 1, 4, 0, limits{0, 0, 800, 900}, func(w weather) (float64, bool) {
		if !w.powered {
			return 11, true // the BMC itself
		}
		return 96 + 290*w.load + 30*w.spin + 6*w.wobble, true
	}},
	{numP12V, "P12V", kindVoltage, unitVolt, 7, 1, 6, -2, limits{10.8, 11.1, 12.9, 13.2}, func(w weather) (float64, bool) {
		return 12.06 + 0.03*w.wobble, w.powered
	}},
}

// supplies are the power supplies, sensors that have states and no value.
var supplies = []struct {
	number byte
	name   string
}{{numSupply1, "PS1 Status"}, {numSupply2, "PS2 Status"}}

// weather is the host's at a moment; without a speed of life nothing wobbles.
func (c *chassis) weather(now time.Time) weather {
	pace, fan := c.bmcs.pace(), c.wrong.has(FanFault)
	w := weather{
		powered: c.powered(), room: 20 + math.Floor(5*c.whim(roomIs)), load: 0.15 + 0.5*c.whim(loadIs),
		warmth: c.warmth.now(now, c.powered(), pace), spin: c.spin.now(now, c.powered(), pace), heat: c.heat.now(now, fan, pace),
		fanFault: fan, supplyFault: c.wrong.has(SupplyFault),
	}
	if speed := c.bmcs.opts.Speed; speed > 0 {
		s := float64(now.UnixNano()) / 1e9 * speed
		w.load += 0.12 * math.Sin(2*math.Pi*(s/700+c.whim(loadPhase)))
		w.wobble = 2*unit(mix(c.seed, wobbles+uint64(s/4))) - 1 // a new one every 4 seconds
		w.load += 0.03 * w.wobble
	}
	return w
}

// health is what the BMC says of the host.
func (c *chassis) health() string {
	switch {
	case c.wrong.has(SupplyFault):
		return "Critical"
	case c.wrong.has(FanFault):
		return "Warning"
	}
	return "OK"
}

// identify is the identify light.
type identify struct {
	until  time.Time // zero unless it is on for some time
	always bool
}

func (i identify) lit(now time.Time) bool { return i.always || now.Before(i.until) }
