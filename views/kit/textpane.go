package kit

// TextPane shows text of any length, with scrolling, wrapping and a search.
type TextPane struct {
	theme *Theme
	w, h  int
	lines []string
	wrap  bool
}

// NewTextPane returns an empty pane.
func NewTextPane() *TextPane { return &TextPane{} }

// SetLines replaces the text. Lines are clean and may carry our own styles. The
// place stays where it is as far as there are lines.
func (p *TextPane) SetLines(lines []string) { p.lines = lines }

// Resize sets the size.
func (p *TextPane) Resize(w, h int) { p.w, p.h = w, h }

// Restyle sets the theme.
func (p *TextPane) Restyle(t *Theme) { p.theme = t }

// Move scrolls by n rows, down for positive n.
func (p *TextPane) Move(n int) {}

// Page scrolls by n pages.
func (p *TextPane) Page(n int) {}

// Jump goes to the first line, or to the last.
func (p *TextPane) Jump(last bool) {}

// Scroll moves sideways by n steps when lines are not wrapped.
func (p *TextPane) Scroll(n int) {}

// SetWrap sets whether long lines are wrapped; Wrap reports it.
func (p *TextPane) SetWrap(on bool) { p.wrap = on }

// Wrapped reports whether long lines are wrapped.
func (p *TextPane) Wrapped() bool { return p.wrap }

// Search highlights what matches and goes to the nearest match; "" ends it.
func (p *TextPane) Search(query string) {}

// Next goes to the next match, or with n -1 to the one before.
func (p *TextPane) Next(n int) {}

// Matches is "3/17", "none", or "" without a search.
func (p *TextPane) Matches() string { return "" }

// Text is the whole text without styles; Visible only what is on screen.
func (p *TextPane) Text() string { return "" }

// Visible is the text on screen without styles.
func (p *TextPane) Visible() string { return "" }

// View draws the pane, exactly w×h.
func (p *TextPane) View() string { return "" }
