package docker

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// Engine is one Docker Engine: a watch.Source (with Look and Refresh), and the
// reads and acts that an operator asks for. Its methods may be called from any
// goroutine; every error they return is an *Error.
type Engine struct {
	spec      fleet.Engine
	refresh   chan struct{} // a token: read again now
	lookList  chan struct{} // a token for the list: looked has changed
	lookStats chan struct{} // and for the stats
	looked    atomic.Pointer[[]string]
	latest    atomic.Pointer[Facts] // of the running Watch, nil while the engine does not answer

	mu     sync.Mutex
	link   *link // nil before the first use
	client *client.Client
	closed bool
}

// New prepares an engine; nothing is opened before the first call.
func New(spec fleet.Engine) *Engine {
	return &Engine{spec: spec, refresh: make(chan struct{}, 1), lookList: make(chan struct{}, 1), lookStats: make(chan struct{}, 1)}
}

// Spec returns the engine as the fleet names it.
func (e *Engine) Spec() fleet.Engine { return e.spec }

// Name is the name of the source: "docker/tokyo-1".
func (e *Engine) Name() string { return "docker/" + e.spec.Name }

// Refresh asks for a full list now; while the engine does not answer, for an
// attempt now.
func (e *Engine) Refresh() { token(e.refresh) }

// Look says which containers, by ID, are on screen: only their stats are read,
// and their inspect-only facts come first.
func (e *Engine) Look(ids []string) {
	ids = append([]string(nil), ids...)
	e.looked.Store(&ids)
	token(e.lookList)
	token(e.lookStats)
}

func (e *Engine) lookedAt() []string {
	if p := e.looked.Load(); p != nil {
		return *p
	}
	return nil
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Ping asks the engine for its version and the API version that was agreed on.
func (e *Engine) Ping(ctx context.Context) (version, api string, err error) {
	cl, err := e.open()
	if err != nil {
		return "", "", err
	}
	if err := e.ping(ctx, cl); err != nil {
		return "", "", err
	}
	v, err := cl.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", "", e.fail("read the version", err)
	}
	return fleet.Clean(v.Version), cl.ClientVersion(), nil
}

// Close drops idle connections and ends the tunnel; calls after it fail.
func (e *Engine) Close() error {
	e.mu.Lock()
	l, cl := e.link, e.client
	e.closed, e.link, e.client = true, nil, nil
	e.mu.Unlock()
	if cl != nil {
		_ = cl.Close()
	}
	if l != nil {
		return l.close()
	}
	return nil
}

// open returns the client, made on first use.
func (e *Engine) open() (*client.Client, error) {
	cl, err := e.opened()
	return cl, e.fail("connect", err)
}

func (e *Engine) opened() (*client.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errClosed
	}
	if e.client != nil {
		return e.client, nil
	}
	if e.link == nil {
		l, err := newLink(e.spec)
		if err != nil {
			return nil, err
		}
		e.link = l
	}
	cl, err := newClient(e.link)
	if err != nil {
		return nil, err
	}
	e.client = cl
	return cl, nil
}

// reopen returns a new client on the same link, so that the API version is
// agreed on again: the engine may have been exchanged for an older one.
func (e *Engine) reopen() (*client.Client, error) {
	e.mu.Lock()
	old := e.client
	e.client = nil
	e.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	return e.open()
}

// insecure says why the connection is not verified, "" when it is or is local.
func (e *Engine) insecure() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.link == nil {
		return ""
	}
	return e.link.insecure
}

var errClosed = errors.New("the connection was closed by ringside")

// errGone is a container that was removed while it was read.
var errGone = errdefs.ErrNotFound.WithMessage("it was removed just now")

// idleConnections is enough for the parallel stats and inspects of one engine.
const idleConnections = 12

func newClient(l *link) (*client.Client, error) {
	return client.New(
		client.WithHost("tcp://engine.invalid"+l.path),
		client.WithHTTPClient(&http.Client{
			Transport: &http.Transport{
				DialContext:         l.dial,
				MaxIdleConns:        idleConnections,
				MaxIdleConnsPerHost: idleConnections,
				IdleConnTimeout:     30 * time.Second,
				DisableCompression:  true,
			},
			CheckRedirect: client.CheckRedirect,
		}),
		client.WithUserAgent("ringside"),
	)
}
