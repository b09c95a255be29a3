package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
)

// Bring is one tag that a sync brings to its target, as the first step of a plan of
// another kind that needs it there.
type Bring struct {
	Sync       fleet.Target `json:"sync"`
	From       string       `json:"from"` // registries, by name
	To         string       `json:"to"`
	Repository string       `json:"repository"` // at the source
	Tag        string       `json:"tag"`
	Digest     string       `json:"digest"`        // at the source
	Was        string       `json:"was,omitempty"` // at the target, "" for nothing
}

// bringLimit bounds the question to both registries of a sync.
const bringLimit = 15 * time.Second

// Behind finds the sync that brings a tag to the registry of an image's repository,
// "registry.sha.example:5000/team/web", asking both sides afresh. nil: the registry is
// none of the fleet's, no sync picks the tag, none of their sources has it, or the
// registry has what the source has. The error is of a sync that could not be asked.
func Behind(ctx context.Context, f *fleet.Fleet, r Registries, repository, tag string) (*Bring, error) {
	to, name := registry.SplitImage(repository, f.Registries)
	if to == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, bringLimit)
	defer cancel()
	var errs []error
	for _, spec := range f.Syncs {
		source, mine := spec.SourceName(name)
		s, known := r.Sync(spec.Name)
		if spec.To != to || !mine || !known || !s.Picks(source, tag) {
			continue
		}
		b := &Bring{Sync: impact.SyncTarget(f, spec), From: spec.From, To: to, Repository: source, Tag: tag}
		var err error
		b.Digest, err = s.From().Digest(ctx, source, tag)
		if registry.IsMissing(err) {
			continue
		}
		if err == nil {
			b.Was, err = s.To().Digest(ctx, name, tag)
		}
		switch {
		case err != nil && !registry.IsMissing(err):
			errs = append(errs, fmt.Errorf("sync %s: %w", spec.Name, err))
		case b.Was != b.Digest:
			return b, nil
		}
	}
	return nil, errors.Join(errs...)
}

// Step copies the tag as a run of the sync does. The way back leaves it: an image does
// no harm in a registry, and is there for the next attempt.
func (b Bring) Step(r Registries) (actions.Step, error) {
	s, ok := r.Sync(b.Sync.Name)
	if !ok {
		return actions.Step{}, fmt.Errorf("sync %s is not in the fleet any more", b.Sync.Name)
	}
	st := copyStep(s, s.Copier(s.Latest()), b.Sync, wanted{Repository: b.Repository, Tag: b.Tag, Digest: b.Digest, Was: b.Was}, false)
	st.Undo = func(context.Context, actions.Progress) error { return nil }
	st.Undone = func(context.Context) (bool, error) { return true, nil }
	return st, nil
}
