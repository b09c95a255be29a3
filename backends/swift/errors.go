package swift

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"ringside/backends/fleet"
)

// Trouble is a kind of failure that an operator treats in its own way.
type Trouble string

// Troubles.
const (
	Silent      Trouble = "silent"      // connects or not, but does not answer in time
	Refused     Trouble = "refused"     // the host is up and nothing listens
	Unreachable Trouble = "unreachable" // no route, no such name
	BadTLS      Trouble = "TLS"
	BadLogin    Trouble = "login"    // user, key or role
	NoSecret    Trouble = "secret"   // our own credential could not be read
	Rejected    Trouble = "rejected" // it answered with an error of its own
	Garbled     Trouble = "garbled"  // it answered with something else
	BadFile     Trouble = "file"     // a ring file or swift.conf
	Other       Trouble = "trouble"
)

// Error says what failed, on which part of which cluster, why in words, and what
// to do next. It never holds a secret.
type Error struct {
	Cluster string
	Part    string // "node 10.0.0.17", "proxy http://…", "rings", "api"
	Op      string // "GET recon/time"
	Trouble Trouble
	Why     string // "no answer in 2s"
	Hint    string // what to do next, "" when there is nothing better than to try again
	err     error
}

func (e *Error) Error() string {
	s := "cluster " + e.Cluster + ": " + e.Part + ": " + e.Op + ": " + e.Why
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.err }

// TroubleOf is the kind of failure an error is; "" for nil.
func TroubleOf(err error) Trouble {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Trouble
	}
	return Other
}

// reason is a failure in words, before it is known where it happened.
type reason struct {
	trouble   Trouble
	why, hint string
}

func (r *reason) Error() string { return r.why }

// fail puts an error into words.
func (c *Cluster) fail(part, op string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	out := &Error{Cluster: c.spec.Name, Part: part, Op: op, err: err}
	r := explain(err)
	out.Trouble, out.Why, out.Hint = r.trouble, r.why, r.hint
	return out
}

func explain(err error) *reason {
	var (
		r       *reason
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, context.Canceled):
		return &reason{Other, "cancelled", ""}
	case timedOut(err):
		return &reason{Silent, "no answer in time", "is the host up, and the network? a dying disk can hold a server back"}
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(err.Error(), "refused"): // Windows has another number for it
		return &reason{Refused, "connection refused", "the host is up, but no server listens there: see its service and log"}
	case errors.As(err, &dns):
		return &reason{Unreachable, "the name is not known: " + fleet.Clean(dns.Err), "check the address"}
	case errors.Is(err, syscall.EHOSTUNREACH): // nobody in its network answers to that address
		return &reason{Silent, "no route to the host", "is the host up? is this machine in the storage network?"}
	case errors.Is(err, syscall.ENETUNREACH):
		return &reason{Unreachable, "the network cannot be reached", "is this machine in the storage network?"}
	case errors.As(err, &unknown):
		return &reason{BadTLS, "the certificate is not trusted: unknown authority", "set tls.ca"}
	case errors.As(err, &host):
		return &reason{BadTLS, "the certificate is for another name: " + fleet.Clean(host.Error()), "fix the address"}
	case errors.As(err, &invalid):
		return &reason{BadTLS, "the certificate is not valid: " + fleet.Clean(invalid.Error()), "renew it"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &reason{Other, "the server closed the connection", "it was stopped, or is restarting"}
	}
	return &reason{Other, fleet.Clean(err.Error()), ""}
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// silent says that a server gave no sign of life, as opposed to a bad answer.
func silent(err error) bool {
	var r *reason
	return !errors.As(err, &r)
}

// status is an HTTP status that is not 200.
func status(code int) error {
	switch {
	case code == 404:
		return &reason{Rejected, "404: there is no recon here", "is the recon filter in the server's pipeline?"}
	case code == 500:
		return &reason{Rejected, "500 from the server", "one disk with I/O errors can fail a whole check: see the server's log"}
	}
	return &reason{Rejected, fmt.Sprintf("%d from the server", code), ""}
}
