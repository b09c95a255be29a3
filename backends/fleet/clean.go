package fleet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside safe to print on one line of a terminal. Control
// sequences (CSI, OSC, DCS, SOS, PM, APC, in their 7-bit and 8-bit forms:
// ECMA-48 §5.4, §8.3) are dropped whole; so are the remaining C0 and C1 controls,
// invalid UTF-8 and the Unicode characters that reorder text or have no width of
// their own to see (bidirectional overrides, zero-width space, byte order mark).
// Tab and newline become a space. Backends call it on every string that enters.
func Clean(s string) string { return clean(s, false) }

// CleanLines is Clean for text of several lines: newlines stay, tabs become
// eight-column stops, CR LF and lone CR become newlines.
func CleanLines(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	col := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == 0x1b:
			i += escape(s[i:])
			continue
		case c == '\r' && lines:
			if i+1 >= len(s) || s[i+1] != '\n' {
				b.WriteByte('\n')
			}
			i++
			col = 0
			continue
		case c == '\n' && lines:
			b.WriteByte('\n')
			i++
			col = 0
			continue
		case c == '\t' && lines:
			n := 8 - col%8
			b.WriteString("        "[:n])
			col += n
			i++
			continue
		case c == '\t' || c == '\n':
			b.WriteByte(' ')
			i++
			continue
		case c < 0x20 || c == 0x7f:
			i++
			continue
		case c < utf8.RuneSelf:
			b.WriteByte(c)
			col++
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b.WriteRune(utf8.RuneError)
			col++
			i++
			continue
		}
		if r >= 0x80 && r < 0xa0 {
			i += c1(s[i:], r, n)
			continue
		}
		if !hidden(r) {
			b.WriteString(s[i : i+n])
			col++
		}
		i += n
	}
	return b.String()
}

func isClean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// escape returns the length of the escape sequence at the start of s.
func escape(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		return 2 + csi(s[2:])
	case ']', 'P', 'X', '^', '_':
		return 2 + controlString(s[2:])
	}
	// nF sequences: intermediate bytes 0x20–0x2f, then one final byte.
	i := 1
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
		i++
	}
	return i
}

// c1 returns the length of a sequence begun by an 8-bit control.
func c1(s string, r rune, n int) int {
	switch r {
	case 0x9b:
		return n + csi(s[n:])
	case 0x9d, 0x90, 0x98, 0x9e, 0x9f:
		return n + controlString(s[n:])
	}
	return n
}

func csi(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x7e:
			return i // malformed: the byte that broke it is looked at again
		}
	}
	return len(s)
}

// controlString ends at BEL or ST. One that never ends is cut after its
// introducer only, so that a lone "ESC ]" cannot swallow the rest of a log line.
func controlString(s string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == 0x07:
			return i + 1
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == 0x1b:
			return i
		case s[i] == 0xc2 && i+1 < len(s) && s[i+1] == 0x9c:
			return i + 2
		case s[i] == 0xc2 && i+1 < len(s) && s[i+1] >= 0x80 && s[i+1] < 0xa0:
			return i // as for ESC; also, a run of introducers must not be read to its end again and again
		case s[i] == '\n':
			return i
		}
	}
	return 0
}

func hidden(r rune) bool {
	switch {
	case r == 0x200d || r == 0xfe0f: // joiner and emoji presentation: part of a visible cluster
		return false
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r == 0x061c:
		return true
	case r == 0x2028 || r == 0x2029:
		return true
	case r >= 0xe0000 && r <= 0xe0fff: // tags and variation supplements
		return true
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Co, r) && r >= 0xf0000
}
