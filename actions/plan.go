// Package actions is what people do: every change is a Plan that is built from
// data, checked by guards, confirmed, and run step by step with each step
// recorded before and after. It paints nothing.
package actions

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"ringside/backends/fleet"
)

// Plan is an intended change. Kind and Params alone rebuild it: a run that was
// killed is resumed by building the plan again and asking each step Done.
type Plan struct {
	ID       string          // of its run, where the plan has to know it beforehand; "": the runner chooses
	Kind     string          // id of the action: "container.stop"
	Title    string          // "stop 3 containers on 2 engines"
	Params   json.RawMessage // everything Rebuild needs; no secrets
	Targets  []fleet.Target
	Findings []Finding
	Steps    []Step
	Confirm  Confirm
	Sides    *Sides // what is and what will be, for whoever confirms it; nil: the steps say it all
	Parallel int    // lanes that run at once within a stage; at least 1
	StopAt   int    // stop starting new steps after so many failures; 0: at the first

	// Waves says that the stages only set the pace and need nothing of one another:
	// one starts although steps of the one before failed, as far as StopAt allows.
	Waves bool
	Pause time.Duration // between two stages of which the first changed something

	// Harmless says that the plan touches nothing that anybody uses, and takes back what
	// it does: unless a guard warns, one key confirms it in production too.
	Harmless bool

	Undo bool // made by Rebuild to take the steps back: guards judge that

	Mutex Mutex // held while it runs, against consoles of other machines; nil: none
}

// Sides are two states side by side.
type Sides struct {
	Titles [2]string // "users have", "users will have"
	Rows   []SideRow
}

// SideRow is one value of both.
type SideRow struct {
	Name   string
	Values [2]string
}

// Step is one part of a plan. Steps of one stage that share a target form a lane
// and run one after another; lanes run side by side, up to Plan.Parallel. A stage
// starts when the one before it has ended without failure.
type Step struct {
	Target  fleet.Target
	Stage   int
	Name    string        // "stop tokyo-1/web"
	Timeout time.Duration // of Do or Undo; 0: DefaultStepTimeout
	Pace    time.Duration // longest pause between two looks at the world while it waits; 0: a second

	// Once marks an effect that cannot be told from outside, such as a restart of a
	// machine: a step that an earlier execution began is not done again. It ends as
	// failed where nobody saw it end, so that a human decides.
	Once bool
	// Together groups steps that hold as a whole or not at all: when one of a group
	// fails, or the run is stopped within it, those that ran are undone at once. Other
	// steps of the same stages have to be no part of it. "": none.
	Together string
	// Done looks at the world: is the effect already there? It may return an
	// Observed, what it saw; any other error means that it could not look.
	Done func(context.Context) (bool, error)
	Do   func(context.Context, Progress) error
	// Undo takes the effect back; nil: cannot be undone, and the plan says so
	// before it starts, with Final as the reason.
	Undo  func(context.Context, Progress) error
	Final string
	// Undone looks whether the effect is gone, where that takes its time and is more
	// than not to be Done any more; nil: it is gone when Done says no.
	Undone func(context.Context) (bool, error)
}

// Observed is what a look at the world saw, in a few words: "still running".
type Observed string

func (o Observed) Error() string { return string(o) }

// NothingDone wraps an error of Do or Undo that is certain to have changed nothing:
// the request was refused, or never sent.
func NothingDone(err error) error {
	if err == nil {
		return nil
	}
	return &nothingDone{err}
}

type nothingDone struct{ err error }

func (n *nothingDone) Error() string { return n.err.Error() }
func (n *nothingDone) Unwrap() error { return n.err }

// DefaultStepTimeout bounds a step that names no limit of its own.
const DefaultStepTimeout = 60 * time.Second

// Progress is how a running step tells what it does.
type Progress interface {
	// Log adds one line of output; it is cleaned and recorded.
	Log(format string, args ...any)
	// Amount sets how much is done of how much, in units ("bytes", "layers").
	// A total of 0 means that nobody knows.
	Amount(done, total int64, unit string)
}

// Level of a finding.
type Level uint8

// Levels, in rising order. A Block can only be overridden with a reason, which
// is recorded.
const (
	Note Level = iota + 1
	Warn
	Block
)

var levels = [...]string{"", "note", "warn", "block"}

func (l Level) String() string { return levels[min(int(l), len(levels)-1)] }

// MarshalText writes the level as its name, in the ledger and in JSON output.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name. One that this version does not know counts
// as a Warn: a human looks at it, and an old run can still be read.
func (l *Level) UnmarshalText(text []byte) error {
	*l = Warn
	if i := slices.Index(levels[:], string(text)); i > 0 {
		*l = Level(i)
	}
	return nil
}

// Finding is what a guard said about a plan.
type Finding struct {
	Guard   string `json:"guard"` // "environment", "hold", "lock", "stale"
	Level   Level  `json:"level"`
	Subject string `json:"subject,omitempty"` // whom it concerns: "tokyo-1/web"
	Text    string `json:"text"`              // what, and what to do about it
}

// ConfirmKind says how much a human must do before a plan runs.
type ConfirmKind uint8

// Kinds, in rising order of risk.
const (
	Enter   ConfirmKind = iota + 1 // press enter
	Yes                            // press y
	TypeOut                        // type Word
)

// Confirm is the confirmation a plan asks for.
type Confirm struct {
	Kind ConfirmKind
	Word string // TypeOut only: the target's name, or the count
	Why  string // "production", "14 targets", "2 warnings"
}

// Blocked reports whether a finding blocks the plan.
func (p *Plan) Blocked() bool {
	for _, f := range p.Findings {
		if f.Level == Block {
			return true
		}
	}
	return false
}
