package home

import (
	"fmt"
	"time"

	"ringside/backends/fleet"
	"ringside/views/kit"
	"ringside/views/screen"
)

// row is one line of a pane: what it shows and where it leads.
type row struct {
	key    string
	group  string // set: a heading, and nothing else
	target fleet.Target
	open   screen.Go // where enter leads
	sign   sign
	cells  []string // after the sign, by column
	drawn  drawn    // a cell that is a drawing, in place of its text
	why    string   // said below the list while the cursor is on it
	dim    bool
}

// drawn is a cell that depends on the theme and the room there is.
type drawn struct {
	at   int // in cells
	text func(t *kit.Theme, w int) string
}

// sign is the state of a line; every one has a glyph and a word of its own.
type sign uint8

const (
	good sign = iota
	warn
	bad
	busy
	off
	unknown
)

func (s sign) look(t *kit.Theme) (string, kit.Style) {
	g := t.Glyph
	return [...]string{g.Good, g.Warn, g.Bad, g.Busy, g.Off, g.Unknown}[s],
		[...]kit.Style{t.Good, t.Warn, t.Bad, t.Busy, t.Off, t.Unknown}[s]
}

// place is where more is known about a target.
func place(t fleet.Target) screen.Go {
	g := screen.Go{Screen: "containers", Subject: t.Key()}
	switch t.Kind {
	case fleet.KindHost, fleet.KindRack, fleet.KindSite:
		g.Screen = "power"
	case fleet.KindService:
		g.Screen, g.Open = "services", "detail"
	case fleet.KindCluster, fleet.KindNode, fleet.KindDevice:
		g.Screen = "swift"
	case fleet.KindSync, fleet.KindTag, fleet.KindRegistry:
		g.Screen = "registries"
	}
	if t.Kind == fleet.KindContainer || t.Kind == fleet.KindHost || t.Kind == fleet.KindNode {
		g.Open = "detail"
	}
	return g
}

func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", one, "s")
}
