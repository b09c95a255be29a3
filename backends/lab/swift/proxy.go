package swift

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// proxy is the cluster's proxy: tempauth, one account, and recon in its pipeline.
// Objects are kept in memory, in small number: it is there for logins, totals and
// the health object.
type proxy struct {
	server
	cluster *Cluster

	mu         sync.Mutex
	tokens     map[string]bool
	issued     int
	logins     int
	containers map[string]*container
	broken     int // answer everything below the account with this status; 0: no
	garbled    bool
}

type container struct {
	policy  string
	objects map[string][]byte
	// A made-up container has figures and no objects.
	count, bytes int64
}

const (
	account    = "AUTH_admin"
	maxObject  = 1 << 20
	maxObjects = 1000
)

func newProxy(c *Cluster) *proxy {
	p := &proxy{cluster: c, tokens: map[string]bool{}, containers: map[string]*container{}}
	for _, row := range []struct {
		name, policy string
		count, bytes int64
	}{
		{"backups", "archive", 18_204, 91 << 40}, {"images", "gold", 2_410_552, 402 << 40}, {"logs-2026", "archive", 9_120_004, 55 << 40},
		{"thumbnails", "gold", 48_115_020, 11 << 40}, {"uploads", "gold", 1_204_881, 122 << 40},
	} {
		p.containers[row.name] = &container{policy: row.policy, objects: map[string][]byte{}, count: row.count, bytes: row.bytes}
	}
	return p
}

func (p *proxy) url() string { return "http://" + p.address }

// Forget makes the proxy refuse every token that it gave out, as when memcached
// restarts. Logins counts how often somebody logged in.
func (c *Cluster) Forget() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	clear(c.proxy.tokens)
}

// Logins is how often somebody logged in so far.
func (c *Cluster) Logins() int {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.proxy.logins
}

// FailAPI makes the proxy answer with a status to everything below the account; 0
// ends it. Garble makes objects come back as something else.
func (c *Cluster) FailAPI(status int) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.broken = status
}

// Garble makes objects come back as something else than was written.
func (c *Cluster) Garble(on bool) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.garbled = on
}

// HangProxy makes the proxy accept connections and never answer.
func (c *Cluster) HangProxy(on bool) { c.proxy.hang(on) }

func (p *proxy) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthcheck", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") })
	mux.HandleFunc("GET /info", p.info)
	mux.HandleFunc("GET /auth/v1.0", p.login)
	mux.HandleFunc("GET /auth/", p.login)
	mux.HandleFunc("GET /recon/{check}", p.recon)
	mux.HandleFunc("/v1/"+account, p.authorised(p.account))
	mux.HandleFunc("/v1/"+account+"/{$}", p.authorised(p.account))
	mux.HandleFunc("/v1/"+account+"/{container}", p.authorised(p.container))
	mux.HandleFunc("/v1/"+account+"/{container}/{object...}", p.authorised(p.object))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Bad URL", http.StatusPreconditionFailed) })
	return mux
}

func (p *proxy) info(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, object{
		"swift": object{"version": swiftVersion, "max_file_size": int64(5 << 30), "max_container_name_length": 256,
			"policies": []object{{"name": "gold", "default": true, "aliases": "gold"}, {"name": "archive", "aliases": "archive"}}},
		"bulk_delete": object{"max_deletes_per_request": 10000}, "slo": object{"max_manifest_segments": 1000},
		"tempauth": object{"account_acls": true}, "versioned_writes": object{},
	})
}

func (p *proxy) recon(w http.ResponseWriter, r *http.Request) {
	c := p.cluster
	sums := object{}
	for _, f := range c.rings {
		sums["/etc/swift/"+f.name+".ring.gz"] = f.md5
	}
	switch r.PathValue("check") {
	case "time":
		writeJSON(w, stamp(c.now()))
	case "version":
		writeJSON(w, object{"version": swiftVersion})
	case "ringmd5":
		writeJSON(w, sums)
	case "swiftconfmd5":
		writeJSON(w, object{"/etc/swift/swift.conf": c.confMD5})
	default:
		writeJSON(w, nil)
	}
}

func (p *proxy) login(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Auth-User") != User || r.Header.Get("X-Auth-Key") != key {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	p.issued++
	p.logins++
	token := fmt.Sprintf("AUTH_tk%032d", p.issued)
	p.tokens[token] = true
	p.mu.Unlock()
	w.Header().Set("X-Auth-Token", token)
	w.Header().Set("X-Storage-Token", token)
	w.Header().Set("X-Storage-Url", p.url()+"/v1/"+account)
}

func (p *proxy) authorised(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		known, status := p.tokens[r.Header.Get("X-Auth-Token")], p.broken
		p.mu.Unlock()
		switch {
		case !known:
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case status != 0:
			http.Error(w, http.StatusText(status), status)
		default:
			w.Header().Set("X-Trans-Id", "txlab")
			h(w, r)
		}
	}
}

func (p *proxy) account(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all totals
	byPolicy := map[string]*totals{"gold": {}, "archive": {}}
	var names []string
	for name, c := range p.containers {
		n, bytes := c.figures()
		for _, t := range []*totals{&all, byPolicy[c.policy]} {
			t.containers++
			t.objects += n
			t.bytes += bytes
		}
		names = append(names, name)
	}
	h := w.Header()
	all.header(h, "X-Account-")
	for policy, t := range byPolicy {
		t.header(h, "X-Account-Storage-Policy-"+policy+"-")
	}
	h.Set("X-Timestamp", "1600000000.00000")
	if r.Method == http.MethodHead {
		h.Set("Content-Length", "0")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	slices.Sort(names)
	list := []object{}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	for _, name := range names {
		if name > r.URL.Query().Get("marker") && (limit == 0 || len(list) < limit) {
			n, bytes := p.containers[name].figures()
			list = append(list, object{"name": name, "count": n, "bytes": bytes, "last_modified": "2026-11-01T00:00:00.000000"})
		}
	}
	writeJSON(w, list)
}

type totals struct{ containers, objects, bytes int64 }

func (t *totals) header(h http.Header, prefix string) {
	h.Set(prefix+"Container-Count", fmt.Sprint(t.containers))
	h.Set(prefix+"Object-Count", fmt.Sprint(t.objects))
	h.Set(prefix+"Bytes-Used", fmt.Sprint(t.bytes))
}

func (c *container) figures() (count, bytes int64) {
	count, bytes = c.count, c.bytes
	for _, o := range c.objects {
		count++
		bytes += int64(len(o))
	}
	return count, bytes
}

func (p *proxy) container(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := r.PathValue("container")
	c := p.containers[name]
	switch {
	case r.Method == http.MethodPut:
		policy := strings.ToLower(r.Header.Get("X-Storage-Policy"))
		switch {
		case policy == "":
			policy = "gold"
		case policy != "gold" && policy != "archive":
			http.Error(w, "Invalid X-Storage-Policy", http.StatusBadRequest)
			return
		}
		if c != nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		p.containers[name] = &container{policy: policy, objects: map[string][]byte{}}
		w.WriteHeader(http.StatusCreated)
	case c == nil:
		http.Error(w, "Not Found", http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *proxy) object(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.containers[r.PathValue("container")]
	name := r.PathValue("object")
	if c == nil {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	data, there := c.objects[name]
	switch {
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(io.LimitReader(r.Body, maxObject+1))
		if err != nil || len(body) > maxObject || len(c.objects) >= maxObjects {
			http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
			return
		}
		c.objects[name] = body
		sum := md5.Sum(body)
		w.Header().Set("Etag", hex.EncodeToString(sum[:]))
		w.WriteHeader(http.StatusCreated)
	case !there:
		http.Error(w, "Not Found", http.StatusNotFound)
	case r.Method == http.MethodDelete:
		delete(c.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		if p.garbled {
			data = append([]byte("rot"), data[3:]...)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = w.Write(data)
	}
}

// Objects names the objects of a container, for tests.
func (c *Cluster) Objects(name string) []string {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	var out []string
	if held := c.proxy.containers[name]; held != nil {
		for o := range held.objects {
			out = append(out, o)
		}
	}
	slices.Sort(out)
	return out
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only when the client has gone
}
