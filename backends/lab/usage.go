package lab

import (
	"math"
	"time"
)

// usage is what a container has used since it started and what it uses now.
type usage struct {
	cpu            time.Duration // of all cores together
	memory, cache  int64         // bytes
	rx, tx         uint64        // bytes since the start
	read, written  uint64        // bytes since the start
	periods, throt uint64        // of the CPU limit
}

// The waves that make a load look alive: none a multiple of another, so that the
// sum does not repeat while somebody watches. Amplitudes add up to less than one,
// so a counter never runs backwards.
var waves = []struct{ period, amplitude float64 }{
	{613, 0.35}, {97, 0.2}, {31, 0.15}, {11.3, 0.1}, {4.7, 0.08}, {2.3, 0.06},
}

// swing is the load's deviation at moment t in seconds, between -1 and 1; and
// swung is its integral from 0 to t. The seed shifts the waves.
func swing(seed uint64, t float64) (v float64) {
	for i, w := range waves {
		v += w.amplitude * math.Sin(2*math.Pi*(t/w.period+unit(mix(seed, uint64(i)))))
	}
	return v
}

func swung(seed uint64, t float64) (v float64) {
	for i, w := range waves {
		phase := 2 * math.Pi * unit(mix(seed, uint64(i)))
		k := 2 * math.Pi / w.period
		v += w.amplitude / k * (math.Cos(phase) - math.Cos(k*t+phase))
	}
	return v
}

// usage computes what the container used at the moment now from the time it ran,
// without any state: reading twice costs twice, not reading costs nothing. At
// speed 0 it uses a steady amount.
func (c *instance) usage(now time.Time, speed float64) usage {
	if !c.up() {
		return usage{}
	}
	if c.state == paused {
		now = c.pausedAt
	}
	t := max(0, (now.Sub(c.started) - c.frozen).Seconds())
	l := c.load()
	v, sum := 0.0, 0.0 // deviation now, and its integral
	if speed > 0 {
		v, sum = swing(c.seed, t*speed), swung(c.seed, t*speed)/speed
	}
	u := usage{cpu: c.charged + time.Duration(l.CPU*(t+sum)*1e9)}
	leaked := float64(l.Leak) * t * max(speed, 0) / 3600
	u.memory = int64(float64(l.Memory)*(1+0.15*v) + leaked)
	if c.memory > 0 {
		u.memory = min(u.memory, c.memory)
	}
	u.cache = u.memory / 4
	u.rx, u.tx = uint64(l.Net*(t+sum)), uint64(1.7*l.Net*(t+sum))
	u.read, u.written = uint64(0.3*l.Disk*(t+sum)), uint64(l.Disk*(t+sum))
	if c.nanoCPUs > 0 {
		u.periods = uint64(t * 10)
		u.throt = uint64(t * 10 * max(0, l.CPU/(float64(c.nanoCPUs)/1e9)-0.6))
	}
	return u
}

// load is the container's average load, with defaults, within its CPU limit.
func (c *instance) load() Load {
	l := c.spec.Load
	if l.CPU == 0 {
		l.CPU = 0.002 + 0.03*unit(mix(c.seed, 100))
	}
	if limit := float64(c.nanoCPUs) / 1e9; limit > 0 {
		l.CPU = min(l.CPU, limit/2) // the waves at most double it
	}
	if l.Memory == 0 {
		l.Memory = 24<<20 + int64(unit(mix(c.seed, 101))*float64(80<<20))
	}
	if l.Net == 0 {
		l.Net = 500 + 4000*unit(mix(c.seed, 102))
	}
	if l.Disk == 0 {
		l.Disk = 2000 * unit(mix(c.seed, 103))
	}
	return l
}

func (c *instance) pids() int {
	if n := c.spec.Load.PIDs; n > 0 {
		return n
	}
	return 1 + int(mix(c.seed, 104)%12)
}

// untilFull is how long it takes until a leak reaches the memory limit.
func (c *instance) untilFull(now time.Time, speed float64) (time.Duration, bool) {
	l := c.load()
	if l.Leak <= 0 || c.memory <= 0 || speed <= 0 {
		return 0, false
	}
	hours := float64(c.memory-l.Memory) / (float64(l.Leak) * speed)
	left := time.Duration(hours*float64(time.Hour)) - (now.Sub(c.started) - c.frozen)
	return max(left, time.Second), true
}
