// Package hosts is how servers look everywhere: their power in a glyph and a
// word, counted, and on a map by site and rack. Home and the power screen share
// it.
package hosts

import (
	"errors"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/views/kit"
)

// Kind is what is known of a host's power just now.
type Kind uint8

// Kinds. Only On, Off and Turning were read; none of the others says anything
// about the power.
const (
	On         Kind = iota
	Off             // the BMC says so
	Turning         // on its way on or off
	Unknown         // the BMC answers, and does not say
	Silent          // no answer, or none for too long
	Unreadable      // it answers and does not let us read, or we cannot ask
	Unread          // not asked yet
	kinds
)

// Status is what can be said of a host now.
type Status struct {
	Kind   Kind
	Word   string     // "on", "turning off", "wrong password"
	Health bmc.Health // as it was read last; "" when nothing is known to be wrong
}

// known are the powers that a BMC reports.
var known = map[bmc.Power]Status{
	bmc.On:         {Kind: On, Word: "on"},
	bmc.Off:        {Kind: Off, Word: "off"},
	bmc.TurningOn:  {Kind: Turning, Word: "turning on"},
	bmc.TurningOff: {Kind: Turning, Word: "turning off"},
}

// staleAfter is the age from which on a reading says nothing of now, although no
// attempt failed: a BMC is read at a slower pace than an engine.
const staleAfter = 2 * impact.StaleAfter

// StatusOf judges an entry; read is false when its source reported nothing yet.
func StatusOf(e watch.Entry, read bool, now time.Time) Status {
	facts, _ := e.Facts.(*bmc.Facts)
	var failed *bmc.Error
	switch {
	case !read:
		return Status{Kind: Unread, Word: "not read yet"}
	case errors.As(e.Err, &failed) && failed.Trouble == bmc.Silent:
		return Status{Kind: Silent, Word: string(bmc.Silent)}
	case failed != nil:
		return Status{Kind: Unreadable, Word: string(failed.Trouble)}
	case e.Err != nil:
		return Status{Kind: Unreadable, Word: string(bmc.Other)}
	case facts == nil:
		return Status{Kind: Unread, Word: "not read yet"}
	case now.Sub(e.At) > staleAfter:
		return Status{Kind: Silent, Word: "stale"}
	}
	s, ok := known[facts.Power]
	if !ok {
		s = Status{Kind: Unknown, Word: "unknown"}
	}
	if facts.Health != bmc.OK {
		s.Health = facts.Health
	}
	if s.Health == "" && len(facts.Faults) > 0 {
		s.Health = bmc.Warning
	}
	return s
}

// Look is the status as the map and the list show it. A fault takes the place of
// the power on the map, since a host in trouble is what is looked for there.
func (s Status) Look(t *kit.Theme) kit.HeatSign {
	switch s.Health {
	case bmc.Critical:
		return kit.HeatSign{Glyph: t.Glyph.Bad, Style: t.Bad}
	case bmc.Warning:
		return kit.HeatSign{Glyph: t.Glyph.Warn, Style: t.Warn}
	}
	return s.Kind.Look(t)
}

// Look is the power alone.
func (k Kind) Look(t *kit.Theme) kit.HeatSign {
	g := t.Glyph
	return [kinds]kit.HeatSign{
		On: {Glyph: g.Lit, Style: t.Good}, Off: {Glyph: g.Unlit, Style: t.Off}, Turning: {Glyph: g.Busy, Style: t.Busy},
		Unknown: {Glyph: g.Stale, Style: t.Unknown}, Silent: {Glyph: g.Unknown, Style: t.Unknown},
		Unreadable: {Glyph: g.Barred, Style: t.Bad}, Unread: {Glyph: g.Empty, Style: t.Dim},
	}[k]
}

// Readable reports whether the BMC tells of the power now.
func (s Status) Readable() bool { return s.Kind <= Unknown }
