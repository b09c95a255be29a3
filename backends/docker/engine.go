package docker

import (
	"context"
	"errors"
	"time"

	"ringside/backends/fleet"
)

// Engine is one Docker Engine. Its methods may be called from any goroutine.
type Engine struct{ spec fleet.Engine }

var errNotYet = errors.New("not yet")

// New prepares an engine; nothing is opened before the first call.
func New(spec fleet.Engine) *Engine { return &Engine{spec: spec} }

func Discover(getenv func(string) string) (engines []fleet.Engine, notices []string) {
	return nil, nil
}

type Set struct{ engines []*Engine }

func NewSet(engines []fleet.Engine) *Set {
	s := &Set{}
	for _, e := range engines {
		s.engines = append(s.engines, New(e))
	}
	return s
}
func (s *Set) Engine(name string) (*Engine, bool) {
	for _, e := range s.engines {
		if e.spec.Name == name {
			return e, true
		}
	}
	return nil, false
}
func (s *Set) All() []*Engine                                           { return s.engines }
func (s *Set) Close() error                                             { return nil }
func (e *Engine) Close() error                                          { return nil }
func (e *Engine) Spec() fleet.Engine                                    { return e.spec }
func (e *Engine) Name() string                                          { return "docker/" + e.spec.Name }
func (e *Engine) Watch(ctx context.Context, report func(fleet.Reading)) { <-ctx.Done() }
func (e *Engine) Look(ids []string)                                     {}
func (e *Engine) Refresh()                                              {}
func (e *Engine) Ping(ctx context.Context) (version, api string, err error) {
	return "", "", errNotYet
}
func (e *Engine) Get(ctx context.Context, id string) (*Container, error) { return nil, errNotYet }
func (e *Engine) List(ctx context.Context) (*Facts, error)               { return nil, errNotYet }
func (e *Engine) Sample(ctx context.Context, ids []string, gap time.Duration) (*StatsFacts, error) {
	return nil, errNotYet
}
func (e *Engine) Inspect(ctx context.Context, id string) (*Detail, error) { return nil, errNotYet }
func (e *Engine) Top(ctx context.Context, id string) (*Processes, error)  { return nil, errNotYet }
func (e *Engine) Logs(ctx context.Context, id string, o LogOptions, line func(LogLine)) error {
	return errNotYet
}
func (e *Engine) Shell(ctx context.Context, id string, o ShellOptions) (exitCode int, err error) {
	return 0, errNotYet
}
func (e *Engine) Start(ctx context.Context, id string) error { return errNotYet }
func (e *Engine) Stop(ctx context.Context, id string, timeout *time.Duration) error {
	return errNotYet
}
func (e *Engine) Restart(ctx context.Context, id string, timeout *time.Duration) error {
	return errNotYet
}
func (e *Engine) Kill(ctx context.Context, id, signal string) error                { return errNotYet }
func (e *Engine) Pause(ctx context.Context, id string) error                       { return errNotYet }
func (e *Engine) Unpause(ctx context.Context, id string) error                     { return errNotYet }
func (e *Engine) Remove(ctx context.Context, id string, force, volumes bool) error { return errNotYet }
func (e *Engine) Rename(ctx context.Context, id, name string) error                { return errNotYet }
func (e *Engine) Update(ctx context.Context, id string, c LimitChange) (warnings []string, err error) {
	return nil, errNotYet
}
func (e *Engine) Pull(ctx context.Context, ref string, progress func(PullProgress)) (digest string, err error) {
	return "", errNotYet
}
func (e *Engine) Image(ctx context.Context, ref string) (id string, digests []string, err error) {
	return "", nil, errNotYet
}
func IsNotFound(err error) bool { return false }
