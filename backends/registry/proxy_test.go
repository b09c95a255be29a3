package registry

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands before a real registry: it counts, delays, shapes, cuts and refuses.
type proxy struct {
	server *httptest.Server
	pass   *httputil.ReverseProxy

	mu       sync.Mutex
	delay    time.Duration // of every request
	rate     float64       // bytes a second in each direction, shared by all connections; 0 for no limit
	free     [2]time.Time
	cuts     [2]int64 // bytes until a connection breaks; 0 for never
	refusals int      // requests to answer with 429 and Retry-After: 1
	kinds    map[string]int
	bytes    [2]int64
	active   int
	peak     int
}

// queue is what the line makes up for when this machine was late, as the queue
// of a router does.
const queue = 50 * time.Millisecond

const (
	upward   = 0
	downward = 1
)

type connection struct{}

// newProxy starts a proxy before host:port.
func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	p := &proxy{kinds: map[string]int{}}
	p.pass = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})
	director := p.pass.Director
	p.pass.Director = func(q *http.Request) {
		host := q.Host
		director(q)
		q.Host = host // registries build their Locations of it
	}
	p.pass.Transport = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	p.pass.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	p.pass.ModifyResponse = func(r *http.Response) error {
		r.Body = &passage{r.Body, p, r.Request, downward}
		return nil
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(64 << 10) // bytes count as passed when they are on the way, not in our memory
		return context.WithValue(ctx, connection{}, c)
	}
	p.server.Config.ErrorLog = discard
	p.pass.ErrorLog = discard
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

func (p *proxy) address() string { return p.server.Listener.Addr().String() }

func (p *proxy) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	p.mu.Lock()
	p.kinds[kindOf(q)]++
	p.active++
	p.peak = max(p.peak, p.active)
	delay := p.delay
	refuse := p.refusals > 0
	if refuse {
		p.refusals--
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.active--
		p.mu.Unlock()
	}()
	time.Sleep(delay)
	if refuse {
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`, http.StatusTooManyRequests)
		return
	}
	if q.Body != nil && q.Body != http.NoBody {
		q.Body = &passage{q.Body, p, q, upward}
		// As a registry does: what was received whole is kept, also when the client
		// is gone by then. What was not ends with the error of its body.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), time.Minute)
		defer cancel()
		q = q.WithContext(ctx)
	}
	p.pass.ServeHTTP(w, q)
}

// passage is a body on its way through the proxy.
type passage struct {
	io.ReadCloser
	p   *proxy
	q   *http.Request
	way int
}

func (b *passage) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf[:min(len(buf), 32<<10)])
	if n == 0 {
		return n, err
	}
	p := b.p
	p.mu.Lock()
	cut := false
	if c := p.cuts[b.way]; c > 0 && strings.Contains(b.q.URL.Path, "/blobs/") {
		if cut = c <= int64(n); cut {
			p.cuts[b.way] = 0
			n = int(c)
		} else {
			p.cuts[b.way] -= int64(n)
		}
	}
	p.bytes[b.way] += int64(n)
	var wait time.Duration
	if p.rate > 0 {
		now := time.Now()
		if earliest := now.Add(-queue); p.free[b.way].Before(earliest) {
			p.free[b.way] = earliest
		}
		p.free[b.way] = p.free[b.way].Add(time.Duration(float64(n) / p.rate * 1e9))
		wait = p.free[b.way].Sub(now)
	}
	p.mu.Unlock()
	time.Sleep(wait)
	if cut {
		if c, ok := b.q.Context().Value(connection{}).(net.Conn); ok {
			c.Close()
		}
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// quiet waits until the registry has dealt with what it got.
func (p *proxy) quiet(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		active := p.active
		p.mu.Unlock()
		if active == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("waited 30 s for the proxy")
		}
	}
}

// counts says what went through since the last reset.
func (p *proxy) counts() (requests int, up, down int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.kinds {
		requests += n
	}
	return requests, p.bytes[upward], p.bytes[downward]
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kinds, p.bytes, p.peak = map[string]int{}, [2]int64{}, 0
}

func (p *proxy) set(f func(*proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

var proxyKinds = []struct {
	re   *regexp.Regexp
	kind string
}{
	{regexp.MustCompile(`/manifests/`), "manifest"}, {regexp.MustCompile(`/blobs/uploads/`), "upload"}, {regexp.MustCompile(`/blobs/`), "blob"},
	{regexp.MustCompile(`/tags/`), "tags"}, {regexp.MustCompile(`/referrers/`), "referrers"},
}

func kindOf(q *http.Request) string {
	for _, k := range proxyKinds {
		if k.re.MatchString(q.URL.Path) {
			kind := k.kind
			if q.URL.Query().Has("mount") {
				kind = "mount"
			}
			return fmt.Sprintf("%s %s", kind, q.Method)
		}
	}
	return "other"
}
