// Package runs is the screen of what was done: every run with who, when, what and
// how it ended, and one run in detail with its steps and their output. Rows and
// Steps are the same as data, for the command line.
package runs

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ringside/actions"
)

// Row is one run as data: flat, with stable names. What is not known is null.
type Row struct {
	ID         string     `json:"id"`     // sorts by time
	Status     string     `json:"status"` // pending, running, done, failed, cancelled, interrupted, rolled back
	Kind       string     `json:"kind"`   // id of the action: container.stop
	Title      string     `json:"title"`
	User       string     `json:"user"`
	Host       string     `json:"host"`    // where ringside ran
	Console    string     `json:"console"` // console or command
	Targets    int        `json:"targets"`
	Steps      int        `json:"steps"`
	Ended      int        `json:"steps_ended"` // done or skipped
	Failed     int        `json:"steps_failed"`
	Alive      bool       `json:"alive"`      // a process runs it now
	Unfinished bool       `json:"unfinished"` // left half way: it can be resumed or rolled back
	Created    time.Time  `json:"created"`
	End        *time.Time `json:"ended"`
	Duration   *float64   `json:"duration_seconds"` // until now while it runs; null when it was left half way
	Reason     string     `json:"reason"`
	Override   string     `json:"override"`
	Error      string     `json:"error"`
}

// Rows lists runs: those that are going on first, then the unfinished ones, then
// the rest, each newest first.
func Rows(list []actions.RunRecord, now time.Time) []Row {
	out := make([]Row, len(list))
	for i, r := range list {
		out[i] = row(r, now)
	}
	slices.SortStableFunc(out, func(a, b Row) int {
		return cmp.Or(a.class()-b.class(), b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	})
	return out
}

func row(r actions.RunRecord, now time.Time) Row {
	out := Row{
		ID: r.ID, Status: string(r.Status), Kind: r.Kind, Title: r.Title, User: r.Actor.User, Host: r.Actor.Host,
		Console: r.Actor.Console, Targets: len(r.Targets), Steps: len(r.Steps), Alive: r.Alive, Unfinished: r.Unfinished(),
		Created: r.Created, Reason: r.Reason, Override: r.Override, Error: r.Error,
	}
	for _, s := range r.Steps {
		switch s.Status {
		case actions.Succeeded, actions.Skipped, actions.RolledBack:
			out.Ended++
		case actions.Failed:
			out.Failed++
		}
	}
	if d, ok := took(r.Created, r.Ended, r.Alive, now); ok {
		seconds := d.Seconds()
		out.Duration = &seconds
	}
	if !r.Ended.IsZero() {
		out.End = &r.Ended
	}
	return out
}

// class puts first what needs a look.
func (r Row) class() int {
	switch {
	case r.going():
		return 0
	case r.Unfinished:
		return 1
	}
	return 2
}

func (r Row) going() bool { return r.Alive && !actions.Status(r.Status).Final() }

// Step is one step of a run as data.
type Step struct {
	Run      string     `json:"run"`
	Index    int        `json:"step"`
	Stage    int        `json:"stage"`
	Name     string     `json:"name"`
	Target   string     `json:"target"`
	Engine   string     `json:"engine"`
	Status   string     `json:"status"`
	Error    string     `json:"error"`
	Started  *time.Time `json:"started"`
	Ended    *time.Time `json:"ended"`
	Duration *float64   `json:"duration_seconds"`
	Final    string     `json:"final"`  // why it cannot be undone, "" when it can
	Output   string     `json:"output"` // lines, separated by newlines
}

// Steps lists the steps of a run.
func Steps(r actions.RunRecord, now time.Time) []Step {
	out := make([]Step, len(r.Steps))
	for i, s := range r.Steps {
		out[i] = Step{
			Run: r.ID, Index: s.Index + 1, Stage: s.Stage, Name: s.Name, Target: s.Target.String(), Engine: s.Target.Engine(),
			Status: string(s.Status), Error: s.Error, Started: moment(s.Started), Ended: moment(s.Ended), Final: s.Final,
			Output: strings.Join(s.Output, "\n"),
		}
		if d, ok := took(s.Started, s.Ended, r.Alive && s.Status == actions.Running, now); ok {
			seconds := d.Seconds()
			out[i].Duration = &seconds
		}
	}
	return out
}

// took is how long something lasted, or lasts while it is alive.
func took(from, to time.Time, alive bool, now time.Time) (time.Duration, bool) {
	switch {
	case from.IsZero():
		return 0, false
	case !to.IsZero():
		return max(0, to.Sub(from)), true
	case alive:
		return max(0, now.Sub(from)), true
	}
	return 0, false
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
