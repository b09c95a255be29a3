package lists

import (
	"ringside/keymap"
	"ringside/views/kit"
)

// Move carries out a key that moves the cursor of a table or marks lines, and says
// whether it was one.
func Move(t *kit.Table, id keymap.ID) bool {
	move, ok := moves[id]
	if ok {
		move(t)
	}
	return ok
}

var moves = map[keymap.ID]func(*kit.Table){
	keymap.Up:       func(t *kit.Table) { t.Move(-1) },
	keymap.Down:     func(t *kit.Table) { t.Move(1) },
	keymap.PageUp:   func(t *kit.Table) { t.Page(-1) },
	keymap.PageDown: func(t *kit.Table) { t.Page(1) },
	keymap.First:    func(t *kit.Table) { t.Jump(false) },
	keymap.Last:     func(t *kit.Table) { t.Jump(true) },
	keymap.Left:     func(t *kit.Table) { t.Scroll(-1) },
	keymap.Right:    func(t *kit.Table) { t.Scroll(1) },
	keymap.Mark:     func(t *kit.Table) { t.Mark() },
	keymap.MarkTo:   func(t *kit.Table) { t.MarkTo() },
	keymap.MarkAll:  func(t *kit.Table) { t.MarkAll() },
}

// MoveTyping moves a table with the keys that a filter's input has no use for, named
// as Bubble Tea names them, and says whether it was one.
func MoveTyping(t *kit.Table, key string) bool { return Move(t, typed[key]) }

var typed = map[string]keymap.ID{"up": keymap.Up, "down": keymap.Down, "pgup": keymap.PageUp, "pgdown": keymap.PageDown}
