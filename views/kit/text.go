package kit

import "strings"

// Cut shortens text to width columns, with the tail in place of what is lost. A
// style that is open at the cut is closed.
func Cut(text string, width int, tail string) string {
	if width <= 0 {
		return ""
	}
	if len(text) <= width && plain(text) {
		return text
	}
	room := width - Width(tail)
	if room <= 0 {
		room, tail = width, ""
	}
	keep, used, styled := 0, 0, false
	for i := 0; i < len(text); {
		n, w := unit(text[i:])
		if used+w > width {
			out := text[:keep] + tail
			if styled {
				out += "\x1b[m"
			}
			return out
		}
		used += w
		i += n
		if used <= room {
			keep = i
			if w == 0 && text[i-n] == 0x1b {
				styled = text[i-n:i] != "\x1b[m"
			}
		}
	}
	return text
}

// Fit makes text exactly width columns: cut with an ellipsis, or padded on the
// right (on the left when right-aligned).
func Fit(text string, width int, right bool, tail string) string {
	if width <= 0 {
		return ""
	}
	for text != "" && (text[0] >= 0x80 || text[0] < 0x1b) {
		n, w := unit(text)
		if w > 0 {
			break
		}
		text = text[n:] // a mark without its letter would join what is before it
	}
	text = Cut(text, width, tail)
	pad := width - Width(text)
	if pad <= 0 {
		return text
	}
	if !right {
		return text + spaces(pad)
	}
	text = spaces(pad) + text
	return spaces(width-Width(text)) + text // a mark at the start joined the padding
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

// Middle shortens text without styles in its middle, where names of images and
// hosts differ least.
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
	return Cut(text, left, "") + tail + cutLeft(text, w-(width-t-left))
}

// cutLeft drops the first n columns of text without styles; a wide character cut
// in half leaves a space.
func cutLeft(text string, n int) string {
	i, over := at(text, n)
	return spaces(over) + text[i:]
}

// at is the byte of text at which column n begins; over is by how many columns
// the character before it reaches beyond.
func at(text string, n int) (i, over int) {
	used := 0
	for i < len(text) && used < n {
		size, w := unit(text[i:])
		i += size
		used += w
	}
	for i < len(text) { // what has no width belongs to the character before it
		size, w := unit(text[i:])
		if w > 0 || n <= 0 {
			break
		}
		i += size
	}
	return i, max(0, used-max(n, 0))
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

// Wrap breaks text into lines of at most width columns, between words where it can.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	lines := strings.Split(method().Wrap(text, width, ""), "\n")
	for i, l := range lines {
		lines[i] = Cut(l, width, "")
	}
	return lines
}

// Lines makes exactly h lines of exactly w columns out of text.
func Lines(text string, w, h int) []string {
	out := make([]string, max(h, 0))
	for i := range out {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if w > 0 {
			out[i] = Fit(line, w, false, "")
		}
	}
	return out
}

// Longest returns the first of several texts that fits in width columns, "" when
// none does. They come from the longest to the shortest.
func Longest(texts []string, width int) string {
	for _, t := range texts {
		if Width(t) <= width {
			return t
		}
	}
	return ""
}
