package bmc

import (
	"fmt"
	"sync"
	"time"
)

// Fault is something that is wrong with a BMC or its host for as long as it is
// switched on.
type Fault string

// Faults.
const (
	Silent        Fault = "silent"         // datagrams vanish; connections are accepted and never answered
	Refused       Fault = "refused"        // the port is closed
	WrongPassword Fault = "wrong-password" // somebody changed the password; sessions end
	SessionsFull  Fault = "sessions-full"  // somebody else takes every session slot; ours end
	Starting      Fault = "starting"       // it answers that it is not ready yet
	NeverSoftOff  Fault = "never-soft-off" // the operating system ignores the power button
	Stuck         Fault = "stuck"          // power commands are accepted and nothing happens
	FanFault      Fault = "fan"            // a fan stands still
	SupplyFault   Fault = "power-supply"   // a power supply failed
	UnknownCA     Fault = "unknown-ca"     // the Redfish certificate is signed by somebody else
)

// effects is what happens at the moment in which a fault comes or goes, beyond
// that it is looked at from then on.
var effects = map[Fault]func(b *BMC, on bool){
	WrongPassword: func(b *BMC, _ bool) { b.dropSessions() },
	SessionsFull:  func(b *BMC, _ bool) { b.dropSessions() },
	UnknownCA: func(b *BMC, _ bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.web != nil {
			b.web.cut() // the next connection shows it
		}
	},
	FanFault: func(b *BMC, on bool) {
		b.chassis.stopFan(b.chassis.look(), on)
		b.chassis.mu.Unlock()
	},
	SupplyFault: func(b *BMC, on bool) {
		now := b.chassis.look()
		defer b.chassis.mu.Unlock()
		b.chassis.log.add(now, either(on, supplyFailed, supplyBack))
	},
}

func either(first bool, a, b event) event {
	if first {
		return a
	}
	return b
}

// stopFan is a fan that stops or turns again: a processor grows hot or cools down.
func (c *chassis) stopFan(now time.Time, stops bool) {
	c.log.add(now, either(stops, fanStopped, fanBack))
	c.heat.value, c.heat.at = c.heat.now(now, !stops, c.bmcs.pace()), now
	switch {
	case stops:
		c.plan(now.Add(c.bmcs.paced(hotAfter)), always, func(at time.Time) {
			if c.wrong.has(FanFault) && c.powered() && !c.hot {
				c.hot = true
				c.log.add(at, hotProcessor)
			}
		})
	case c.hot:
		c.hot = false
		c.log.add(now, coolProcessor)
	}
}

// Set switches a fault on or off. That it is so already changes nothing. It fails
// only when a port that was closed cannot be opened again.
func (b *BMC) Set(f Fault, on bool) error {
	if !b.wrong.set(f, on) {
		return nil
	}
	switch effect := effects[f]; {
	case f == Refused && on:
		b.close()
	case f == Refused:
		if err := b.open(); err != nil {
			b.wrong.set(f, true)
			return fmt.Errorf("lab: BMC of %s: %w", b.spec.Name, err)
		}
	case effect != nil:
		effect(b, on)
	}
	return nil
}

// Slow delays every answer; 0 ends it.
func (b *BMC) Slow(d time.Duration) {
	b.wrong.mu.Lock()
	defer b.wrong.mu.Unlock()
	b.wrong.slow = d
}

// restartTakes is how long a BMC is away, at the lab's speed.
const restartTakes = 12 * time.Second

// Restart restarts the BMC: sessions are lost, and for a time there is no answer
// by IPMI and 503 by Redfish. The host goes on. d is at the lab's speed, 12
// seconds when 0.
func (b *BMC) Restart(d time.Duration) {
	if d == 0 {
		d = restartTakes
	}
	b.wrong.mu.Lock()
	b.wrong.back = time.Now().Add(b.bmcs.paced(d))
	b.wrong.mu.Unlock()
	b.dropSessions()
}

// trouble is what is wrong with a BMC just now.
type trouble struct {
	mu   sync.Mutex
	on   map[Fault]bool
	slow time.Duration // of every answer
	back time.Time     // the BMC restarts until then
	wake chan struct{} // closed at the next change; nil when nobody waits
}

// change is closed when a fault comes or goes.
func (t *trouble) change() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return t.wake
}

func (t *trouble) has(f Fault) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.on[f]
}

func (t *trouble) set(f Fault, on bool) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on == nil {
		t.on = map[Fault]bool{}
	}
	changed = t.on[f] != on
	t.on[f] = on
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
	return changed
}

func (t *trouble) delay() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slow
}

// away says whether the BMC restarts just now.
func (t *trouble) away() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.back.IsZero() && time.Now().Before(t.back)
}
