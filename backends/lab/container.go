package lab

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// The states of the Engine API.
const (
	created    = "created"
	running    = "running"
	paused     = "paused"
	restarting = "restarting"
	removing   = "removing"
	exited     = "exited"
	dead       = "dead"
)

// The health states of the Engine API.
const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
	starting  = "starting"
)

// instance is one container. The engine's lock guards it. It is kept small:
// what can be computed is computed when somebody asks.
type instance struct {
	spec    *ContainerSpec // shared, never written to
	id      string
	name    string
	image   string // as it was named
	imageID string
	created time.Time
	seed    uint64

	state    string
	health   string // "" without a health check
	failing  int    // failed probes in a row
	started  time.Time
	ended    time.Time
	exitCode int
	oom      bool
	restarts int // by the restart policy
	backoff  int // how often in a row it had to wait
	manual   bool
	pid      int
	life     int // grows with every change of fate; appointments of an older one are void

	policy    string
	nanoCPUs  int64
	memory    int64
	swap      int64
	pausedAt  time.Time
	frozen    time.Duration // paused time of this run
	charged   time.Duration // CPU time that the present load does not account for
	runs      []span        // when it ran, for its log; the last maxRuns
	written   []line        // log lines that were not computed
	writtenNo int           // lines ever written
	flooded   bool
	doomed    bool          // crashes after every start
	serves    string        // loopback address at which it really answers while it runs
	app       *app          // while it does
	changed   chan struct{} // closed at the next change; nil while nobody waits
}

type span struct{ from, to time.Time } // to is zero while it lasts

const maxRuns = 16

// adopt takes a described container in, as it has been for a while.
func (e *Engine) adopt(spec *ContainerSpec) *instance {
	now := e.now()
	age := cmp.Or(spec.Age, time.Hour)
	up := cmp.Or(spec.Up, age)
	e.serial++
	h := e.hash("container", spec.Name, strconv.Itoa(e.serial))
	c := &instance{
		spec: spec, id: fmt.Sprintf("%x", h), seed: seedOf(h), name: spec.Name,
		image: spec.image(), created: now.Add(-age),
		state: cmp.Or(spec.State, running), exitCode: spec.ExitCode, oom: spec.OOM, restarts: spec.Restarts,
		policy: cmp.Or(spec.Policy, "no"), nanoCPUs: int64(spec.CPUs * 1e9), memory: spec.Memory, swap: 2 * spec.Memory,
	}
	c.imageID = e.images.add(c.image).id
	switch c.state {
	case running, paused:
		c.started = now.Add(-up)
		c.exitCode, c.oom = 0, false
		c.runs = append(c.runs, span{from: c.started})
		c.pid = e.nextPID()
		c.pausedAt = now.Add(-up / 2)
		if spec.Health != nil {
			c.health = cmp.Or(spec.Health.Status, healthy)
			if c.health == unhealthy {
				c.failing = 3
			}
		}
	case exited, restarting, dead:
		c.ended = now.Add(-up)
		c.started = c.ended.Add(-(age - up))
		c.runs = append(c.runs, span{c.started, c.ended})
		c.manual = c.state == exited
	}
	e.containers[c.id], e.names[c.name] = c, c
	e.order = append(e.order, c)
	switch {
	case c.state == restarting:
		c.state = exited
		e.applyPolicy(c)
	case c.state == running:
		e.fate(c)
	}
	if c.serves = e.lab.servesAt(e.opts.Name, spec.Labels); c.up() {
		_ = e.bind(c) // a port that somebody else took a moment ago shows as a server that is down
	}
	return c
}

// find looks a container up by name, ID or the beginning of an ID.
func (e *Engine) find(ref string) *instance {
	ref = strings.TrimPrefix(ref, "/")
	if c := e.names[ref]; c != nil {
		return c
	}
	if c := e.containers[ref]; c != nil || len(ref) >= 64 || ref == "" {
		return c
	}
	var found *instance
	for _, c := range e.order {
		if strings.HasPrefix(c.id, ref) {
			if found != nil {
				return nil
			}
			found = c
		}
	}
	return found
}

func (e *Engine) nextPID() int {
	e.serial++
	return 1000 + e.serial*7
}

// up says whether it has processes.
func (c *instance) up() bool { return c.state == running || c.state == paused }

// wake tells everybody who waits that something changed.
func (c *instance) wake() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// change is closed at the next change of the container or its log.
func (c *instance) change() <-chan struct{} {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// status is the state in the engine's own words.
func (c *instance) status(now time.Time) string {
	up := units.HumanDuration(max(0, now.Sub(c.started)))
	ago := units.HumanDuration(max(0, now.Sub(c.ended)))
	switch c.state {
	case running:
		switch c.health {
		case "":
			return "Up " + up
		case starting:
			return "Up " + up + " (health: starting)"
		}
		return "Up " + up + " (" + c.health + ")"
	case paused:
		return "Up " + up + " (Paused)"
	case restarting:
		return fmt.Sprintf("Restarting (%d) %s ago", c.exitCode, ago)
	case removing:
		return "Removal In Progress"
	case dead:
		return "Dead"
	case created:
		return "Created"
	}
	return fmt.Sprintf("Exited (%d) %s ago", c.exitCode, ago)
}

// labels are the container's own and those of Compose.
func (c *instance) labels() map[string]string {
	m := make(map[string]string, len(c.spec.Labels)+6)
	for k, v := range c.spec.Labels {
		m[k] = v
	}
	if p := c.spec.Project; p != "" {
		m["com.docker.compose.project"] = p
		m["com.docker.compose.service"] = c.spec.Service
		m["com.docker.compose.container-number"] = "1"
		m["com.docker.compose.oneoff"] = "False"
		m["com.docker.compose.project.config_files"] = "/srv/" + p + "/compose.yaml"
		m["com.docker.compose.project.working_dir"] = "/srv/" + p
	}
	return m
}

func (c *instance) networks() []string {
	switch {
	case c.spec.Networks != nil:
		return c.spec.Networks
	case c.spec.Project != "":
		return []string{c.spec.Project + "_default"}
	}
	return []string{"bridge"}
}

// bridged says whether it has network interfaces of its own.
func (c *instance) bridged() bool {
	mode := c.networks()[0]
	return mode != "none" && mode != "host"
}

// published says whether it has addresses, and so published ports, now.
func (c *instance) published() bool { return c.up() && c.bridged() }

func (c *instance) command() []string {
	if len(c.spec.Command) > 0 {
		return c.spec.Command
	}
	return []string{"/docker-entrypoint.sh", cmp.Or(c.spec.Service, "run")}
}
