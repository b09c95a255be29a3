package lab

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ringside/backends/fleet/safe"
)

// Release is what is special about one tag of a service's image.
type Release struct {
	Ill       bool              // it never gets healthy
	Dies      bool              // it ends a moment after its start
	Errors    int               // percent of the requests that it answers with 500
	SickAfter int               // requests of users after which it falls ill; 0: never
	Slow      time.Duration     // before every answer
	Labels    map[string]string // of the image
}

// previewHeader marks requests that are not of users.
const previewHeader = "X-Ops-Preview"

// app is a container that really answers on a loopback address while it runs:
//
//	/healthz     200 while it is healthy, else 503
//	/slow?ms=N   after N milliseconds
//	/stream      upgrades, and then writes a byte every 20 ms
//	else         its name and version
type app struct {
	engine  *Engine
	c       *instance
	name    string
	version string
	release Release
	server  *http.Server
	ctx     context.Context // ends with the app
	cancel  context.CancelFunc
	served  atomic.Int64 // requests of users

	mu      sync.Mutex
	streams map[net.Conn]bool
}

// bind makes a container with a loopback address answer there; nothing happens when
// it does already. The engine's lock is held.
func (e *Engine) bind(c *instance) error {
	if c.serves == "" || c.app != nil {
		return nil
	}
	ln, err := net.Listen("tcp", c.serves)
	if err != nil {
		return fmt.Errorf("driver failed programming external connectivity on endpoint %s: Bind for %s failed: port is already allocated", c.name, c.serves)
	}
	repo, tag, dig := split(c.image)
	if tag == "" {
		tag = e.lab.tagOf(repo, dig)
	}
	a := &app{engine: e, c: c, name: c.name, version: tag, release: e.lab.releaseOf(repo, tag), streams: map[net.Conn]bool{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.server = &http.Server{Handler: a}
	c.app = a
	e.lab.apps.Add(1)
	safe.Go("lab app "+c.name, func() {
		defer e.lab.apps.Done()
		_ = a.server.Serve(ln) // always ends with ErrServerClosed, by unbind
	})
	return nil
}

// unbind cuts every connection of a container. The engine's lock is held.
func (e *Engine) unbind(c *instance) {
	a := c.app
	if a == nil {
		return
	}
	c.app = nil
	a.cancel()
	a.server.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn := range a.streams {
		conn.Close()
	}
}

// ServeHTTP implements http.Handler.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.awake(r.Context()) {
		return
	}
	w.Header().Set("X-Served-By", a.name)
	w.Header().Set("X-Version", a.version)
	if r.URL.Path == "/healthz" {
		a.engine.mu.Lock()
		well := a.c.health == "" || a.c.health == healthy
		a.engine.mu.Unlock()
		if !well {
			http.Error(w, "not healthy", http.StatusServiceUnavailable)
		}
		return
	}
	n := int64(0)
	if r.Header.Get(previewHeader) == "" {
		n = a.served.Add(1)
	}
	if after := int64(a.release.SickAfter); after > 0 && n == after {
		a.engine.mu.Lock()
		a.engine.setHealth(a.c, unhealthy)
		a.engine.mu.Unlock()
	}
	if !a.wait(a.release.Slow) {
		return
	}
	switch {
	case r.URL.Path == "/stream":
		a.stream(w, r)
	case int(mix(a.c.seed, uint64(n+time.Now().UnixNano()))%100) < a.release.Errors:
		http.Error(w, "something went wrong", http.StatusInternalServerError)
	case r.URL.Path == "/slow":
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		if a.wait(time.Duration(min(ms, 10_000)) * time.Millisecond) {
			fmt.Fprintln(w, a.name, a.version)
		}
	default:
		fmt.Fprintln(w, a.name, a.version)
	}
}

// awake waits while the container is paused, and says whether it goes on.
func (a *app) awake(ctx context.Context) bool {
	for {
		a.engine.mu.Lock()
		frozen := a.c.state == paused
		changed := a.c.change()
		a.engine.mu.Unlock()
		if !frozen {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		case <-a.ctx.Done():
			return false
		}
	}
}

func (a *app) wait(d time.Duration) bool { return d <= 0 || sleep(a.ctx, d) }

// stream takes the connection over and keeps it busy until one side leaves.
func (a *app) stream(w http.ResponseWriter, r *http.Request) {
	protocol := r.Header.Get("Upgrade")
	if protocol == "" {
		http.Error(w, "upgrade required", http.StatusUpgradeRequired)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	a.mu.Lock()
	if a.ctx.Err() != nil {
		conn.Close()
	}
	a.streams[conn] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.streams, conn)
		a.mu.Unlock()
		conn.Close()
	}()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nX-Served-By: %s\r\n\r\n", strings.ReplaceAll(protocol, "\n", ""), a.name)
	gone := make(chan struct{})
	safe.Go("lab stream", func() {
		defer close(gone)
		_, _ = bufio.NewReader(rw).ReadByte()
	})
	defer func() { conn.Close(); <-gone }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return
		case <-a.ctx.Done():
			return
		case <-tick.C:
			if _, err := conn.Write([]byte(".")); err != nil {
				return
			}
		}
	}
}

// labelsOf are the labels of an image.
func (l *Lab) labelsOf(img *image) map[string]string {
	return l.releaseOf(img.repo, cmp.Or(l.tagOf(img.repo, img.digest), "latest")).Labels
}
