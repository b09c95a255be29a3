package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"ringside/backends/fleet"
)

// Trouble is a kind of failure that an operator treats in its own way.
type Trouble string

// Troubles. Only Missing says something about what a registry holds.
const (
	Silent      Trouble = "silent"      // no answer in time
	Refused     Trouble = "refused"     // nobody listens, or the host is not known
	BadTLS      Trouble = "TLS"         // the certificate is not trusted, or no TLS there
	NoLogin     Trouble = "login"       // user name, password or token are not accepted
	Forbidden   Trouble = "forbidden"   // logged in, but not allowed to do this
	NoSecret    Trouble = "no secret"   // our own credential could not be read
	Limited     Trouble = "limited"     // 429: it asks for patience
	Failing     Trouble = "failing"     // 5xx
	Missing     Trouble = "missing"     // there is no such tag, manifest, blob or repository
	Unsupported Trouble = "unsupported" // this registry cannot do that
	Broken      Trouble = "broken"      // the connection ended under the transfer
	Mismatch    Trouble = "mismatch"    // content is not what its digest says
	Rejected    Trouble = "rejected"    // it answered with an error of its own
	Cancelled   Trouble = "cancelled"   // we gave up
	Other       Trouble = "trouble"
)

// Error says what failed, at which registry, why in words, and what to do next.
// It never holds a secret.
type Error struct {
	Registry string // name in the fleet
	Op       string // "read team/web:1.9.2"
	Trouble  Trouble
	Why      string        // "registry.sha.example:5000 turns connections down"
	Hint     string        // what to do next, "" when there is nothing better than to try again
	Wait     time.Duration // Limited: how long it asks to wait, 0 when it does not say
	code     string        // the registry's own, such as MANIFEST_BLOB_UNKNOWN
	err      error
}

func (e *Error) Error() string {
	s := "registry " + e.Registry + ": " + e.Op + ": " + e.Why
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.err }

// TroubleOf returns the kind of a failure, "" when err is none of a registry's.
func TroubleOf(err error) Trouble {
	var e *Error
	if errors.As(err, &e) {
		return e.Trouble
	}
	return ""
}

// IsMissing says that there is no such tag, manifest, blob or repository.
func IsMissing(err error) bool { return TroubleOf(err) == Missing }

// lacksParts says that a registry refused a manifest because something that it
// names is not there (distribution specification, error codes).
func lacksParts(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.code == "MANIFEST_BLOB_UNKNOWN" || e.code == "BLOB_UNKNOWN")
}

// lostUpload says that a registry does not know an upload any more, as docker-registry
// 2.8 does after a connection broke within a piece. A new upload may work.
func lostUpload(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.code == "BLOB_UPLOAD_UNKNOWN" || e.code == "BLOB_UPLOAD_INVALID")
}

// passing says that the same attempt may work a moment later.
func passing(err error) bool {
	switch TroubleOf(err) {
	case Silent, Refused, Limited, Failing, Broken:
		return true
	}
	return false
}

// fail puts an error into words. What the transport saw under a call says more
// than what the library makes of it.
func (r *Registry) fail(op string, c *call, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	out := &Error{Registry: r.spec.Name, Op: op, Trouble: Other, err: err}
	seen := c.last()
	var rs *reason
	switch {
	case errors.Is(err, context.Canceled), errors.Is(seen.err, context.Canceled):
		out.Trouble, out.Why = Cancelled, "cancelled"
		return out
	case errors.As(err, &rs), errors.As(seen.err, &rs):
	case isDigestMismatch(err):
		rs = &reason{Mismatch, "the content is not what its digest says", "the copy was dropped; is a proxy on the way changing content?"}
	case seen.status >= 400:
		rs = statusReason(seen)
		out.Wait, out.code = seen.wait, seen.code
	case seen.err != nil:
		rs = connectionReason(r.spec.Address, seen.err)
	default:
		rs = connectionReason(r.spec.Address, err)
	}
	out.Trouble, out.Why, out.Hint = rs.trouble, rs.why, rs.hint
	return out
}

// reason is a failure in words, for places that know more than a status.
type reason struct {
	trouble   Trouble
	why, hint string
}

func (r *reason) Error() string { return r.why }

// statuses are the words for answers. The registry's own message is added to
// those that end in a colon.
var statuses = map[int]reason{
	http.StatusUnauthorized:          {NoLogin, "the login is not accepted", "docker login, or check the registry's credential"},
	http.StatusForbidden:             {Forbidden, "not allowed", "does this user have rights on the repository?"},
	http.StatusNotFound:              {Missing, "not there", ""},
	http.StatusMethodNotAllowed:      {Unsupported, "the registry does not offer that", ""},
	http.StatusTooManyRequests:       {Limited, "too many requests for this registry", "give it a rate or less concurrency"},
	http.StatusRequestEntityTooLarge: {Rejected, "too large for the registry, or for a proxy before it", "raise the proxy's limit (nginx: client_max_body_size)"},
	http.StatusRequestTimeout:        {Silent, "the registry gave up waiting for us", ""},
	http.StatusInsufficientStorage:   {Failing, "the registry's disk is full", ""},
}

func statusReason(a attempt) *reason {
	rs, known := statuses[a.status]
	switch {
	case known:
	case a.status >= 500:
		rs = reason{Failing, fmt.Sprintf("the registry fails (%d %s)", a.status, http.StatusText(a.status)), ""}
	default:
		rs = reason{Rejected, fmt.Sprintf("refused (%d %s)", a.status, http.StatusText(a.status)), ""}
	}
	if a.says != "" && a.status != http.StatusNotFound {
		rs.why += ": " + a.says
	}
	if a.wait > 0 {
		rs.why += fmt.Sprintf("; it asks to wait %v", a.wait.Round(time.Second))
	}
	return &rs
}

// connectionReason puts a failure to reach address into words.
func connectionReason(address string, err error) *reason {
	var (
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		timeout net.Error
	)
	has := func(words string) bool { return strings.Contains(err.Error(), words) }
	switch {
	case errors.As(err, &dns):
		return &reason{Refused, "the host of " + address + " is not known: " + fleet.Clean(dns.Err), "check the address"}
	case errors.As(err, &unknown):
		return &reason{BadTLS, "the certificate of " + address + " is not trusted: unknown authority", "name its authority as ca"}
	case errors.As(err, &host):
		return &reason{BadTLS, "the certificate of " + address + " is for another name: " + fleet.Clean(host.Error()), "fix the address"}
	case errors.As(err, &invalid):
		return &reason{BadTLS, "the certificate of " + address + " is not valid: " + fleet.Clean(invalid.Error()), "renew it"}
	case has("server gave HTTP response to HTTPS client"), has("first record does not look like a TLS handshake"):
		return &reason{BadTLS, address + " does not speak TLS", "plain_http: true says that this is meant"}
	case has("remote error: tls"), has("tls: "):
		return &reason{BadTLS, "TLS with " + address + " failed: " + fleet.Clean(err.Error()), ""}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), has("timeout awaiting response headers"):
		return &reason{Silent, "no answer from " + address, "is the host up, and the network?"}
	case errors.Is(err, syscall.ECONNREFUSED), has("connection refused"), has("actively refused"):
		return &reason{Refused, address + " turns connections down", "is the registry running, and listening there?"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return &reason{Refused, "there is no way to " + address, "is the network up?"}
	case has("malformed HTTP response"):
		return &reason{BadTLS, "the answer of " + address + " is not HTTP", "does the registry expect TLS?"}
	case brokenConnection(err):
		return &reason{Broken, address + " closed the connection", ""}
	}
	return &reason{Other, fleet.Clean(err.Error()), ""}
}

// brokenConnection says that the connection ended under the call. The HTTP client
// has words of its own, without a type, for one that ended before the request.
func brokenConnection(err error) bool {
	for _, is := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, is) {
			return true
		}
	}
	return strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "server closed idle connection") ||
		strings.Contains(err.Error(), "transport connection broken")
}
