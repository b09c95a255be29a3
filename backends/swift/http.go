package swift

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"time"

	"ringside/backends/fleet"
)

// maxAnswer bounds one answer of recon. A node with a hundred disks sends 20 KB.
const maxAnswer = 1 << 20

// newClient makes a client that keeps one connection to each port. It takes no
// HTTP proxy from the environment: storage networks are not reached through one.
func newClient(t *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               nil,
			TLSClientConfig:     t,
			TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     50 * time.Second, // Swift's own is 60 s
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tlsConfig reads what the fleet says about the proxies' certificates.
func tlsConfig(t *fleet.TLS) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{InsecureSkipVerify: t.SkipVerify, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &reason{BadTLS, "tls.ca cannot be read: " + fleet.Clean(err.Error()), ""}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &reason{BadTLS, t.CA + " holds no certificate", "it must be a PEM file"}
		}
	}
	return c, nil
}

// answer is one answer to a GET, and when the question went out and it came back.
type answer struct {
	code       int
	body       []byte
	header     http.Header
	sent, read time.Time
}

// request sends one request and reads its answer, all within the limit.
func request(ctx context.Context, cl *http.Client, method, url string, limit time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var a answer
	var wrote atomic.Int64
	began := time.Now()
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { wrote.Store(int64(time.Since(began))) },
	}), method, url, nil)
	if err != nil {
		return a, err
	}
	req.Header.Set("User-Agent", "ringside")
	res, err := cl.Do(req)
	if err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			return a, fmt.Errorf("no answer in %v: %w", limit, context.DeadlineExceeded)
		}
		return a, err
	}
	defer res.Body.Close()
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	a.read = time.Now()
	switch {
	case err != nil:
		return a, err
	case len(a.body) > maxAnswer:
		return a, &reason{Garbled, fmt.Sprintf("the answer is larger than %d bytes", maxAnswer), ""}
	}
	a.code, a.header, a.sent = res.StatusCode, res.Header, began.Add(time.Duration(wrote.Load()))
	return a, nil
}

// get is a GET that must be answered with 200.
func get(ctx context.Context, cl *http.Client, url string, limit time.Duration) (answer, error) {
	a, err := request(ctx, cl, http.MethodGet, url, limit)
	if err == nil && a.code != http.StatusOK {
		err = status(a.code)
	}
	return a, err
}

// clock reads the server's time of an answer to recon/time.
func clock(a answer) (Clock, error) {
	t, ok, err := parseTime(a.body)
	if err != nil || !ok {
		return Clock{}, errors.Join(&reason{Garbled, "the answer is no time", "does another program listen there?"}, err)
	}
	round := a.read.Sub(a.sent)
	return Clock{Skew: t.Sub(a.sent.Add(round / 2)), Round: round}, nil
}
