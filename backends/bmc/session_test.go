package bmc

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"

	lab "ringside/backends/lab/bmc"
)

func itoa(n int) string { return strconv.Itoa(n) }

// One session serves every call, and a read is one datagram or one request. On a busy
// machine an answer may be late, and its question is asked again.
func TestOneSession(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		status(t, c)
		before := b.Counters()
		for range 50 {
			status(t, c)
		}
		after := b.Counters()
		const late = 3
		if d := after.Datagrams - before.Datagrams; !redfishOnly(c) && (d < 50 || d > 50+late) {
			t.Errorf("%d datagrams for 50 reads", d)
		}
		if d := after.Total() - before.Total(); d < 50 || d > 50+late {
			t.Errorf("%d commands for 50 reads", d)
		}
		if after.Opened != 1 || after.Connections > 1+late {
			t.Errorf("%d sessions, %d connections", after.Opened, after.Connections)
		}
		must(t, c.Close(soon(t)))
		must(t, c.Close(soon(t)))
		if n := b.Counters(); n.Open != 0 || n.Closed != 1 {
			t.Errorf("after Close: %+v", n)
		}
		_, err := c.Status(soon(t))
		if e := trouble(t, err); !strings.Contains(e.Why, "closed the connection") {
			t.Errorf("%+v", e)
		}
	})
}

// Calls from many goroutines take turns.
func TestTurns(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		errs := make(chan error)
		for i := range 16 {
			go func() {
				var err error
				switch i % 4 {
				case 0:
					_, err = c.Sensors(soon(t))
				case 1:
					_, err = c.Events(soon(t), 5)
				case 2:
					err = c.Switch(soon(t), TurnOn)
				default:
					_, err = c.Status(soon(t))
				}
				errs <- err
			}()
		}
		for range 16 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := b.Counters(); n.Opened != 1 {
			t.Errorf("%d sessions", n.Opened)
		}
	})
}

// A read that is lost is repeated; a change of power never is, and says that it
// may have been heard.
func TestLostDatagrams(t *testing.T) {
	t.Parallel()
	l := start(t, fast, lab.Spec{Name: "sw001"})
	b := l.BMCs.All()[0]
	r, h := relayed(t, l.Hosts()[0])
	c := opened(t, New(h, l.Credentials()[lab.Credential]))
	status(t, c)

	lost := 0
	r.set(func([]byte) bool { lost++; return lost > 1 }, nil) // the first request
	status(t, c)
	if lost < 2 {
		t.Errorf("the read was sent %d times", lost)
	}

	sent, answers := 0, 0
	r.set(func([]byte) bool { sent++; return true }, func(p []byte) [][]byte { // the answer to the second one, after the look
		if answers++; answers == 2 {
			return nil
		}
		return [][]byte{p}
	})
	began := time.Now()
	e := trouble(t, c.Switch(soon(t), Reset))
	if e.Trouble != Silent || !strings.Contains(e.Why, "it may have been carried out") {
		t.Errorf("%+v", e)
	}
	r.set(nil, nil)
	if n := b.Counters().Commands["Chassis Control"]; n != 1 {
		t.Errorf("Chassis Control arrived %d times: %v", n, b.Counters().Commands)
	}
	if took := time.Since(began); took < 5*time.Second {
		t.Errorf("the answer was waited for only %v", took)
	}
	status(t, c)
	if _, boots := b.Booted(); boots != 1 {
		t.Errorf("it booted %d times", boots)
	}
}

// A challenge that is so late that it was asked for again is no wrong password: the
// BMC expects an answer to the second one, and the first was answered.
func TestLateChallenge(t *testing.T) {
	t.Parallel()
	const challenge = 0x13 // RAKP Message 2
	c, b, r := through(t)
	var held []byte
	late := 0 // challenges
	r.set(nil, func(p []byte) [][]byte {
		if late == 2 || len(p) < 6 || p[5] != challenge {
			return [][]byte{p}
		}
		if late++; late == 1 {
			held = p
			return nil
		}
		return [][]byte{held, p}
	})
	status(t, c)
	if n := b.Counters(); late != 2 || n.Opened != 1 {
		t.Errorf("%d challenges were late, %+v", late, n)
	}
}

// A BMC that has forgotten the session gets a new one, and a change of power is
// not lost on it.
func TestForgottenSession(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		status(t, c)
		b.Set(lab.SessionsFull, true) // ends ours
		b.Set(lab.SessionsFull, false)
		must(t, c.Switch(soon(t), ForceOff))
		until(t, "off", func() bool { return b.Power() == "Off" })
		if n := b.Counters(); n.Open != 1 || n.Opened != 2 {
			t.Errorf("%+v", n)
		}
	})
}

// An answer that the library cannot take apart ends neither the session nor us.
func TestUnreadableAnswer(t *testing.T) {
	c, b := one(t, fast, lab.Spec{})
	status(t, c)
	d := c.driver.(*ipmi)
	for name, f := range map[string]func(context.Context, *client.Client) error{
		"error": func(context.Context, *client.Client) error { return errors.New("unpack failed") },
		"panic": func(context.Context, *client.Client) error { var p []byte; _ = p[3]; return nil },
	} {
		if err := d.read(soon(t), f); troubleOf(err) != Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	status(t, c)
	if n := b.Counters().Opened; n != 1 {
		t.Errorf("%d sessions", n)
	}
}
