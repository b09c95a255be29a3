// Package ledger keeps runs, locks and holds in SQLite, safe for several
// consoles on one machine.
package ledger

import (
	"context"
	"errors"

	"ringside/actions"
)

// Ledger implements actions.Ledger.
type Ledger struct{ actions.Ledger }

// Path is where the ledger lives: $XDG_STATE_HOME/ringside/ledger.db, or below
// ~/.local/state.
func Path(getenv func(string) string) string { return "" }

// Open opens the ledger and creates it when there is none.
func Open(ctx context.Context, path string) (*Ledger, error) { return nil, errors.ErrUnsupported }

// Self describes this process as an actor; face is "console" or "command".
func Self(face string) actions.Actor { return actions.Actor{Console: face} }
