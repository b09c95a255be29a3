package lab

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet/safe"
)

// Engine is one Docker Engine. Its state survives Stop and Start, as the disk of
// a real one does.
type Engine struct {
	lab     *Lab
	opts    EngineOptions
	id      string
	api     int // newest minor version of the API: 41 for 1.41
	network string
	socket  string // the socket's file, "" with tcp
	address string // what it listens on
	mux     *http.ServeMux
	booted  time.Time

	follows sync.Mutex // one change of its host at a time
	power   sync.Mutex // one Stop or Start at a time
	serving *serving   // nil while stopped; guarded by power
	died    bool       // it was stopped before; guarded by power

	wrong trouble // the faults that are on

	mu         sync.Mutex // guards everything below
	containers map[string]*instance
	names      map[string]*instance
	order      []*instance // oldest first
	images     imageStore
	execs      map[string]*execution
	events     eventLog
	agenda     agenda
	serial     int    // of everything that needs an identity
	free       *int64 // bytes left for images; nil: the engine does not tell
}

// serving is the time between a Start and a Stop.
type serving struct {
	server *http.Server
	ctx    context.Context // done when the engine is stopped
	cancel context.CancelFunc
	wg     sync.WaitGroup // the accept loop, the life loop and every request

	mu       sync.Mutex
	hijacked map[net.Conn]bool
}

func newEngine(l *Lab, n int, o EngineOptions) *Engine {
	o.Version = cmp.Or(o.Version, "28.5.1")
	o.API = cmp.Or(o.API, "1.51")
	o.CPUs = cmp.Or(o.CPUs, 8)
	o.Memory = cmp.Or(o.Memory, 32<<30)
	o.PullTakes = cmp.Or(o.PullTakes, 3*time.Second)
	e := &Engine{
		lab: l, opts: o, api: minor(o.API), booted: l.opts.Now(),
		network:    "unix",
		containers: map[string]*instance{}, names: map[string]*instance{}, execs: map[string]*execution{},
		agenda: agenda{poke: make(chan struct{}, 1)},
	}
	e.id = uuidOf(e.hash("engine"))
	if runtime.GOOS == "windows" {
		e.network, e.address = "tcp", "127.0.0.1:0"
	} else {
		e.socket = filepath.Join(l.opts.Dir, fileName(o.Name, n)+".sock")
		e.address = e.socket
	}
	e.mux = e.routes()
	e.images = newImageStore(e)
	for _, ref := range o.Images {
		e.images.add(ref)
	}
	for i := range o.Containers {
		e.adopt(&o.Containers[i])
	}
	return e
}

// enter counts a request in, unless the engine is being stopped.
func (s *serving) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.wg.Add(1)
	return true
}

// Address is where the engine is reached: unix:///… or tcp://127.0.0.1:….
func (e *Engine) Address() string { return e.network + "://" + e.address }

// Name is the engine's name in the fleet.
func (e *Engine) Name() string { return e.opts.Name }

// Start brings a stopped engine back; nothing happens when it runs. Containers
// whose restart policy says so start again unless they lived on (LiveRestore).
// It panics when the socket cannot be opened again, which no test can mend.
func (e *Engine) Start() {
	if err := e.serve(); err != nil {
		panic("lab: " + err.Error())
	}
}

func (e *Engine) serve() error {
	e.power.Lock()
	defer e.power.Unlock()
	if e.serving != nil {
		return nil
	}
	if e.socket != "" {
		os.Remove(e.socket)
	}
	ln, err := net.Listen(e.network, e.address)
	if err != nil {
		return err
	}
	if e.died {
		e.mu.Lock()
		e.recover()
		e.mu.Unlock()
	}
	if got := ln.Addr().String(); got != e.address {
		e.address = got // the port that the system chose, kept from now on
	}
	s := &serving{hijacked: map[net.Conn]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.server = &http.Server{
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.handle(s, w, r) }),
		BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	e.serving = s
	s.wg.Add(2)
	safe.Go("lab "+e.opts.Name, func() {
		defer s.wg.Done()
		_ = s.server.Serve(ln) // always ends with ErrServerClosed, by Stop
	})
	safe.Go("lab life "+e.opts.Name, func() {
		defer s.wg.Done()
		e.live(s.ctx)
	})
	return nil
}

// Stop kills the engine: every connection is cut and the socket goes. Nothing
// happens when it is stopped already.
func (e *Engine) Stop() {
	e.power.Lock()
	defer e.power.Unlock()
	s := e.serving
	if s == nil {
		return
	}
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.server.Close()
	s.mu.Lock()
	for conn := range s.hijacked {
		conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	e.serving = nil
	e.died = true
}

// Running says whether the engine is started.
func (e *Engine) Running() bool {
	e.power.Lock()
	defer e.power.Unlock()
	return e.serving != nil
}

// fileName makes a socket's file name of an engine's name, short because the
// whole path has to fit into 107 bytes.
func fileName(name string, n int) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	if len(s) > 20 || s == "" || s != name {
		s = s[:min(len(s), 16)] + "-" + base36(n)
	}
	return s
}
