package registries

import (
	"fmt"
	"strings"

	"ringside/views/kit"
)

// sign is a state; every one has a glyph of its own.
type sign uint8

const (
	good sign = iota
	warn
	bad
	busy
	off
	unsure
)

func (s sign) look(t *kit.Theme) (string, kit.Style) {
	g := t.Glyph
	return [...]string{g.Good, g.Warn, g.Bad, g.Busy, g.Off, g.Unknown}[s],
		[...]kit.Style{t.Good, t.Warn, t.Bad, t.Busy, t.Off, t.Unknown}[s]
}

// cell is the sign with a text behind it. What is well has no colour of its own.
func (s sign) cell(t *kit.Theme, text string) kit.Cell {
	glyph, style := s.look(t)
	if s == good {
		style = ""
	}
	return kit.Cell{Text: glyph + " " + text, Style: style}
}

// short is the beginning of a digest without its kind, as people compare them.
func short(digest string) string {
	if i := strings.IndexByte(digest, ':'); i >= 0 {
		digest = digest[i+1:]
	}
	return digest[:min(len(digest), 7)]
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", one, "s")
}

// few names at most so many, and says how many more there are.
func few(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// tally is how many things are in a state.
type tally struct {
	sign sign
	n    int
	word string
}

// tallies says how many things there are and how.
func tallies(t *kit.Theme, total int, list []tally) string {
	var parts []string
	for _, c := range list {
		if c.n > 0 {
			glyph, style := c.sign.look(t)
			parts = append(parts, style.Paint(glyph)+fmt.Sprintf(" %d %s", c.n, c.word))
		}
	}
	if parts == nil {
		return t.Dim.Paint("none")
	}
	return strings.Join(parts, " "+t.Glyph.Bullet+" ") + t.Dim.Paint(fmt.Sprintf(" of %d", total))
}
