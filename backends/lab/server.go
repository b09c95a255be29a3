package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// route is one endpoint of the Engine API.
type route struct {
	pattern string // of http.ServeMux, without a version
	serve   func(*Engine, *answer, *http.Request)
}

var routes = []route{
	{"HEAD /_ping", (*Engine).ping},
	{"GET /_ping", (*Engine).ping},
	{"GET /version", (*Engine).version},
	{"GET /info", (*Engine).info},
	{"GET /events", (*Engine).streamEvents},

	{"GET /containers/json", (*Engine).list},
	{"POST /containers/create", (*Engine).create},
	{"GET /containers/{id}/json", with((*Engine).inspect)},
	{"GET /containers/{id}/stats", with((*Engine).stats)},
	{"GET /containers/{id}/logs", with((*Engine).logs)},
	{"GET /containers/{id}/top", with((*Engine).top)},
	{"POST /containers/{id}/start", with((*Engine).start)},
	{"POST /containers/{id}/stop", with((*Engine).stop)},
	{"POST /containers/{id}/restart", with((*Engine).restart)},
	{"POST /containers/{id}/kill", with((*Engine).kill)},
	{"POST /containers/{id}/pause", with((*Engine).pause)},
	{"POST /containers/{id}/unpause", with((*Engine).unpause)},
	{"POST /containers/{id}/rename", with((*Engine).rename)},
	{"POST /containers/{id}/update", with((*Engine).update)},
	{"POST /containers/{id}/wait", with((*Engine).wait)},
	{"POST /containers/{id}/resize", with((*Engine).resize)},
	{"POST /containers/{id}/exec", with((*Engine).createExec)},
	{"HEAD /containers/{id}/archive", with((*Engine).statPath)},
	{"DELETE /containers/{id}", with((*Engine).remove)},

	{"POST /exec/{id}/start", (*Engine).startExec},
	{"POST /exec/{id}/resize", (*Engine).resizeExec},
	{"GET /exec/{id}/json", (*Engine).inspectExec},

	{"GET /networks", (*Engine).listNetworks},
	{"POST /networks/{id}/connect", (*Engine).connect},

	{"GET /images/json", (*Engine).listImages},
	{"POST /images/create", (*Engine).pull},
	{"GET /images/{ref...}", (*Engine).inspectImage}, // a reference contains slashes: …/json is cut off there
	{"DELETE /images/{ref...}", (*Engine).removeImage},
	{"GET /distribution/{ref...}", (*Engine).inspectDistribution},

	{"/", func(_ *Engine, a *answer, _ *http.Request) { a.fail(http.StatusNotFound, "page not found") }},
}

func (e *Engine) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) {
			e.wrong.count(rt.pattern)
			rt.serve(e, w.(*answer), r)
		})
	}
	return mux
}

// with looks up the container that the path names and answers 404 without one.
func with(serve func(*Engine, *answer, *http.Request, *instance)) func(*Engine, *answer, *http.Request) {
	return func(e *Engine, a *answer, r *http.Request) {
		id := r.PathValue("id")
		e.mu.Lock()
		c := e.find(id)
		e.mu.Unlock()
		if c == nil {
			a.fail(http.StatusNotFound, "No such container: "+id)
			return
		}
		serve(e, a, r, c)
	}
}

var versionPrefix = regexp.MustCompile(`^/v1\.([0-9]+)/`)

// handle is the border of an engine: faults, the API version, then the routes.
func (e *Engine) handle(s *serving, w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.wg.Done()
	a := &answer{ResponseWriter: w, engine: e, serving: s, request: r, api: e.api}

	// The body is read first: only then does net/http notice that a client gave
	// up, which a hanging engine has to.
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	h := w.Header()
	h.Set("Api-Version", e.opts.API)
	h.Set("Docker-Experimental", "false")
	h.Set("Ostype", "linux")
	h.Set("Server", "Docker/"+e.opts.Version+" (linux)")

	if m := versionPrefix.FindStringSubmatch(r.URL.Path); m != nil {
		fmt.Sscan(m[1], &a.api)
		r.URL = without(r.URL, m[0][:len(m[0])-1])
	}
	if e.wrong.pass(r.Context()) != nil {
		return
	}
	if status, message := e.wrong.refusal(r.Method + " " + r.URL.Path); status != 0 {
		a.fail(status, message)
		return
	}
	switch {
	case a.api > e.api:
		a.fail(http.StatusBadRequest, fmt.Sprintf("client version 1.%d is too new. Maximum supported API version is %s", a.api, e.opts.API))
	case a.api < e.oldestAPI():
		a.fail(http.StatusBadRequest, fmt.Sprintf("client version 1.%d is too old. Minimum supported API version is 1.%d, please upgrade your client to a newer version", a.api, e.oldestAPI()))
	default:
		e.mux.ServeHTTP(a, r)
	}
}

func without(u *url.URL, prefix string) *url.URL {
	v := *u
	v.Path = strings.TrimPrefix(v.Path, prefix)
	v.RawPath = strings.TrimPrefix(v.RawPath, prefix)
	return &v
}

// answer writes one response.
type answer struct {
	http.ResponseWriter
	engine  *Engine
	serving *serving
	request *http.Request
	api     int // minor version the client asked for
}

// Unwrap lets http.ResponseController flush and hijack.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// stream begins an endless answer. Every write to it goes out at once, and waits
// for as long as the engine hangs.
func (a *answer) stream(contentType string) io.Writer {
	a.Header().Set("Content-Type", contentType)
	a.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(a.ResponseWriter).Flush() // a client that has gone shows at the first write
	return streaming{a}
}

type streaming struct{ a *answer }

func (s streaming) Write(p []byte) (int, error) {
	if err := s.a.engine.wrong.stall(s.a.request.Context()); err != nil {
		return 0, err
	}
	n, err := s.a.ResponseWriter.Write(p)
	if err == nil {
		err = http.NewResponseController(s.a.ResponseWriter).Flush()
	}
	return n, err
}

func (a *answer) json(status int, v any) {
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(status)
	enc := json.NewEncoder(a)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // fails only when the client has gone
}

// fail answers with an error in the API's form.
func (a *answer) fail(status int, message string) {
	if status == http.StatusNotModified {
		a.WriteHeader(status) // has no body
		return
	}
	if a.api < 24 {
		http.Error(a, message, status) // as it was before errors were JSON
		return
	}
	a.json(status, map[string]string{"message": message})
}

func (a *answer) done() { a.WriteHeader(http.StatusNoContent) }

// hijack takes the connection over after switching protocols. The caller calls
// release in the end.
func (a *answer) hijack(contentType string) (conn net.Conn, input io.Reader, release func(), err error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, nil, err
	}
	s := a.serving
	s.mu.Lock()
	s.hijacked[conn] = true
	s.mu.Unlock()
	if s.ctx.Err() != nil { // stopped just before it was in the table
		conn.Close()
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: %s\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: %s\r\n\r\n", contentType, a.engine.opts.API)
	return conn, rw, func() {
		s.mu.Lock()
		delete(s.hijacked, conn)
		s.mu.Unlock()
		conn.Close()
	}, nil
}

func truthy(s string) bool { return s == "1" || s == "true" || s == "True" || s == "yes" }
