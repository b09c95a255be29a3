package lab

import (
	"errors"
	"time"

	"ringside/backends/lab/bmc"
)

// bmcTroubles is what a presenter can do to the demo's BMCs and their hosts.
var bmcTroubles = []struct {
	host, id, title string
	set             func(b *bmc.BMC, on bool) error
}{
	{"sw023", "silence", "silence the BMC of sw023", fault(bmc.Silent)},
	{"sw028", "refuse", "close the BMC's port of sw028", fault(bmc.Refused)},
	{"sw034", "sessions", "take every session slot of the BMC of sw034", fault(bmc.SessionsFull)},
	{"sw046", "password", "change the password of the BMC of sw046", fault(bmc.WrongPassword)},
	{"sw075", "certificate", "show a certificate of an unknown authority at the BMC of sw075", fault(bmc.UnknownCA)},
	{"sw056", "slow", "slow the BMC of sw056 down to 3 s an answer", func(b *bmc.BMC, on bool) error {
		d := time.Duration(0)
		if on {
			d = 3 * time.Second
		}
		b.Slow(d)
		return nil
	}},
	{"sw067", "restart", "restart the BMC of sw067", func(b *bmc.BMC, _ bool) error {
		b.Restart(0)
		return nil
	}},
	{"sw070", "starting", "let the BMC of sw070 say that it starts", fault(bmc.Starting)},
	{"sw081", "stuck", "let the power of sw081 ignore every command", fault(bmc.Stuck)},
	{"sw086", "deaf", "let the operating system of sw086 ignore a soft off", fault(bmc.NeverSoftOff)},
	{"sw094", "fan", "stop a fan of sw094", fault(bmc.FanFault)},
	{"sw097", "supply", "fail a power supply of sw097", fault(bmc.SupplyFault)},
	{"sw054", "cut", "cut the power of sw054, or press its button", func(b *bmc.BMC, on bool) error {
		if on {
			b.Cut()
		} else {
			b.Press()
		}
		return nil
	}},
}

func fault(f bmc.Fault) func(*bmc.BMC, bool) error {
	return func(b *bmc.BMC, on bool) error { return b.Set(f, on) }
}

func (l *Lab) bmcFaults() []Fault {
	var out []Fault
	for _, t := range bmcTroubles {
		if b := l.BMC(t.host); b != nil {
			out = append(out, l.toggle(t.id+"/"+t.host, t.title, func(on bool) error { return t.set(b, on) }))
		}
	}
	if all := l.bmcs.All(); len(all) > 2 {
		out = append(out, l.toggle("silence/third", "silence every third BMC", func(on bool) (err error) {
			for i := 2; i < len(all); i += 3 {
				err = errors.Join(err, all[i].Set(bmc.Silent, on))
			}
			return err
		}))
	}
	return out
}
