package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Proxy stands in front of services as HAProxy does: it forwards requests by a map of
// hosts to backends, lets a header pick a colour for a preview, and is told what to do
// through HAProxy's runtime API. The map's file is read when it starts and when it
// reloads.
type Proxy struct {
	lab     *Lab
	name    string
	mapFile string
	network string // of the runtime socket
	socket  string
	address string // where users come: 127.0.0.1:…

	mu       sync.Mutex
	colours  map[string]string // host to backend
	backends map[string]*backend
	refusal  string // answer to every change
	deaf     bool   // accepts changes and does nothing
	hung     chan struct{}
	running  *proxying
}

// proxying is the time between a start and a stop.
type proxying struct {
	front *http.Server
	admin net.Listener
	ctx   context.Context
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

// backend is the servers of one colour with their counters.
type backend struct {
	name    string
	servers []string
	turn    atomic.Int64
	open    atomic.Int64    // sessions now
	classes [6]atomic.Int64 // answers by class of status; 0: other

	mu      sync.Mutex
	checked time.Time
	up      []bool
}

// checkEvery is how long a check of a server counts. Checks are made when somebody
// asks, so that an idle lab does nothing.
const checkEvery = 200 * time.Millisecond

func newProxy(l *Lab, name string, backends map[string][]string, colours map[string]string) (*Proxy, error) {
	p := &Proxy{lab: l, name: name, mapFile: filepath.Join(l.opts.Dir, name+".map"), network: "unix", socket: filepath.Join(l.opts.Dir, name+".adm"),
		colours: map[string]string{}, backends: map[string]*backend{}}
	if runtime.GOOS == "windows" {
		p.network, p.socket = "tcp", "127.0.0.1:0"
	}
	for n, servers := range backends {
		p.backends[n] = &backend{name: n, servers: servers, up: make([]bool, len(servers))}
	}
	var text strings.Builder
	for _, host := range slices.Sorted(maps.Keys(colours)) {
		fmt.Fprintf(&text, "%s %s\n", host, colours[host])
	}
	if err := os.WriteFile(p.mapFile, []byte(text.String()), 0o644); err != nil {
		return nil, err
	}
	return p, p.start()
}

func (p *Proxy) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return nil
	}
	at := p.address
	if at == "" {
		at = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	p.address = ln.Addr().String()
	if p.network == "unix" {
		os.Remove(p.socket)
	}
	admin, err := net.Listen(p.network, p.socket)
	if err != nil {
		ln.Close()
		return err
	}
	p.socket = admin.Addr().String()
	if err := p.readMap(); err != nil {
		ln.Close()
		admin.Close()
		return err
	}
	r := &proxying{front: &http.Server{Handler: p}, admin: admin}
	r.ctx, r.stop = context.WithCancel(context.Background())
	p.running = r
	r.wg.Add(2)
	safe.Go("lab proxy "+p.name, func() { defer r.wg.Done(); _ = r.front.Serve(ln) })
	safe.Go("lab proxy socket "+p.name, func() { defer r.wg.Done(); p.administer(r) })
	return nil
}

// Stop kills the proxy: every connection is cut. Nothing happens when it is stopped.
func (p *Proxy) Stop() {
	p.mu.Lock()
	r := p.running
	p.running = nil
	p.mu.Unlock()
	if r == nil {
		return
	}
	r.stop()
	r.admin.Close()
	r.front.Close()
	r.wg.Wait()
}

// Start brings a stopped proxy back; it reads its map's file anew. It panics when its
// addresses cannot be opened again, which no test can mend.
func (p *Proxy) Start() {
	if err := p.start(); err != nil {
		panic("lab: " + err.Error())
	}
}

// Reload reads the map's file again, as a reload of HAProxy does.
func (p *Proxy) Reload() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readMap()
}

// Refuse makes every change answer an error; "" ends it.
func (p *Proxy) Refuse(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = message
}

// Deafen makes the proxy accept changes and do nothing.
func (p *Proxy) Deafen(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = on
}

// Hang makes the runtime API accept connections and never answer.
func (p *Proxy) Hang(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.hung == nil:
		p.hung = make(chan struct{})
	case !on && p.hung != nil:
		close(p.hung)
		p.hung = nil
	}
}

// switchByHand sends a host to the other of two backends, past every plan and only in
// the running proxy.
func (p *Proxy) switchByHand(host, one, other string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.colours[host] == one {
		one = other
	}
	p.colours[host] = one
}

// Name is the proxy's name in the lab; MapFile and URL are where its map and its
// users' side are.
func (p *Proxy) Name() string    { return p.name }
func (p *Proxy) MapFile() string { return p.mapFile }
func (p *Proxy) URL() string     { return "http://" + p.address }

// Live is the backend that a host has in the running proxy.
func (p *Proxy) Live(host string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.colours[host]
}

func (p *Proxy) readMap() error {
	b, err := os.ReadFile(p.mapFile)
	if err != nil {
		return err
	}
	colours := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 2 && !strings.HasPrefix(f[0], "#") {
			colours[f[0]] = f[1]
		}
	}
	p.colours = colours
	return nil
}

// ServeHTTP forwards one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
	p.mu.Lock()
	name := p.colours[host]
	if colour := r.Header.Get(previewHeader); colour == "blue" || colour == "green" {
		if i := strings.LastIndexByte(name, '_'); i > 0 {
			name = name[:i+1] + colour
		}
	}
	b := p.backends[name]
	if b != nil {
		b.open.Add(1) // before the map can change: who waits for the sessions to end must see it
		defer b.open.Add(-1)
	}
	p.mu.Unlock()
	if b == nil {
		http.Error(w, "no backend", http.StatusServiceUnavailable)
		return
	}
	b.forward(w, r)
}

// upstreams makes a connection of its own for each request: none is closed under
// one by a server that goes.
var upstreams = &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}

func (b *backend) forward(w http.ResponseWriter, r *http.Request) {
	server := b.pick()
	if server == "" {
		b.classes[5].Add(1)
		http.Error(w, "no server", http.StatusServiceUnavailable)
		return
	}
	(&httputil.ReverseProxy{
		Transport: upstreams,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", server, r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			if c := res.StatusCode / 100; c < len(b.classes) {
				b.classes[c].Add(1)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			b.classes[5].Add(1)
			http.Error(w, "the server does not answer", http.StatusServiceUnavailable)
		},
		ErrorLog: nobody,
	}).ServeHTTP(w, r)
}

// pick chooses a server that is up, in turn; "" when all are down.
func (b *backend) pick() string {
	up := b.check()
	n := int(b.turn.Add(1))
	for i := range b.servers {
		if k := (n + i) % len(b.servers); up[k] {
			return b.servers[k]
		}
	}
	return ""
}

// check asks the servers for their health, at most every checkEvery.
func (b *backend) check() []bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.checked) < checkEvery {
		return b.up
	}
	up := make([]bool, len(b.servers))
	hc := &http.Client{Transport: upstreams, Timeout: time.Second}
	for i, s := range b.servers {
		res, err := hc.Get((&url.URL{Scheme: "http", Host: s, Path: "/healthz"}).String())
		var slow net.Error
		switch {
		case err == nil:
			res.Body.Close()
			up[i] = res.StatusCode == http.StatusOK
		case errors.As(err, &slow) && slow.Timeout():
			up[i] = b.up[i] // a machine out of breath is no server that is down
		}
	}
	b.checked, b.up = time.Now(), up
	return up
}

// administer serves the runtime API: one connection for one line of commands.
func (p *Proxy) administer(r *proxying) {
	for {
		conn, err := r.admin.Accept()
		if err != nil {
			return
		}
		r.wg.Add(1)
		safe.Go("lab proxy command", func() {
			defer r.wg.Done()
			defer conn.Close()
			stop := context.AfterFunc(r.ctx, func() { conn.Close() })
			defer stop()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			line, err := bufio.NewReader(io.LimitReader(conn, 16<<10)).ReadString('\n')
			if err != nil || !p.awake(r.ctx) {
				return
			}
			for command := range strings.SplitSeq(strings.TrimSpace(line), ";") {
				fmt.Fprintf(conn, "%s\n", p.command(strings.Fields(command)))
			}
		})
	}
}

func (p *Proxy) awake(ctx context.Context) bool {
	p.mu.Lock()
	hung := p.hung
	p.mu.Unlock()
	if hung == nil {
		return true
	}
	select {
	case <-hung:
		return true
	case <-ctx.Done():
		return false
	}
}

// command answers one command as HAProxy 2.6 does.
func (p *Proxy) command(f []string) string {
	word := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case word(0) == "show" && word(1) == "info":
		return "Name: HAProxy\nVersion: 2.6.12-lab\n"
	case word(0) == "show" && word(1) == "map" && len(f) == 2:
		return "# id (file) description\n0 (" + p.mapFile + ") pattern loaded from file\n"
	case word(1) == "map" && word(2) != p.mapFile:
		return "Unknown map identifier. Please use #<id> or <file>.\n"
	case word(0) == "show" && word(1) == "map":
		var b strings.Builder
		for i, host := range slices.Sorted(maps.Keys(p.colours)) {
			fmt.Fprintf(&b, "%#x %s %s\n", 0x55d0c0de0000+i*16, host, p.colours[host])
		}
		return b.String()
	case word(0) == "set" && word(1) == "map" && len(f) == 5:
		switch _, known := p.colours[f[3]]; {
		case p.refusal != "":
			return p.refusal + "\n"
		case !known:
			return "entry not found.\n"
		case !p.deaf:
			p.colours[f[3]] = f[4]
		}
		return ""
	case word(0) == "show" && word(1) == "stat":
		return p.stat(word(2))
	}
	return "Unknown command: '" + fleet.Clean(strings.Join(f, " ")) + "', but maybe one of the following ones is a better match:\n  show map\n  set map\n  show stat\n"
}

// stat is the statistics of one backend and its servers, or of all.
func (p *Proxy) stat(only string) string {
	if _, known := p.backends[only]; only != "" && !known {
		return "No such proxy.\n"
	}
	var out strings.Builder
	out.WriteString("# pxname,svname,qcur,scur,status,check_status,check_code,last_chk,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,addr,\n")
	for _, name := range slices.Sorted(maps.Keys(p.backends)) {
		b := p.backends[name]
		if only != "" && name != only {
			continue
		}
		alive := false
		for i, up := range b.check() {
			status, check := "DOWN", "L7STS,503,"
			if up {
				status, check, alive = "UP", "L7OK,200,", true
			}
			fmt.Fprintf(&out, "%s,s%d,0,0,%s,%s,0,0,0,0,0,0,%s,\n", name, i+1, status, check, b.servers[i])
		}
		status := map[bool]string{true: "UP", false: "DOWN"}[alive]
		fmt.Fprintf(&out, "%s,BACKEND,0,%d,%s,,,,", name, b.open.Load(), status)
		for _, class := range []int{1, 2, 3, 4, 5, 0} {
			fmt.Fprintf(&out, "%d,", b.classes[class].Load())
		}
		out.WriteString(",\n")
	}
	return out.String()
}
