package registry

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
	"ringside/backends/fleet/safe"
)

// Pace of watching.
const (
	sweepEvery   = time.Minute
	sweepPerTime = 20          // requests a second that looking may cost on average; many tags are looked at less often
	firstReports = time.Second // how often the first look, which may take long, tells how far it is
)

// Watch reports the sync as *Facts under Name, and its running transfers as
// *Activity under Name + "/activity", until ctx is done.
func (s *Sync) Watch(ctx context.Context, report func(fleet.Reading)) {
	var wg sync.WaitGroup
	wg.Add(1)
	safe.Go("activity "+s.Name(), func() { defer wg.Done(); s.activity.watch(ctx, s.Name()+"/activity", report) })
	defer wg.Wait()

	w := &watcher{Sync: s, report: report, byName: map[string]*Repository{}}
	back := retry.Backoff{Min: time.Second, Max: 15 * time.Second}
	slow := retry.Backoff{Min: 10 * time.Second, Max: 2 * time.Minute}
	for {
		wait, err := w.all(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			back.Reset()
			slow.Reset()
		case lasting(err):
			wait = slow.Next() // a login that fails too often gets locked
		default:
			wait = back.Next()
		}
		if !w.pause(ctx, wait) {
			return
		}
	}
}

// lasting says that trying again soon will not help, or does harm.
func lasting(err error) bool {
	switch TroubleOf(err) {
	case NoLogin, Forbidden, NoSecret, BadTLS, Limited, Unsupported:
		return true
	}
	return false
}

// watcher keeps what is known of a sync between looks.
type watcher struct {
	*Sync
	report func(fleet.Reading)
	byName map[string]*Repository
	facts  Facts
	ever   bool // a full look worked
}

// all looks at everything and says when to look again.
func (w *watcher) all(ctx context.Context) (next time.Duration, err error) {
	began := time.Now()
	var mu sync.Mutex
	looked := map[string]bool{}
	told := began
	first := !w.ever
	requests, err := w.look(ctx, nil, func(r *Repository) {
		mu.Lock()
		defer mu.Unlock()
		looked[r.Name] = true
		w.take(r, began, first)
		if now := time.Now(); first && now.Sub(told) > firstReports {
			told = now
			w.tell(began)
		}
	})
	if err != nil {
		if ctx.Err() == nil {
			w.report(fleet.Reading{Source: w.Name(), At: time.Now(), Took: time.Since(began), Err: err})
		}
		return 0, err
	}
	for name := range w.byName {
		if !looked[name] {
			delete(w.byName, name)
		}
	}
	next = max(sweepEvery, time.Duration(requests)*time.Second/sweepPerTime)
	next += rand.N(next / 5) // two consoles need not look at the same moment
	w.ever = true
	w.facts.Requests, w.facts.Swept = requests, time.Now()
	w.facts.Next = w.facts.Swept.Add(next)
	w.tell(began)
	return next, nil
}

// take stores a repository that was looked at.
func (w *watcher) take(r *Repository, now time.Time, first bool) {
	var before []Tag
	if old := w.byName[r.Name]; old != nil {
		before = old.Tags
		r.Name, r.Target = old.Name, old.Target
	}
	remember(r.Tags, before, now, first)
	w.byName[r.Name] = r
}

// tell reports what is known.
func (w *watcher) tell(began time.Time) {
	f := w.facts
	f.Sync, f.Environment = w.spec.Name, w.spec.Environment
	f.From, f.To = w.from.side(), w.to.side()
	f.picks = w.Picks
	f.Repositories = make([]*Repository, 0, len(w.byName))
	for _, r := range w.byName {
		f.Repositories = append(f.Repositories, r)
	}
	slices.SortFunc(f.Repositories, func(a, b *Repository) int { return strings.Compare(a.Name, b.Name) })
	f.Counts = count(f.Repositories)
	now := time.Now()
	if w.ever && f.Counts.Behind() == 0 && f.Counts.Unknown == 0 {
		f.LastMatch = now
		w.facts.LastMatch = now
	}
	w.Sync.mu.Lock()
	w.latest = &f
	w.Sync.mu.Unlock()
	w.report(fleet.Reading{Source: w.Name(), At: now, Took: now.Sub(began), Facts: &f})
}

func (r *Registry) side() Side {
	return Side{Registry: r.spec.Name, Address: r.spec.Address, Site: r.spec.Site, Insecure: r.Insecure()}
}

// pause waits for the next full look. Meanwhile it looks at repositories that
// were touched. It says whether to go on.
func (w *watcher) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			return true
		case <-w.refresh:
			return true
		case <-w.wake:
			if !w.some(ctx) {
				return ctx.Err() == nil // something is wrong: the full look tells what
			}
		}
	}
}

// some looks at the repositories that were touched, and says whether that worked.
func (w *watcher) some(ctx context.Context) bool {
	w.Sync.mu.Lock()
	var names []string
	for n := range w.touched {
		if w.repositories.Match(n) {
			names = append(names, n)
		}
	}
	clear(w.touched)
	w.Sync.mu.Unlock()
	if len(names) == 0 || !w.ever {
		return true
	}
	began := time.Now()
	var mu sync.Mutex
	_, err := w.lookAt(ctx, names, func(r *Repository) {
		mu.Lock()
		defer mu.Unlock()
		w.take(r, began, false)
	})
	if err == nil {
		w.tell(began)
	}
	return err == nil
}

// Compare looks at everything once and returns it, for who does not watch.
func (s *Sync) Compare(ctx context.Context) (*Facts, error) { return s.Look(ctx, nil) }

// Look compares the repositories of the source that only picks, nil for all, now.
// It changes nothing of what Watch knows. An error means that one of the registries
// could not be read.
func (s *Sync) Look(ctx context.Context, only func(repository string) bool) (*Facts, error) {
	began := time.Now()
	var mu sync.Mutex
	var found []*Repository
	requests, err := s.look(ctx, only, func(r *Repository) {
		mu.Lock()
		defer mu.Unlock()
		remember(r.Tags, nil, began, true)
		found = append(found, r)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *Repository) int { return strings.Compare(a.Name, b.Name) })
	f := NewFacts(s.spec.Name, s.from.side(), s.to.side(), found, s.Picks)
	f.Environment, f.Requests, f.Swept = s.spec.Environment, requests, time.Now()
	if f.Counts.Behind() == 0 && f.Counts.Unknown == 0 {
		f.LastMatch = f.Swept
	}
	return f, nil
}

// Latest is what the running Watch last reported, nil before.
func (s *Sync) Latest() *Facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest
}
