package kit

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of columns that text takes on the screen. Escape sequences
// of our own styles take none.
func Width(text string) int {
	if plain(text) {
		return len(text)
	}
	return ansi.StringWidth(text)
}

func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// Cut shortens text to width columns, with the tail in place of what is lost.
func Cut(text string, width int, tail string) string {
	if width <= 0 {
		return ""
	}
	if plain(text) {
		if len(text) <= width {
			return text
		}
		if t := Width(tail); t < width {
			return text[:width-t] + tail
		}
		return text[:width]
	}
	if ansi.StringWidth(text) <= width {
		return text
	}
	return ansi.Truncate(text, width, tail)
}

// Fit makes text exactly width columns: cut with an ellipsis, or padded on the
// right (on the left when right-aligned).
func Fit(text string, width int, right bool, tail string) string {
	if width <= 0 {
		return ""
	}
	text = Cut(text, width, tail)
	pad := width - Width(text)
	if pad <= 0 {
		return text
	}
	if right {
		return spaces(pad) + text
	}
	return text + spaces(pad)
}

const blank = "                                                                                                                                "

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// Middle shortens text in its middle, where names of images and hosts differ least.
func Middle(text string, width int, tail string) string {
	w := Width(text)
	if w <= width {
		return text
	}
	t := Width(tail)
	if width <= t+2 {
		return Cut(text, width, tail)
	}
	left := (width - t) / 2
	return ansi.Truncate(text, left, "") + tail + ansi.TruncateLeft(text, w-(width-t-left), "")
}

// Join puts left at the left and right at the right end of width columns; the
// left side gives way.
func Join(left, right string, width int, tail string) string {
	r := Width(right)
	if r >= width {
		return Fit(right, width, false, tail)
	}
	return Fit(left, width-r, false, tail) + right
}

// Lines makes exactly h lines of exactly w columns out of text.
func Lines(text string, w, h int) []string {
	have := strings.Split(text, "\n")
	out := make([]string, h)
	for i := range out {
		if i < len(have) {
			out[i] = Fit(have[i], w, false, "")
		} else {
			out[i] = spaces(w)
		}
	}
	return out
}

// Box draws a frame of w×h around body, with a title in its upper line and a note
// at the right end of it.
func (t *Theme) Box(title, note, body string, w, h int, focus bool) string {
	if w < 4 || h < 2 {
		return strings.Join(Lines(body, max(w, 0), max(h, 0)), "\n")
	}
	g, border := t.Glyph, t.Border
	if focus {
		border = t.Focus
	}
	var b strings.Builder
	b.WriteString(t.Rule(title, note, w, focus))
	for _, l := range Lines(body, w-2, h-2) {
		b.WriteByte('\n')
		b.WriteString(border.Paint(g.V))
		b.WriteString(l)
		b.WriteString(border.Paint(g.V))
	}
	b.WriteByte('\n')
	b.WriteString(border.Paint(g.BL + strings.Repeat(g.H, w-2) + g.BR))
	return b.String()
}

// Rule is the upper line of a frame.
func (t *Theme) Rule(title, note string, w int, focus bool) string {
	g, border, head := t.Glyph, t.Border, t.Strong
	if focus {
		border, head = t.Focus, t.Title
	}
	room := w - 4
	if title != "" {
		title = Cut(title, room-2, g.Ellipsis)
		room -= Width(title) + 2
	}
	if note != "" && Width(note)+2 > room {
		note = ""
	}
	var b strings.Builder
	b.WriteString(border.Paint(g.TL + g.H))
	if title != "" {
		b.WriteString(" " + head.Paint(title) + " ")
	}
	if note != "" {
		room -= Width(note) + 2
	}
	b.WriteString(border.Paint(strings.Repeat(g.H, max(0, room))))
	if note != "" {
		b.WriteString(" " + t.Dim.Paint(note) + " ")
	}
	b.WriteString(border.Paint(g.H + g.TR))
	return b.String()
}

// cutLeft drops the first n columns; a wide character cut in half leaves a space.
func cutLeft(text string, n int) string {
	if n <= 0 {
		return text
	}
	if plain(text) {
		return text[min(n, len(text)):]
	}
	rest := ansi.TruncateLeft(text, n, "")
	return spaces(Width(text)-n-Width(rest)) + rest
}

// Wrap breaks text into lines of at most width columns, between words where it can.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	return strings.Split(ansi.Wrap(text, width, ""), "\n")
}

// Dialog is the look of every dialog: a focused frame around the lines, as small
// as they are but at most w×h, and the keys in its last line. Lines that do not
// fit are left out at the end, never the keys.
func (t *Theme) Dialog(title, note string, lines []string, w, h int, keys ...string) string {
	inner := Width(title) + Width(note) + 4
	for _, l := range lines {
		inner = max(inner, Width(l)+2)
	}
	for i, k := range keys {
		if i == 0 {
			k = "  " + k
		}
		_ = k
	}
	inner = min(inner, w-2)
	lines = lines[:min(len(lines), max(0, h-3))]
	body := make([]string, 0, len(lines)+1)
	for _, l := range lines {
		body = append(body, " "+l)
	}
	body = append(body, " "+t.Keys(inner-2, keys...))
	return t.Box(title, note, strings.Join(body, "\n"), inner+2, len(body)+2, true)
}
