package bmc

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"ringside/backends/fleet/safe"
)

// web is a BMC's Redfish service on a TCP port.
type web struct {
	bmc      *BMC
	listener net.Listener
	server   *http.Server

	mu     sync.Mutex
	closed bool
	conns  map[*stalling]bool // those that are open
}

// webIdle is how long a connection may be unused.
const webIdle = 2 * time.Minute

func listenRedfish(b *BMC, port int) (*web, error) {
	inner, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	w := &web{bmc: b, conns: map[*stalling]bool{}}
	w.listener = tls.NewListener(accepting{inner, w}, &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return b.bmcs.tlsConfig(b.wrong.has(UnknownCA)) },
	})
	w.server = &http.Server{
		Handler:     http.HandlerFunc(b.serveRedfish),
		IdleTimeout: webIdle,
		ErrorLog:    log.New(io.Discard, "", 0), // a client that mistrusts the certificate is no news
		BaseContext: func(net.Listener) context.Context { return b.bmcs.ctx },
	}
	b.bmcs.wg.Add(1)
	safe.Go("lab BMC", func() {
		defer b.bmcs.wg.Done()
		_ = w.server.Serve(w.listener) // always ends with ErrServerClosed, by close
	})
	return w, nil
}

// close closes the port and the connections, these first: the server writes the
// end of TLS to them, which one that stands still would not take.
func (w *web) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cut()
	w.server.Close()
}

// cut closes the connections that are open; the port stays.
func (w *web) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.end()
	}
	clear(w.conns)
}

// accepting counts connections and lets them stall.
type accepting struct {
	net.Listener
	web *web
}

func (a accepting) Accept() (net.Conn, error) {
	inner, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	a.web.bmc.count.connections.Add(1)
	c := &stalling{Conn: inner, web: a.web, done: make(chan struct{})}
	a.web.mu.Lock()
	defer a.web.mu.Unlock()
	if a.web.conns[c] = true; a.web.closed {
		_ = c.end()
	}
	return c, nil
}

// stalling is a connection that stands still while the BMC is silent.
type stalling struct {
	net.Conn
	web  *web
	once sync.Once
	done chan struct{} // closed with the connection
}

var errEnded = errors.New("connection closed")

// pass waits until the BMC is not silent.
func (c *stalling) pass() error {
	for {
		changed := c.web.bmc.wrong.change()
		if !c.web.bmc.wrong.has(Silent) {
			return nil
		}
		select {
		case <-changed:
		case <-c.done:
			return errEnded
		}
	}
}

func (c *stalling) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		err = c.pass()
	}
	return n, err
}

func (c *stalling) Write(p []byte) (int, error) {
	if err := c.pass(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *stalling) Close() error {
	c.web.mu.Lock()
	delete(c.web.conns, c)
	c.web.mu.Unlock()
	return c.end()
}

func (c *stalling) end() (err error) {
	c.once.Do(func() {
		close(c.done)
		err = c.Conn.Close()
	})
	return err
}
