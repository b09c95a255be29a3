package docker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// Inspect reads everything that is known of one container, by ID or name.
func (e *Engine) Inspect(ctx context.Context, id string) (*Detail, error) {
	in, c, err := e.inspect(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Detail{Container: *c, At: time.Now(), Raw: pretty(in.Raw)}
	if conf := in.Container.Config; conf != nil {
		d.Hostname, d.User, d.WorkDir = fleet.Clean(conf.Hostname), fleet.Clean(conf.User), fleet.Clean(conf.WorkingDir)
		d.Entrypoint, d.Cmd = cleanAll(conf.Entrypoint), cleanAll(conf.Cmd)
		d.Env = environment(conf.Env)
		if conf.Healthcheck != nil {
			d.HealthTest = cleanAll(conf.Healthcheck.Test)
		}
	}
	d.MountList = mounts(in.Container.Mounts)
	if n := in.Container.NetworkSettings; n != nil {
		d.NetworkList = networks(n.Networks)
	}
	if h := in.Container.HostConfig; h != nil {
		d.Limits = limits(h.Resources)
		d.LogDriver = fleet.Clean(h.LogConfig.Type)
	}
	if s := in.Container.State; s != nil && s.Health != nil {
		for _, p := range s.Health.Log {
			d.HealthLog = append(d.HealthLog, HealthProbe{Start: p.Start, End: p.End, ExitCode: p.ExitCode, Output: fleet.CleanLines(p.Output)})
		}
	}
	return d, nil
}

// pretty indents the engine's JSON. Control characters are escaped in JSON; they
// are taken out of the decoded strings too, so that whoever decodes Raw again
// finds none.
func pretty(raw []byte) []byte {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return []byte(fleet.CleanLines(string(raw)))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(cleanJSON(v)) != nil {
		return nil
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

func cleanJSON(v any) any {
	switch v := v.(type) {
	case string:
		return fleet.CleanLines(v)
	case []any:
		for i := range v {
			v[i] = cleanJSON(v[i])
		}
	case map[string]any:
		for k, x := range v {
			ck := fleet.Clean(k)
			if ck != k {
				delete(v, k)
			}
			v[ck] = cleanJSON(x)
		}
	}
	return v
}

func environment(list []string) []EnvVar {
	out := make([]EnvVar, 0, len(list))
	for _, kv := range list {
		name, value, _ := strings.Cut(kv, "=")
		out = append(out, EnvVar{Name: fleet.Clean(name), Value: fleet.Clean(value), Secret: isSecret(name, value)})
	}
	return out
}

func mounts(in []container.MountPoint) []Mount {
	out := make([]Mount, 0, len(in))
	for _, m := range in {
		out = append(out, Mount{
			Type: fleet.Clean(string(m.Type)), Name: fleet.Clean(m.Name), Source: fleet.Clean(m.Source),
			Target: fleet.Clean(m.Destination), Mode: fleet.Clean(m.Mode), ReadOnly: !m.RW,
		})
	}
	slices.SortFunc(out, func(a, b Mount) int { return cmp.Compare(a.Target, b.Target) })
	return out
}

func networks(in map[string]*network.EndpointSettings) []Network {
	var out []Network
	for _, name := range slices.Sorted(maps.Keys(in)) {
		n := Network{Name: fleet.Clean(name)}
		if ep := in[name]; ep != nil {
			n.IP, n.Gateway, n.MAC = address(ep.IPAddress), address(ep.Gateway), ep.MacAddress.String()
			n.Aliases = cleanAll(ep.Aliases)
		}
		out = append(out, n)
	}
	return out
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func limits(r container.Resources) Limits {
	l := Limits{
		NanoCPUs: nanoCPUs(r), CPUShares: r.CPUShares, CPUSet: fleet.Clean(r.CpusetCpus),
		Memory: r.Memory, MemoryReservation: r.MemoryReservation, MemorySwap: r.MemorySwap,
	}
	if r.PidsLimit != nil && *r.PidsLimit > 0 {
		l.PIDs = *r.PidsLimit
	}
	return l
}

// Top lists the processes of a running container.
func (e *Engine) Top(ctx context.Context, id string) (*Processes, error) {
	cl, err := e.open()
	if err != nil {
		return nil, err
	}
	if err := e.checkID(id); err != nil {
		return nil, err
	}
	r, err := cl.ContainerTop(ctx, id, client.ContainerTopOptions{})
	if err != nil {
		return nil, e.fail("list processes of "+id, err)
	}
	p := &Processes{Titles: cleanAll(r.Titles)}
	for _, row := range r.Processes {
		p.Rows = append(p.Rows, cleanAll(row))
	}
	return p, nil
}
