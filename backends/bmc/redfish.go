package bmc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"ringside/backends/fleet"
)

// Limits of one request. Some BMCs need seconds for one; a host that is not there
// is found out by the connection.
const (
	redfishDial   = 3 * time.Second
	redfishAnswer = 10 * time.Second
	redfishIdle   = 90 * time.Second // longer than the rest between reads
)

// redfish speaks Redfish (DMTF DSP0266) to one BMC over one kept connection and
// one session, which is opened with the first request that needs it.
type redfish struct {
	address  string // "sw017.bmc:443"
	base     string // "https://sw017.bmc:443"
	cred     fleet.Credential
	secrets  *secrets
	wanted   string // ID of the system, "" when the BMC serves one
	insecure string
	http     *http.Client
	setup    error // why there is no TLS configuration

	turn turn
	// Below belongs to who has the turn.
	login loginState
	door  door

	known sync.Mutex
	root  *serviceRoot // nil before it presented itself
	self  string       // path of the system, "" before it was found
}

func newRedfish(c *Controller) *redfish {
	_, port := c.ports()
	d := &redfish{address: c.address(port), cred: c.cred, secrets: c.secrets, wanted: c.host.BMC.System, turn: newTurn()}
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: redfishDial}).DialContext,
		TLSHandshakeTimeout:   redfishAnswer,
		ResponseHeaderTimeout: redfishAnswer,
		IdleConnTimeout:       redfishIdle,
		MaxConnsPerHost:       1,
		DisableCompression:    true,
		// HTTP/1.1 only: it is what every BMC has been tested with.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	d.http = &http.Client{Transport: t, CheckRedirect: sameHost}
	if c.host.BMC.Plain {
		d.base, d.insecure = baseOf("http", d.address), "plain HTTP: neither encrypted nor authenticated"
		return d
	}
	d.base = baseOf("https", d.address)
	t.TLSClientConfig, d.insecure, d.setup = tlsFor(c.host.BMC.TLS)
	return d
}

func (d *redfish) name() string { return "redfish" }

// baseOf joins scheme and address; an IPv6 zone needs escaping.
func baseOf(scheme, address string) string { return (&url.URL{Scheme: scheme, Host: address}).String() }

// sameHost follows a redirect only within the BMC: the request holds a token.
func sameHost(to *http.Request, via []*http.Request) error {
	from := via[0].URL
	if to.URL.Host != from.Host || to.URL.Scheme != from.Scheme || len(via) > 3 || to.Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	return nil
}

// tlsFor makes the TLS configuration of a BMC and says why it is not verified.
func tlsFor(t *fleet.TLS) (conf *tls.Config, insecure string, err error) {
	conf = &tls.Config{MinVersion: tls.VersionTLS12}
	if t == nil {
		return conf, "", nil
	}
	conf.ServerName = t.ServerName
	if t.SkipVerify {
		conf.InsecureSkipVerify = true
		insecure = "TLS certificate of the BMC is not verified"
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return conf, insecure, &reason{trouble: BadTLS, why: "cannot read the authority: " + fleet.Clean(err.Error()), hint: "check tls.ca", err: err}
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return conf, insecure, &reason{trouble: BadTLS, why: "there is no certificate in " + fleet.Clean(t.CA), hint: "tls.ca is a file in PEM form"}
		}
	}
	return conf, insecure, nil
}

// present asks the service what it is, without a password. What it answers is the
// condition for sending one.
func (d *redfish) present(ctx context.Context) error {
	if err := d.turn.take(ctx); err != nil {
		return err
	}
	defer d.turn.give()
	d.known.Lock()
	d.root = nil
	d.known.Unlock()
	_, err := d.service(ctx)
	return err
}

// service returns the service root, read once. The turn is taken.
func (d *redfish) service(ctx context.Context) (*serviceRoot, error) {
	d.known.Lock()
	r := d.root
	d.known.Unlock()
	if r != nil {
		return r, nil
	}
	r = &serviceRoot{}
	_, err := d.send(ctx, request{method: http.MethodGet, path: "/redfish/v1/"}, r)
	var answer *httpError
	switch {
	case errors.As(err, &answer) && answer.status < 500, err == nil && !r.valid():
		return nil, &reason{trouble: Unsupported, why: "what answers at " + d.address + " is no Redfish service", hint: "check the address, or set driver: ipmi", err: err}
	case err != nil:
		return nil, d.words(ctx, err, http.MethodGet)
	}
	d.known.Lock()
	d.root = r
	d.known.Unlock()
	return r, nil
}

func (d *redfish) close(ctx context.Context) error {
	if err := d.turn.take(ctx); err != nil {
		d.http.CloseIdleConnections()
		return err
	}
	defer d.turn.give()
	defer d.http.CloseIdleConnections()
	return d.logout(ctx)
}
