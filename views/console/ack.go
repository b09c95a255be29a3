package console

import "time"

// ack finds out when a frame has arrived at the terminal, so that a slow link
// gets new data no faster than it can show them. Some frames after new data it
// asks for the device attributes; the answer is the credit for the next data,
// after a rest as long as the answer took, which leaves the link free for keys.
// It is a pure state machine: events in, what to do out.
type ack struct {
	phase ackPhase
	gen   int
	asked time.Time
	owed  int // answers that are still under way
}

type ackPhase uint8

const (
	ackIdle ackPhase = iota
	ackPainting
	ackAsked
	ackResting
)

type ackEvent uint8

const (
	ackTick     ackEvent = iota // new data were given to the screen
	ackDue                      // they have been painted by now
	ackStill                    // they have been, and the screen looks as before
	ackAnswered                 // the terminal answered
	ackLate                     // it did not within ackLimit
	ackRested                   // the rest is over
)

// ackMsg is a timer of the machine; an old generation means nothing any more.
type ackMsg struct {
	event ackEvent
	gen   int
}

// ackStep is what to do: ask the terminal, give the pump its credit, and come
// back with an event after some time.
type ackStep struct {
	ask, credit bool
	after       time.Duration
	then        ackMsg
}

const (
	// The question is flushed before the frame of the same renderer turn, so it
	// must come some frames later to arrive behind the data.
	ackFrames = 3
	ackLimit  = 5 * time.Second
)

func (a *ack) on(event ackEvent, gen int, now time.Time) ackStep {
	if event == ackAnswered {
		a.owed = max(0, a.owed-1)
		if a.phase != ackAsked || a.owed > 0 { // the answer to an older question
			return ackStep{}
		}
		a.phase = ackResting
		return ackStep{after: now.Sub(a.asked), then: ackMsg{ackRested, a.gen}}
	}
	if event != ackTick && gen != a.gen {
		return ackStep{}
	}
	switch {
	case event == ackTick:
		a.gen++
		a.phase = ackPainting
		return ackStep{after: ackFrames * time.Second / fpsRemote, then: ackMsg{ackDue, a.gen}}
	case event == ackDue && a.phase == ackPainting:
		a.phase, a.asked = ackAsked, now
		a.owed++
		return ackStep{ask: true, after: ackLimit, then: ackMsg{ackLate, a.gen}}
	case event == ackStill && a.phase == ackPainting, // nothing was sent that could arrive
		event == ackLate && a.phase == ackAsked, event == ackRested && a.phase == ackResting:
		a.phase = ackIdle
		return ackStep{credit: true}
	}
	return ackStep{}
}

// pending reports whether an answer is under way, which would be printed into
// the shell if the console left now.
func (a *ack) pending() bool { return a.phase == ackAsked }
