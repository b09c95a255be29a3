// Package registry is an OCI registry made of memory that speaks the distribution
// protocol 1.1 over real connections: manifests, blobs with ranges, uploads whole
// and in pieces, mounts, listings by pages, referrers, deletes. Its line can be
// slow and far, and it breaks on demand.
package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"ringside/backends/fleet/safe"
)

// Options says what a registry is like. The zero value is one that is near, takes
// everything from everybody and knows all of the protocol.
type Options struct {
	Name      string
	Latency   time.Duration // of every request
	Bandwidth int64         // bytes a second in each direction, shared by all connections; 0 for no limit
	Page      int           // most entries of one page of a listing; 0 for 1000
	TLS       *tls.Config   // nil for plain HTTP
	Login     *Login        // nil for none

	NoReferrers bool // it does not know the referrers API (before distribution 1.1)
	NoTagDelete bool // only digests can be deleted
	NoDelete    bool // nothing can
	NoPages     bool // tags are listed on one page (docker-registry 2.8)
	AnyType     bool // a manifest is answered whatever types are accepted (distribution 3)
	NoMount     bool // a mount is always answered with an upload
	NoCatalog   bool // it does not tell which repositories it has
	Forgets     bool // an upload whose piece was cut is gone (docker-registry 2.8)
}

// Login is who may come in.
type Login struct {
	Username, Password string
	Token              bool // by a token of the registry's own server instead of with every request
}

// Registry is a running registry. What it holds survives Stop and Start.
type Registry struct {
	opts    Options
	library *Library
	mux     *http.ServeMux
	wrong   trouble
	seen    counter
	up      *pace // to the registry
	down    *pace

	power   sync.Mutex // one Start or Stop at a time
	address string
	server  *http.Server // nil while stopped
	served  sync.WaitGroup

	mu           sync.Mutex // guards the following
	repositories map[string]*repository
	uploads      map[string]*upload
	serial       int
}

// Start starts a registry on a free port of the loopback address.
func Start(l *Library, o Options) (*Registry, error) {
	o.Page = cmp.Or(o.Page, 1000)
	r := &Registry{opts: o, library: l, address: "127.0.0.1:0", repositories: map[string]*repository{}, uploads: map[string]*upload{},
		up: &pace{}, down: &pace{}}
	r.Shape(o.Latency, o.Bandwidth)
	r.mux = r.routes()
	if err := r.Resume(); err != nil {
		return nil, err
	}
	return r, nil
}

// Name is the registry's name.
func (r *Registry) Name() string { return r.opts.Name }

// Address is host:port.
func (r *Registry) Address() string { return r.address }

// Resume starts a stopped registry at the same address again.
func (r *Registry) Resume() error {
	r.power.Lock()
	defer r.power.Unlock()
	if r.server != nil {
		return nil
	}
	ln, err := net.Listen("tcp", r.address)
	if err != nil {
		return err
	}
	r.address = ln.Addr().String() // the port that the system chose, kept from now on
	if r.opts.TLS != nil {
		ln = tls.NewListener(ln, r.opts.TLS)
	}
	server := &http.Server{Handler: http.HandlerFunc(r.handle), ErrorLog: silent, ConnContext: connContext}
	r.server = server
	r.served.Add(1)
	safe.Go("lab registry "+r.opts.Name, func() {
		defer r.served.Done()
		_ = server.Serve(ln) // always ends with ErrServerClosed, by Stop
	})
	return nil
}

// Stop cuts every connection and closes the port. What was being uploaded stays.
func (r *Registry) Stop() {
	r.power.Lock()
	defer r.power.Unlock()
	if r.server == nil {
		return
	}
	r.server.Close()
	r.wrong.wake()
	r.served.Wait()
	r.server = nil
}

// Shape changes how far away the registry is.
func (r *Registry) Shape(latency time.Duration, bandwidth int64) {
	r.wrong.setLatency(latency)
	r.up.set(bandwidth)
	r.down.set(bandwidth)
}

type connKey struct{}

// connContext lets a handler cut its own connection.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}
