package registry

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// Limits of talking to a registry.
const (
	dialLimit    = 10 * time.Second
	answerLimit  = 20 * time.Second // for a request without a body, the wait for its turn not included
	storeLimit   = 5 * time.Minute  // from the last byte of a body to the answer: a registry checks the digest of a large blob meanwhile
	maxDocument  = 32 << 20         // bytes of anything that is no blob
	maxReplay    = 8 << 20          // bytes of a body that is kept so that it can be sent again
	maxRetries   = 4                // of one request that failed for a passing reason
	longestAsked = 10 * time.Minute // a longer Retry-After is taken for this
	nearLimit    = 5 * time.Millisecond
	nearBuffer   = 256 << 10
)

// transport is the one way to a registry. It keeps to the registry's limits,
// waits when it is asked to, sends again what can be sent again, goes on with
// downloads that broke off, counts, and leaves its findings in the call.
type transport struct {
	spec  fleet.Registry
	base  http.RoundTripper
	slots chan struct{} // one per request that waits for its answer
	rate  *pace
	gate  gate
	basic atomic.Pointer[string] // an Authorization that was accepted
}

func newTransport(spec fleet.Registry) (*transport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: spec.SkipVerify}
	if spec.CA != "" {
		pem, err := os.ReadFile(spec.CA)
		if err != nil {
			return nil, &reason{BadTLS, "its authority cannot be read: " + fleet.Clean(err.Error()), "check ca"}
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &reason{BadTLS, spec.CA + " holds no certificate", "check ca"}
		}
	}
	concurrency := max(1, spec.Concurrency)
	return &transport{
		spec: spec, slots: make(chan struct{}, concurrency), rate: newPace(int64(spec.Rate)),
		base: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dial,
			TLSClientConfig:       conf,
			TLSHandshakeTimeout:   dialLimit,
			ResponseHeaderTimeout: storeLimit,
			MaxIdleConnsPerHost:   concurrency + 2*max(1, spec.Streams),
			IdleConnTimeout:       30 * time.Second,
			DisableCompression:    true,
			WriteBufferSize:       firstPart,
			ReadBufferSize:        64 << 10,
		},
	}, nil
}

// RoundTrip sends a request, again when that can help, and returns an answer.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	if c.gaveUp() {
		return nil, errGaveUp
	}
	if req.URL.Scheme != "https" && !t.spec.PlainHTTP {
		err := &reason{BadTLS, "it sends us to an address without TLS", "is its realm or its storage set up with http://?"}
		c.saw(attempt{err: err})
		return nil, err
	}
	req = t.dress(req, c)
	replay, body, err := replayable(req)
	if err != nil {
		return nil, err
	}
	back := retry.Backoff{Max: 5 * time.Second}
	for n := 0; ; n++ {
		if replay && body != nil {
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		resp, err := t.once(req, c)
		if err != nil {
			c.saw(attempt{err: err})
			if silentOrTold(err) {
				c.giveUp()
			}
			return nil, err
		}
		wait, again := t.judge(resp, c, &back)
		if !again || !replay || n == maxRetries && resp.StatusCode != http.StatusTooManyRequests {
			return t.receive(resp, req, c), nil
		}
		if !c.mayWait(wait) {
			c.giveUp()
			return t.receive(resp, req, c), nil
		}
		resp.Body.Close()
		if err := sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// silentOrTold says that another attempt at once is of no use: nothing answered for
// a long time, or we know better.
func silentOrTold(err error) bool {
	var r *reason
	var n net.Error
	return errors.As(err, &r) || errors.As(err, &n) && n.Timeout()
}

// dress adds to a request what the library does not know.
func (t *transport) dress(req *http.Request, c *call) *http.Request {
	q := req.URL.Query()
	mount := c.mount != "" && req.Method == http.MethodPost && q.Has("mount") && !q.Has("from")
	basic := t.basic.Load()
	login := basic != nil && req.Header.Get("Authorization") == "" && req.URL.Host == t.host()
	if !mount && !login {
		return req
	}
	req = req.Clone(req.Context())
	if mount {
		q.Set("from", c.mount)
		req.URL.RawQuery = q.Encode()
	}
	if login {
		req.Header.Set("Authorization", *basic)
	}
	return req
}

// dial connects. From a registry that is near, little is read ahead: bytes that
// wait here for their turn at the target are lost when the program is killed. From
// one that is far away they have to be on the way early.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	began := time.Now()
	conn, err := (&net.Dialer{Timeout: dialLimit, KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok && time.Since(began) < nearLimit {
		_ = tcp.SetReadBuffer(nearBuffer) // it works without, too
	}
	return conn, err
}

// host is where the registry itself answers, which a token server need not be.
func (t *transport) host() string { return hostname(t.spec) }

// replayable says whether a request can be sent again, and returns its body when
// it was kept for that.
func replayable(req *http.Request) (ok bool, body []byte, err error) {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return true, nil, nil
	case req.ContentLength > 0 && req.ContentLength <= maxReplay && strings.Contains(req.URL.Path, "/manifests/"):
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		return true, body, err
	}
	return false, nil, nil
}

// once sends a request when the registry's limits let it pass.
func (t *transport) once(req *http.Request, c *call) (*http.Response, error) {
	ctx := req.Context()
	for left := t.gate.left(); left > 0; left = t.gate.left() {
		left += rand.N(left/4 + time.Millisecond) // not all at the same moment
		if !c.mayWait(left) {
			return nil, &reason{Limited, fmt.Sprintf("it asked to be left alone for another %v", left.Round(time.Second)), ""}
		}
		if err := sleep(ctx, left); err != nil {
			return nil, err
		}
	}
	if err := t.rate.wait(ctx, 1); err != nil {
		return nil, err
	}
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.slots }()
	c.stats.request()
	resp, err := t.answer(req)
	if err != nil {
		return nil, err
	}
	if a := req.Header.Get("Authorization"); resp.StatusCode < 300 && strings.HasPrefix(a, "Basic ") && req.URL.Host == t.host() {
		t.basic.Store(&a)
	}
	return resp, nil
}

// answer sends a request. One without a body has to be answered soon.
func (t *transport) answer(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody {
		return t.base.RoundTrip(req)
	}
	ctx, cancel := context.WithCancel(req.Context())
	timer := time.AfterFunc(answerLimit, cancel)
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if !timer.Stop() && req.Context().Err() == nil {
		if err == nil {
			resp.Body.Close()
		}
		return nil, &reason{Silent, fmt.Sprintf("no answer from %s within %v", t.spec.Address, answerLimit), "is the host up, and the network?"}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &ending{resp.Body, cancel}
	return resp, nil
}

// ending frees what a request holds when its body is closed.
type ending struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (e *ending) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close()
}

// judge says whether an answer is worth another attempt, and after how long.
func (t *transport) judge(resp *http.Response, c *call, back *retry.Backoff) (wait time.Duration, again bool) {
	a := attempt{status: resp.StatusCode}
	if a.status < 400 || resp.Request != nil && resp.Request.Method == http.MethodDelete && strings.Contains(resp.Request.URL.Path, "/uploads/") {
		return 0, false // and what failed before is still what matters
	}
	a.code, a.says = said(resp)
	a.wait = retryAfter(resp.Header.Get("Retry-After"))
	c.saw(a)
	switch a.status {
	case http.StatusTooManyRequests:
		wait = a.wait
		if wait == 0 {
			wait = back.Next()
		}
		t.gate.close(wait)
		return wait, true
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusInternalServerError:
		return max(a.wait, back.Next()), true
	case http.StatusUnauthorized:
		t.basic.Store(nil)
	}
	return 0, false
}

// said reads the registry's own message and its code off an error answer and
// leaves the body readable. It is the first of them, clean, on one line.
func said(resp *http.Response) (code, message string) {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var e struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(body, &e) != nil || len(e.Errors) == 0 {
		return "", ""
	}
	code, message = fleet.Clean(e.Errors[0].Code), fleet.Clean(e.Errors[0].Message)
	if message == "" {
		message = code
	}
	const longest = 200
	if r := []rune(message); len(r) > longest {
		message = string(r[:longest]) + "..."
	}
	return code, message
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110 section
// 10.2.3).
func retryAfter(s string) time.Duration {
	if s == "" {
		return 0
	}
	d := time.Duration(0)
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(min(n, int(longestAsked/time.Second))) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = time.Until(at)
	}
	return min(max(d, 0), longestAsked)
}

// receive prepares an answer's body: documents are bounded, blobs go on after a
// broken connection.
func (t *transport) receive(resp *http.Response, req *http.Request, c *call) *http.Response {
	resp.Header.Del("Retry-After") // was obeyed; the library would wait once more
	blob := req.Method == http.MethodGet && resp.StatusCode < 300 && resp.ContentLength > 0 && isBlob(req, resp)
	switch {
	case blob:
		d := &download{ReadCloser: resp.Body, t: t, req: req, call: c, left: resp.ContentLength, back: retry.Backoff{Max: 5 * time.Second}}
		resp.Body = d
	case req.Method != http.MethodHead:
		resp.Body = &document{resp.Body, maxDocument, c.stats}
	}
	return resp
}

// isBlob recognises a blob at the registry, or where it sent us for its content.
func isBlob(req *http.Request, resp *http.Response) bool {
	return strings.Contains(req.URL.Path, "/blobs/sha") || req.Response != nil && isBlob(first(req), resp)
}

// first is the request that redirects began with.
func first(req *http.Request) *http.Request {
	for req.Response != nil && req.Response.Request != nil && req.Response.Request != req {
		req = req.Response.Request
	}
	r := *req
	r.Response = nil
	return &r
}

// document is a body that has to fit into memory.
type document struct {
	io.ReadCloser
	left  int64
	stats *Stats
}

func (d *document) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, &reason{Rejected, fmt.Sprintf("the answer is larger than %d MiB", maxDocument>>20), ""}
	}
	n, err := d.ReadCloser.Read(p[:min(int64(len(p)), d.left)])
	d.left -= int64(n)
	d.stats.bytes(0, int64(n))
	return n, err
}

// download is a blob's body. When the connection breaks, it asks for the rest.
type download struct {
	io.ReadCloser
	t         *transport
	req       *http.Request
	call      *call
	at, left  int64
	fruitless int // attempts in a row that brought nothing
	back      retry.Backoff
}

func (d *download) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	n, err := d.ReadCloser.Read(p[:min(int64(len(p)), d.left)])
	d.at += int64(n)
	d.left -= int64(n)
	d.call.stats.bytes(0, int64(n))
	if n > 0 {
		d.fruitless = 0
		d.back.Reset()
		return n, nil
	}
	if err == nil {
		return 0, nil
	}
	if ctx := d.req.Context().Err(); ctx != nil {
		return 0, ctx
	}
	if err := d.resume(err); err != nil {
		d.call.saw(attempt{err: err})
		return 0, err
	}
	return 0, nil
}

// resume opens the rest of the blob. Its error is why that failed.
func (d *download) resume(cause error) error {
	d.ReadCloser.Close()
	for ; d.fruitless < maxRetries; d.fruitless++ {
		if err := sleep(d.req.Context(), d.back.Next()); err != nil {
			return err
		}
		req := d.req.Clone(d.req.Context())
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", d.at, d.at+d.left-1))
		resp, err := d.t.once(req, d.call)
		if err != nil {
			cause = err
			continue
		}
		if resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.at)) {
			d.ReadCloser = resp.Body
			d.fruitless++ // until it brings a byte
			return nil
		}
		if _, again := d.t.judge(resp, d.call, &d.back); !again {
			resp.Body.Close()
			break
		}
		resp.Body.Close()
	}
	if errors.Is(cause, io.EOF) { // would pass for the end of the blob
		cause = io.ErrUnexpectedEOF
	}
	return &brokenOff{cause}
}

// brokenOff is a download that ended early. The library would try again by itself
// when it saw the cause.
type brokenOff struct{ cause error }

func (b *brokenOff) Error() string { return "the download broke off: " + b.cause.Error() }
func (b *brokenOff) Unwrap() error { return b.cause }
