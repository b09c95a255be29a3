// Package sync holds the actions on registries: bring what a sync is behind, copy a
// tag under another name, delete tags.
//
// A plan is made in two parts: look reads both registries afresh and writes what it
// saw into Params, digests included; steps makes the steps from Params alone, so
// that a run whose process was killed is rebuilt from its record. What is copied is
// the image that the plan showed, also when its tag moved on meanwhile.
package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/registry"
)

// Registries finds syncs and registries by their names in the fleet; registry.Set
// is one.
type Registries interface {
	Sync(name string) (*registry.Sync, bool)
	Registry(name string) (*registry.Registry, bool)
}

// Actions returns the actions on syncs and tags, in the order of menus.
func Actions(r Registries) []actions.Action {
	return []actions.Action{runAction(r), copyAction(r), deleteAction(r)}
}

// Limits of a plan and its steps.
const (
	lookLimit   = 10 * time.Minute // to compare everything of one sync
	copyLimit   = 24 * time.Hour   // one image over a slow line; a line on which nothing moves ends it much sooner
	deleteLimit = 2 * time.Minute
	tagsAtOnce  = 4 // copies that prepare while one sends
)

// SplitTag takes the name of a tag's target apart: "team/web:1.9.2", or
// "team/web@sha256:…" for a digest.
func SplitTag(name string) (repository, tag string, err error) {
	repository, tag, ok := strings.Cut(name, "@")
	if !ok {
		i := strings.LastIndexByte(name, ':')
		if i <= strings.LastIndexByte(name, '/') {
			return "", "", fmt.Errorf("%q names no tag: write REPOSITORY:TAG", name)
		}
		repository, tag = name[:i], name[i+1:]
	}
	if repository == "" || tag == "" || ok && !registry.IsDigest(tag) {
		return "", "", fmt.Errorf("%q is not REPOSITORY:TAG", name)
	}
	return repository, tag, nil
}

// digestIs makes a step's look: is the tag at that digest?
func digestIs(r *registry.Registry, repository, tag, digest string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		now, err := r.Digest(ctx, repository, tag)
		switch {
		case registry.IsMissing(err):
			return false, actions.Observed("the tag is not there")
		case err != nil:
			return false, err
		case now != digest:
			return false, actions.Observed("the tag is " + registry.Short(now))
		}
		return true, nil
	}
}

// bytesOf adds the bytes of all transfers up.
func bytesOf(pr actions.Progress) func(registry.Transfer) {
	by := map[string]registry.Transfer{}
	return func(t registry.Transfer) {
		by[t.Repository+" "+t.Digest] = t
		var done, total int64
		for _, t := range by {
			total += t.Size
			if t.State.Over() {
				done += t.Size
			} else {
				done += t.Done
			}
		}
		pr.Amount(done, total, "bytes")
	}
}

// tell writes down what a copy did.
func tell(pr actions.Progress, r registry.Result) {
	if r.Equal && r.Manifests == 0 {
		pr.Log("the target has it already: %s", registry.Short(r.Digest))
		return
	}
	line := fmt.Sprintf("%s: %s sent in %d blobs", registry.Short(r.Digest), megabytes(r.Sent), r.Blobs)
	if r.Mounted > 0 {
		line += fmt.Sprintf(", %s mounted from other repositories", megabytes(r.MountedBytes))
	}
	if r.Present > 0 {
		line += fmt.Sprintf(", %s there before", megabytes(r.PresentBytes))
	}
	pr.Log("%s; %d + %d requests", line, r.SourceRequests, r.TargetRequests)
	if r.Retries > 0 {
		pr.Log("%d transfers broke and were repeated, %s for nothing", r.Retries, megabytes(r.Wasted))
	}
	if r.SourceMoved {
		pr.Log("the tag moved on at the source meanwhile")
	}
}

func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// nothing is the error of a plan without steps.
func nothing(verb string, why []string) error {
	return fmt.Errorf("%s: %w: %s", verb, actions.ErrNothingToDo, strings.Join(why, "; "))
}

// why leaves the registry's name out of an error, where it stands in front of it.
func why(err error) string {
	var e *registry.Error
	if errors.As(err, &e) {
		return strings.TrimPrefix(e.Error(), "registry ")
	}
	return fleet.Clean(err.Error())
}
