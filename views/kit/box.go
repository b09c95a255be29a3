package kit

import "strings"

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

// Rule is the upper line of a frame. A title too long is cut, and a note that has
// no room beside it is left out.
func (t *Theme) Rule(title, note string, w int, focus bool) string {
	g, border, head := t.Glyph, t.Border, t.Strong
	if focus {
		border, head = t.Focus, t.Title
	}
	room := w - 4 // corners, and one line beside each
	if room < 0 {
		return border.Paint(Cut(g.TL+g.H+g.H+g.TR, w, ""))
	}
	if title = Cut(title, room-2, g.Ellipsis); title != "" {
		room -= Width(title) + 2
	}
	if Width(note)+2 > room {
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
	b.WriteString(border.Paint(strings.Repeat(g.H, room)))
	if note != "" {
		b.WriteString(" " + t.Dim.Paint(note) + " ")
	}
	b.WriteString(border.Paint(g.H + g.TR))
	return b.String()
}

// Dialog is the look of every dialog: a focused frame around the lines, as small
// as they allow but at most w×h, with the keys in its last line. Lines that do
// not fit are left out at the end, never the keys.
func (t *Theme) Dialog(title, note string, lines []string, w, h int, keys ...string) string {
	want := max(Width(title)+Width(note)+6, t.keysWidth(keys)+2)
	for _, l := range lines {
		want = max(want, Width(l)+2)
	}
	inner := min(want, w-2)
	lines = lines[:min(len(lines), max(0, h-3))]
	var body strings.Builder
	for _, l := range lines {
		body.WriteString(" " + Cut(l, inner-2, t.Glyph.Ellipsis) + "\n")
	}
	body.WriteString(" " + t.Keys(inner-2, keys...))
	return t.Box(title, note, body.String(), inner+2, min(len(lines)+3, h), true)
}

// Keys renders hints as "enter open  / filter": key and meaning by turns, as many
// as fit in width.
func (t *Theme) Keys(width int, pairs ...string) string {
	var b strings.Builder
	used := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		key := t.KeyName(pairs[i])
		w := Width(key) + 1 + Width(pairs[i+1])
		if used > 0 {
			w += 2
		}
		if used+w > width {
			break
		}
		if used > 0 {
			b.WriteString("  ")
		}
		b.WriteString(t.Key.Paint(key))
		b.WriteByte(' ')
		b.WriteString(t.Dim.Paint(pairs[i+1]))
		used += w
	}
	return b.String()
}

// keysWidth is the room that Keys needs to show all of them.
func (t *Theme) keysWidth(pairs []string) int {
	w := -2
	for i := 0; i+1 < len(pairs); i += 2 {
		w += Width(t.KeyName(pairs[i])) + 1 + Width(pairs[i+1]) + 2
	}
	return max(0, w)
}

var arrowWords = strings.NewReplacer("↑↓", "up/down", "↑", "up", "↓", "down", "←", "left", "→", "right")

// KeyName is the label of a key without arrows where only ASCII may be shown.
func (t *Theme) KeyName(label string) string {
	if t.Glyph.H != ASCII.H {
		return label
	}
	return arrowWords.Replace(label)
}
