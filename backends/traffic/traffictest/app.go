// Package traffictest has what tests of swaps need on both sides of a proxy: an
// application that can fall ill, real proxies, and a load that notices everything
// that goes wrong.
package traffictest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// App answers as one release of a service:
//
//	/healthz     200, or 503 while it is sick
//	/slow?ms=N   after N milliseconds
//	/stream      upgrades and then writes a byte every 20 ms until the client leaves
//	else         its name
//
// Every answer has the name in the header X-Served-By.
type App struct {
	Name    string
	Address string // host:port

	Sick  atomic.Bool  // /healthz answers 503
	Fails atomic.Int64 // of a hundred other requests, so many answer 500
	Delay atomic.Int64 // milliseconds before every answer

	Served  atomic.Int64
	server  *http.Server
	mu      sync.Mutex
	streams map[net.Conn]bool
}

// StartApp serves on an address until the test ends or Stop.
func StartApp(t testing.TB, name, address string) *App {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); ln, err = net.Listen("tcp", address) {
		time.Sleep(10 * time.Millisecond) // the one before is just leaving
	}
	if err != nil {
		t.Fatal(err)
	}
	a := &App{Name: name, Address: ln.Addr().String(), streams: map[net.Conn]bool{}}
	a.server = &http.Server{Handler: a}
	go a.server.Serve(ln)
	t.Cleanup(a.Stop)
	return a
}

// Stop kills it: every connection is cut.
func (a *App) Stop() {
	a.server.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.streams {
		c.Close()
	}
}

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Served-By", a.Name)
	time.Sleep(time.Duration(a.Delay.Load()) * time.Millisecond)
	n := a.Served.Add(1)
	switch {
	case r.URL.Path == "/healthz":
		if a.Sick.Load() {
			http.Error(w, "sick", http.StatusServiceUnavailable)
			return
		}
	case r.URL.Path == "/stream":
		a.stream(w, r)
		return
	case n%100 < a.Fails.Load():
		http.Error(w, "this one fails", http.StatusInternalServerError)
		return
	case r.URL.Path == "/slow":
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
	fmt.Fprintln(w, a.Name)
}

func (a *App) stream(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "ticks") {
		http.Error(w, "upgrade to ticks", http.StatusUpgradeRequired)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	a.mu.Lock()
	a.streams[conn] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.streams, conn)
		a.mu.Unlock()
		conn.Close()
	}()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ticks\r\nX-Served-By: %s\r\n\r\n", a.Name)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = bufio.NewReader(rw).ReadByte() // the client says nothing until it leaves
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return
		case <-tick.C:
			if _, err := conn.Write([]byte(".")); err != nil {
				return
			}
		}
	}
}

// Streams is how many upgraded connections it has.
func (a *App) Streams() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.streams)
}
