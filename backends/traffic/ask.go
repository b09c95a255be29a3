package traffic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// askLimit bounds one preview or probe.
const askLimit = 10 * time.Second

// Answer is what the service answered through a proxy.
type Answer struct {
	Status int
	Took   time.Duration // until the first byte of the answer
	Header http.Header
}

// Asks says whether previews and probes can be made through this proxy.
func (p *Proxy) Asks() bool { return p.spec.URL != "" }

// Preview asks a colour through the proxy, whatever is live.
func (p *Proxy) Preview(ctx context.Context, c fleet.Colour, path string) (Answer, error) {
	a, err := p.ask(ctx, path, p.spec.Preview, string(c))
	return a, p.fail(fmt.Sprintf("preview of %s", c), err)
}

// Probe asks as a user would.
func (p *Proxy) Probe(ctx context.Context, path string) (Answer, error) {
	a, err := p.ask(ctx, path, "", "")
	return a, p.fail("probe", err)
}

// tells probes the service and returns one header of the answer.
func (p *Proxy) tells(ctx context.Context, header string) (string, error) {
	if !p.Asks() {
		return "", fmt.Errorf("the header %s is to tell what is in force, and the proxy's entry has no url to ask", header)
	}
	a, err := p.ask(ctx, p.gate.Path, "", "")
	if err != nil {
		return "", fmt.Errorf("what is in force cannot be asked: %w", bare(err))
	}
	return fleet.Clean(a.Header.Get(header)), nil
}

// ask makes one request on a connection of its own, as a stranger would: a kept
// connection could still belong to the colour from before.
func (p *Proxy) ask(ctx context.Context, path, header, value string) (Answer, error) {
	if !p.Asks() {
		return Answer{}, &reason{why: "its entry has no url, so nothing can be asked through it", hint: "add url: http://host:port"}
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	conf, err := p.tlsConfig()
	if err != nil {
		return Answer{}, err
	}
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: conf, Proxy: nil}
	hc := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.spec.URL, "/")+path, nil)
	if err != nil {
		return Answer{}, err
	}
	req.Host = p.spec.Host
	req.Header.Set("User-Agent", "ringside")
	if header != "" {
		req.Header.Set(header, value)
	}
	began := time.Now()
	res, err := hc.Do(req)
	took := time.Since(began)
	if err != nil {
		return Answer{}, bare(err)
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	return Answer{Status: res.StatusCode, Took: took, Header: res.Header}, err
}

// tlsConfig verifies an https URL: the name is the one that users ask for.
func (p *Proxy) tlsConfig() (*tls.Config, error) {
	u, err := url.Parse(p.spec.URL)
	if err != nil || u.Scheme != "https" {
		return nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	if p.spec.Host != "" {
		conf.ServerName, _, _ = strings.Cut(p.spec.Host, ":")
	}
	if p.spec.CA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(p.spec.CA)
	if err != nil {
		return nil, err
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &reason{why: p.spec.CA + " holds no certificate", hint: "it must be PEM"}
	}
	return conf, nil
}
