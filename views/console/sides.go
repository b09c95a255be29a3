package console

import (
	"strings"

	"ringside/actions"
	"ringside/views/kit"
)

// sidesName is the columns of the names on the left of two sides.
const sidesName = 9

// sidesLeast is how many rows are shown where room is short.
const sidesLeast = 3

// sidesLines puts what is and what will be side by side. What is the same on both
// sides is quiet; a digest is shown whole, on as many lines as it takes. Where room is
// short, the first rows must do.
func sidesLines(t *kit.Theme, s *actions.Sides, w int, short bool) []string {
	if s == nil {
		return nil
	}
	rows := s.Rows
	if short {
		rows = rows[:min(len(rows), sidesLeast)]
	}
	col := max(8, (w-sidesName-1)/2)
	line := func(name, left, right string, style kit.Style) string {
		return t.Dim.Paint(kit.Fit(name, sidesName, false, "")) + style.Paint(kit.Fit(left, col, false, t.Glyph.Ellipsis)) +
			" " + style.Paint(kit.Cut(right, col, t.Glyph.Ellipsis))
	}
	out := []string{line("", s.Titles[0], s.Titles[1], t.Strong)}
	for _, r := range rows {
		style := t.Text
		if r.Values[0] == r.Values[1] {
			style = t.Dim
		}
		left, right := chunks(r.Values[0], col), chunks(r.Values[1], col)
		name := r.Name
		for i := range max(len(left), len(right)) {
			out = append(out, line(name, nth(left, i), nth(right, i), style))
			name = ""
		}
	}
	if short {
		return out
	}
	return append(out, "")
}

// chunks cuts what is one long word into pieces of the same length.
func chunks(text string, w int) []string {
	if kit.Width(text) <= w || strings.Contains(text, " ") || len(text) != kit.Width(text) {
		return []string{text}
	}
	n := (len(text) + w - 1) / w
	size := (len(text) + n - 1) / n
	var out []string
	for ; len(text) > size; text = text[size:] {
		out = append(out, text[:size])
	}
	return append(out, text)
}

// unsaid leaves out the notes on digests, which two sides show better.
func unsaid(p *actions.Plan) (out []actions.Finding) {
	for _, f := range p.Findings {
		if p.Sides == nil || f.Guard != "digest" || f.Level != actions.Note {
			out = append(out, f)
		}
	}
	return out
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
