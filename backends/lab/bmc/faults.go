package bmc

import (
	"sync"
	"time"
)

// Fault is something that can be wrong with a BMC or its host for as long as it
// is switched on.
type Fault string

// Faults.
const (
	Silent        Fault = "silent"         // datagrams vanish; connections are accepted and never answered
	Refused       Fault = "refused"        // the port is closed
	WrongPassword Fault = "wrong-password" // somebody changed the password; sessions end
	SessionsFull  Fault = "sessions-full"  // somebody else takes every session slot
	Starting      Fault = "starting"       // it answers that it is not ready yet
	NeverSoftOff  Fault = "never-soft-off" // the operating system ignores the power button
	Stuck         Fault = "stuck"          // power commands are accepted and nothing happens
	FanFault      Fault = "fan"            // a fan stands still
	SupplyFault   Fault = "power-supply"   // a power supply failed
	UnknownCA     Fault = "unknown-ca"     // the Redfish certificate is signed by somebody else
)

// trouble is what is wrong with a BMC just now.
type trouble struct {
	mu     sync.Mutex
	on     map[Fault]bool
	slow   time.Duration // of every answer
	absent time.Time     // the BMC restarts until then
}

func (t *trouble) has(f Fault) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.on[f]
}

func (t *trouble) set(f Fault, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on == nil {
		t.on = map[Fault]bool{}
	}
	t.on[f] = on
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
	return !t.absent.IsZero() && time.Now().Before(t.absent)
}
