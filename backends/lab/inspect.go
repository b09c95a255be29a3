package lab

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/storage"
)

// mountPoint and endpoint are parts of both the list and the inspection.
type mountPoint struct {
	Type        string
	Name        string `json:",omitempty"`
	Source      string
	Destination string
	Driver      string `json:",omitempty"`
	Mode        string
	RW          bool
	Propagation string
}

type endpoint struct {
	IPAMConfig          *struct{}
	Links               []string
	Aliases             []string
	MacAddress          string
	DriverOpts          map[string]string
	GwPriority          *int `json:",omitempty"` // since 1.48
	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	DNSNames            *[]string `json:",omitempty"` // since 1.44
}

func (c *instance) mountPoints() []mountPoint {
	out := []mountPoint{}
	for _, m := range c.spec.Mounts {
		p := mountPoint{Type: cmp.Or(m.Type, "volume"), Destination: m.Target, RW: !m.ReadOnly}
		if p.Type == "volume" {
			p.Name, p.Driver, p.Mode = m.Name, "local", "z"
			p.Source = "/var/lib/docker/volumes/" + m.Name + "/_data"
		} else {
			p.Source, p.Propagation = m.Source, "rprivate"
		}
		if m.ReadOnly {
			p.Mode = "ro"
		}
		out = append(out, p)
	}
	return out
}

// endpoints are the container's network attachments, with addresses of its own while it is up.
func (c *instance) endpoints(api int) map[string]endpoint {
	out := map[string]endpoint{}
	for i, name := range c.networks() {
		ep := endpoint{NetworkID: digestOf("network", name)[7:]}
		if api >= 48 {
			ep.GwPriority = new(int)
		}
		if api >= 44 {
			ep.DNSNames = &[]string{c.name, c.id[:12]}
		}
		if c.spec.Service != "" {
			ep.Aliases = []string{c.spec.Service}
		}
		if c.published() {
			h := mix(c.seed, uint64(i))
			third, last := byte(h>>8), byte(2+h%250)
			net := 18 + digestByte(name)%12
			ep.EndpointID = fmt.Sprintf("%016x%016x%016x%016x", h, mix(h, 1), mix(h, 2), mix(h, 3))
			ep.Gateway, ep.IPPrefixLen = fmt.Sprintf("172.%d.0.1", net), 16
			ep.IPAddress = fmt.Sprintf("172.%d.%d.%d", net, third, last)
			ep.MacAddress = fmt.Sprintf("02:42:ac:%02x:%02x:%02x", net, third, last)
		}
		out[name] = ep
	}
	return out
}

func digestByte(s string) (b byte) {
	for i := range len(s) {
		b = b*31 + s[i]
	}
	return b
}

func (e *Engine) inspect(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	v := e.inspection(c)
	endpoints := c.endpoints(a.api)
	e.mu.Unlock()

	t := tree(v)
	t["NetworkSettings"].(map[string]any)["Networks"] = endpoints
	a.json(http.StatusOK, t)
}

func (e *Engine) inspection(c *instance) container.InspectResponse {
	spec, cmd := c.spec, c.command()
	dir := "/var/lib/docker/containers/" + c.id
	v := container.InspectResponse{
		ID: c.id, Name: "/" + c.name, Created: c.created.UTC().Format(time.RFC3339Nano), Path: cmd[0], Args: cmd[1:], Image: c.imageID,
		ResolvConfPath: dir + "/resolv.conf", HostnamePath: dir + "/hostname", HostsPath: dir + "/hosts", LogPath: dir + "/" + c.id + "-json.log",
		RestartCount: c.restarts, Driver: "overlay2", Platform: "linux", AppArmorProfile: "docker-default",
		GraphDriver: &storage.DriverData{Name: "overlay2", Data: map[string]string{"MergedDir": "/var/lib/docker/overlay2/" + c.id + "/merged"}},
		State: &container.State{
			Status: container.ContainerState(c.state), Running: c.up() || c.state == restarting, Paused: c.state == paused,
			Restarting: c.state == restarting, Dead: c.state == dead, OOMKilled: c.oom, Pid: c.pid, ExitCode: c.exitCode,
			StartedAt: moment(c.started), FinishedAt: moment(c.ended),
		},
		Config: &container.Config{
			Hostname: c.id[:12], Env: spec.Env, Cmd: cmd[1:], Entrypoint: cmd[:1], Image: c.image, Labels: c.labels(),
			Tty: spec.TTY, OpenStdin: spec.TTY, AttachStdout: true, AttachStderr: true, ExposedPorts: network.PortSet{},
		},
		HostConfig: &container.HostConfig{
			LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{}},
			NetworkMode: container.NetworkMode(c.networks()[0]), PortBindings: network.PortMap{},
			RestartPolicy: restartPolicy(c.policy), CgroupnsMode: "private", IpcMode: "private", ShmSize: 64 << 20, Runtime: "runc",
			Resources: container.Resources{NanoCPUs: c.nanoCPUs, Memory: c.memory, MemorySwap: c.swap},
		},
		NetworkSettings: &container.NetworkSettings{Ports: network.PortMap{}},
	}
	for _, m := range c.mountPoints() {
		v.Mounts = append(v.Mounts, container.MountPoint{
			Type: mount.Type(m.Type), Name: m.Name, Source: m.Source, Destination: m.Destination,
			Driver: m.Driver, Mode: m.Mode, RW: m.RW, Propagation: mount.Propagation(m.Propagation),
		})
	}
	if h := spec.Health; h != nil {
		v.Config.Healthcheck = &container.HealthConfig{Test: h.Test, Interval: h.interval(), Retries: 3}
		if c.health != "" {
			v.State.Health = e.healthLog(c)
		}
	}
	for _, p := range spec.Ports {
		key, _ := network.PortFrom(p.Private, network.IPProtocol(cmp.Or(p.Protocol, "tcp")))
		v.Config.ExposedPorts[key] = struct{}{}
		if p.Public == 0 {
			if c.published() {
				v.NetworkSettings.Ports[key] = nil
			}
			continue
		}
		ip, _ := netip.ParseAddr(cmp.Or(p.IP, "0.0.0.0"))
		b := []network.PortBinding{{HostIP: ip, HostPort: fmt.Sprint(p.Public)}}
		v.HostConfig.PortBindings[key] = b
		if c.published() {
			v.NetworkSettings.Ports[key] = b
		}
	}
	for id, x := range e.execs {
		if x.container == c && x.running {
			v.ExecIDs = append(v.ExecIDs, id)
		}
	}
	return v
}

func (h *HealthSpec) interval() time.Duration { return cmp.Or(h.Interval, 10*time.Second) }

// healthLog computes the last five probes: they were made at every interval
// since the start, and only the failing ones differ.
func (e *Engine) healthLog(c *instance) *container.Health {
	h := &container.Health{Status: container.HealthStatus(c.health), FailingStreak: c.failing, Log: []*container.HealthcheckResult{}}
	interval, now := c.spec.Health.interval(), e.now()
	made := int(now.Sub(c.started) / interval)
	if !c.up() {
		made = 0
	}
	for i := min(made, 5) - 1; i >= 0; i-- {
		at := c.started.Add(time.Duration(made-i) * interval)
		r := &container.HealthcheckResult{Start: at, End: at.Add(40 * time.Millisecond), Output: "ok\n"}
		if i < c.failing {
			r.ExitCode, r.Output = 1, "connect to 127.0.0.1:8080: Connection refused\n"
		}
		h.Log = append(h.Log, r)
	}
	return h
}

// moment writes a time as the API does; one that never was is the year 1.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func restartPolicy(s string) container.RestartPolicy {
	var p container.RestartPolicy
	name := s
	if n, _ := fmt.Sscanf(s, "on-failure:%d", &p.MaximumRetryCount); n == 1 {
		name = "on-failure"
	}
	p.Name = container.RestartPolicyMode(name)
	return p
}
