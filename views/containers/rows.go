// Package containers is the screen of every container on every engine: the list,
// one container in detail, logs that follow, and a shell. Rows is the same list
// as data, for the command line.
package containers

import (
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// Row is one container as data: flat, with stable names. What is not known is
// null, never zero; "" means that there is none, as of a health check or a
// Compose project.
type Row struct {
	Engine      string `json:"engine"`
	Site        string `json:"site"`
	Environment string `json:"environment"`
	Project     string `json:"project"` // Compose project
	Service     string `json:"service"` // Compose service
	Name        string `json:"name"`
	ID          string `json:"id"`     // 64 hex digits
	Image       string `json:"image"`  // repository without the tag
	Tag         string `json:"tag"`    // "" when the image was named by digest
	Digest      string `json:"digest"` // "sha256:…" in the registry, "" when never pulled or pushed
	State       string `json:"state"`  // created, running, paused, restarting, removing, exited, dead
	Health      string `json:"health"` // healthy, unhealthy, starting, "" without a health check

	ExitCode *int       `json:"exit_code"` // of the last end; null while it runs or before it ran
	Created  *time.Time `json:"created"`
	Started  *time.Time `json:"started"`
	Finished *time.Time `json:"finished"`
	Uptime   *int64     `json:"uptime_seconds"` // null unless it runs
	Restarts *int       `json:"restarts"`       // by the restart policy since it was created
	Policy   *string    `json:"policy"`         // restart policy: no, always, unless-stopped, on-failure:3

	CPU         *float64 `json:"cpu_percent"` // of one core: 250 is two and a half cores
	Memory      *int64   `json:"memory_bytes"`
	MemoryLimit *int64   `json:"memory_limit_bytes"` // null without a limit of its own
	Ports       string   `json:"ports"`              // "127.0.0.1:8080->80/tcp, 9000/tcp"

	Age   float64 `json:"age_seconds"` // how long ago the engine said this
	Stale bool    `json:"stale"`       // the engine does not answer now
	Error string  `json:"error"`       // why it does not
}

// Rows lists every container that is known, engines in the order of the fleet,
// containers by name.
func Rows(state *watch.State, f *fleet.Fleet, now time.Time) []Row {
	var out []Row
	for _, e := range f.Engines {
		s := readSource(state, e)
		if s.facts == nil {
			continue
		}
		out = slices.Grow(out, len(s.facts.Containers))
		for _, c := range s.facts.Containers {
			out = append(out, s.row(c, now))
		}
	}
	return out
}

// source is what is known of one engine: its last facts, and whether they are
// still true.
type source struct {
	spec  fleet.Engine
	entry watch.Entry
	facts *docker.Facts      // nil before the first answer
	stats *docker.StatsFacts // of the containers that are looked at; nil before the first
}

func sourceName(engine string) string { return "docker/" + engine }

func readSource(state *watch.State, e fleet.Engine) source {
	s := source{spec: e}
	s.entry, _ = state.Entry(sourceName(e.Name))
	s.facts, _ = s.entry.Facts.(*docker.Facts)
	if st, ok := state.Entry(sourceName(e.Name) + "/stats"); ok && st.Err == nil {
		s.stats, _ = st.Facts.(*docker.StatsFacts)
	}
	return s
}

// stale says how old the facts of an engine are that does not answer; without
// facts, for how long it has not.
func (s *source) stale(now time.Time) (time.Duration, bool) {
	if s.entry.Err == nil {
		return 0, false
	}
	if age, ok := s.entry.Age(now); ok {
		return age, true
	}
	return max(0, now.Sub(s.entry.Since)), true
}

// stat returns a container's last sample, nil when there is none that is true now.
func (s *source) stat(id string) *docker.Stats {
	if s.stats == nil || s.entry.Err != nil {
		return nil
	}
	return s.stats.Stats[id]
}

func (s *source) row(c *docker.Container, now time.Time) Row {
	r := Row{
		Engine: s.spec.Name, Site: c.Site, Environment: c.Environment, Project: c.Project, Service: c.Service,
		Name: c.Name, ID: c.ID, Image: c.Image, Tag: c.Tag, Digest: c.Digest,
		State: string(c.State), Health: string(c.Health), Created: moment(c.Created), Ports: portList(c.Ports),
	}
	if c.Known {
		r.Started, r.Finished = moment(c.Started), moment(c.Finished)
		r.Restarts, r.Policy = &c.Restarts, &c.Policy
		if c.MemLimit > 0 {
			r.MemoryLimit = &c.MemLimit
		}
		if ended(c.State) && !c.Finished.IsZero() {
			r.ExitCode = &c.ExitCode
		}
	}
	if up, ok := uptime(c, now); ok {
		seconds := int64(up / time.Second)
		r.Uptime = &seconds
	}
	if st := s.stat(c.ID); st != nil && alive(c.State) {
		if !math.IsNaN(st.CPU) {
			r.CPU = &st.CPU
		}
		r.Memory = &st.Memory
	}
	if age, ok := s.entry.Age(now); ok {
		r.Age = age.Seconds()
	}
	if s.entry.Err != nil {
		r.Stale, r.Error = true, fleet.Clean(s.entry.Err.Error())
	}
	return r
}

// JSON is the row as one line.
func (r Row) JSON() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // "8080->80/tcp"
	if err := enc.Encode(r); err != nil {
		return err.Error() // not reached: a row holds nothing that JSON cannot say
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// alive says that a container has processes.
func alive(s docker.State) bool { return s == docker.Running || s == docker.Paused }

func ended(s docker.State) bool { return s == docker.Exited || s == docker.Dead }

func uptime(c *docker.Container, now time.Time) (time.Duration, bool) {
	if !c.Known || !alive(c.State) || c.Started.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(c.Started)), true
}

// portList writes ports as `docker ps` does, published ones first, the same port
// on IPv4 and IPv6 once.
func portList(ports []docker.Port) string {
	var open, closed []string
	for _, p := range ports {
		text := strconv.Itoa(int(p.Private)) + "/" + p.Protocol
		if p.Public == 0 {
			closed = append(closed, text)
			continue
		}
		public := strconv.Itoa(int(p.Public))
		if p.IP.IsValid() && !p.IP.IsUnspecified() {
			public = netip.AddrPortFrom(p.IP, p.Public).String()
		}
		open = append(open, public+"->"+text)
	}
	slices.Sort(open)
	slices.Sort(closed)
	return strings.Join(append(slices.Compact(open), slices.Compact(closed)...), ", ")
}
