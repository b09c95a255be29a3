package lab

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// summary is one container in GET /containers/json. It is spelled out rather
// than taken from the API module because that has fields which old engines never
// sent.
type summary struct {
	ID         string `json:"Id"`
	Names      []string
	Image      string
	ImageID    string
	Command    string
	Created    int64
	Ports      []port
	SizeRw     int64 `json:",omitempty"`
	SizeRootFs int64 `json:",omitempty"`
	Labels     map[string]string
	State      string
	Status     string
	HostConfig struct{ NetworkMode string }
	Health     *healthSummary `json:",omitempty"` // since 1.52

	NetworkSettings struct{ Networks map[string]endpoint }
	Mounts          []mountPoint
}

type port struct {
	IP          string `json:",omitempty"`
	PrivatePort uint16
	PublicPort  uint16 `json:",omitempty"`
	Type        string
}

type healthSummary struct {
	Status        string
	FailingStreak int
}

func (e *Engine) list(a *answer, r *http.Request) {
	q := r.URL.Query()
	wanted, err := parseFilters(q.Get("filters"))
	if err != nil {
		a.fail(http.StatusBadRequest, err.Error())
		return
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	all := truthy(q.Get("all")) || limit > 0 || len(wanted["status"]) > 0
	now := e.now()
	out := []summary{}
	e.mu.Lock()
	for _, c := range slices.Backward(e.order) { // newest first
		if !all && !c.up() && c.state != restarting || !wanted.container(c) {
			continue
		}
		out = append(out, e.summary(c, now, a.api, truthy(q.Get("size"))))
		if len(out) == limit {
			break
		}
	}
	e.mu.Unlock()
	a.json(http.StatusOK, out)
}

func (e *Engine) summary(c *instance, now time.Time, api int, size bool) summary {
	s := summary{
		ID: c.id, Names: []string{"/" + c.name}, Image: e.images.nameOf(c), ImageID: c.imageID,
		Command: strings.Join(c.command(), " "), Created: c.created.Unix(), Ports: []port{}, Labels: c.labels(),
		State: c.state, Status: c.status(now), Mounts: c.mountPoints(),
	}
	if size {
		s.SizeRw, s.SizeRootFs = int64(c.seed%(64<<20)), e.images.byID[c.imageID].size
	}
	for _, p := range c.spec.Ports {
		w := port{PrivatePort: p.Private, Type: cmp.Or(p.Protocol, "tcp")}
		if p.Public != 0 && c.published() {
			w.PublicPort, w.IP = p.Public, cmp.Or(p.IP, "0.0.0.0")
		}
		s.Ports = append(s.Ports, w)
	}
	if c.state == running && c.health != "" && api >= 52 {
		s.Health = &healthSummary{c.health, c.failing}
	}
	s.HostConfig.NetworkMode = c.networks()[0]
	s.NetworkSettings.Networks = c.endpoints(api)
	return s
}

// filters are the API's: by term, the wanted values.
type filters map[string]map[string]bool

// parseFilters reads {"term":{"value":true}} and the older {"term":["value"]}.
func parseFilters(s string) (filters, error) {
	f := filters{}
	if s == "" {
		return f, nil
	}
	if json.Unmarshal([]byte(s), &f) == nil {
		return f, nil
	}
	var old map[string][]string
	if json.Unmarshal([]byte(s), &old) != nil {
		return nil, errors.New("invalid filter")
	}
	f = filters{}
	for term, values := range old {
		f[term] = map[string]bool{}
		for _, v := range values {
			f[term][v] = true
		}
	}
	return f, nil
}

// has says whether the term is free or wants just this value.
func (f filters) has(term, value string) bool {
	return len(f[term]) == 0 || f[term][value]
}

// labels says whether all wanted labels ("key" or "key=value") are there and
// none of the unwanted.
func (f filters) labels(labels map[string]string) bool {
	match := func(want string) bool {
		key, value, exact := strings.Cut(want, "=")
		got, ok := labels[key]
		return ok && (!exact || got == value)
	}
	for want := range f["label"] {
		if !match(want) {
			return false
		}
	}
	for not := range f["label!"] {
		if match(not) {
			return false
		}
	}
	return true
}

func (f filters) container(c *instance) bool {
	if !f.has("status", c.state) || len(f["label"])+len(f["label!"]) > 0 && !f.labels(c.labels()) {
		return false
	}
	if len(f["health"]) > 0 && !f["health"][cmp.Or(c.health, "none")] {
		return false
	}
	return f.any("id", func(want string) bool { return strings.HasPrefix(c.id, want) }) &&
		f.any("name", func(want string) bool { return nameMatches(want, c.name) }) &&
		f.any("ancestor", func(want string) bool { return want == c.image || want == c.imageID || want == path.Base(c.image) })
}

func (f filters) any(term string, match func(string) bool) bool {
	if len(f[term]) == 0 {
		return true
	}
	for want := range f[term] {
		if match(want) {
			return true
		}
	}
	return false
}

// nameMatches matches as Docker does: by regular expression, with and without
// the leading slash.
func nameMatches(want, name string) bool {
	re, err := regexp.Compile(want)
	return err == nil && (re.MatchString(name) || re.MatchString("/"+name))
}
