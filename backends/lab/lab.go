// Package lab is an embedded fleet: Docker Engines made of memory that speak the
// real Engine HTTP API on sockets of their own, and servers whose management
// controllers speak IPMI and Redfish (package bmc below), and a Swift cluster that
// answers recon on them (package swift below), and registries of the images (package
// registry below). Everything that watches or acts goes
// through the same client and the same bytes as with the real thing, and faults can
// be switched on: an engine that hangs, dies, refuses or cuts.
//
// The lab costs nothing while nobody asks. Logs and statistics are computed from
// the clock when they are read, and one loop per engine sleeps until the next
// moment at which something is due.
package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/lab/bmc"
	"ringside/backends/lab/registry"
	"ringside/backends/lab/swift"
)

// Options says what a lab is made of.
type Options struct {
	Dir      string             // where the sockets go; "" for a temporary directory that Close removes
	Engines  []EngineOptions    // nil for the demo's two sites
	Services []ServiceOptions   // of these engines; the demo has its own
	Releases map[string]Release // what is special about an image, by "repository:tag"
	Sites    bool               // the demo's registries for these engines, near ones, without the demo's builds; the demo has them anyway
	Seed     uint64             // the same seed gives the same identities, logs and fates
	Speed    float64            // of life: 1 is real time, 10 is ten times as fast, 0 means nothing happens by itself
	Now      func() time.Time   // what the engines take for the time; nil for time.Now
	Hosts    []bmc.Spec         // servers with BMCs; with Engines nil, nil for the demo's 240
	Swift    *swift.Options     // a Swift cluster, with the lab's Seed, Speed and Now; with Engines nil, nil for the demo's
}

// Lab is a running fleet of engines.
type Lab struct {
	opts     Options
	ownDir   string // removed on Close
	engines  []*Engine
	services []*labService
	blocks   []net.Listener // that keep the services' ports
	apps     sync.WaitGroup // containers that really answer
	bmcs     *bmc.BMCs
	cluster  *swift.Cluster // nil when there is none

	faults []Fault
	wg     sync.WaitGroup // engines that follow their hosts

	library    *registry.Library
	registries []siteRegistry
	authority  string // file with the registries' certificate
	building   sync.WaitGroup
	stopBuilds func() // nil when nothing is built

	mu           sync.Mutex
	closed       bool
	repositories map[string]bool            // that the registry has
	pushes       map[string]int             // by "repository:tag"
	tags         map[string]map[string]bool // that were named, by repository
	lacks        map[string]bool            // "repository:tag" that the registry does not have
}

// Start starts the engines. Their sockets accept when it returns.
func Start(o Options) (*Lab, error) {
	demo := o.Engines == nil
	if demo {
		o.Engines, o.Services, o.Releases = Demo(), demoServices, demoReleases
		if o.Hosts == nil {
			o.Hosts = DemoHosts()
		}
		if o.Swift == nil {
			o.Swift = demoCluster()
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Lab{opts: o, repositories: map[string]bool{}, pushes: map[string]int{}, tags: map[string]map[string]bool{}, lacks: map[string]bool{}}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "ringside-lab-")
		if err != nil {
			return nil, fmt.Errorf("lab: no directory for the sockets: %w", err)
		}
		l.opts.Dir, l.ownDir = dir, dir
	}
	for _, eo := range o.Engines {
		for _, ref := range eo.Images {
			l.stock(ref)
		}
		for i := range eo.Containers {
			l.stock(eo.Containers[i].image())
		}
	}
	for ref := range o.Releases {
		l.stock(ref)
	}
	if demo || o.Sites {
		if err := l.startRegistries(demo); err != nil {
			l.Close()
			return nil, fmt.Errorf("lab: %w", err)
		}
	}
	if err := l.prepareServices(); err != nil {
		l.Close()
		return nil, fmt.Errorf("lab: no ports for the services: %w", err)
	}
	for i, eo := range o.Engines {
		e := newEngine(l, i, eo)
		l.engines = append(l.engines, e)
		if err := e.serve(); err != nil {
			l.Close()
			return nil, fmt.Errorf("lab: engine %s: %w", eo.Name, err)
		}
	}
	if err := l.startServices(); err != nil {
		l.Close()
		return nil, fmt.Errorf("lab: services: %w", err)
	}
	bmcs, err := bmc.Start(bmc.Options{Hosts: o.Hosts, Dir: l.opts.Dir, Seed: o.Seed, Speed: o.Speed, Now: o.Now, Changed: l.follow})
	if err != nil {
		l.Close()
		return nil, err
	}
	l.bmcs = bmcs
	if err := l.startCluster(); err != nil {
		l.Close()
		return nil, err
	}
	l.faults = l.presenterFaults()
	return l, nil
}

// Fleet describes the lab as a configuration file would.
func (l *Lab) Fleet() *fleet.Fleet {
	f := &fleet.Fleet{Environment: "development", Hosts: l.bmcs.Hosts(), Credentials: l.bmcs.Credentials()}
	seen := map[string]bool{}
	site := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			f.Sites = append(f.Sites, fleet.Site{Name: s, Note: siteNotes[s]})
		}
	}
	for _, e := range l.engines {
		site(e.opts.Site)
		f.Engines = append(f.Engines, fleet.Engine{
			Name: e.opts.Name, Site: e.opts.Site, Environment: e.opts.Environment, Host: e.opts.Host,
			Address: e.Address(), Plain: e.network == "tcp", Origin: "demo",
		})
	}
	f.Services = l.fleetServices(f.Engines)
	l.fleetRegistries(f)
	if l.cluster != nil {
		l.cluster.Fleet(f)
	}
	for _, h := range f.Hosts {
		site(h.Site)
	}
	return f
}

// BMC finds the BMC of a host by the host's name; nil when there is none.
func (l *Lab) BMC(host string) *bmc.BMC { return l.bmcs.Host(host) }

// Engine finds an engine by name; nil when there is none.
func (l *Lab) Engine(name string) *Engine {
	for _, e := range l.engines {
		if e.opts.Name == name {
			return e
		}
	}
	return nil
}

// Engines names the engines in the order they were given.
func (l *Lab) Engines() []string {
	names := make([]string, len(l.engines))
	for i, e := range l.engines {
		names[i] = e.opts.Name
	}
	return names
}

// Close stops everything and waits for it: no goroutine and no file stays.
func (l *Lab) Close() error {
	if l.stopBuilds != nil {
		l.stopBuilds()
	}
	l.building.Wait()
	for _, r := range l.registries {
		r.Stop()
	}
	if l.authority != "" {
		os.Remove(l.authority)
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.wg.Wait()
	l.stopServices()
	for _, e := range l.engines {
		e.Stop()
		if e.socket != "" {
			os.Remove(e.socket)
		}
	}
	var err error
	if l.cluster != nil {
		err = l.cluster.Close()
	}
	if l.bmcs != nil {
		err = errors.Join(err, l.bmcs.Close())
	}
	if l.ownDir != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Clean(l.ownDir)))
	}
	return err
}
