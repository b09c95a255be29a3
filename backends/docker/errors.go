package docker

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"

	"ringside/backends/fleet"
)

// Error says what failed, on which engine, why in words, and what to do next.
type Error struct {
	Engine string // name in the fleet
	Op     string // "list containers"
	Why    string // "permission denied on /var/run/docker.sock"
	Hint   string // what to do next, "" when there is nothing better than to try again
	err    error
}

func (e *Error) Error() string {
	s := "engine " + e.Engine + ": " + e.Op + ": " + e.Why
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause, for IsNotFound and for context errors.
func (e *Error) Unwrap() error { return e.err }

// IsNotFound says that the container or image does not exist (any more).
func IsNotFound(err error) bool { return errdefs.IsNotFound(err) }

// fail puts an error of the client or the transport into words.
func (e *Engine) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	out := &Error{Engine: e.spec.Name, Op: op, err: err}
	var r *reason
	if errors.As(err, &r) {
		out.Why, out.Hint = r.why, r.hint
		return out
	}
	if r := e.tunnelTrouble(err); r != nil {
		out.Why, out.Hint = r.why, r.hint
		return out
	}
	for _, row := range reasons {
		if row.is(err) {
			out.Why, out.Hint = row.why, row.hint
			return out
		}
	}
	out.Why = strings.TrimPrefix(fleet.Clean(err.Error()), "Error response from daemon: ")
	return out
}

// tunnelTrouble explains a connection that ended at once because the far side
// would not open the engine's socket.
func (e *Engine) tunnelTrouble(err error) *reason {
	e.mu.Lock()
	l := e.link
	e.mu.Unlock()
	if l == nil || l.tunnel == nil || !broken(err) {
		return nil
	}
	return l.tunnel.trouble()
}

// reasons are the failures of a call on a connection that was made.
var reasons = []struct {
	is        func(error) bool
	why, hint string
}{
	{is(context.Canceled), "cancelled", ""},
	{timedOut, "no answer in time", "is the host overloaded, or the network cut?"},
	{says("client version", "too new"), "the engine is too old: ringside needs API 1.40 (Docker 19.03) or later", "upgrade the engine"},
	{says("the minimum supported API version is"), "the engine is too old: ringside needs API 1.40 (Docker 19.03) or later", "upgrade the engine"},
	{says("remote error: tls"), "the engine refused our client certificate", "check tls.cert and tls.key"},
	{says("malformed HTTP response"), "the answer is not HTTP", "does the engine expect TLS?"},
	{says("HTTP request to an HTTPS server"), "the engine expects TLS", "add tls to its entry"},
	{broken, "the engine closed the connection", "it was stopped, or is restarting"},
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func says(words ...string) func(error) bool {
	return func(err error) bool {
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				return false
			}
		}
		return true
	}
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// broken says that the connection ended under the call. The HTTP client has words
// of its own, without a type, for one that ended before the request was written.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || says("EOF")(err) || says("server closed idle connection")(err)
}

// reason is a failure to connect, in words. It hides its cause from errors.Is
// because the API client replaces errors that it recognises by its own text.
type reason struct {
	why, hint string
	lasting   bool // trying again soon will not help: bad key, unknown host key
}

func (r *reason) Error() string { return r.why }

// dialFailed puts a failure to reach address into words.
func dialFailed(address string, err error) error {
	var (
		r       *reason
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	local := strings.HasPrefix(address, "unix://") || strings.HasPrefix(address, "npipe://")
	switch {
	case errors.As(err, &r), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, os.ErrPermission):
		return &reason{why: "permission denied on " + address, hint: "add your user to group docker and log in again, or run as root"}
	case errors.Is(err, os.ErrNotExist):
		return &reason{why: address + " does not exist", hint: "is the Docker engine installed and running?"}
	case errors.Is(err, syscall.ECONNREFUSED) || says("refused")(err):
		if local {
			return &reason{why: "nobody listens on " + address, hint: "the engine is stopped"}
		}
		return &reason{why: address + " turns connections down", hint: "is the engine running, and listening there?"}
	case errors.As(err, &dns):
		return &reason{why: "the host of " + address + " is not known: " + fleet.Clean(dns.Err), hint: "check the address"}
	case errors.As(err, &unknown):
		return &reason{why: "the certificate of " + address + " is not trusted: unknown authority", hint: "check tls.ca", lasting: true}
	case errors.As(err, &host):
		return &reason{why: "the certificate of " + address + " is for another name: " + fleet.Clean(host.Error()), hint: "set tls.server_name, or fix the address", lasting: true}
	case errors.As(err, &invalid):
		return &reason{why: "the certificate of " + address + " is not valid: " + fleet.Clean(invalid.Error()), hint: "renew it", lasting: true}
	case says("remote error: tls")(err):
		return &reason{why: address + " refused our client certificate", hint: "check tls.cert and tls.key", lasting: true}
	case says("first record does not look like a TLS handshake")(err):
		return &reason{why: address + " does not speak TLS", hint: "wrong port, or an engine without TLS"}
	case timedOut(err):
		return &reason{why: "no answer from " + address, hint: "is the host up, and the network?"}
	}
	return &reason{why: "cannot reach " + address + ": " + fleet.Clean(err.Error())}
}

// lasting says that trying again soon would not help, and might lock us out.
func lasting(err error) bool {
	var r *reason
	return errors.As(err, &r) && r.lasting
}
