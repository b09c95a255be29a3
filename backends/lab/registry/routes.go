package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

var silent = log.New(io.Discard, "", 0)

// route is one endpoint below /v2/NAME/. The path's last part is the reference.
type route struct {
	pattern *regexp.Regexp
	kind    string
	serve   map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string)
}

const nameRE = `^/v2/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)`

var endpoints = []route{
	{regexp.MustCompile(nameRE + `/manifests/([^/]+)$`), "manifest", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"HEAD": (*Registry).getManifest, "GET": (*Registry).getManifest, "PUT": (*Registry).putManifest, "DELETE": (*Registry).deleteManifest}},
	{regexp.MustCompile(nameRE + `/blobs/uploads/$`), "upload", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"POST": (*Registry).begin}},
	{regexp.MustCompile(nameRE + `/blobs/uploads/([^/]+)$`), "upload", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"GET": (*Registry).progress, "PATCH": (*Registry).patch, "PUT": (*Registry).finish, "DELETE": (*Registry).cancel}},
	{regexp.MustCompile(nameRE + `/blobs/([^/]+)$`), "blob", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"HEAD": (*Registry).getBlob, "GET": (*Registry).getBlob}},
	{regexp.MustCompile(nameRE + `/tags/list$`), "tags", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"GET": (*Registry).listTags}},
	{regexp.MustCompile(nameRE + `/referrers/([^/]+)$`), "referrers", map[string]func(*Registry, http.ResponseWriter, *http.Request, string, string){
		"GET": (*Registry).listReferrers}},
}

func (r *Registry) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/token", r.token)
	mux.HandleFunc("/v2/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}") // fails only when the client has gone
	})
	mux.HandleFunc("/v2/_catalog", r.catalog)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, q *http.Request) {
		for _, e := range endpoints {
			m := e.pattern.FindStringSubmatch(q.URL.Path)
			if m == nil {
				continue
			}
			serve := e.serve[q.Method]
			if serve == nil {
				fail(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "the operation is unsupported")
				return
			}
			serve(r, w, q, m[1], m[len(m)-1])
			return
		}
		fail(w, http.StatusNotFound, "NAME_INVALID", "invalid repository name")
	})
	return mux
}

// kindOf names a request for the counters and the faults.
func kindOf(q *http.Request) string {
	switch q.URL.Path {
	case "/token":
		return "token"
	case "/v2/":
		return "ping"
	case "/v2/_catalog":
		return "catalog"
	}
	for _, e := range endpoints {
		if !e.pattern.MatchString(q.URL.Path) {
			continue
		}
		switch {
		case e.kind == "upload" && q.URL.Query().Has("mount"):
			return "mount"
		case len(e.serve) == 1 && e.kind != "upload":
			return e.kind
		}
		return e.kind + " " + q.Method
	}
	return "other"
}

// handle is the border: counters, the line, faults, the login, then the routes.
func (r *Registry) handle(w http.ResponseWriter, q *http.Request) {
	kind := kindOf(q)
	r.seen.enter(kind)
	defer r.seen.leave()
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	if !r.wrong.pass(q.Context()) {
		panic(http.ErrAbortHandler)
	}
	if status, after := r.wrong.refusal(kind); status != 0 {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		fail(w, status, "TOOMANYREQUESTS", "the lab refuses this")
		return
	}
	if !r.admit(w, q) {
		return
	}
	q.Body = &incoming{q.Body, r, q}
	r.mux.ServeHTTP(w, q)
}

// incoming is the body of a request as it comes over the line.
type incoming struct {
	io.ReadCloser
	r *Registry
	q *http.Request
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), lineUnit)])
	if n > 0 {
		b.r.wrong.stall(b.q.Context())
		b.r.up.wait(b.q.Context(), n)
		allowed := b.r.wrong.allow(true, n)
		b.r.seen.bytes(int64(allowed), 0)
		if allowed < n {
			hangUp(b.q)
			return allowed, io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// lineUnit is how many bytes take their turn on the line together.
const lineUnit = 32 << 10

// send copies content over the line.
func (r *Registry) send(w http.ResponseWriter, q *http.Request, content io.Reader) {
	buf := make([]byte, lineUnit)
	for {
		n, err := content.Read(buf)
		if n > 0 {
			r.wrong.stall(q.Context())
			r.down.wait(q.Context(), n)
			allowed := r.wrong.allow(false, n)
			r.seen.bytes(0, int64(allowed))
			if _, werr := w.Write(buf[:allowed]); werr != nil {
				return
			}
			if allowed < n {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}
		if err != nil {
			return
		}
	}
}

// hangUp cuts the connection under a request.
func hangUp(q *http.Request) {
	if c, ok := q.Context().Value(connKey{}).(net.Conn); ok {
		c.Close()
	}
}

// fail answers with an error as the protocol has it.
func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"errors": []any{map[string]string{"code": code, "message": message}}})
}

func answer(w http.ResponseWriter, status int, v any) {
	body := append(marshal(v), '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only when the client has gone
}

// catalog lists the repositories that have a tag.
func (r *Registry) catalog(w http.ResponseWriter, q *http.Request) {
	if r.opts.NoCatalog {
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "the catalog is not for you")
		return
	}
	r.mu.Lock()
	names := []string{}
	for name, p := range r.repositories {
		if len(p.tags) > 0 {
			names = append(names, name)
		}
	}
	r.mu.Unlock()
	slices.Sort(names)
	page := r.page(w, q, names)
	answer(w, http.StatusOK, map[string]any{"repositories": page})
}

func (r *Registry) listTags(w http.ResponseWriter, q *http.Request, name, _ string) {
	tags := r.Tags(name)
	if tags == nil {
		fail(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	if !r.opts.NoPages {
		tags = r.page(w, q, tags)
	}
	answer(w, http.StatusOK, map[string]any{"name": name, "tags": tags})
}

// page cuts one page of a sorted list and links the next one.
func (r *Registry) page(w http.ResponseWriter, q *http.Request, all []string) []string {
	n, err := strconv.Atoi(q.FormValue("n"))
	if err != nil || n < 1 || n > r.opts.Page {
		n = r.opts.Page
	}
	if last := q.FormValue("last"); last != "" {
		i, found := slices.BinarySearch(all, last)
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) <= n {
		return all
	}
	v := url.Values{"n": {strconv.Itoa(n)}, "last": {all[n-1]}}
	w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, q.URL.Path, v.Encode()))
	return all[:n]
}

func (r *Registry) listReferrers(w http.ResponseWriter, q *http.Request, name, digest string) {
	if r.opts.NoReferrers {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	r.mu.Lock()
	list := []descriptor{}
	if p := r.repositories[name]; p != nil {
		list = p.referrers(digest, q.FormValue("artifactType"))
	}
	r.mu.Unlock()
	body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": list})
	w.Header().Set("Content-Type", typeIndex)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
