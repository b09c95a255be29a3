package hosts

import (
	"fmt"
	"strings"

	"ringside/backends/bmc"
	"ringside/views/kit"
)

// Tally counts hosts by what is known of their power, and those with a fault.
type Tally struct {
	Kinds             [kinds]int
	Warning, Critical int
}

// words are the kinds as counts name them, in their order.
var words = [kinds]string{On: "on", Off: "off", Turning: "turning", Unknown: "unknown", Silent: "silent", Unreadable: "unreadable", Unread: "not read yet"}

// Count counts the hosts of a list that the indices name.
func Count(list []Host, which []int) (t Tally) {
	for _, i := range which {
		t.Add(list[i].Status)
	}
	return t
}

// CountAll counts a whole list.
func CountAll(list []Host) (t Tally) {
	for i := range list {
		t.Add(list[i].Status)
	}
	return t
}

// Add counts one host.
func (t *Tally) Add(s Status) {
	t.Kinds[s.Kind]++
	switch s.Health {
	case bmc.Warning:
		t.Warning++
	case bmc.Critical:
		t.Critical++
	}
}

// Text says "238 on · 1 off · 1 silent". The kinds add up to all hosts; those
// with a fault are counted once more after them.
func (t Tally) Text(theme *kit.Theme) string { return t.text(theme, false) }

// Legend is Text with the glyph of each count, which explains the map.
func (t Tally) Legend(theme *kit.Theme) string { return t.text(theme, true) }

func (t Tally) text(theme *kit.Theme, glyphs bool) string {
	var parts []string
	add := func(n int, sign kit.HeatSign, word string) {
		if n == 0 {
			return
		}
		text := fmt.Sprintf("%d %s", n, word)
		if glyphs {
			text = sign.Style.Paint(sign.Glyph) + " " + text
		}
		parts = append(parts, text)
	}
	for k, n := range t.Kinds {
		add(n, Kind(k).Look(theme), words[k])
	}
	add(t.Critical, Status{Health: bmc.Critical}.Look(theme), "critical")
	add(t.Warning, Status{Health: bmc.Warning}.Look(theme), "faulty")
	return strings.Join(parts, " "+theme.Glyph.Bullet+" ")
}
