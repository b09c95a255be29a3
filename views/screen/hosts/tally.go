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
func (t Tally) Text(theme *kit.Theme) string {
	return t.join(theme, " "+theme.Glyph.Bullet+" ", func(n int, _ kit.HeatSign, word string) string {
		return fmt.Sprintf("%d %s", n, word)
	})
}

// Notes are the counts without styles: with glyphs and words, with words, with
// glyphs, and as close as can be.
func (t Tally) Notes(theme *kit.Theme) []string {
	glyphs := func(n int, sign kit.HeatSign, _ string) string { return fmt.Sprintf("%s %d", sign.Glyph, n) }
	return []string{
		t.join(theme, " "+theme.Glyph.Bullet+" ", func(n int, sign kit.HeatSign, word string) string {
			return fmt.Sprintf("%s %d %s", sign.Glyph, n, word)
		}),
		t.Text(theme), t.join(theme, "  ", glyphs), t.join(theme, " ", glyphs),
	}
}

// Legend is Text with the glyph of each count, which explains the map. Where w
// columns have no room for the words, the glyphs do alone.
func (t Tally) Legend(theme *kit.Theme, w int) string {
	words := t.join(theme, " "+theme.Glyph.Bullet+" ", func(n int, sign kit.HeatSign, word string) string {
		return fmt.Sprintf("%s %d %s", sign.Style.Paint(sign.Glyph), n, word)
	})
	if kit.Width(words) <= w {
		return words
	}
	return t.join(theme, "  ", func(n int, sign kit.HeatSign, _ string) string {
		return fmt.Sprintf("%s %d", sign.Style.Paint(sign.Glyph), n)
	})
}

func (t Tally) join(theme *kit.Theme, between string, text func(int, kit.HeatSign, string) string) string {
	var parts []string
	add := func(n int, sign kit.HeatSign, word string) {
		if n > 0 {
			parts = append(parts, text(n, sign, word))
		}
	}
	for k, n := range t.Kinds {
		add(n, Kind(k).Look(theme), words[k])
	}
	add(t.Critical, Status{Health: bmc.Critical}.Look(theme), "critical")
	add(t.Warning, Status{Health: bmc.Warning}.Look(theme), "faulty")
	return strings.Join(parts, between)
}

// Word names a kind as counts do.
func Word(k Kind) string { return words[k] }
