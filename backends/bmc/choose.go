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
	i, r := c.drivers()
	var d driver
	switch c.host.BMC.Driver {
	case "ipmi":
		d = i
	case "redfish":
		d = r
	default:
		var err error
		if d, err = c.find(ctx, i, r); err != nil {
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

// drivers returns the drivers that may be chosen, which are made once: what they
// know of the BMC, and a session that is still open, outlast a doubt.
func (c *Controller) drivers() (*ipmi, *redfish) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.host.BMC.Driver; c.ipmi == nil && d != "redfish" {
		c.ipmi = newIPMI(c)
	}
	if d := c.host.BMC.Driver; c.redfish == nil && d != "ipmi" {
		c.redfish = newRedfish(c)
	}
	return c.ipmi, c.redfish
}

// auto says that the configuration leaves the choice to us.
func (c *Controller) auto() bool {
	d := c.host.BMC.Driver
	return d != "ipmi" && d != "redfish"
}

func (c *Controller) chosen() driver {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.driver
}

// doubt makes a driver that was found out be found out again: the BMC may have
// been exchanged, or one of its protocols turned off.
func (c *Controller) doubt(d driver) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.driver == d && c.auto() {
		c.driver = nil
	}
}

// find asks for both protocols at once. IPMI is taken where it answers: it needs
// no certificate, costs a BMC least, and proves itself before the password is
// used. Neither question holds a secret.
func (c *Controller) find(ctx context.Context, i *ipmi, r *redfish) (driver, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
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
