package kit

import tea "charm.land/bubbletea/v2"

// Overlay is a dialog on top of a screen. The console owns the stack of them and
// sends keys and pastes to the top one only.
type Overlay interface {
	// Update takes a message. When done is true the overlay is closed and result
	// goes to whoever opened it; a nil result means that nothing was chosen.
	Update(tea.Msg) (cmd tea.Cmd, result any, done bool)
	// View draws the dialog in its own size, at most w×h.
	View(w, h int) string
	// Cursor is the place of the text cursor within View, nil for none.
	Cursor() *tea.Cursor
	// Restyle is called before the first View and when the theme changes.
	Restyle(*Theme)
}
