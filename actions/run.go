package actions

import (
	"encoding/json"
	"time"

	"ringside/backends/fleet"
)

// Status of a run or a step.
type Status string

// Statuses. A run that is Pending or Running in the ledger while the process
// that ran it is gone is unfinished: it is offered for resume or rollback.
const (
	Pending     Status = "pending"
	Running     Status = "running"
	Succeeded   Status = "done"
	Skipped     Status = "skipped"     // step: the effect was already there, or an earlier failure stopped the plan
	Failed      Status = "failed"      // run: at least one step failed
	Cancelled   Status = "cancelled"   // run: by a human; step: not started because of it
	Interrupted Status = "interrupted" // run: reached a safe point after SIGHUP or SIGTERM, can be resumed
	RolledBack  Status = "rolled back"
)

// Final reports whether a run of this status needs nothing more.
func (s Status) Final() bool {
	return s == Succeeded || s == Failed || s == Cancelled || s == RolledBack
}

// Actor is who runs a plan.
type Actor struct {
	User    string `json:"user"` // login name, with SUDO_USER where it differs
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	Started int64  `json:"started"` // start time of the process, to tell a reused PID (Linux: clock ticks since boot)
	Session string `json:"session"` // unique per process
	Console string `json:"console"` // "console" or "command"
}

// RunRecord is one execution of a plan as the ledger keeps it, and as screens
// show it while it runs. It is a copy: nothing in it changes.
type RunRecord struct {
	ID       string          `json:"id"` // sorts by time
	Kind     string          `json:"kind"`
	Title    string          `json:"title"`
	Params   json.RawMessage `json:"params"`
	Actor    Actor           `json:"actor"`
	Earlier  []Actor         `json:"earlier,omitempty"`  // who ran it before it was resumed or rolled back
	Reason   string          `json:"reason,omitempty"`   // given where a word had to be typed
	Override string          `json:"override,omitempty"` // why a Block was overridden
	Status   Status          `json:"status"`
	Error    string          `json:"error,omitempty"`
	Created  time.Time       `json:"created"`
	Ended    time.Time       `json:"ended,omitzero"`
	Targets  []fleet.Target  `json:"targets"`
	Findings []Finding       `json:"findings,omitempty"`
	Steps    []StepRecord    `json:"steps"`
	Alive    bool            `json:"alive"` // the process that runs it is there

	// Resting is when the next stage starts, while a run pauses between two. Only
	// Live tells it; the ledger does not.
	Resting time.Time `json:"-"`
}

// StepRecord is one step of a run.
type StepRecord struct {
	Index   int          `json:"index"`
	Stage   int          `json:"stage"`
	Name    string       `json:"name"`
	Target  fleet.Target `json:"target"`
	Status  Status       `json:"status"`
	Error   string       `json:"error,omitempty"`
	Started time.Time    `json:"started,omitzero"`
	Ended   time.Time    `json:"ended,omitzero"`
	Output  []string     `json:"output,omitempty"`
	Done    int64        `json:"progress_done,omitempty"`
	Total   int64        `json:"progress_total,omitempty"`
	Unit    string       `json:"progress_unit,omitempty"`
	Undoing bool         `json:"undoing,omitempty"`
	Acted   bool         `json:"acted,omitempty"` // it was begun: it may have had its effect
	Saw     string       `json:"saw,omitempty"`   // what the last look saw instead of the effect: "still on"
	Final   string       `json:"final,omitempty"` // why it cannot be undone
}

// Unfinished reports whether the run was left half way by a process that is gone.
func (r RunRecord) Unfinished() bool { return !r.Status.Final() && !r.Alive }
