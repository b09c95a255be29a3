package kit

import (
	"sync/atomic"

	"github.com/charmbracelet/x/ansi"
)

var graphemes atomic.Bool

// SetGraphemes tells how the terminal measures text: by whole characters as the
// reader sees them (DEC mode 2027), or, as most do, code point by code point. The
// two differ for emoji that are made of several. Bubble Tea lays out its cells by
// the same rule, so that the console must call this whenever Bubble Tea switches,
// on a tea.ModeReportMsg for mode 2027; otherwise frames come apart at such emoji.
func SetGraphemes(on bool) { graphemes.Store(on) }

func method() ansi.Method {
	if graphemes.Load() {
		return ansi.GraphemeWidth
	}
	return ansi.WcWidth
}

// Width is the number of columns that text takes on the screen. Escape sequences
// of our own styles take none.
func Width(text string) int {
	if plain(text) {
		return len(text)
	}
	total := 0
	for i := 0; i < len(text); {
		n, w := unit(text[i:])
		i += n
		total += w
	}
	return total
}

// plain reports whether every byte of text is one column.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// unit is the first indivisible piece of text, which is not empty: its bytes and
// its columns. A style sequence is one with no columns.
func unit(text string) (bytes, columns int) {
	c := text[0]
	switch {
	case c == 0x1b:
		return sequence(text), 0
	case c < 0x20 || c == 0x7f:
		return 1, 0
	case c < 0x7f && (len(text) == 1 || text[1] < 0x80):
		return 1, 1
	}
	cluster, w := ansi.FirstGraphemeCluster(text, method())
	return max(1, len(cluster)), w
}

// sequence is the length of the style sequence at the start of text; a lone
// escape is 1.
func sequence(text string) int {
	if len(text) < 2 || text[1] != '[' {
		return 1
	}
	for i := 2; i < len(text); i++ {
		if c := text[i]; c >= 0x40 && c <= 0x7e {
			return i + 1
		} else if c < 0x20 || c > 0x7e {
			return i
		}
	}
	return len(text)
}
