package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"ringside/backends/fleet"
)

// driver is one kind of proxy.
type driver interface {
	look(ctx context.Context) (*View, error)
	// swap makes a colour live, and kept where the proxy keeps anything. was is what
	// look just saw. It may return before the proxy has acted.
	swap(ctx context.Context, was *View, to fleet.Colour) error
	// settle makes what is kept follow what is live.
	settle(ctx context.Context, was *View) error
}

// Proxy is one proxy in front of one service: a watch.Source, and the looks and
// switches that a plan makes. Its methods may be called from any goroutine; every
// error they return is an *Error or a *MovedError.
type Proxy struct {
	service string
	spec    fleet.Traffic
	gate    fleet.Gate
	drv     driver
	refresh chan struct{}
	idle    atomic.Bool // nobody looks at it
	rates   rates

	mu sync.Mutex // one switch at a time
}

// New prepares a proxy; nothing is opened before the first call.
func New(s fleet.Service, t fleet.Traffic) *Proxy {
	p := &Proxy{service: s.Name, spec: t, gate: s.Gate, refresh: make(chan struct{}, 1)}
	switch {
	case t.HAProxy != nil:
		p.drv = &haproxy{*t.HAProxy}
	case t.Caddy != nil:
		p.drv = newCaddy(*t.Caddy)
	case t.Nginx != nil:
		p.drv = &nginx{Nginx: *t.Nginx, tells: p.tells}
	default:
		p.drv = newTraefik(*t.Traefik)
	}
	return p
}

// Spec returns the proxy as the fleet names it.
func (p *Proxy) Spec() fleet.Traffic { return p.spec }

// Name is the name of the source: "traffic/web/haproxy".
func (p *Proxy) Name() string { return "traffic/" + p.service + "/" + p.spec.Name }

// Target names the proxy as actions do.
func (p *Proxy) Target(environment string) fleet.Target {
	return fleet.Target{Kind: fleet.KindProxy, Scope: p.service, Name: p.spec.Name, Environment: environment}
}

// Look reads what is live, what is kept, and the sessions of both colours.
func (p *Proxy) Look(ctx context.Context) (*View, error) {
	v, err := p.drv.look(ctx)
	if err != nil {
		return nil, p.fail("read", err)
	}
	return v, nil
}

// Switch makes one colour live that was not, and reads it back; from is the colour
// that must be live, or the switch is refused with a *MovedError and nothing is
// changed. A proxy that is there already, or half way, is brought to its end.
func (p *Proxy) Switch(ctx context.Context, from, to fleet.Colour) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	op := fmt.Sprintf("switch to %s", to)
	v, err := p.drv.look(ctx)
	switch {
	case err != nil:
		return p.fail(op, err)
	case v.Live == to && v.Agrees():
		return nil
	case v.Live != from && v.Live != to:
		if v.Live == "" && v.LiveName == "" {
			return p.fail(op, &reason{why: "what is live is not known: " + v.Why})
		}
		return &MovedError{p.spec.Name, from, v.Live, v.LiveName}
	}
	if err := p.drv.swap(ctx, v, to); err != nil {
		return p.fail(op, err)
	}
	return nil
}

// Settle makes what a proxy keeps for its next start follow what is live now.
func (p *Proxy) Settle(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.drv.look(ctx)
	switch {
	case err != nil:
		return p.fail("settle", err)
	case v.Agrees():
		return nil
	case v.Live == "":
		return p.fail("settle", &reason{why: "neither colour is live: " + v.Why, hint: "switch it by hand to the colour that is meant"})
	}
	return p.fail("settle", p.drv.settle(ctx, v))
}

// reason is a failure in words.
type reason struct {
	why, hint string
	err       error
}

func (r *reason) Error() string { return r.why }
func (r *reason) Unwrap() error { return r.err }

// reasons are failures of the way to a proxy.
var reasons = []struct {
	is        func(error) bool
	why, hint string
}{
	{is(context.Canceled), "cancelled", ""},
	{is(os.ErrNotExist), "it is not there", "is the proxy running here, and the path right?"},
	{is(os.ErrPermission), "permission denied", "the proxy's socket and files must be open to your user"},
	{is(syscall.ECONNREFUSED), "nobody listens there", "is the proxy running?"},
	{is(syscall.ENOSPC), "the disk is full", "make room; nothing was changed"},
	{timedOut, "no answer in time", "is the proxy overloaded, or the network cut?"},
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// fail puts an error into words, once.
func (p *Proxy) fail(op string, err error) error {
	var done *Error
	var moved *MovedError
	if err == nil || errors.As(err, &done) || errors.As(err, &moved) {
		return err
	}
	out := &Error{Service: p.service, Proxy: p.spec.Name, Op: op, err: err}
	var r *reason
	if errors.As(err, &r) {
		out.Why, out.Hint = r.why, r.hint
		return out
	}
	out.Why = strings.TrimSpace(fleet.Clean(err.Error()))
	for _, row := range reasons {
		if row.is(err) {
			out.Why, out.Hint = row.why, row.hint
			var path *os.PathError
			var dial *net.OpError
			switch {
			case errors.As(err, &path):
				out.Why = fleet.Clean(path.Path) + ": " + out.Why
			case errors.As(err, &dial) && dial.Addr != nil:
				out.Why = fleet.Clean(dial.Addr.String()) + ": " + out.Why
			}
			break
		}
	}
	return out
}
