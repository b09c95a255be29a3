package compose

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"

	"ringside/backends/docker"
)

// conversion makes a container of one service. What cannot be taken by its value is
// collected and told together.
type conversion struct {
	*reader
	project *types.Project
	s       types.ServiceConfig
	out     *Container
	errs    []error
}

func (c *conversion) bad(key, format string, args ...any) {
	c.errs = append(c.errs, c.refuse(key, fmt.Sprintf(format, args...)))
}

func (c *conversion) run() error {
	for _, part := range []func(){c.process, c.health, c.isolation, c.resources, c.networks, c.ports, c.mounts, c.restart, c.needs, c.single} {
		part()
	}
	return errors.Join(c.errs...)
}

// process is what runs and how.
func (c *conversion) process() {
	s, conf := c.s, &c.out.Config
	conf.Entrypoint, conf.Cmd = []string(s.Entrypoint), []string(s.Command)
	conf.Env = s.Environment.ToMapping().Values()
	for name, v := range s.Environment {
		if v == nil {
			c.bad("environment."+name, "the variable is not set")
		}
	}
	slices.Sort(conf.Env)
	conf.Labels = maps.Clone(map[string]string(s.Labels))
	conf.User, conf.WorkingDir, conf.Hostname, conf.Domainname = s.User, s.WorkingDir, s.Hostname, s.DomainName
	conf.Tty, conf.OpenStdin, conf.StopSignal = s.Tty, s.StdinOpen, s.StopSignal
	if s.StopGracePeriod != nil {
		seconds := int(math.Ceil(time.Duration(*s.StopGracePeriod).Seconds()))
		conf.StopTimeout = &seconds
	}
	c.out.Host.Init = s.Init
	if s.Logging != nil {
		c.out.Host.LogConfig = container.LogConfig{Type: s.Logging.Driver, Config: s.Logging.Options}
	}
}

func (c *conversion) health() {
	h := c.s.HealthCheck
	if h == nil {
		return
	}
	out := &dockerspec.HealthcheckConfig{Test: h.Test}
	if h.Disable {
		out.Test = []string{"NONE"}
	}
	for from, to := range map[*types.Duration]*time.Duration{h.Interval: &out.Interval, h.Timeout: &out.Timeout, h.StartPeriod: &out.StartPeriod, h.StartInterval: &out.StartInterval} {
		if from != nil {
			*to = time.Duration(*from)
		}
	}
	if h.Retries != nil {
		out.Retries = int(min(*h.Retries, math.MaxInt32))
	}
	c.out.Config.Healthcheck = out
}

// isolation is what the container may see and do.
func (c *conversion) isolation() {
	s, h := c.s, &c.out.Host
	h.CapAdd, h.CapDrop, h.SecurityOpt, h.GroupAdd = s.CapAdd, s.CapDrop, s.SecurityOpt, s.GroupAdd
	h.Privileged, h.ReadonlyRootfs = s.Privileged, s.ReadOnly
	h.IpcMode, h.PidMode, h.UTSMode = container.IpcMode(s.Ipc), container.PidMode(s.Pid), container.UTSMode(s.Uts)
	h.UsernsMode, h.CgroupnsMode = container.UsernsMode(s.UserNSMode), container.CgroupnsMode(s.Cgroup)
	h.Runtime, h.Annotations, h.StorageOpt, h.Sysctls = s.Runtime, s.Annotations, s.StorageOpt, s.Sysctls
	h.ExtraHosts = s.ExtraHosts.AsList(":")
	slices.Sort(h.ExtraHosts)
	for _, text := range s.DNS {
		a, err := netip.ParseAddr(text)
		if err != nil {
			c.bad("dns", "%q is no IP address", text)
		}
		h.DNS = append(h.DNS, a)
	}
	h.DNSSearch, h.DNSOptions = s.DNSSearch, s.DNSOpts
	for key, mode := range map[string]string{"ipc": s.Ipc, "pid": s.Pid, "network_mode": s.NetworkMode} {
		if strings.HasPrefix(mode, "service:") || strings.HasPrefix(mode, "container:") {
			c.bad(key, "a colour must be able to run without another container")
		}
	}
}

func (c *conversion) resources() {
	s, h := c.s, &c.out.Host
	h.CgroupParent, h.CPUShares, h.CPUPeriod, h.CPUQuota = s.CgroupParent, s.CPUShares, s.CPUPeriod, s.CPUQuota
	h.CPURealtimePeriod, h.CPURealtimeRuntime, h.CpusetCpus = s.CPURTPeriod, s.CPURTRuntime, s.CPUSet
	h.NanoCPUs = nano(s.CPUS)
	h.Memory, h.MemoryReservation, h.MemorySwap, h.ShmSize = int64(s.MemLimit), int64(s.MemReservation), int64(s.MemSwapLimit), int64(s.ShmSize)
	if s.MemSwappiness != 0 {
		n := int64(s.MemSwappiness)
		h.MemorySwappiness = &n
	}
	if s.PidsLimit != 0 {
		h.PidsLimit = &s.PidsLimit
	}
	if s.OomKillDisable {
		h.OomKillDisable = &s.OomKillDisable
	}
	h.OomScoreAdj, h.DeviceCgroupRules = int(s.OomScoreAdj), s.DeviceCgroupRules
	for _, d := range s.Devices {
		h.Devices = append(h.Devices, container.DeviceMapping{PathOnHost: d.Source, PathInContainer: d.Target, CgroupPermissions: d.Permissions})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Ulimits)) {
		u := s.Ulimits[name]
		soft, hard := int64(u.Soft), int64(u.Hard)
		if u.Single != 0 {
			soft, hard = int64(u.Single), int64(u.Single)
		}
		h.Ulimits = append(h.Ulimits, &units.Ulimit{Name: name, Soft: soft, Hard: hard})
	}
	if d := s.Deploy; d != nil { // the library refuses other values in both places
		if l := d.Resources.Limits; l != nil {
			h.NanoCPUs, h.Memory = cmp.Or(h.NanoCPUs, nano(float32(l.NanoCPUs))), cmp.Or(h.Memory, int64(l.MemoryBytes))
			if l.Pids != 0 {
				h.PidsLimit = &l.Pids
			}
		}
		if r := d.Resources.Reservations; r != nil {
			h.MemoryReservation = cmp.Or(h.MemoryReservation, int64(r.MemoryBytes))
		}
	}
}

func nano(cpus float32) int64 { return int64(math.Round(float64(cpus)*1000)) * 1e6 }

// networks attaches to networks that are there already: a deploy makes none.
func (c *conversion) networks() {
	if c.s.NetworkMode != "" {
		c.out.Host.NetworkMode = container.NetworkMode(c.s.NetworkMode)
		return
	}
	for _, key := range c.s.NetworksByPriority() {
		own, def := c.s.Networks[key], c.project.Networks[key]
		if def.Name == "" {
			c.bad("networks."+key, "the file has no network %q", key)
			continue
		}
		ep := &network.EndpointSettings{}
		if own != nil {
			ep.Aliases, ep.DriverOpts, ep.GwPriority = own.Aliases, own.DriverOpts, own.GatewayPriority
		}
		if c.out.Networks == nil {
			c.out.Networks = map[string]*network.EndpointSettings{}
			c.out.Host.NetworkMode = container.NetworkMode(def.Name)
		}
		c.out.Networks[def.Name] = ep
	}
}

// ports finds the one port that the colours publish; what else is published would be
// taken by both.
func (c *conversion) ports() {
	for _, p := range c.s.Expose {
		port, err := network.ParsePort(p)
		if err != nil {
			c.bad("expose", "%q is no port", p)
			continue
		}
		c.expose(port)
	}
	for _, p := range c.s.Ports {
		port, ok := network.PortFrom(uint16(min(p.Target, math.MaxUint16)), network.IPProtocol(strings.ToLower(p.Protocol)))
		switch {
		case p.Mode != "" && p.Mode != "ingress":
			c.bad("ports", "mode %s is for Swarm", p.Mode)
		case !ok || p.Target > math.MaxUint16:
			c.bad("ports", "%d/%s is no port", p.Target, p.Protocol)
		case p.Published != "" && p.Published != "0":
			c.bad("ports", "both colours would publish %s: write only the port inside (%d) here, and ports: {blue, green} in ringside.yaml", p.Published, p.Target)
		case p.HostIP != "":
			c.bad("ports", "the address %s belongs to ports: {ip} in ringside.yaml", p.HostIP)
		case port.Proto() != network.TCP:
			c.bad("ports", "%s is not switched by a proxy of HTTP; only tcp can be published", port)
		case c.out.Port != 0:
			c.bad("ports", "a service has one port behind its proxy, and here are %d and %d", c.out.Port, p.Target)
		default:
			c.out.Port = int(p.Target)
			c.expose(port)
		}
	}
}

func (c *conversion) expose(p network.Port) {
	if c.out.Config.ExposedPorts == nil {
		c.out.Config.ExposedPorts = network.PortSet{}
	}
	c.out.Config.ExposedPorts[p] = struct{}{}
}

func (c *conversion) mounts() {
	h := &c.out.Host
	for _, t := range c.s.Tmpfs {
		path, options, _ := strings.Cut(t, ":")
		if h.Tmpfs == nil {
			h.Tmpfs = map[string]string{}
		}
		h.Tmpfs[path] = options
	}
	for _, v := range c.s.Volumes {
		m := mount.Mount{Type: mount.Type(v.Type), Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency)}
		switch v.Type {
		case types.VolumeTypeBind:
			c.bind(&m, v)
		case types.VolumeTypeVolume:
			c.volume(&m, v)
		case types.VolumeTypeTmpfs:
			m.Source = ""
			if v.Tmpfs != nil {
				m.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(v.Tmpfs.Size), Mode: os.FileMode(v.Tmpfs.Mode)}
			}
		default:
			c.bad("volumes", "mounts of type %s are not supported", v.Type)
			continue
		}
		h.Mounts = append(h.Mounts, m)
	}
}

func (c *conversion) bind(m *mount.Mount, v types.ServiceVolumeConfig) {
	b := v.Bind
	if b == nil {
		return
	}
	m.BindOptions = &mount.BindOptions{Propagation: mount.Propagation(b.Propagation), CreateMountpoint: bool(b.CreateHostPath)}
	switch b.Recursive {
	case "", "enabled":
	case "disabled":
		m.BindOptions.NonRecursive = true
	case "writable":
		m.BindOptions.ReadOnlyNonRecursive = true
	case "readonly":
		m.BindOptions.ReadOnlyForceRecursive = true
	}
}

// volume mounts a named volume, which the engine makes when there is none. Both
// colours have the same one.
func (c *conversion) volume(m *mount.Mount, v types.ServiceVolumeConfig) {
	o := &mount.VolumeOptions{}
	if v.Volume != nil {
		o.NoCopy, o.Subpath, o.Labels = v.Volume.NoCopy, v.Volume.Subpath, v.Volume.Labels
	}
	if v.Source != "" {
		def, ok := c.project.Volumes[v.Source]
		if !ok {
			c.bad("volumes", "the file has no volume %q", v.Source)
			return
		}
		m.Source = def.Name
		if !def.External && (def.Driver != "" || len(def.DriverOpts) > 0) {
			o.DriverConfig = &mount.Driver{Name: def.Driver, Options: def.DriverOpts}
		}
		if !def.External && len(def.Labels) > 0 {
			if o.Labels == nil {
				o.Labels = map[string]string{}
			}
			maps.Copy(o.Labels, def.Labels)
		}
	}
	m.VolumeOptions = o
}

func (c *conversion) restart() {
	name, tries, limited := strings.Cut(c.s.Restart, ":")
	p := container.RestartPolicy{Name: container.RestartPolicyMode(name)}
	if limited {
		n, err := strconv.Atoi(tries)
		if err != nil || name != "on-failure" {
			c.bad("restart", "%q is no restart policy", c.s.Restart)
		}
		p.MaximumRetryCount = n
	}
	c.out.Host.RestartPolicy = p
}

func (c *conversion) needs() {
	for _, name := range slices.Sorted(maps.Keys(c.s.DependsOn)) {
		d := c.s.DependsOn[name]
		if d.Restart {
			c.bad("depends_on."+name+".restart", "a restart with its dependency is not supported")
		}
		if d.Required {
			c.out.Needs = append(c.out.Needs, docker.Need{Project: c.project.Name, Service: name, Condition: d.Condition})
		}
	}
}

// single refuses what would make more than one container of a colour, and a pull
// that is not the one of the deploy.
func (c *conversion) single() {
	n := 1
	if c.s.Scale != nil {
		n = *c.s.Scale
	}
	if d := c.s.Deploy; d != nil && d.Replicas != nil {
		n = *d.Replicas
	}
	if n != 1 {
		c.bad("scale", "a colour has one container on each engine, and here are %d", n)
	}
	if p := c.s.PullPolicy; p == types.PullPolicyNever || p == types.PullPolicyBuild {
		c.bad("pull_policy", "a deploy pulls the image by its digest, and here is %q", p)
	}
}
