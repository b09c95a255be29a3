package docker

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"ringside/backends/fleet"
)

// Labels that Docker Compose sets.
const (
	composeProject = "com.docker.compose.project"
	composeService = "com.docker.compose.service"
)

// container converts one entry of the engine's list. The entry's labels are
// cleaned in place and kept.
func (e *Engine) container(s *container.Summary, digests map[string][]string) *Container {
	c := &Container{
		Engine: e.spec.Name, Site: e.spec.Site, Environment: e.spec.Environment,
		ID:      fleet.Clean(s.ID),
		Name:    ownName(s.Names),
		ImageID: fleet.Clean(s.ImageID),
		Command: fleet.Clean(s.Command),
		Labels:  cleanMap(s.Labels),
		State:   State(fleet.Clean(string(s.State))),
		Status:  fleet.Clean(s.Status),
		Created: time.Unix(s.Created, 0),
		Ports:   ports(s.Ports),
		Mounts:  len(s.Mounts),
	}
	c.Image, c.Tag = splitImage(fleet.Clean(s.Image))
	c.Digest = digestOf(c.Image, digests[c.ImageID])
	c.Project, c.Service = c.Labels[composeProject], c.Labels[composeService]
	c.Health = healthFromStatus(c.Status)
	if s.Health != nil { // API 1.52 and later
		c.Health = health(s.Health.Status)
	}
	if c.State != Running {
		c.Health = "" // the last one before it stopped says nothing
	}
	if s.NetworkSettings != nil {
		c.Networks = networkNames(s.NetworkSettings.Networks)
	}
	return c
}

// ownName is the container's own name; the others are aliases in containers that
// link to it, "/other/alias".
func ownName(names []string) string {
	for _, n := range names {
		if n = strings.TrimPrefix(n, "/"); !strings.Contains(n, "/") {
			return fleet.Clean(n)
		}
	}
	return ""
}

// splitImage separates "registry:5000/team/web:1.9@sha256:…" into repository and
// tag. An image named by its ID stays as it is, without a tag.
func splitImage(ref string) (repository, tag string) {
	if strings.HasPrefix(ref, "sha256:") {
		return ref, ""
	}
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// isImageID says that a list entry shows the image's ID because its name now
// belongs to another image.
func isImageID(image, id string) bool {
	return strings.HasPrefix(image, "sha256:") ||
		len(image) >= 12 && strings.HasPrefix(strings.TrimPrefix(id, "sha256:"), image)
}

// digestOf picks from "repository@sha256:…" entries the one of the container's
// own repository, else the first.
func digestOf(repository string, repoDigests []string) string {
	first := ""
	for _, rd := range repoDigests {
		repo, digest, ok := strings.Cut(rd, "@")
		switch {
		case !ok || repo == "<none>":
			continue
		case repo == repository:
			return fleet.Clean(digest)
		case first == "":
			first = digest
		}
	}
	return fleet.Clean(first)
}

var statusHealth = []struct {
	text string
	h    Health
}{{"(healthy)", Healthy}, {"(unhealthy)", Unhealthy}, {"(health: starting)", Starting}}

// healthFromStatus reads "Up 3 hours (healthy)"; the list of an engine before 29
// says it nowhere else.
func healthFromStatus(status string) Health {
	for _, row := range statusHealth {
		if strings.Contains(status, row.text) {
			return row.h
		}
	}
	return ""
}

func health(s container.HealthStatus) Health {
	if s == container.NoHealthcheck {
		return ""
	}
	return Health(fleet.Clean(string(s)))
}

func ports(in []container.PortSummary) []Port {
	if len(in) == 0 {
		return nil
	}
	out := make([]Port, 0, len(in))
	for _, p := range in {
		out = append(out, Port{IP: p.IP, Public: p.PublicPort, Private: p.PrivatePort, Protocol: fleet.Clean(p.Type)})
	}
	slices.SortFunc(out, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Private, b.Private), strings.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Public, b.Public), a.IP.Compare(b.IP))
	})
	return out
}

func networkNames(in map[string]*network.EndpointSettings) []string {
	if len(in) == 0 {
		return nil
	}
	out := slices.Sorted(maps.Keys(in))
	for i, n := range out {
		out[i] = fleet.Clean(n)
	}
	return out
}

func cleanMap(m map[string]string) map[string]string {
	for k, v := range m {
		ck, cv := fleet.Clean(k), fleet.Clean(v)
		if ck != k {
			delete(m, k)
		} else if cv == v {
			continue
		}
		m[ck] = cv
	}
	return m
}

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fleet.Clean(s)
	}
	return out
}

// known is what only an inspect says of a container.
type known struct {
	state             State
	health            Health
	started, finished time.Time
	exitCode          int
	oom               bool
	restarts          int
	policy            string
	tty               bool
	nanoCPUs, memory  int64
	image, tag        string // as the container was created from
}

func knownOf(in *container.InspectResponse) known {
	k := known{restarts: in.RestartCount}
	if s := in.State; s != nil {
		k.state = State(fleet.Clean(string(s.Status)))
		k.started, k.finished = stamp(s.StartedAt), stamp(s.FinishedAt)
		k.exitCode, k.oom = s.ExitCode, s.OOMKilled
		if s.Health != nil && k.state == Running {
			k.health = health(s.Health.Status)
		}
	}
	if h := in.HostConfig; h != nil {
		k.policy = policy(h.RestartPolicy)
		k.nanoCPUs, k.memory = nanoCPUs(h.Resources), h.Memory
	}
	if c := in.Config; c != nil {
		k.tty = c.Tty
		k.image, k.tag = splitImage(fleet.Clean(c.Image))
	}
	return k
}

// put copies what is known into c.
func (k *known) put(c *Container) {
	c.Known = true
	c.Started, c.Finished, c.ExitCode, c.OOM = k.started, k.finished, k.exitCode, k.oom
	c.Restarts, c.Policy, c.TTY, c.NanoCPUs, c.MemLimit = k.restarts, k.policy, k.tty, k.nanoCPUs, k.memory
	if k.image != "" && isImageID(c.Image, c.ImageID) {
		c.Image, c.Tag = k.image, k.tag
	}
}

// stamp reads the engine's time; "0001-01-01T00:00:00Z" means never.
func stamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

func policy(p container.RestartPolicy) string {
	switch {
	case p.Name == "":
		return "no"
	case p.MaximumRetryCount > 0:
		return fleet.Clean(string(p.Name)) + ":" + strconv.Itoa(p.MaximumRetryCount)
	}
	return fleet.Clean(string(p.Name))
}

// nanoCPUs is the CPU limit, whether set as cores or as quota and period.
func nanoCPUs(r container.Resources) int64 {
	if r.NanoCPUs == 0 && r.CPUQuota > 0 {
		period := r.CPUPeriod
		if period <= 0 {
			period = 100_000 // µs, the kernel's default
		}
		return r.CPUQuota * 1e9 / period
	}
	return r.NanoCPUs
}

func sortContainers(list []*Container) {
	slices.SortFunc(list, func(a, b *Container) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
}
