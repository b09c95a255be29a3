// Package syncs is how the syncs of a fleet are, for the screens that show them: how
// far each target is behind, what is on its way to it and how long that takes.
package syncs

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/views/kit"
)

// Sync is one sync as it is seen now.
type Sync struct {
	Spec     *fleet.Sync
	Target   fleet.Target
	Entry    watch.Entry
	Facts    *registry.Facts    // the last comparison; nil before the first
	Activity *registry.Activity // what moved last in this process; nil when nothing did
	Flowing  bool               // it moves now
	Progress Progress           // of the runs that are going on, in any process
	Status   Status
}

// Source names the source that compares a sync.
func Source(sync string) string { return "registry/" + sync }

// fresh is how old what moves may be: it is reported four times a second.
const fresh = 3 * time.Second

// Read lists the syncs in the order of the fleet.
func Read(f *fleet.Fleet, s *watch.State, runs []actions.RunRecord, now time.Time) []Sync {
	out := make([]Sync, len(f.Syncs))
	for i := range f.Syncs {
		y := &out[i]
		y.Spec, y.Target = &f.Syncs[i], impact.SyncTarget(f, f.Syncs[i])
		y.Entry, _ = s.Entry(Source(y.Spec.Name))
		y.Facts, _ = y.Entry.Facts.(*registry.Facts)
		moves, _ := s.Entry(Source(y.Spec.Name) + "/activity")
		if y.Activity, _ = moves.Facts.(*registry.Activity); y.Activity != nil {
			y.Flowing = now.Sub(moves.At) < fresh && (len(y.Activity.Transfers) > 0 || y.Activity.Rate > 0)
		}
		y.Progress = progress(y, runs)
		y.Status = status(y, now)
	}
	return out
}

// Rate is how many bytes a second go to the target; false when nobody here knows.
func (y *Sync) Rate() (float64, bool) {
	if !y.Flowing {
		return 0, false
	}
	return y.Activity.Rate, true
}

// Insecure says which connections of the sync are not verified and why, "" when all
// of them are.
func (y *Sync) Insecure() string {
	if y.Facts == nil {
		return ""
	}
	var out []string
	for _, side := range []registry.Side{y.Facts.From, y.Facts.To} {
		if side.Insecure != "" {
			out = append(out, side.Registry+": "+side.Insecure)
		}
	}
	return strings.Join(out, "; ")
}

// Kind is how a sync is.
type Kind uint8

// Kinds of a status. What could not be read is never Equal.
const (
	Unread     Kind = iota // not compared so far
	Unreadable             // one of the registries cannot be read
	Stale                  // not compared for a while
	Unsure                 // some tags could not be read
	Behind                 // the target lacks something
	Moving                 // a run brings it
	Equal                  // the target has everything
)

// Status is a kind with its word: "3 behind", "refused".
type Status struct {
	Kind Kind
	Word string
}

func status(y *Sync, now time.Time) Status {
	f := y.Facts
	switch {
	case len(y.Progress.Runs) > 0:
		return Status{Moving, "syncing"}
	case y.Entry.Err != nil:
		word := string(registry.TroubleOf(y.Entry.Err))
		if word == "" {
			word = string(registry.Other)
		}
		return Status{Unreadable, word}
	case f == nil:
		return Status{Unread, "not read"}
	case f.Swept.IsZero():
		return Status{Unread, "first look"}
	case impact.SyncStale(f, now):
		return Status{Stale, "stale"}
	case f.Counts.Behind() > 0:
		return Status{Behind, fmt.Sprintf("%d behind", f.Counts.Behind())}
	case f.Counts.Unknown > 0:
		return Status{Unsure, fmt.Sprintf("%d unknown", f.Counts.Unknown)}
	}
	return Status{Equal, "equal"}
}

// Current says that what is known of the sync is of now.
func (s Status) Current() bool { return s.Kind != Unread && s.Kind != Unreadable && s.Kind != Stale }

// Look is the sign of a status.
func (s Status) Look(t *kit.Theme) (glyph string, style kit.Style) {
	g := t.Glyph
	return [...]string{g.Unknown, g.Bad, g.Stale, g.Unknown, g.Warn, g.Busy, g.Good}[s.Kind],
		[...]kit.Style{t.Unknown, t.Bad, t.Warn, t.Unknown, t.Warn, t.Busy, t.Good}[s.Kind]
}

// Size is bytes in decimal units, as lines are measured: "18.2 MB".
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	const units = "kMGTP"
	f, u := float64(n)/1e3, 0
	for f >= 999.5 && u < len(units)-1 {
		f, u = f/1e3, u+1
	}
	if f < 99.95 {
		return fmt.Sprintf("%.1f %cB", f, units[u])
	}
	return fmt.Sprintf("%.0f %cB", f, units[u])
}

// Speed is bytes a second: "5.9 MB/s".
func Speed(rate float64) string { return Size(int64(rate)) + "/s" }
