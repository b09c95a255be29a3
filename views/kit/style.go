// Package kit holds the parts that screens are made of: styles, tables, panes,
// charts, dialogs. It knows nothing of fleets. Widths are display widths: a
// Japanese character counts two.
package kit

// Style is a run of SGR parameters, "" for none. Colours are of the 256-colour
// palette, which the renderer lowers to what the terminal has; with NO_COLOR
// only bold, underline and reverse are left.
type Style string

// Paint returns text in the style; nested styles are not carried on.
func (s Style) Paint(text string) string {
	if text == "" {
		return ""
	}
	return s.open() + text + s.close()
}

func (s Style) open() string {
	if s == "" {
		return ""
	}
	return "\x1b[" + string(s) + "m"
}

func (s Style) close() string {
	if s == "" {
		return ""
	}
	return "\x1b[m"
}

// And adds another style's attributes.
func (s Style) And(t Style) Style {
	switch {
	case s == "":
		return t
	case t == "":
		return s
	}
	return s + ";" + t
}

// Theme names every style by what it means.
type Theme struct {
	Dark bool

	Text, Dim, Strong, Title, Border, Focus Style
	Good, Warn, Bad, Busy, Off, Unknown     Style
	Key, Link, Match, Selected, Marked      Style
	Chrome, Tab, TabActive                  Style

	Glyph Glyphs
}

// Glyphs are the signs that say a state without colour.
type Glyphs struct {
	Good, Warn, Bad, Busy, Off, Paused, Unknown, Stale string
	Cursor, Mark, Up, Down, Fold, Open, More, Bullet   string
	Spark                                              []string // rising
	Full, Empty                                        string   // of a bar
	H, V, TL, TR, BL, BR                               string   // box lines
	Ellipsis                                           string
}

// Unicode glyphs are one column wide in every terminal font in use; emoji are not.
var Unicode = Glyphs{
	Good: "●", Warn: "!", Bad: "✗", Busy: "◐", Off: "○", Paused: "‖", Unknown: "?", Stale: "~",
	Cursor: "▌", Mark: "◆", Up: "▲", Down: "▼", Fold: "▸", Open: "▾", More: "›", Bullet: "·",
	Spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Full:  "█", Empty: "░", H: "─", V: "│", TL: "┌", TR: "┐", BL: "└", BR: "┘", Ellipsis: "…",
}

// ASCII glyphs serve --ascii and terminals without line drawing.
var ASCII = Glyphs{
	Good: "*", Warn: "!", Bad: "x", Busy: "%", Off: "o", Paused: "=", Unknown: "?", Stale: "~",
	Cursor: ">", Mark: "#", Up: "^", Down: "v", Fold: "+", Open: "-", More: ">", Bullet: "-",
	Spark: []string{"_", ".", "-", "=", "+", "*", "#", "@"},
	Full:  "#", Empty: ".", H: "-", V: "|", TL: "+", TR: "+", BL: "+", BR: "+", Ellipsis: "~",
}

// NewTheme makes the theme for a dark or light background.
func NewTheme(dark, ascii bool) *Theme {
	t := &Theme{
		Dark: dark, Text: "", Strong: "1",
		Dim: "38;5;245", Title: "1;38;5;80", Border: "38;5;240", Focus: "38;5;80",
		Good: "38;5;114", Warn: "38;5;221", Bad: "1;38;5;210", Busy: "38;5;117", Off: "38;5;247", Unknown: "38;5;183",
		Key: "1;38;5;117", Link: "38;5;117", Match: "7", Selected: "48;5;237;1", Marked: "1;38;5;221",
		Chrome: "38;5;252;48;5;236", Tab: "38;5;248", TabActive: "1;38;5;80",
		Glyph: Unicode,
	}
	if !dark {
		t.Dim, t.Title, t.Border, t.Focus = "38;5;242", "1;38;5;24", "38;5;249", "38;5;24"
		t.Good, t.Warn, t.Bad, t.Busy, t.Off, t.Unknown = "38;5;28", "38;5;130", "1;38;5;160", "38;5;25", "38;5;242", "38;5;91"
		t.Key, t.Link, t.Selected, t.Marked = "1;38;5;25", "38;5;25", "48;5;253;1", "1;38;5;130"
		t.Chrome, t.Tab, t.TabActive = "38;5;236;48;5;253", "38;5;241", "1;38;5;24"
	}
	if ascii {
		t.Glyph = ASCII
	}
	return t
}
