package bmc

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"ringside/backends/fleet"
)

// Trouble is a kind of failure that an operator treats in its own way.
type Trouble string

// Troubles. None of them says anything about the power of the host.
const (
	Silent        Trouble = "silent"         // no answer at all
	Refused       Trouble = "refused"        // the port is closed
	WrongPassword Trouble = "wrong password" // user name, password or role
	SessionsFull  Trouble = "sessions full"  // every session slot of the BMC is taken
	BadTLS        Trouble = "TLS"            // the certificate is not trusted, or no TLS there
	Booting       Trouble = "BMC starting"   // it answers that it cannot yet
	Unsupported   Trouble = "not offered"    // this BMC cannot do that
	NoSecret      Trouble = "no secret"      // our own credential could not be read
	Rejected      Trouble = "rejected"       // the BMC answered with an error of its own
	Other         Trouble = "trouble"
)

// Error says what failed, on which host, why in words, and what to do next. It
// never holds a secret.
type Error struct {
	Host    string
	Op      string // "read power"
	Trouble Trouble
	Why     string // "no answer from sw-017.bmc:623 in 3 tries"
	Hint    string // what to do next, "" when there is nothing better than to try again
	err     error
}

func (e *Error) Error() string {
	s := "bmc " + e.Host + ": " + e.Op + ": " + e.Why
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.err }

// reason is a failure in words, before it is known what was attempted.
type reason struct {
	trouble   Trouble
	why, hint string
	err       error
}

func (r *reason) Error() string { return r.why }
func (r *reason) Unwrap() error { return r.err }

var errClosed = &reason{trouble: Other, why: "ringside has closed the connection"}

// fail puts an error of a driver into words; nil stays nil.
func (c *Controller) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	out := &Error{Host: c.host.Name, Op: op, Trouble: Other, err: err}
	var done *Error
	var r *reason
	switch {
	case errors.As(err, &done):
		return done
	case errors.As(err, &r):
		out.Trouble, out.Why, out.Hint, out.err = r.trouble, r.why, r.hint, r.err
	case errors.Is(err, context.Canceled):
		out.Why = "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		out.Trouble, out.Why = Silent, "no answer in time"
	default:
		out.Why = fleet.Clean(err.Error())
	}
	return out
}

// troubleOf returns the kind of a failure, Other when it is none of a BMC.
func troubleOf(err error) Trouble {
	var e *Error
	var r *reason
	switch {
	case errors.As(err, &e):
		return e.Trouble
	case errors.As(err, &r):
		return r.trouble
	}
	return Other
}

// interrupted is a change that was given up after it was sent.
func interrupted(ctx context.Context) error {
	return &reason{trouble: Other, why: "given up after it was sent: it may have been carried out", hint: "look at the state before sending it again", err: ctx.Err()}
}

// refused says that a port is closed. Windows has codes of its own for it.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || err != nil && strings.Contains(err.Error(), "refused")
}

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// badName puts a failure to resolve a name into words, nil when it is none.
func badName(address string, err error) *reason {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return nil
	}
	if dns.IsTimeout {
		return &reason{trouble: Silent, why: "the name server does not answer for " + address, hint: "check the network and the name server", err: err}
	}
	return &reason{trouble: Other, why: "the name " + fleet.Clean(dns.Name) + " is not known: " + fleet.Clean(dns.Err), hint: "check bmc.address", err: err}
}

// door keeps logins apart: after one that was refused it stays shut for a while,
// so that no account is locked and a BMC without a free session is left alone.
// Whoever comes in the meantime gets the answer that was given last.
type door struct {
	until time.Time
	was   *reason
}

// shutFor is how long; no answer of the BMC gives a better figure.
var shutFor = map[Trouble]time.Duration{WrongPassword: time.Minute, SessionsFull: 20 * time.Second}

// enter returns why nobody may log in just now.
func (d *door) enter(now time.Time) error {
	if d.was == nil || !now.Before(d.until) {
		return nil
	}
	r := *d.was
	r.why += "; not tried again before " + d.until.Format("15:04:05")
	return &r
}

// left notes how a login ended.
func (d *door) left(err error, now time.Time) {
	var r *reason
	d.was = nil
	if errors.As(err, &r) && shutFor[r.trouble] > 0 {
		d.was, d.until = r, now.Add(shutFor[r.trouble])
	}
}
