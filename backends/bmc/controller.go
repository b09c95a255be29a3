// Package bmc talks to the management controllers of hosts: IPMI 2.0 over RMCP+
// and Redfish, one kept session per controller, one command in flight in each.
package bmc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"ringside/backends/fleet"
)

// Limits of one call, when the caller sets no shorter one. They hold for a BMC
// that is slow; one that is silent is given up earlier.
const (
	statusLimit = 20 * time.Second
	actLimit    = 30 * time.Second
	walkLimit   = 3 * time.Minute // sensors and logs: hundreds of commands, one after the other
	closeLimit  = 1500 * time.Millisecond
)

// Controller is the BMC of one host: a watch source (with Refresh), and the reads
// and changes that an operator asks for. Its methods may be called from any
// goroutine; every error they return is an *Error.
type Controller struct {
	host    fleet.Host
	cred    fleet.Credential
	secrets *secrets
	refresh chan struct{} // a token: read again now
	silent  atomic.Bool   // it did not answer the last call

	closing context.Context // done when the controller is closed
	shut    context.CancelFunc

	choosing turn // held while it is found out which protocol answers
	mu       sync.Mutex
	driver   driver // nil while that is not known
	ipmi     *ipmi  // nil before it is needed, as is redfish
	redfish  *redfish
	known    Power // the last state that was read, "" before the first
	was      Power
	changed  time.Time
	busy     time.Time // until then a change of power is to be expected

	listening sync.Mutex
	report    func(fleet.Reading) // of the running Watch, or nil
}

// newController prepares the controller of a host, which must have a BMC; nothing is
// opened before the first call. Secrets are those of its set.
func newController(h fleet.Host, cred fleet.Credential, s *secrets) *Controller {
	c := &Controller{host: h, cred: cred, secrets: s, refresh: make(chan struct{}, 1), choosing: newTurn()}
	c.closing, c.shut = context.WithCancel(context.Background())
	return c
}

// Host returns the host as the fleet names it.
func (c *Controller) Host() fleet.Host { return c.host }

// Name is the name of the source: "bmc/sw017".
func (c *Controller) Name() string { return "bmc/" + c.host.Name }

// Refresh asks a running Watch to read again now.
func (c *Controller) Refresh() {
	select {
	case c.refresh <- struct{}{}:
	default:
	}
}

// Status reads the power state afresh. A running Watch reports what was read.
func (c *Controller) Status(ctx context.Context) (*Facts, error) {
	began := time.Now()
	var f *Facts
	err := c.call(ctx, "read power", statusLimit, func(ctx context.Context, d driver) (err error) {
		f, err = d.status(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	at := time.Now()
	c.remember(f, at)
	c.tell(fleet.Reading{Source: c.Name(), At: at, Took: at.Sub(began), Facts: f})
	return f, nil
}

// Switch asks for a change of power. That the BMC accepts it does not mean that
// it is done: watch the state. It is sent once; when no answer comes, the error
// says that it may have been carried out.
func (c *Controller) Switch(ctx context.Context, v Verb) error {
	if _, known := ipmiVerbs[v]; !known {
		return c.fail("switch power", &reason{trouble: Unsupported, why: "there is no verb " + fleet.Clean(string(v))})
	}
	err := c.call(ctx, "switch power: "+string(v), actLimit, func(ctx context.Context, d driver) error {
		return newSeam(c.host, d).power(ctx, v)
	})
	c.expectChange()
	return err
}

// Boot reads the boot override.
func (c *Controller) Boot(ctx context.Context) (Boot, error) {
	var b Boot
	err := c.call(ctx, "read boot device", actLimit, func(ctx context.Context, d driver) (err error) {
		b, err = d.boot(ctx)
		return err
	})
	return b, err
}

// SetBoot sets the boot override and returns what the BMC keeps of it.
func (c *Controller) SetBoot(ctx context.Context, b Boot) (Boot, error) {
	if _, known := ipmiDevices[b.Device]; !known {
		return Boot{}, c.fail("set boot device", &reason{trouble: Unsupported, why: "there is no boot device " + fleet.Clean(string(b.Device))})
	}
	var kept Boot
	err := c.call(ctx, "set boot device", actLimit, func(ctx context.Context, d driver) (err error) {
		if err := newSeam(c.host, d).boot(ctx, b); err != nil {
			return err
		}
		kept, err = d.boot(ctx)
		return err
	})
	return kept, err
}

// Sensors reads every sensor; on a large server that takes seconds.
func (c *Controller) Sensors(ctx context.Context) ([]Sensor, error) {
	var out []Sensor
	err := c.call(ctx, "read sensors", walkLimit, func(ctx context.Context, d driver) (err error) {
		out, err = d.sensors(ctx)
		return err
	})
	return out, err
}

// Events reads the newest entries of the system event log, at most so many, the
// newest first.
func (c *Controller) Events(ctx context.Context, most int) ([]Event, error) {
	if most <= 0 {
		return nil, nil
	}
	var out []Event
	err := c.call(ctx, "read event log", walkLimit, func(ctx context.Context, d driver) (err error) {
		out, err = d.events(ctx, most)
		return err
	})
	return out, err
}

// Identify turns the identify light on or off. Some IPMI controllers cannot keep
// it on and turn it off again after 255 seconds.
func (c *Controller) Identify(ctx context.Context, on bool) error {
	err := c.call(ctx, "switch identify light", actLimit, func(ctx context.Context, d driver) error {
		return d.identify(ctx, on)
	})
	c.Refresh()
	return err
}

// Info reads what the BMC says of itself and its host.
func (c *Controller) Info(ctx context.Context) (Info, error) {
	var out Info
	err := c.call(ctx, "read BMC info", actLimit, func(ctx context.Context, d driver) (err error) {
		out, err = d.info(ctx)
		return err
	})
	return out, err
}

// Close ends calls that run and the session with the BMC. Calls after it fail.
// It may be called more than once.
func (c *Controller) Close(ctx context.Context) error {
	c.shut()
	c.mu.Lock()
	i, r := c.ipmi, c.redfish
	c.driver, c.ipmi, c.redfish = nil, nil, nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	var err error
	if i != nil {
		err = i.close(ctx)
	}
	if r != nil {
		err = errors.Join(err, r.close(ctx))
	}
	return c.fail("close session", err)
}

// call runs one operation with the driver, within limit and until Close.
func (c *Controller) call(ctx context.Context, op string, limit time.Duration, do func(context.Context, driver) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	d, err := c.choose(ctx)
	if err == nil {
		err = do(ctx, d)
	}
	if err != nil && c.closing.Err() != nil {
		err = errClosed
	}
	t := troubleOf(err)
	if err != nil && (t == Silent || t == Refused) {
		c.doubt(d)
	}
	if ctx.Err() == nil { // who was called off knows nothing new
		c.silent.Store(err != nil && t == Silent)
	}
	out := c.fail(op, err)
	if e, ok := out.(*Error); ok && t == WrongPassword && d != nil && d.name() == "ipmi" && c.auto() {
		e.Hint += "; if the account is for Redfish only, set driver: redfish"
	}
	return out
}

// remember notes the power that was read and completes the facts with what was
// before.
func (c *Controller) remember(f *Facts, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Host = c.host.Name
	if f.Power != Unknown {
		if c.known != "" && c.known != f.Power {
			c.was, c.changed = c.known, at
		}
		c.known = f.Power
	}
	f.Was, f.Changed = c.was, c.changed
}

// tell reports a reading when there is a Watch.
func (c *Controller) tell(r fleet.Reading) {
	c.listening.Lock()
	defer c.listening.Unlock()
	if c.report != nil {
		c.report(r)
	}
}
