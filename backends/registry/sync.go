package registry

import (
	"fmt"
	"sync"

	"ringside/backends/fleet"
	"ringside/backends/fleet/match"
)

// Sync is one sync of the fleet: a watch.Source (with Refresh) that compares both
// registries, and the copier between them.
type Sync struct {
	spec         fleet.Sync
	from, to     *Registry
	repositories match.Patterns
	tags         match.Patterns
	refresh      chan struct{} // a token: look at everything now
	wake         chan struct{} // a token: touched has changed
	activity     *activity

	mu      sync.Mutex
	touched map[string]bool // repositories to look at now
	latest  *Facts          // as last reported
}

// NewSync joins a sync with its registries.
func NewSync(spec fleet.Sync, from, to *Registry) (*Sync, error) {
	s := &Sync{spec: spec, from: from, to: to, refresh: make(chan struct{}, 1), wake: make(chan struct{}, 1), touched: map[string]bool{}}
	s.activity = newActivity(spec.Name)
	var err error
	if s.repositories, err = match.ParseRepositories(spec.Repositories); err != nil {
		return nil, fmt.Errorf("sync %s: %w", spec.Name, err)
	}
	if s.tags, err = match.ParseTags(spec.Tags); err != nil {
		return nil, fmt.Errorf("sync %s: %w", spec.Name, err)
	}
	return s, nil
}

// Spec returns the sync as the fleet names it.
func (s *Sync) Spec() fleet.Sync { return s.spec }

// From is the registry the images come from.
func (s *Sync) From() *Registry { return s.from }

// To is the registry they go to.
func (s *Sync) To() *Registry { return s.to }

// Name is the name of the source: "registry/tyo-sha".
func (s *Sync) Name() string { return "registry/" + s.spec.Name }

// Refresh asks for a look at everything now.
func (s *Sync) Refresh() { poke(s.refresh) }

// Touched asks for a look at one repository of the source now, after something
// was done to it.
func (s *Sync) Touched(repository string) {
	s.mu.Lock()
	s.touched[repository] = true
	s.mu.Unlock()
	poke(s.wake)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Picks says whether a repository and tag of the source belong to the sync.
func (s *Sync) Picks(repository, tag string) bool {
	return s.repositories.Match(repository) && s.tags.Match(tag)
}

// Set is the registries and syncs of a fleet, by name.
type Set struct {
	registries []*Registry
	syncs      []*Sync
	byName     map[string]*Registry
	syncByName map[string]*Sync
}

// NewSet prepares the registries and syncs of a fleet; nothing is opened before
// the first call. A sync whose registries the fleet lacks is an error, which a
// configuration that was read cannot have.
func NewSet(f *fleet.Fleet) (*Set, error) {
	s := &Set{byName: map[string]*Registry{}, syncByName: map[string]*Sync{}}
	for _, spec := range f.Registries {
		r := New(spec, f.Credentials)
		s.registries = append(s.registries, r)
		s.byName[spec.Name] = r
	}
	for _, spec := range f.Syncs {
		from, to := s.byName[spec.From], s.byName[spec.To]
		if from == nil || to == nil {
			return nil, fmt.Errorf("sync %s: one of its registries is not in the fleet", spec.Name)
		}
		y, err := NewSync(spec, from, to)
		if err != nil {
			return nil, err
		}
		s.syncs = append(s.syncs, y)
		s.syncByName[spec.Name] = y
	}
	return s, nil
}

// Registry finds a registry by its name in the fleet.
func (s *Set) Registry(name string) (*Registry, bool) { r, ok := s.byName[name]; return r, ok }

// Sync finds a sync by its name in the fleet.
func (s *Set) Sync(name string) (*Sync, bool) { y, ok := s.syncByName[name]; return y, ok }

// Registries returns the registries in the order of the fleet.
func (s *Set) Registries() []*Registry { return s.registries }

// Syncs returns the syncs in the order of the fleet.
func (s *Set) Syncs() []*Sync { return s.syncs }

// Close drops idle connections.
func (s *Set) Close() error {
	for _, r := range s.registries {
		r.Close()
	}
	return nil
}
