package console

import "ringside/keymap"

// layer is a part of the console that a key can go to.
type layer uint8

const (
	nowhere layer = iota
	toDialog
	toInput
	toScreen
	toConsole
)

// place is where the focus is, as far as keys are concerned.
type place struct {
	Dialog bool // a dialog is open
	Typing bool // a text input of the screen has the focus
	Scopes []keymap.Scope
}

// route finds who gets a key: the top dialog, then the focused input, then the
// screen, then the console itself. Own says which bindings are the console's.
// Leaving is never taken away by an input; a dialog is left first.
func route(keys *keymap.Map, p place, key string, own func(keymap.ID) bool) (layer, keymap.ID) {
	id, known := keys.Lookup(p.Scopes, key)
	switch {
	case known && id == keymap.Interrupt:
		return toConsole, id
	case p.Dialog:
		return toDialog, ""
	case p.Typing:
		return toInput, ""
	case !known:
		return nowhere, ""
	case own(id):
		return toConsole, id
	}
	return toScreen, id
}
