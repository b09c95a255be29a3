package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// Limits of one attempt to connect, handshake included. The HTTP client may dial
// on after the request that asked for it was given up. ssh may have to pass a jump
// host and ask an agent.
const (
	dialLimit  = 4 * time.Second
	loginLimit = 8 * time.Second
)

// link is the way to one engine: how to dial it and what is to be said of it.
type link struct {
	address  string // for messages: "unix:///var/run/docker.sock"
	path     string // base path of the API, for engines behind a proxy
	insecure string
	tunnel   *tunnel // ssh only
	connect  func(context.Context) (net.Conn, error)
}

// newLink makes the link that a fleet entry describes. It reads files (contexts,
// certificates) but connects to nothing.
func newLink(spec fleet.Engine) (*link, error) {
	address, conf, plain := spec.Address, (*tls.Config)(nil), spec.Plain
	var err error
	switch {
	case spec.Context != "":
		address, conf, err = contextEndpoint(os.Getenv, spec.Context)
		plain = plain || conf == nil // whoever made the context has chosen so; the screen says it
	case spec.TLS != nil:
		conf, err = tlsConfig(*spec.TLS)
	}
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, &reason{why: fmt.Sprintf("%q is not an address", fleet.Clean(address)), hint: "unix:///path, tcp://host:port, ssh://user@host"}
	}
	l := &link{address: fleet.Clean(u.Redacted())}
	switch u.Scheme {
	case "unix":
		l.connect = netDial("unix", socketPath(address))
	case "npipe":
		l.connect = func(ctx context.Context) (net.Conn, error) {
			return dialPipe(ctx, strings.TrimPrefix(address, "npipe://"))
		}
	case "ssh":
		if l.tunnel, err = newTunnel(u, spec.Socket); err != nil {
			return nil, err
		}
		l.connect = l.tunnel.dial
	case "tcp", "http", "https":
		return l, l.overTCP(u, conf, plain || u.Scheme == "http")
	default:
		return nil, &reason{why: "addresses of kind " + fleet.Clean(u.Scheme) + ":// are not known", hint: "unix, tcp, ssh or npipe"}
	}
	return l, nil
}

func (l *link) overTCP(u *url.URL, conf *tls.Config, plain bool) error {
	host := u.Host
	switch {
	case u.Port() != "":
	case conf != nil:
		host = net.JoinHostPort(u.Hostname(), "2376")
	default:
		host = net.JoinHostPort(u.Hostname(), "2375")
	}
	l.path = strings.TrimSuffix(u.Path, "/")
	dial := netDial("tcp", host)
	switch {
	case conf == nil && !plain:
		return &reason{why: l.address + " has neither tls nor plain in its entry", hint: "add tls: {ca, cert, key}; plain: true only on a network you trust"}
	case conf == nil:
		l.connect, l.insecure = dial, "plain TCP: neither encrypted nor authenticated"
		return nil
	case conf.InsecureSkipVerify:
		l.insecure = "TLS certificate of the engine is not verified"
	}
	conf = conf.Clone()
	if conf.ServerName == "" {
		conf.ServerName = u.Hostname()
	}
	l.connect = func(ctx context.Context) (net.Conn, error) {
		raw, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		c := tls.Client(raw, conf)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		return c, nil
	}
	return nil
}

// dial connects; network and address are those of the HTTP client and mean
// nothing here. Errors are in words.
func (l *link) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	limit := dialLimit
	if l.tunnel != nil {
		limit = loginLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := l.connect(ctx)
	if err != nil {
		return nil, dialFailed(l.address, err)
	}
	return c, nil
}

func (l *link) close() error {
	if l.tunnel == nil {
		return nil
	}
	return l.tunnel.close()
}

func netDial(network, address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
	}
}

// socketPath keeps the path of a unix address as it is written; a URL parser
// would decode percent signs, which are legal in file names.
func socketPath(address string) string { return strings.TrimPrefix(address, "unix://") }

// tlsConfig reads the files of a mutual TLS set-up.
func tlsConfig(t fleet.TLS) (*tls.Config, error) {
	var pem [3][]byte
	for i, f := range []string{t.CA, t.Cert, t.Key} {
		if f == "" {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, &reason{why: "cannot read a TLS file: " + fleet.Clean(err.Error()), hint: "check tls in the engine's entry"}
		}
		pem[i] = b
	}
	return tlsFromPEM(pem[0], pem[1], pem[2], t.ServerName, t.SkipVerify)
}

func tlsFromPEM(ca, cert, key []byte, serverName string, skipVerify bool) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: serverName, InsecureSkipVerify: skipVerify}
	if len(ca) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(ca) {
			return nil, &reason{why: "the TLS authority file holds no certificate", hint: "it must be PEM"}
		}
	}
	if len(cert) == 0 && len(key) == 0 {
		return conf, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, &reason{why: "the TLS client certificate and key cannot be used: " + fleet.Clean(err.Error()), hint: "both must be PEM, the key unencrypted, and belong together"}
	}
	conf.Certificates = []tls.Certificate{pair}
	return conf, nil
}
