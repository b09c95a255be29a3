package power

import (
	"context"
	"errors"
	"math"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
)

// part is something that is read for the detail.
type part uint8

const (
	infoPart part = iota
	bootPart
	sensorsPart
	eventsPart
	parts
)

// eventsMost is how many entries of an event log are read.
const eventsMost = 500

// plan says how a part is read: how long it may take, waiting for its turn at the
// BMC included, and how long after an answer it is read again. A BMC answers one
// question at a time, and too many of them can bring it down.
var plan = [parts]struct {
	limit, again time.Duration
	read         func(context.Context, controller) (any, error)
}{
	infoPart:    {15 * time.Second, 10 * time.Minute, func(ctx context.Context, c controller) (any, error) { return c.Info(ctx) }},
	bootPart:    {15 * time.Second, 30 * time.Second, func(ctx context.Context, c controller) (any, error) { return c.Boot(ctx) }},
	sensorsPart: {30 * time.Second, 5 * time.Second, func(ctx context.Context, c controller) (any, error) { return c.Sensors(ctx) }},
	eventsPart:  {30 * time.Second, 30 * time.Second, func(ctx context.Context, c controller) (any, error) { return c.Events(ctx, eventsMost) }},
}

// afterError is how long after a failure it is tried again.
const afterError = 15 * time.Second

// untouched are troubles in which another try does harm: accounts get locked, and a
// full BMC stays full. Only a human tries again.
var untouched = map[bmc.Trouble]bool{bmc.WrongPassword: true, bmc.SessionsFull: true, bmc.Unsupported: true}

// reading is how far a part is.
type reading struct {
	asked int       // number of the latest attempt; answers to others are late
	busy  bool      // it is under way
	due   bool      // it is to be read as soon as it is seen
	at    time.Time // of the last answer that was no error; zero: there was none
	err   error     // of the last attempt
}

// Messages of the detail's own commands.
type (
	answer struct {
		to    *detail
		part  part
		asked int
		value any
		err   error
		at    time.Time
	}
	beat struct {
		to    *detail
		part  part
		asked int
	}
)

// sees reports whether a part is on screen.
func (d *detail) sees(p part) bool {
	for _, i := range d.shown() {
		for _, x := range pages[i].parts {
			if x == p {
				return true
			}
		}
	}
	return false
}

// read asks the BMC in a command.
func (d *detail) read(p part) tea.Cmd {
	r := &d.reads[p]
	c, ok := d.s.bmc(d.item.Spec.Name)
	if r.busy || !ok {
		return nil
	}
	r.asked++
	r.busy, r.due = true, false
	msg, ctx := answer{to: d, part: p, asked: r.asked}, d.ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, plan[p].limit)
		defer cancel()
		msg.value, msg.err = plan[p].read(ctx, c)
		msg.at = time.Now()
		return msg
	}
}

// take puts an answer in its place and lets it be read again later.
func (d *detail) take(m answer) tea.Cmd {
	r := &d.reads[m.part]
	if m.asked != r.asked {
		return nil
	}
	r.busy, r.err = false, m.err
	if m.err == nil {
		r.at = m.at
		d.store(m)
	}
	d.fill()
	again := plan[m.part].again
	switch {
	case untouched[trouble(m.err)]:
		return nil
	case m.err != nil:
		again = afterError
	}
	return d.s.later(again, beat{d, m.part, m.asked})
}

func (d *detail) store(m answer) {
	switch v := m.value.(type) {
	case bmc.Info:
		d.info = v
	case bmc.Boot:
		d.boot = v
	case []bmc.Event:
		d.events = v
	case []bmc.Sensor:
		d.sensors = v
		for _, x := range v {
			d.remember(x)
		}
	}
}

// historyMost is how many samples of a sensor are kept.
const historyMost = 120

func (d *detail) remember(x bmc.Sensor) {
	v := x.Value
	if x.Absent {
		v = math.NaN()
	}
	h := append(d.history[x.Name], v)
	d.history[x.Name] = h[max(0, len(h)-historyMost):]
}

// beat reads a part again, or notes that it is due where it is not seen.
func (d *detail) beat(m beat) tea.Cmd {
	r := &d.reads[m.part]
	if m.asked != r.asked || r.busy {
		return nil
	}
	r.due = true
	return d.start()
}

// trouble is the kind of a failure, "" for none.
func trouble(err error) bmc.Trouble {
	var e *bmc.Error
	switch {
	case errors.As(err, &e):
		return e.Trouble
	case err != nil:
		return bmc.Other
	}
	return ""
}

// next says what happens after a failure.
func next(err error) string {
	if untouched[trouble(err)] {
		return "r tries again: "
	}
	return "trying again: "
}

// why is an error without the host's name, which is said beside it.
func why(err error) string {
	var e *bmc.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &e):
		return "no answer in time"
	case !errors.As(err, &e):
		return fleet.Clean(err.Error())
	case e.Hint != "":
		return e.Why + " (" + e.Hint + ")"
	}
	return e.Why
}
