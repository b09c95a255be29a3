// Package bmc is a fleet of management controllers made of memory: IPMI 2.0 over
// real RMCP+ on UDP, and Redfish over TLS, on loopback ports of their own. Behind
// each stands one simulated host whose power takes its time, whose sensors follow
// it and whose event log grows, and faults can be switched on.
//
// It costs nothing while nobody asks. What a host does is worked out from the
// clock when somebody looks, and a controller's protocol state is made at the
// first datagram or connection.
package bmc

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ringside/backends/fleet"
)

// Credential is the name under which the fleet holds the account of all BMCs.
const Credential = "lab-bmc"

// Username is that account's name.
const Username = "oncall"

// Options says what to start.
type Options struct {
	Hosts []Spec
	Dir   string           // for the password and the certificate; "" for a temporary directory that Close removes
	Seed  uint64           // the same seed gives the same hosts, logs and delays
	Speed float64          // of life: 1 is real time; 0 means nothing happens by itself, and acts take real time
	Now   func() time.Time // what the hosts take for the time; nil for time.Now

	// Changed is told that a host's operating system came or went, once somebody
	// looked. It must not block and not look at the BMC itself.
	Changed func(host string)
}

// BMCs is a running fleet of management controllers.
type BMCs struct {
	opts     Options
	ownDir   string // removed on Close
	ports    ports
	password string
	trusted  *authority // nil without Redfish
	stranger func() (*authority, error)
	list     []*BMC
	byName   map[string]*BMC
	ctx      context.Context // done on Close
	cancel   context.CancelFunc
	wg       sync.WaitGroup // every loop that listens
}

// Start opens a port for every BMC. They answer when it returns.
func Start(o Options) (*BMCs, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &BMCs{opts: o, ports: newPorts(), password: rand.Text()[:16], byName: make(map[string]*BMC, len(o.Hosts))}
	s.stranger = sync.OnceValues(func() (*authority, error) { return newAuthority("Somebody else's authority") })
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: %w", err), s.Close())
	}
	return s, nil
}

func (s *BMCs) start() error {
	if len(s.opts.Hosts) == 0 {
		return nil // and no file either
	}
	if s.opts.Dir == "" {
		dir, err := os.MkdirTemp("", "ringside-bmcs-")
		if err != nil {
			return err
		}
		s.opts.Dir, s.ownDir = dir, dir
	}
	if err := os.WriteFile(s.passwordFile(), []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	if slices.ContainsFunc(s.opts.Hosts, func(h Spec) bool { return h.Protocol == Redfish || h.Protocol == Both }) {
		if err := s.certify(); err != nil {
			return err
		}
	}
	for _, spec := range s.opts.Hosts {
		if s.byName[spec.Name] != nil {
			return fmt.Errorf("two hosts named %q", spec.Name)
		}
		b := newBMC(s, spec)
		s.list = append(s.list, b)
		s.byName[spec.Name] = b
		if err := b.open(); err != nil {
			return fmt.Errorf("BMC of %s: %w", spec.Name, err)
		}
		for _, f := range spec.Faults {
			_ = b.Set(f, true) // switched on, none fails
		}
	}
	return nil
}

func (s *BMCs) passwordFile() string { return filepath.Join(s.opts.Dir, "bmc.password") }
func (s *BMCs) caFile() string       { return filepath.Join(s.opts.Dir, "bmc-ca.pem") }

// certify makes the authority that the fleet trusts.
func (s *BMCs) certify() (err error) {
	if s.trusted, err = newAuthority("Lab BMC authority"); err != nil {
		return err
	}
	return os.WriteFile(s.caFile(), s.trusted.pem, 0o644)
}

// tlsConfig is what a Redfish service shows: our certificate, or one that is
// signed by somebody nobody knows.
func (s *BMCs) tlsConfig(stranger bool) (*tls.Config, error) {
	if !stranger {
		return s.trusted.server, nil
	}
	a, err := s.stranger()
	if err != nil {
		return nil, err
	}
	return a.server, nil
}

// Host finds the BMC of a host; nil when there is none.
func (s *BMCs) Host(name string) *BMC { return s.byName[name] }

// All returns the BMCs in the order they were given.
func (s *BMCs) All() []*BMC { return s.list }

// Hosts describes the hosts as a configuration file would.
func (s *BMCs) Hosts() []fleet.Host {
	hosts := make([]fleet.Host, len(s.list))
	for i, b := range s.list {
		hosts[i] = b.host()
	}
	return hosts
}

// Credentials holds the account of all BMCs; nil without any.
func (s *BMCs) Credentials() map[string]fleet.Credential {
	if len(s.list) == 0 {
		return nil
	}
	return map[string]fleet.Credential{Credential: {
		Name: Credential, Username: Username, Password: fleet.Secret{File: s.passwordFile()},
	}}
}

// Close ends everything and waits for it: no goroutine, socket or file stays.
func (s *BMCs) Close() error {
	s.cancel()
	for _, b := range s.list {
		b.close()
	}
	s.wg.Wait()
	switch {
	case s.ownDir != "":
		return os.RemoveAll(s.ownDir)
	case len(s.list) == 0:
		return nil
	case s.trusted != nil:
		return errors.Join(os.Remove(s.passwordFile()), os.Remove(s.caFile()))
	}
	return os.Remove(s.passwordFile())
}

// paced is a duration at the lab's speed of life.
func (s *BMCs) paced(d time.Duration) time.Duration { return time.Duration(float64(d) / s.pace()) }

// pace is how fast time runs for what an act sets going.
func (s *BMCs) pace() float64 {
	if s.opts.Speed > 0 {
		return s.opts.Speed
	}
	return 1
}
