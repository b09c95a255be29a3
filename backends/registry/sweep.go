package registry

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet/match"
	"ringside/backends/fleet/safe"
)

// Limits of looking at a sync.
const (
	lookLimit = 15 * time.Second // one HEAD, the wait for its turn included
	listLimit = 60 * time.Second // one listing, all of its pages
	inARow    = 3                // failures of a whole registry until a look is given up
)

// sweep is one look at a sync.
type sweep struct {
	*Sync
	stats    Stats
	from, to side
	slots    chan struct{} // one per goroutine that waits for an answer
}

// side counts the failures of one registry, to tell one that is down from a tag
// that cannot be read.
type side struct {
	*Registry
	mu     sync.Mutex
	good   int
	row    int // failures since the last good answer
	gaveUp error
}

// judge books the end of a request. Its error is set once the registry as a whole
// does not answer: then there is no point in going on.
func (s *side) judge(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch t := TroubleOf(err); {
	case err == nil, t == Missing:
		s.good, s.row = s.good+1, 0
	case t == Cancelled:
		if s.gaveUp == nil {
			s.gaveUp = err
		}
	case t == NoLogin && s.good == 0, t == NoSecret, t == BadTLS, t == Refused:
		s.gaveUp = err
	case t == Silent || t == Limited || t == Broken || t == Failing:
		if s.row++; s.row >= inARow {
			s.gaveUp = err
		}
	}
	return s.gaveUp
}

// look compares the repositories of the source that the sync picks, and only picks
// unless it is nil, and hands each to found as soon as it is done, from several
// goroutines. An error means that one of the registries as a whole could not be read.
func (s *Sync) look(ctx context.Context, only func(repository string) bool, found func(*Repository)) (requests int, err error) {
	w := s.sweep()
	names, err := w.names(ctx)
	if err != nil {
		return 0, err
	}
	if only != nil {
		names = slices.DeleteFunc(names, func(n string) bool { return !only(n) })
	}
	return w.run(ctx, names, found)
}

// lookAt is look for repositories that are known.
func (s *Sync) lookAt(ctx context.Context, names []string, found func(*Repository)) (requests int, err error) {
	return s.sweep().run(ctx, names, found)
}

func (s *Sync) sweep() *sweep {
	w := &sweep{Sync: s, slots: make(chan struct{}, 2*(s.from.spec.Concurrency+s.to.spec.Concurrency))}
	w.from.Registry, w.to.Registry = s.from, s.to
	return w
}

func (w *sweep) run(ctx context.Context, names []string, found func(*Repository)) (requests int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() { requests, _, _ = w.stats.Sum() }()
	each(len(names), repositoriesAtOnce, func(i int) {
		if ctx.Err() != nil {
			return
		}
		r, err := w.repository(ctx, names[i])
		if err != nil {
			cancel(err)
			return
		}
		found(r)
	})
	return 0, context.Cause(ctx)
}

const repositoriesAtOnce = 8

// each calls f for 0 to n-1, so many at a time, and waits for all.
func each(n, atOnce int, f func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, atOnce) {
		wg.Add(1)
		safe.Go("registry", func() {
			defer wg.Done()
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// both runs two functions side by side.
func both(f, g func()) { each(2, 2, func(i int) { []func(){f, g}[i]() }) }

// names lists the repositories of the source that the sync picks, as its patterns
// or the registries name them. Those that only the target still has are among them.
func (w *sweep) names(ctx context.Context) ([]string, error) {
	if exact, ok := w.repositories.Exact(); ok {
		exact = slices.Clone(exact)
		slices.Sort(exact)
		return slices.Compact(exact), nil
	}
	ctx, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	var source, target []string
	var err error
	both(func() { source, err = w.from.repositories(ctx, &w.stats) },
		func() { target, _ = w.to.repositories(ctx, &w.stats) }) // only for what is too much there
	if err != nil {
		return nil, err
	}
	for _, t := range target {
		if s, ok := w.spec.SourceName(t); ok {
			source = append(source, s)
		}
	}
	source = slices.DeleteFunc(source, func(n string) bool { return !w.repositories.Match(n) })
	slices.Sort(source)
	return slices.Compact(source), nil
}

// repository compares one repository. An error means that a registry is down.
func (w *sweep) repository(ctx context.Context, name string) (*Repository, error) {
	r := &Repository{Name: name, Target: w.spec.TargetName(name)}
	source, target, err := w.lists(ctx, r)
	if err != nil {
		return nil, err
	}
	var picked []string
	for _, list := range [][]string{source.names, target.names} {
		for _, t := range list {
			if _, _, belongs := digestTag(t); !belongs && w.tags.Match(t) {
				picked = append(picked, t)
			}
		}
	}
	r.Tags, err = w.heads(ctx, r, picked, source, target)
	if err != nil {
		return nil, err
	}
	if w.spec.Referrers {
		signed, err := w.heads(ctx, r, belonging(r.Tags, source, target), source, target)
		if err != nil {
			return nil, err
		}
		r.Tags = append(r.Tags, signed...)
	}
	slices.SortFunc(r.Tags, func(a, b Tag) int { return match.Tags(a.Name, b.Name) })
	r.Checked = time.Now()
	return r, nil
}

// listing is the tags that one side has. Without a list, every tag may be there.
type listing struct {
	names []string
	has   map[string]bool // nil: not known
	err   error
}

func (l listing) may(tag string) bool { return l.has == nil || l.has[tag] }

// lists lists the tags of both sides, unless the sync names them all.
func (w *sweep) lists(ctx context.Context, r *Repository) (source, target listing, err error) {
	if exact, ok := w.tags.Exact(); ok {
		return listing{names: exact}, listing{names: exact}, nil
	}
	both(func() { source = w.list(ctx, &w.from, r.Name) }, func() { target = w.list(ctx, &w.to, r.Target) })
	for _, s := range []struct {
		l *listing
		s *side
	}{{&source, &w.from}, {&target, &w.to}} {
		if down := s.s.judge(s.l.err); down != nil {
			return source, target, down
		}
	}
	return source, target, nil
}

func (w *sweep) list(ctx context.Context, s *side, repository string) (l listing) {
	ctx, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	l.names, l.err = s.Registry.tags(ctx, repository, &w.stats)
	l.has = make(map[string]bool, len(l.names))
	for _, t := range l.names {
		l.has[t] = true
	}
	if IsMissing(l.err) {
		l.err = nil // a repository that is not there has no tags
	}
	return l
}

// belonging picks the digest tags of the images that the sync picked.
func belonging(tags []Tag, source, target listing) (out []string) {
	subjects := map[string]bool{}
	for _, t := range tags {
		subjects[t.Source] = true
	}
	for _, list := range [][]string{source.names, target.names} {
		for _, t := range list {
			// The list of referrers differs between registries that keep it as a tag
			// and those that do not, so it is no sign of anything.
			if subject, kind, ok := digestTag(t); ok && kind != "" && subjects[subject] {
				out = append(out, t)
			}
		}
	}
	return out
}

// heads compares tags by one HEAD per side that has them.
func (w *sweep) heads(ctx context.Context, r *Repository, tags []string, source, target listing) ([]Tag, error) {
	slices.Sort(tags)
	tags = slices.Compact(tags)
	out := make([]Tag, len(tags))
	here := make([]bool, len(tags))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var down error
	for i, t := range tags {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Add(1)
		safe.Go("registry", func() {
			defer wg.Done()
			defer func() { <-w.slots }()
			var a, b seen
			var errA, errB error
			both(func() { a, errA = w.head(ctx, &w.from, r.Name, t, source) }, func() { b, errB = w.head(ctx, &w.to, r.Target, t, target) })
			out[i], here[i] = compare(t, a, b)
			for _, err := range []error{errA, errB} {
				if err != nil {
					mu.Lock()
					down = err
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if down != nil {
		return nil, down
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	kept := out[:0]
	for i := range out {
		if here[i] {
			kept = append(kept, out[i])
		}
	}
	return kept, nil
}

// head asks one side for one tag. down is set when the registry as a whole is.
func (w *sweep) head(ctx context.Context, s *side, repository, tag string, l listing) (out seen, down error) {
	if l.err != nil {
		return seen{err: l.err}, nil
	}
	if !l.may(tag) {
		return seen{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	out.digest, out.err = s.Registry.digest(ctx, repository, tag, reading(&w.stats))
	down = s.judge(out.err)
	if IsMissing(out.err) {
		out = seen{}
	}
	out.digest = strings.Clone(out.digest) // not a part of a header
	return out, down
}
