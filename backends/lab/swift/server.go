package swift

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"ringside/backends/fleet/safe"
)

// server is an HTTP server that can be stopped, and hang, and go on.
type server struct {
	address  string       // what it listens on
	accepted atomic.Int64 // connections so far

	mu       sync.Mutex
	listener net.Listener // opened, not yet served
	http     *http.Server // nil while it is stopped
	done     chan struct{}
	hung     chan struct{} // closed when the hanging ends; nil when it does not hang
}

// open begins to accept. The address is kept: a server that was stopped opens it again.
func (s *server) open(address string) error {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s.address, s.listener = ln.Addr().String(), ln
	return nil
}

func (s *server) serve(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.http = &http.Server{Handler: s.gate(h), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.accepted.Add(1)
		}
	}}
	s.done = make(chan struct{})
	server, ln, done := s.http, s.listener, s.done
	s.listener = nil
	safe.Go("lab swift "+s.address, func() {
		defer close(done)
		_ = server.Serve(ln) // always ends with ErrServerClosed
	})
}

// gate holds every request back for as long as the server hangs.
func (s *server) gate(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.wait(r.Context()) {
			h.ServeHTTP(w, r)
		}
	})
}

func (s *server) wait(ctx context.Context) bool {
	for {
		s.mu.Lock()
		hung := s.hung
		s.mu.Unlock()
		if hung == nil {
			return ctx.Err() == nil
		}
		select {
		case <-hung:
		case <-ctx.Done():
			return false
		}
	}
}

func (s *server) hang(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on && s.hung == nil:
		s.hung = make(chan struct{})
	case !on && s.hung != nil:
		close(s.hung)
		s.hung = nil
	}
}

func (s *server) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.http != nil
}

// close stops the server: its port refuses, every connection is cut.
func (s *server) close() {
	s.mu.Lock()
	server, ln, done := s.http, s.listener, s.done
	s.http, s.listener = nil, nil
	s.mu.Unlock()
	if ln != nil {
		ln.Close()
	}
	if server != nil {
		server.Close()
		<-done
	}
}
