package bmc

import (
	"context"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

const (
	secretKept  = 2 * time.Minute  // enough for a fleet to log in
	secretFresh = 30 * time.Second // a refused secret older than this is read again
	failureKept = 10 * time.Second // so that a broken command does not run for every host
)

// secrets reads the secrets of credentials, each once for all who want it at the
// same time, and forgets them soon: a command must not run for every host.
type secrets struct {
	mu   sync.Mutex
	held map[string]*secret
}

type secret struct {
	done  chan struct{} // closed when value and err are set
	value string
	err   error
	at    time.Time
}

func newSecrets() *secrets { return &secrets{held: map[string]*secret{}} }

// get returns the secret of a credential. A caller that leaves does not end the
// reading for the others.
func (s *secrets) get(ctx context.Context, c fleet.Credential) (string, error) {
	if c.Name == "" {
		return "", &reason{trouble: NoSecret, why: "no credential is named for this BMC", hint: "add credential: to its bmc:"}
	}
	s.mu.Lock()
	e := s.held[c.Name]
	if e == nil {
		e = &secret{done: make(chan struct{}), at: time.Now()}
		s.held[c.Name] = e
		safe.Go("secret "+c.Name, func() { s.read(c, e) })
	}
	s.mu.Unlock()
	select {
	case <-e.done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if e.err != nil {
		return "", &reason{trouble: NoSecret, why: fleet.Clean(e.err.Error()), err: e.err}
	}
	return e.value, nil
}

func (s *secrets) read(c fleet.Credential, e *secret) {
	e.value, e.err = c.Secret(context.Background())
	close(e.done)
	keep := secretKept
	if e.err != nil {
		keep = failureKept
	}
	time.AfterFunc(keep, func() { s.drop(c.Name, e) })
}

// refused says that a BMC did not take a secret: it may have been changed since
// it was read.
func (s *secrets) refused(c fleet.Credential) {
	s.mu.Lock()
	e := s.held[c.Name]
	s.mu.Unlock()
	if e != nil && time.Since(e.at) > secretFresh {
		s.drop(c.Name, e)
	}
}

func (s *secrets) drop(name string, e *secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[name] == e {
		delete(s.held, name)
	}
}

// forget drops every secret.
func (s *secrets) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.held)
}
