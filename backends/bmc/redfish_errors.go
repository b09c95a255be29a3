package bmc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"ringside/backends/fleet"
)

// httpError is an answer that is no success, with what the BMC says of it.
type httpError struct {
	status   int
	messages []message
}

// message is one entry of @Message.ExtendedInfo (DSP0266 section 8.6).
type message struct {
	ID   string `json:"MessageId"` // "Base.1.8.SessionLimitExceeded"
	Text string `json:"Message"`
}

func (e *httpError) Error() string { return e.text() }

// text is what the BMC says, else the name of the status.
func (e *httpError) text() string {
	for _, m := range e.messages {
		if t := fleet.Clean(m.Text); t != "" {
			return strings.TrimSuffix(t, ".")
		}
	}
	return fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status))
}

// says reports whether a message has one of the IDs, whatever registry and
// version it is of.
func (e *httpError) says(ids ...string) bool {
	for _, m := range e.messages {
		for _, id := range ids {
			if m.ID == id || strings.HasSuffix(m.ID, "."+id) {
				return true
			}
		}
	}
	return false
}

func messagesIn(body []byte) []message {
	var e struct {
		Error struct {
			Code    string    `json:"code"`
			Message string    `json:"message"`
			Info    []message `json:"@Message.ExtendedInfo"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	if len(e.Error.Info) == 0 && (e.Error.Code != "" || e.Error.Message != "") {
		return []message{{e.Error.Code, e.Error.Message}}
	}
	return e.Error.Info
}

// refusal puts a login that failed into words.
func (d *redfish) refusal(ctx context.Context, err error) error {
	var e *httpError
	if !errors.As(err, &e) {
		return d.words(ctx, err, http.MethodGet)
	}
	switch {
	case e.says("SessionLimitExceeded", "CreateLimitReachedForResource", "MaximumSessionsReached"):
		return &reason{trouble: SessionsFull, why: "every session of the BMC is taken", hint: "end other consoles, or wait for theirs to expire", err: err}
	case e.status == http.StatusUnauthorized || e.status == http.StatusBadRequest && e.says("ResourceAtUriUnauthorized", "NoValidSession", "InsufficientPrivilege"):
		return &reason{trouble: WrongPassword, why: "the BMC refuses the user name or the password", hint: "check the credential", err: err}
	case e.status == http.StatusForbidden:
		return &reason{trouble: WrongPassword, why: "the account may not log in: " + e.text(), hint: "check the credential and its role", err: err}
	}
	return d.words(ctx, err, http.MethodGet)
}

// statuses are answers that mean the same after every request.
var statuses = map[int]reason{
	http.StatusUnauthorized:       {trouble: WrongPassword, why: "the BMC does not accept its own session", hint: "check the credential"},
	http.StatusForbidden:          {trouble: WrongPassword, why: "the account may not do that", hint: "use an account that may"},
	http.StatusNotFound:           {trouble: Unsupported, why: "the BMC does not have that"},
	http.StatusMethodNotAllowed:   {trouble: Unsupported, why: "the BMC does not let that be changed"},
	http.StatusNotImplemented:     {trouble: Unsupported, why: "the BMC cannot do that"},
	http.StatusTooManyRequests:    {trouble: Booting, why: "the BMC asks for a pause"},
	http.StatusServiceUnavailable: {trouble: Booting, why: "the BMC cannot answer just now"},
	http.StatusBadGateway:         {trouble: Booting, why: "the BMC's services are starting"},
	http.StatusGatewayTimeout:     {trouble: Booting, why: "the BMC's services are starting"},
}

// words puts a failed request into words. method is the one it had: what was to
// change something may have done so without an answer.
func (d *redfish) words(ctx context.Context, err error, method string) error {
	var (
		r       *reason
		e       *httpError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case err == nil, errors.As(err, &r):
		return err
	case errors.As(err, &e):
		if row, ok := statuses[e.status]; ok {
			row.err = err
			if len(e.messages) > 0 {
				row.why += ": " + e.text()
			}
			return &row
		}
		return &reason{trouble: Rejected, why: "the BMC refuses: " + e.text(), err: err}
	case ctx.Err() != nil && changes(method):
		return interrupted(ctx)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &unknown):
		return &reason{trouble: BadTLS, why: "the certificate of " + d.address + " is not trusted: unknown authority", hint: "name its authority in tls.ca", err: err}
	case errors.As(err, &name):
		return &reason{trouble: BadTLS, why: "the certificate of " + d.address + " is for another name: " + fleet.Clean(name.Error()), hint: "set tls.server_name, or fix the address", err: err}
	case errors.As(err, &invalid):
		return &reason{trouble: BadTLS, why: "the certificate of " + d.address + " is not valid: " + fleet.Clean(invalid.Error()), hint: "renew it", err: err}
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return &reason{trouble: BadTLS, why: d.address + " does not speak TLS", hint: "wrong port, or a BMC with plain: true", err: err}
	case errors.As(err, &alert), strings.Contains(err.Error(), "tls:"):
		return &reason{trouble: BadTLS, why: "no TLS with " + d.address + ": " + lastWords(err), err: err}
	}
	if r := badName(d.address, err); r != nil {
		return r
	}
	return d.lost(err, method)
}

// changes says whether a request with this method is there to change something.
// Sessions are opened and ended by others.
func changes(method string) bool { return method == http.MethodPost || method == http.MethodPatch }

// lost puts a broken or missing connection into words.
func (d *redfish) lost(err error, method string) error {
	silent := &reason{trouble: Silent, why: "no answer from " + d.address, hint: "is the BMC up, and the network?", err: err}
	switch {
	case refused(err):
		return &reason{trouble: Refused, why: "TCP port " + d.address + " is closed", hint: "is Redfish enabled in the BMC?", err: err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		silent.why, silent.hint = "there is no way to "+d.address, "check the network"
	case changes(method) && !strings.Contains(err.Error(), "dial "):
		silent.why = "the request was sent, and no answer came from " + d.address + ": it may have been carried out"
		silent.hint = "look at the state before sending it again"
	case !timedOut(err):
		silent.why = d.address + " ended the connection: " + lastWords(err)
		silent.hint = "is the BMC starting?"
	}
	return silent
}

// lastWords is the innermost part of an error, which says what happened; what is
// before it repeats the request.
func lastWords(err error) string {
	s := fleet.Clean(err.Error())
	if i := strings.LastIndex(s, ": "); i >= 0 {
		s = s[i+2:]
	}
	return s
}
