package kit

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// Theme names every style by what it means.
type Theme struct {
	Dark bool

	Text, Dim, Strong, Title, Border, Focus Style
	Good, Warn, Bad, Busy, Off, Unknown     Style
	Key, Link, Match, Selected, Marked      Style
	Chrome, Tab, TabActive                  Style

	Glyph Glyphs
}

// NewTheme makes the theme for a dark or light background.
func NewTheme(dark, ascii bool) *Theme {
	t := &Theme{Dark: dark, Glyph: Unicode, Strong: sgr(lipgloss.NewStyle().Bold(true)), Match: sgr(lipgloss.NewStyle().Reverse(true))}
	if ascii {
		t.Glyph = ASCII
	}
	pick := lipgloss.LightDark(dark)
	for _, c := range []struct {
		style       *Style
		bold        bool
		light, dark string // of the 256-colour palette; after a slash the background
	}{
		{&t.Dim, false, "242", "245"},
		{&t.Title, true, "24", "80"},
		{&t.Border, false, "249", "240"},
		{&t.Focus, false, "24", "80"},
		{&t.Good, false, "28", "114"},
		{&t.Warn, false, "130", "221"},
		{&t.Bad, true, "160", "210"},
		{&t.Busy, false, "25", "117"},
		{&t.Off, false, "242", "247"},
		{&t.Unknown, false, "91", "183"},
		{&t.Key, true, "25", "117"},
		{&t.Link, false, "25", "117"},
		{&t.Selected, true, "/253", "/237"},
		{&t.Marked, true, "130", "221"},
		{&t.Chrome, false, "236/253", "252/236"},
		{&t.Tab, false, "241", "248"},
		{&t.TabActive, true, "24", "80"},
	} {
		lightText, lightBack, _ := strings.Cut(c.light, "/")
		darkText, darkBack, _ := strings.Cut(c.dark, "/")
		*c.style = sgr(lipgloss.NewStyle().Bold(c.bold).
			Foreground(pick(palette(lightText), palette(darkText))).
			Background(pick(palette(lightBack), palette(darkBack))))
	}
	return t
}

func palette(index string) color.Color {
	if index == "" {
		return lipgloss.NoColor{}
	}
	return lipgloss.Color(index)
}

// sgr is what a style writes before its text. It is taken once: to render every
// cell of a table through the style would take most of a frame's time.
func sgr(s lipgloss.Style) Style {
	before, _, _ := strings.Cut(s.Render("x"), "x")
	return Style(strings.TrimSuffix(strings.TrimPrefix(before, "\x1b["), "m"))
}
