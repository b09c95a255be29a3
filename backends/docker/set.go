package docker

import (
	"errors"

	"ringside/backends/fleet"
)

// Set is the engines of a fleet, by name.
type Set struct {
	engines []*Engine
	byName  map[string]*Engine
}

// NewSet prepares the engines; nothing is opened before the first call.
func NewSet(engines []fleet.Engine) *Set {
	s := &Set{byName: map[string]*Engine{}}
	for _, spec := range engines {
		e := New(spec)
		s.engines = append(s.engines, e)
		s.byName[spec.Name] = e
	}
	return s
}

// Engine finds an engine by its name in the fleet.
func (s *Set) Engine(name string) (*Engine, bool) { e, ok := s.byName[name]; return e, ok }

// All returns the engines in the order of the fleet.
func (s *Set) All() []*Engine { return s.engines }

// Close ends every engine's connections and tunnels.
func (s *Set) Close() error {
	var errs []error
	for _, e := range s.engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
