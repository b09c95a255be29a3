package bmc

import (
	"context"
	"errors"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Set is the controllers of a fleet, by host.
type Set struct {
	controllers []*Controller
	byHost      map[string]*Controller
	secrets     *secrets
}

// NewSet prepares the controllers of all hosts that have one; nothing is opened
// before the first call.
func NewSet(f *fleet.Fleet) *Set {
	s := &Set{byHost: map[string]*Controller{}, secrets: newSecrets()}
	for _, h := range f.Hosts {
		if h.BMC == nil {
			continue
		}
		c := newController(h, f.Credentials[h.BMC.Credential], s.secrets)
		s.controllers = append(s.controllers, c)
		s.byHost[h.Name] = c
	}
	return s
}

// Controller finds the controller of a host by the host's name.
func (s *Set) Controller(host string) (*Controller, bool) { c, ok := s.byHost[host]; return c, ok }

// All returns the controllers in the order of the fleet.
func (s *Set) All() []*Controller { return s.controllers }

// Parallel is how many reads a sweep has under way at a time when nobody has
// another wish. Each is a datagram or two; what they wait for is the network.
const Parallel = 256

// grace is how long a read counts against the limit of a sweep. One that takes
// longer waits for a BMC that is slow or not there, which costs nothing, and must
// not keep the others waiting.
const grace = 50 * time.Millisecond

// Sweep reads the power of hosts (nil: all that have a BMC), parallel at a time,
// and calls each for every one of them, one call at a time, in the order of the
// answers. BMCs that are not there do not hold up the others. It returns when all
// are read or ctx is done; every host is told either way.
func (s *Set) Sweep(ctx context.Context, hosts []string, parallel int, each func(host string, f *Facts, err error)) {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		lane = make(chan struct{}, max(parallel, 1))
	)
	tell := func(host string, f *Facts, err error) {
		mu.Lock()
		defer mu.Unlock()
		each(host, f, err)
	}
	for _, c := range s.pick(hosts, tell) {
		select {
		case lane <- struct{}{}:
		case <-ctx.Done():
			tell(c.host.Name, nil, c.fail("read power", ctx.Err()))
			continue
		}
		wg.Add(1)
		safe.Go("sweep "+c.host.Name, func() {
			defer wg.Done()
			leave := sync.OnceFunc(func() { <-lane })
			defer leave()
			defer time.AfterFunc(grace, leave).Stop()
			f, err := c.Status(ctx)
			tell(c.host.Name, f, err)
		})
	}
	wg.Wait()
}

// pick returns the controllers of hosts in their order, those last that did not
// answer when they were asked last, and tells of the hosts that have none.
func (s *Set) pick(hosts []string, tell func(string, *Facts, error)) []*Controller {
	all := s.controllers
	if hosts != nil {
		all = make([]*Controller, 0, len(hosts))
		for _, h := range hosts {
			if c, ok := s.byHost[h]; ok {
				all = append(all, c)
				continue
			}
			tell(h, nil, &Error{Host: fleet.Clean(h), Op: "read power", Trouble: Other, Why: "it has no BMC in the configuration", Hint: "add bmc: to the host"})
		}
	}
	var answer, silent []*Controller
	for _, c := range all {
		if c.silent.Load() {
			silent = append(silent, c)
		} else {
			answer = append(answer, c)
		}
	}
	return append(answer, silent...)
}

// Close ends every session, side by side, and forgets the secrets. It takes about
// as long as the slowest BMC, 2 seconds at most, and may be called more than once.
func (s *Set) Close() error {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		errs []error
	)
	s.secrets.forget()
	for _, c := range s.controllers {
		wg.Add(1)
		safe.Go("close "+c.Name(), func() {
			defer wg.Done()
			if err := c.Close(context.Background()); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
