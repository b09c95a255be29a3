package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/actions/swap"
	syncs "ringside/actions/sync"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/registry"
)

// askSyncs asks, side by side, whether a sync brings the tag to registries that lack
// it. Registries that all have the same are not asked.
func (l *look) askSyncs(ctx context.Context) {
	if l.want.tag == "" || !l.differ() {
		return
	}
	type answer struct {
		bring *syncs.Bring
		err   error
	}
	answers := map[string]*answer{} // by repository: the engines of a site have one
	var wg sync.WaitGroup
	for i, f := range l.found {
		repository := l.repository(l.s.Engines[i])
		if f.err != nil || answers[repository] != nil {
			continue
		}
		a := &answer{}
		answers[repository] = a
		wg.Add(1)
		safe.Go("ask syncs to "+repository, func() {
			defer wg.Done()
			a.bring, a.err = syncs.Behind(ctx, l.env.Fleet, l.registries, repository, l.want.tag)
		})
	}
	wg.Wait()
	for i := range l.found {
		if a := answers[l.repository(l.s.Engines[i])]; a != nil {
			l.found[i].bring, l.found[i].asked = a.bring, a.err
		}
	}
}

// differ says whether some registry lacks the image, or has another one.
func (l *look) differ() bool {
	digest := ""
	for _, f := range l.found {
		switch {
		case docker.IsUnknownImage(f.resolve) || docker.IsDenied(f.resolve):
			return true
		case f.digest != "" && digest != "" && f.digest != digest:
			return true
		}
		digest = max(digest, f.digest)
	}
	return false
}

// theDigest is what all engines are to get, and where it is known from: what was asked
// for by digest, what a registry has that is not behind, or what a sync would bring.
func (l *look) theDigest() (digest, from string) {
	if l.want.digest != "" {
		return l.want.digest, ""
	}
	for i, f := range l.found {
		if f.resolve == nil && f.digest != "" && f.bring == nil {
			return f.digest, "that of " + l.s.Engines[i]
		}
	}
	for _, f := range l.found {
		if f.bring != nil {
			return f.bring.Digest, f.bring.From
		}
	}
	return "", ""
}

// askLabels reads the image's labels in the first registry of the fleet that has it,
// unless an engine has the image. A registry that does not answer is no finding: the
// labels are looked at again when the image is pulled.
func (l *look) askLabels(ctx context.Context) {
	digest, _ := l.theDigest()
	if slices.ContainsFunc(l.found, func(f found) bool { return f.has }) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	for i, f := range l.found {
		where, repository := registry.SplitImage(l.repository(l.s.Engines[i]), l.env.Fleet.Registries)
		switch {
		case f.digest == digest:
		case f.brings(digest):
			where, repository = f.bring.From, f.bring.Repository
		default:
			continue
		}
		if r, ok := l.registries.Registry(where); ok {
			if l.labels, _ = r.Labels(ctx, repository, digest); l.labels != nil {
				return
			}
		}
	}
}

// judgeStamp refuses what is stamped for another environment.
func (l *look) judgeStamp(labels map[string]string) {
	stamp := labels[fleet.LabelEnvironment]
	if why := misplaced(stamp, l.s.Environment); stamp != "" && why != "" && l.p.Stamp != stamp { // once, not for every engine
		l.Add("stamp", actions.Block, l.p.Release.Image, "%s", why)
	}
	if stamp != "" {
		l.p.Stamp = stamp
	}
}

// judgeImage makes sure that every engine gets the same digest, and that it may. sync:
// what registries lack is brought there first.
func (l *look) judgeImage(sync bool) error {
	digest, from := l.theDigest()
	if digest == "" {
		errs := []error{fmt.Errorf("deploy: no engine can get %s, and nothing was changed", l.p.Release.Image)}
		for i, f := range l.found {
			errs = append(errs, fmt.Errorf("%s: %w", l.s.Engines[i], errors.Join(f.err, f.resolve, f.asked)))
		}
		return errors.Join(errs...)
	}
	l.p.Release.Digest = digest
	for i, f := range l.found {
		name := l.s.Engines[i]
		l.judgeRegistry(name, f, from, sync)
		l.judgeStamp(f.labels)
	}
	l.judgeStamp(l.labels)
	was, _ := l.st.Colour(l.st.Live).Release()
	l.Add("digest", actions.Note, l.s.Name, "users have %s %s; %s will be %s", l.st.Live, service.Named(was), l.colour, service.Named(l.p.Release))
	if was.Digest == digest {
		l.Add("digest", actions.Note, l.s.Name, "that is what users have already")
	}
	return nil
}

// judgeRegistry tells whether the registry of one engine gives it the release.
func (l *look) judgeRegistry(engine string, f found, from string, sync bool) {
	digest, ref := l.p.Release.Digest, l.want.ref(l.repository(engine))
	var level actions.Level
	var text string
	switch {
	case f.engine == nil || f.err != nil || f.resolve == nil && f.digest == digest:
		return
	case f.resolve != nil && f.has:
		l.Add("registry", actions.Note, engine, "has the image; its registry was not asked: %v", f.resolve)
		return
	case f.brings(digest) && f.bring.Was == "":
		level, text = l.offer(f.bring, sync, fmt.Sprintf("%s:%s is not in %s yet", f.bring.Repository, f.bring.Tag, f.bring.To))
	case f.brings(digest):
		level, text = l.offer(f.bring, sync, fmt.Sprintf("%s:%s is still sha256 %s in %s, and %s in %s", f.bring.Repository, f.bring.Tag, service.Short(f.bring.Was), f.bring.To, service.Short(digest), f.bring.From))
	case docker.IsDenied(f.resolve):
		level, text = actions.Block, fmt.Sprintf("%s is not in its registry, or your login there may not read it: push it there, or docker login %s", ref, host(l.repository(engine)))
	case docker.IsUnknownImage(f.resolve):
		level, text = actions.Block, fmt.Sprintf("%s is not in its registry yet (%s): sync first, or push it there", ref, host(l.repository(engine)))
	case f.resolve != nil:
		level, text = actions.Block, fmt.Sprintf("cannot ask its registry: %v", f.resolve)
	default:
		level, text = actions.Block, fmt.Sprintf("gets another image: its registry has sha256 %s under %s, and %s has %s: sync first", service.Short(f.digest), ref, from, service.Short(digest))
	}
	if f.asked != nil {
		text += fmt.Sprintf("; whether a sync brings it is not known: %v", f.asked)
	}
	l.Add("registry", level, engine, "%s", text)
}

func (f found) brings(digest string) bool { return f.bring != nil && f.bring.Digest == digest }

// offer makes a sync the first step, or says that it can be.
func (l *look) offer(b *syncs.Bring, sync bool, lag string) (actions.Level, string) {
	if !sync {
		return actions.Block, fmt.Sprintf("%s: the sync %s brings it; deploy with sync (--sync), which does that first", lag, b.Sync.Name)
	}
	if !slices.ContainsFunc(l.p.Sync, func(x syncs.Bring) bool { return x.Sync.Key() == b.Sync.Key() && x.Repository == b.Repository }) {
		l.p.Sync = append(l.p.Sync, *b)
	}
	return actions.Note, fmt.Sprintf("%s: the sync %s brings it first", lag, b.Sync.Name)
}

// around is what the plan touches beside the service: its engines, and the syncs that
// bring the image.
func (l *look) around() []fleet.Target {
	out := swap.Around(l.env, l.s)
	for _, b := range l.p.Sync {
		out = append(out, b.Sync)
	}
	return out
}

func host(repository string) string {
	first, _, ok := strings.Cut(repository, "/")
	if ok && strings.ContainsAny(first, ".:") {
		return first
	}
	return "docker.io"
}

// misplaced says why an image that is stamped for one environment does not belong
// into another, "" when it does: what is stamped for anything but production must not
// get there.
func misplaced(stamp, environment string) string {
	if environment == "production" && stamp != "production" {
		return fmt.Sprintf("the image is stamped for %s, and this is production", stamp)
	}
	return ""
}
