package traffictest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Load is what a service gets while it is swapped: fast workers on kept connections
// (GET and POST), slow requests, and upgraded streams that come again when they are
// cut. It speaks HTTP/1.1 itself, because ordinary clients hide what goes wrong.
type Load struct {
	URL     string
	Host    string
	Fast    int           // workers with a pause between two requests
	Pause   time.Duration // of the fast workers; default 4 ms
	Slow    int           // workers with requests of 400 ms
	Streams int
}

// Standard is the load of the tables in blue-green.md.
func Standard(base string) Load {
	return Load{URL: base, Host: "demo.local", Fast: 16, Slow: 4, Streams: 5}
}

// Result is what a load saw.
type Result struct {
	Requests   int64
	Failed     int64 // answered other than 200, or not at all on a fresh connection
	IdleClosed int64 // kept connections that were closed without a word; the request was made again
	Cut        int64 // streams that ended before the load did
	Slowest    time.Duration
	By         map[string]int64 // answers by X-Served-By
	First      string           // the first failure
}

func (r Result) String() string {
	return fmt.Sprintf("%d requests, %d failed, %d idle closed, %d streams cut, slowest %v, by %v", r.Requests, r.Failed, r.IdleClosed, r.Cut, r.Slowest.Round(time.Millisecond), r.By)
}

// Running is a load while it runs.
type Running struct {
	load Load
	host string
	stop chan struct{}
	once sync.Once
	wg   sync.WaitGroup

	requests, failed, idle, cut, slowest atomic.Int64
	open                                 atomic.Int64 // streams that were upgraded and live
	mu                                   sync.Mutex
	by                                   map[string]int64
	first                                string
}

// Start begins the load; it ends with the test at the latest.
func (l Load) Start(t testing.TB) *Running {
	t.Helper()
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	if l.Pause == 0 {
		l.Pause = 4 * time.Millisecond
	}
	r := &Running{load: l, host: u.Host, stop: make(chan struct{}), by: map[string]int64{}}
	for i := range l.Fast {
		r.worker(func(c *conn) {
			if i%2 == 0 {
				r.request(c, "GET / HTTP/1.1\r\n", "")
			} else {
				r.request(c, "POST / HTTP/1.1\r\nContent-Length: 4\r\n", "ping")
			}
			r.pause(l.Pause)
		})
	}
	for range l.Slow {
		r.worker(func(c *conn) { r.request(c, "GET /slow?ms=400 HTTP/1.1\r\n", "") })
	}
	for range l.Streams {
		r.worker(r.stream)
	}
	t.Cleanup(func() { r.Stop() })
	return r
}

// Stop ends the load and says what it saw.
func (r *Running) Stop() Result {
	r.once.Do(func() { close(r.stop) })
	r.wg.Wait()
	return r.Result()
}

// Result is what it saw so far.
func (r *Running) Result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	by := map[string]int64{}
	for k, v := range r.by {
		by[k] = v
	}
	return Result{r.requests.Load(), r.failed.Load(), r.idle.Load(), r.cut.Load(), time.Duration(r.slowest.Load()), by, r.first}
}

// Open is how many streams are open now.
func (r *Running) Open() int { return int(r.open.Load()) }

// Warm waits until everything of the load has begun.
func (r *Running) Warm(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if int(r.open.Load()) == r.load.Streams && r.requests.Load() > int64(2*(r.load.Fast+r.load.Slow)) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the load did not begin: %v, first failure: %s", r.Result(), r.Result().First)
		}
	}
}

type conn struct {
	net.Conn
	r    *bufio.Reader
	used bool // it has served a request
}

func (r *Running) worker(turn func(*conn)) {
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		c := &conn{}
		for !r.stopped() {
			turn(c)
		}
		c.drop()
	}()
}

func (c *conn) drop() {
	if c.Conn != nil {
		c.Close()
	}
	c.Conn, c.used = nil, false
}

func (r *Running) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

func (r *Running) pause(d time.Duration) {
	select {
	case <-r.stop:
	case <-time.After(d):
	}
}

func (r *Running) fail(format string, args ...any) {
	r.failed.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == "" {
		r.first = fmt.Sprintf("%s ", time.Now().Format("15:04:05.000")) + fmt.Sprintf(format, args...)
	}
}

func (c *conn) dial(host string) error {
	if c.Conn != nil {
		return nil
	}
	raw, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err == nil {
		c.Conn, c.r, c.used = raw, bufio.NewReader(raw), false
	}
	return err
}

// request makes one request on the kept connection, and once more on a fresh one
// when that was closed under it before a byte of the answer.
func (r *Running) request(c *conn, head, body string) {
	began := time.Now()
	r.requests.Add(1)
	for {
		if err := c.dial(r.host); err != nil {
			r.fail("connect: %v", err)
			r.pause(5 * time.Millisecond)
			return
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		_, err := io.WriteString(c, head+"Host: "+r.load.Host+"\r\n\r\n"+body)
		if err == nil {
			_, err = c.r.Peek(1)
		}
		if err != nil {
			reused := c.used
			c.drop()
			if reused && !isTimeout(err) {
				r.idle.Add(1)
				continue
			}
			r.fail("%s: no answer: %v", strings.Fields(head)[0], err)
			return
		}
		break
	}
	res, err := http.ReadResponse(c.r, nil)
	var said []byte
	if err == nil {
		said, err = io.ReadAll(io.LimitReader(res.Body, 200))
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
		}
		res.Body.Close()
	}
	switch {
	case err != nil:
		r.fail("broken answer: %v", err)
		c.drop()
		return
	case res.StatusCode != http.StatusOK:
		r.fail("%s by %q: %s", res.Status, res.Header.Get("X-Served-By"), strings.TrimSpace(string(said)))
	}
	c.used = true
	if res.Close {
		c.drop()
	}
	r.count(res.Header.Get("X-Served-By"))
	took := int64(time.Since(began))
	for {
		slowest := r.slowest.Load()
		if took <= slowest || r.slowest.CompareAndSwap(slowest, took) {
			return
		}
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func (r *Running) count(by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by[by]++
}

// stream opens an upgraded stream and reads it until it is cut or the load ends.
func (r *Running) stream(c *conn) {
	if err := c.dial(r.host); err != nil {
		r.fail("stream: connect: %v", err)
		r.pause(20 * time.Millisecond)
		return
	}
	defer c.drop()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET /stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: ticks\r\n\r\n", r.load.Host)
	res, err := http.ReadResponse(c.r, nil)
	switch {
	case r.stopped():
		return
	case err != nil: // cut while it was being upgraded
		r.cut.Add(1)
		return
	case res.StatusCode != http.StatusSwitchingProtocols:
		r.fail("stream: not upgraded: %s", res.Status)
		r.pause(20 * time.Millisecond)
		return
	}
	r.open.Add(1)
	defer r.open.Add(-1)
	for !r.stopped() {
		c.SetDeadline(time.Now().Add(2 * time.Second)) // ticks come every 20 ms
		if _, err := c.r.ReadByte(); err != nil {
			if !r.stopped() {
				r.cut.Add(1)
			}
			return
		}
	}
}
