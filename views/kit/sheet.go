package kit

// Sheet builds the lines of a page of facts: "name  value", under headings.
type Sheet struct {
	Theme *Theme
	Lines []string
}

const sheetName = 13 // columns of a name

// Add adds a value; an empty one is said to be none.
func (s *Sheet) Add(name, value string) { s.Paint(name, value, s.Theme.Text) }

// Paint adds a value in a style.
func (s *Sheet) Paint(name, value string, style Style) {
	if value == "" {
		value, style = "-", s.Theme.Dim
	}
	s.Lines = append(s.Lines, s.Theme.Dim.Paint(Fit(name, sheetName, false, ""))+" "+style.Paint(value))
}

// Head begins a part.
func (s *Sheet) Head(title string) {
	if len(s.Lines) > 0 {
		s.Lines = append(s.Lines, "")
	}
	s.Lines = append(s.Lines, s.Theme.Strong.Paint(title))
}

// Text adds a line as it is.
func (s *Sheet) Text(text string) { s.Lines = append(s.Lines, text) }

// Dim adds a quiet line.
func (s *Sheet) Dim(text string) { s.Lines = append(s.Lines, s.Theme.Dim.Paint(text)) }

// Tabs names the pages of a detail, w columns wide. The open one is between
// brackets too, for eyes and terminals without colour. Where not all have room
// the first ones are left out.
func (t *Theme) Tabs(titles []string, open, w int) string {
	first, need := 0, 0
	for _, title := range titles[:open+1] {
		need += Width(title) + 2
	}
	for ; need > w-2 && first < open; first++ {
		need -= Width(titles[first]) + 2
	}
	line := ""
	if first > 0 {
		line = t.Tab.Paint(t.Glyph.Ellipsis)
	}
	for i, title := range titles[first:] {
		if i+first == open {
			line += t.TabActive.Paint("[" + title + "]")
		} else {
			line += t.Tab.Paint(" " + title + " ")
		}
	}
	return Fit(line, w, false, t.Glyph.Ellipsis)
}
