package bmc

import (
	"errors"
	"time"
)

// errRefused: the present power state does not allow it.
var errRefused = errors.New("not in this power state")

// act is a change of power. It returns errRefused or nil; that it was accepted
// does not say that it happens.
type act func(c *chassis, now time.Time) error

// do brings the chassis up to now and does something to its power.
func (c *chassis) do(a act) error {
	now := c.look()
	defer c.mu.Unlock()
	if c.wrong.has(Stuck) {
		return nil
	}
	return a(c, now)
}

// turnOn takes a second or two. A host that is on, even one that shuts down just
// now, is on already: then nothing happens.
func (c *chassis) turnOn(now time.Time) error {
	if c.state == off && !c.cycling() {
		c.move++
		c.commanded = true
		c.rise(now)
	}
	return nil
}

// cycling says whether the host is off only to come on again.
func (c *chassis) cycling() bool {
	for _, d := range c.agenda {
		if d.move == c.move {
			return true
		}
	}
	return false
}

// rise goes from off to on.
func (c *chassis) rise(at time.Time) {
	c.state = turningOn
	c.then(at, c.between(riseTakes, time.Second, 2*time.Second), func(at time.Time) {
		c.turn(at, false)
		c.state = on
		c.log.add(at, acpiWorking)
		c.start(at, bootPowerUp)
	})
}

// fall goes to off, after which comes next.
func (c *chassis) fall(at time.Time, takes time.Duration, next func(at time.Time)) {
	c.state = turningOff
	c.then(at, takes, func(at time.Time) {
		c.darken(at)
		if next != nil {
			next(at)
		}
	})
}

// darken is the moment in which the power goes.
func (c *chassis) darken(at time.Time) {
	c.turn(at, c.powered())
	c.state, c.soft = off, false
	c.log.add(at, acpiSoftOff)
	c.run(false)
}

// forceOff cuts the power, whatever goes on.
func (c *chassis) forceOff(now time.Time) error {
	switch {
	case c.powered():
		c.move++
		c.soft = false
		c.fall(now, c.between(fallTakes, 300*time.Millisecond, 800*time.Millisecond), nil)
	case c.state == turningOn || c.cycling():
		c.move++
		c.state = off
	}
	return nil
}

// softOff asks the operating system, which takes some seconds, or never listens.
func (c *chassis) softOff(now time.Time) error {
	if c.state != on {
		return refusedUnless(c.soft)
	}
	if c.wrong.has(NeverSoftOff) {
		return nil
	}
	c.move++
	c.soft = true
	c.fall(now, c.between(softTakes, 4*time.Second, 8*time.Second), nil)
	return nil
}

// cycle is off, a pause, and on.
func (c *chassis) cycle(now time.Time) error {
	if !c.powered() {
		return errRefused
	}
	c.move++
	c.soft = false
	c.fall(now, c.between(fallTakes, 300*time.Millisecond, 800*time.Millisecond), func(at time.Time) {
		c.then(at, c.between(pauseTakes, 2*time.Second, 3*time.Second), c.rise)
	})
	return nil
}

// softCycle is a reboot by the operating system: Redfish's GracefulRestart.
func (c *chassis) softCycle(now time.Time) error {
	if c.state != on {
		return errRefused
	}
	if c.wrong.has(NeverSoftOff) {
		return nil
	}
	c.then(now, c.between(softTakes, 4*time.Second, 8*time.Second), func(at time.Time) { c.start(at, bootWarmReset) })
	return nil
}

// reset starts the host again without a change of power.
func (c *chassis) reset(now time.Time) error {
	if !c.powered() {
		return errRefused
	}
	c.move++
	c.state, c.soft = on, false
	c.start(now, bootHardReset)
	return nil
}

// interrupt is the diagnostic interrupt (NMI).
func (c *chassis) interrupt(now time.Time) error {
	if !c.powered() {
		return errRefused
	}
	c.log.add(now, nmiAsserted)
	return nil
}

// press is a person at the power button: off asks the operating system, as the
// button does.
func (c *chassis) press(now time.Time) error {
	c.log.add(now, buttonPressed)
	if c.state == off {
		c.turnOn(now)
		c.commanded = false
		return nil
	}
	return c.softOff(now)
}

// cut is a person who holds the power button down.
func (c *chassis) cut(at time.Time) {
	if c.state == off {
		return
	}
	c.move++
	c.log.add(at, buttonPressed)
	c.darken(at)
}

func refusedUnless(ok bool) error {
	if ok {
		return nil
	}
	return errRefused
}
