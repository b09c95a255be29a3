// Package screen is the contract between the console and its screens: what a
// screen is given, what it answers, and what it may ask of the console.
package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
)

// Snapshot is the picture that a screen draws from. It is immutable and is
// replaced only by a tick, so that a key never pays for new data.
type Snapshot struct {
	Fleet    *fleet.Fleet
	State    *watch.State
	Clusters []*swift.Overview   // of Swift, in the order of the fleet
	Images   *impact.Images      // of registries: the same pointer as long as nothing changed; nil without syncs
	Services []impact.Service    // in the order of the fleet
	Holds    []actions.Hold      // of the ledger
	Problems []impact.Problem    // worst first
	Runs     []actions.RunRecord // newest first: those of this process, then the ledger's
	Asked    []impact.Asked      // changes of power that Runs ask for or asked for
	Now      time.Time
}

// Look is how a screen is drawn.
type Look struct {
	Theme  *kit.Theme
	Marker bool // show the cursor by a sign only (slow links)
}

// Screen is one full-size part of the console. Only the console calls it, from
// Bubble Tea's one goroutine; nothing in it waits.
type Screen interface {
	Name() string // "containers": for the palette and for Go
	Title() string

	// Scopes of the focused part, innermost first, for keys, hints and help.
	Scopes() []keymap.Scope
	// Typing is true while a text input has the focus: keys then go to Type.
	Typing() bool
	Type(tea.KeyPressMsg) tea.Cmd
	// Do carries out a binding of one of the Scopes. Back returns false when
	// there is nothing to leave, so that the console goes back itself.
	Do(keymap.ID) tea.Cmd
	Back() bool
	// Update receives what commands of this screen answered.
	Update(tea.Msg) tea.Cmd

	Resize(w, h int)
	Restyle(Look)
	Refresh(Snapshot) tea.Cmd
	View() string // exactly w×h
	// Cursor is the place of the text cursor within View, nil for none.
	Cursor() *tea.Cursor

	// Selection is what an act would work on: the marked rows, or the one under
	// the cursor.
	Selection() []fleet.Target
	// Looking names what is on screen now: subjects by source, for sources that
	// read more of what is looked at.
	Looking() map[string][]string
	// Show puts the screen at a subject, as from the palette: a target's key or
	// "" for its start.
	Show(subject string) tea.Cmd
	// Close ends what the screen has under way, such as a log that is followed.
	Close()
}

// Act asks the console to plan an action on targets, and to ask for arguments.
type Act struct {
	Action  string
	Targets []fleet.Target
	Args    actions.Args // nil: ask for them where the action has any
}

// Menu asks the console to offer all acts for the targets.
type Menu struct{ Targets []fleet.Target }

// Go asks for another screen, at a subject. Open names what to do there, such as
// "logs" or "detail"; "" only selects.
type Go struct{ Screen, Subject, Open string }

// Toast is a short message; problems stay a little longer.
type Toast struct {
	Bad  bool
	Text string
}

// Copy asks for text to be put into the clipboard; What names it in the toast.
type Copy struct{ What, Text string }

// Overlay asks for a dialog on top. When it is done, Answer carries what it
// returned to the screen that asked.
type Overlay struct {
	Dialog kit.Overlay
	Answer func(any) tea.Msg
}

// Borrow asks for the terminal: Run is a command of tea.Exec. It starts once
// nothing is under way that the terminal would answer into the other program.
type Borrow struct{ Run tea.Cmd }

// RunAct is a human's wish about a run that exists.
type RunAct struct {
	Run  string
	What string // "cancel", "resume", "rollback"
}

// Send makes a command of a message.
func Send(m tea.Msg) tea.Cmd { return func() tea.Msg { return m } }
