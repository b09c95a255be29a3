package registry

import (
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet/match"
)

// State is how a tag at the target compares with the source.
type State string

// States of a tag. What could not be read is Unknown, never Gone.
const (
	Equal   State = "equal"   // both digests are the same
	Gone    State = "missing" // the source has it, the target does not
	Moved   State = "moved"   // both have it, with different digests
	Extra   State = "extra"   // only the target has it
	Unknown State = "unknown" // one of the sides could not be read
)

// Facts is what was last seen of a sync; the source "registry/NAME" reports it as
// *Facts. It is shared between readers and never changed.
type Facts struct {
	Sync, Environment string // as in the fleet
	From, To          Side

	Repositories []*Repository // sorted by name
	Counts       Counts
	LastMatch    time.Time // when the target last had everything; zero when that was not seen
	Swept        time.Time // when everything was last looked at; zero during the first look
	Next         time.Time // when everything will be looked at again
	Requests     int       // of the last full look, on both sides

	picks func(repository, tag string) bool // what belongs to the sync
}

// NewFacts makes the facts of a sync from what was found. picks says which tags
// belong to it.
func NewFacts(sync string, from, to Side, repositories []*Repository, picks func(repository, tag string) bool) *Facts {
	return &Facts{Sync: sync, From: from, To: to, Repositories: repositories, Counts: count(repositories), picks: picks}
}

// Side is one registry of a sync.
type Side struct {
	Registry, Address, Site string
	Insecure                string // why the connection is not verified, "" when it is
}

// Counts says how many tags are in which state.
type Counts struct{ Equal, Missing, Moved, Extra, Unknown int }

// Behind is how many tags the target still needs.
func (c Counts) Behind() int { return c.Missing + c.Moved }

// Tags is how many there are.
func (c Counts) Tags() int { return c.Equal + c.Missing + c.Moved + c.Extra + c.Unknown }

func (c *Counts) add(s State) {
	switch s {
	case Equal:
		c.Equal++
	case Gone:
		c.Missing++
	case Moved:
		c.Moved++
	case Extra:
		c.Extra++
	default:
		c.Unknown++
	}
}

// Repository is one repository of a sync.
type Repository struct {
	Name    string    // at the source
	Target  string    // its name at the target
	Tags    []Tag     // sorted: versions by precedence, then names
	Checked time.Time // when it was looked at; zero when that is still to come
}

// Tag is one tag on both sides.
type Tag struct {
	Name           string
	State          State
	Source, Target string    // digests, "" where there is none or it is unknown
	Since          time.Time // when State was first seen
	Older          bool      // it was so at the first look, and may be older than Since
	Why            string    // Unknown: what went wrong, in words
}

// Repository returns a repository by its name at the source.
func (f *Facts) Repository(name string) (*Repository, bool) {
	i, found := slices.BinarySearchFunc(f.Repositories, name, func(r *Repository, name string) int { return strings.Compare(r.Name, name) })
	if !found {
		return nil, false
	}
	return f.Repositories[i], true
}

// Find returns a tag of a repository of the source.
func (f *Facts) Find(repository, tag string) (Tag, bool) {
	r, ok := f.Repository(repository)
	if !ok {
		return Tag{}, false
	}
	i, found := slices.BinarySearchFunc(r.Tags, tag, func(t Tag, name string) int { return match.Tags(t.Name, name) })
	if !found {
		return Tag{}, false
	}
	return r.Tags[i], true
}

// count sums the states up.
func count(repositories []*Repository) (c Counts) {
	for _, r := range repositories {
		for i := range r.Tags {
			c.add(r.Tags[i].State)
		}
	}
	return c
}
