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

// Glyphs are the signs that say a state without colour.
type Glyphs struct {
	Good, Warn, Bad, Busy, Off, Paused, Unknown, Stale string
	Cursor, Mark, Up, Down, Fold, Open, More, Bullet   string
	Spark                                              []string // rising
	Full, Empty                                        string   // of a bar
	Lit, Unlit, Barred                                 string   // of a map
	Arrow                                              string   // from what is to what is asked for
	H, V, TL, TR, BL, BR                               string   // box lines
	Ellipsis                                           string
}

// Unicode glyphs are one column wide in every terminal font in use; emoji are not.
var Unicode = Glyphs{
	Good: "●", Warn: "!", Bad: "✗", Busy: "◐", Off: "○", Paused: "‖", Unknown: "?", Stale: "~",
	Cursor: "▌", Mark: "◆", Up: "▲", Down: "▼", Fold: "▸", Open: "▾", More: "›", Bullet: "·",
	Spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Full:  "█", Empty: "░", Lit: "■", Unlit: "□", Barred: "⊘", Arrow: "→", H: "─", V: "│", TL: "┌", TR: "┐", BL: "└", BR: "┘", Ellipsis: "…",
}

// ASCII glyphs serve --ascii and terminals without line drawing.
var ASCII = Glyphs{
	Good: "*", Warn: "!", Bad: "x", Busy: "%", Off: "o", Paused: "=", Unknown: "?", Stale: "~",
	Cursor: ">", Mark: "#", Up: "^", Down: "v", Fold: "+", Open: "-", More: ">", Bullet: "-",
	Spark: []string{"_", ".", "-", "=", "+", "*", "#", "@"},
	Full:  "#", Empty: ".", Lit: "#", Unlit: "o", Barred: "/", Arrow: "->", H: "-", V: "|", TL: "+", TR: "+", BL: "+", BR: "+", Ellipsis: "~",
}
