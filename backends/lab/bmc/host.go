package bmc

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"ringside/backends/fleet"
)

// BMC is one management controller and the host behind it.
type BMC struct {
	bmcs    *BMCs
	spec    Spec
	guid    [16]byte
	chassis *chassis
	wrong   trouble
	count   counters
	logins  logins

	dying atomic.Bool // it was told to restart and has not answered yet

	mu   sync.Mutex // guards everything below
	port int        // the same for UDP and TCP
	line *line      // nil without IPMI, or closed
	web  *web       // nil without Redfish, or closed
}

func newBMC(s *BMCs, spec Spec) *BMC {
	if spec.Protocol == "" {
		spec.Protocol = IPMI
	}
	if spec.Sessions == 0 {
		spec.Sessions = 4
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s", s.opts.Seed, spec.Name))
	b := &BMC{bmcs: s, spec: spec, guid: [16]byte(h[:16])}
	b.chassis = newChassis(s, &b.spec, binary.LittleEndian.Uint64(h[16:]), &b.wrong)
	return b
}

// Name is the host's name in the fleet.
func (b *BMC) Name() string { return b.spec.Name }

// Port is where the BMC listens on 127.0.0.1: UDP with IPMI, TCP with Redfish.
func (b *BMC) Port() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.port
}

// host describes the host for the fleet.
func (b *BMC) host() fleet.Host {
	driver := b.spec.Driver
	switch {
	case driver != "":
	case b.spec.Protocol == Both:
		driver = "auto"
	default:
		driver = string(b.spec.Protocol)
	}
	f := &fleet.BMC{Address: "127.0.0.1", Port: b.Port(), Credential: Credential, Driver: driver}
	if b.spec.Protocol != IPMI {
		f.TLS = &fleet.TLS{CA: b.bmcs.caFile()}
	}
	if b.spec.Operator {
		f.Privilege = "operator"
	}
	return fleet.Host{
		Name: b.spec.Name, Site: b.spec.Site, Environment: b.spec.Environment, Rack: b.spec.Rack, Tags: b.spec.Tags, BMC: f,
	}
}

// open opens the BMC's ports, on the number that it had before. Nothing happens
// when they are open, or the lab is closed.
func (b *BMC) open() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line != nil || b.web != nil || b.bmcs.ctx.Err() != nil {
		return nil
	}
	if b.port != 0 {
		return b.listen(b.port)
	}
	return b.bmcs.ports.find(b.listen)
}

// listen opens the ports. The lock is held.
func (b *BMC) listen(port int) (err error) {
	if b.spec.Protocol != Redfish {
		if b.line, err = listenIPMI(b, port); err != nil {
			return err
		}
	}
	if b.spec.Protocol != IPMI {
		if b.web, err = listenRedfish(b, port); err != nil {
			b.shut()
			return err
		}
	}
	b.port = port
	return nil
}

// close closes the ports and ends what listens there.
func (b *BMC) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	b.logins.lose(&b.count)
}

// shut closes the ports. The lock is held.
func (b *BMC) shut() {
	if b.line != nil {
		b.line.close()
		b.line = nil
	}
	if b.web != nil {
		b.web.close()
		b.web = nil
	}
}

// Power is the true state of the host's power: On, Off, PoweringOn, PoweringOff.
func (b *BMC) Power() string {
	b.chassis.look()
	defer b.chassis.mu.Unlock()
	return string(b.chassis.state)
}

// Running says whether the host's operating system runs: not before half a minute
// after the power came.
func (b *BMC) Running() bool {
	b.chassis.look()
	defer b.chassis.mu.Unlock()
	return b.chassis.running
}

// Booted says what the host booted from last ("disk", "pxe", "cdrom", "bios"),
// and how often it booted since the lab started.
func (b *BMC) Booted() (from string, times int) {
	b.chassis.look()
	defer b.chassis.mu.Unlock()
	return b.chassis.booted, b.chassis.boots
}

// Cut cuts the host's power, as somebody does who holds the button down.
func (b *BMC) Cut() {
	now := b.chassis.look()
	defer b.chassis.mu.Unlock()
	b.chassis.cut(now)
}

// Press presses the host's power button shortly.
func (b *BMC) Press() {
	now := b.chassis.look()
	defer b.chassis.mu.Unlock()
	_ = b.chassis.press(now) // a host on its way to off does not mind
}

// password is what the BMC takes for the account's just now.
func (b *BMC) password() string {
	if b.wrong.has(WrongPassword) {
		return "changed" + b.bmcs.password[:8]
	}
	return b.bmcs.password
}

// dropSessions ends all sessions without telling their clients.
func (b *BMC) dropSessions() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line != nil {
		b.line.end()
	}
	if b.web != nil {
		b.web.cut()
	}
	b.logins.lose(&b.count)
}

// restartSoon restarts the BMC after the answer to the present command.
func (b *BMC) restartSoon() { b.dying.Store(true) }
