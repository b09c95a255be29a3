package bmc

import (
	"context"
	"net"
	"strconv"

	"ringside/backends/fleet/safe"
)

// Ports that the protocols use when the configuration names none.
const (
	ipmiPort    = 623
	redfishPort = 443
	plainPort   = 80
)

// ports returns where each protocol is spoken. A port of one's own counts for
// both, as one is UDP and the other TCP, but the usual port of one protocol is
// not looked at for the other.
func (c *Controller) ports() (ipmi, redfish int) {
	b := c.host.BMC
	ipmi, redfish = ipmiPort, redfishPort
	if b.Plain {
		redfish = plainPort
	}
	switch {
	case b.Port == 0:
	case b.Port == ipmiPort && b.Driver != "redfish":
		ipmi = b.Port
	case b.Port == redfishPort && b.Driver != "ipmi":
		redfish = b.Port
	default:
		ipmi, redfish = b.Port, b.Port
	}
	return ipmi, redfish
}

func (c *Controller) address(port int) string {
	return net.JoinHostPort(c.host.BMC.Address, strconv.Itoa(port))
}

// choose returns the driver, found out on the first call and remembered.
func (c *Controller) choose(ctx context.Context) (driver, error) {
	if c.closing.Err() != nil {
		return nil, errClosed
	}
	if d := c.chosen(); d != nil {
		return d, nil
	}
	if err := c.choosing.take(ctx); err != nil {
		return nil, err
	}
	defer c.choosing.give()
	if d := c.chosen(); d != nil {
		return d, nil
	}
	var d driver
	switch c.host.BMC.Driver {
	case "ipmi":
		d = newIPMI(c)
	case "redfish":
		d = newRedfish(c)
	default:
		var err error
		if d, err = c.find(ctx); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Err() != nil {
		return nil, errClosed
	}
	c.driver = d
	return d, nil
}

func (c *Controller) chosen() driver {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.driver
}

// forget makes a driver that was found out be found out again: the BMC may have
// been exchanged, or one of its protocols turned off.
func (c *Controller) forget(d driver) {
	if d == nil || c.host.BMC.Driver == "ipmi" || c.host.BMC.Driver == "redfish" {
		return
	}
	c.mu.Lock()
	same := c.driver == d
	if same {
		c.driver = nil
	}
	c.mu.Unlock()
	if same {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = d.close(ctx) // nobody is there to hear it
	}
}

// find asks for both protocols at once. IPMI is taken where it answers: it needs
// no certificate, costs a BMC least, and proves itself before the password is
// used. Neither question holds a secret.
func (c *Controller) find(ctx context.Context) (driver, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	i, r := newIPMI(c), newRedfish(c)
	overIPMI, overRedfish := make(chan error, 1), make(chan error, 1)
	safe.Go("ask for IPMI "+c.host.Name, func() { overIPMI <- i.present(ctx) })
	safe.Go("ask for Redfish "+c.host.Name, func() { overRedfish <- r.present(ctx) })
	ipmiErr := <-overIPMI
	if ipmiErr == nil {
		return i, nil
	}
	redfishErr := <-overRedfish
	switch {
	case redfishErr == nil:
		return r, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, neither(ipmiErr, redfishErr)
}

// neither joins why no protocol answered; the trouble is that of the one that
// was nearer to an answer.
func neither(ipmiErr, redfishErr error) error {
	out := &reason{trouble: troubleOf(ipmiErr), why: "neither IPMI nor Redfish: " + ipmiErr.Error() + "; " + redfishErr.Error(),
		hint: "is the address right, and IPMI over LAN or Redfish enabled?"}
	if t := troubleOf(redfishErr); t != Refused && t != Silent {
		out.trouble = t
	} else if out.trouble == Silent && t == Refused {
		out.trouble = Refused // something is there
	}
	return out
}
