package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// Spec is a container that can be made. Package compose makes one of a Compose file.
type Spec struct {
	Config   container.Config
	Host     container.HostConfig
	Networks map[string]*network.EndpointSettings // that it is attached to, by name

	Needs []Need // containers that must be there before it is made
}

// Need is a container of the same Compose project that another one depends on.
type Need struct {
	Project, Service string
	Condition        string // service_started, service_healthy, service_completed_successfully
}

// Clone returns a copy that can be changed on its own where Set methods change it.
func (s Spec) Clone() Spec {
	s.Config.Labels = maps.Clone(s.Config.Labels)
	s.Config.ExposedPorts = maps.Clone(s.Config.ExposedPorts)
	s.Host.PortBindings = maps.Clone(s.Host.PortBindings)
	return s
}

// SetLabel sets one label.
func (s *Spec) SetLabel(name, value string) {
	if s.Config.Labels == nil {
		s.Config.Labels = map[string]string{}
	}
	s.Config.Labels[name] = value
}

// Publish publishes a TCP port of the container at an address of the host.
func (s *Spec) Publish(ip string, host, inside int) error {
	port, ok := network.PortFrom(uint16(inside), network.TCP)
	address, err := netip.ParseAddr(ip)
	if err != nil || !ok || inside <= 0 || inside > 65535 {
		return fmt.Errorf("port %d cannot be published at %s:%d", inside, ip, host)
	}
	if s.Config.ExposedPorts == nil {
		s.Config.ExposedPorts = network.PortSet{}
	}
	if s.Host.PortBindings == nil {
		s.Host.PortBindings = network.PortMap{}
	}
	s.Config.ExposedPorts[port] = struct{}{}
	s.Host.PortBindings[port] = []network.PortBinding{{HostIP: address, HostPort: fmt.Sprint(host)}}
	return nil
}

// HostNetwork says whether the container shares the network of its host, where
// nothing needs to be published.
func (s Spec) HostNetwork() bool { return s.Host.NetworkMode == network.NetworkHost }

// NetworkNames are the networks that must be there, sorted.
func (s Spec) NetworkNames() []string { return slices.Sorted(maps.Keys(s.Networks)) }

// Sum is a fingerprint of the whole description. It is keyed, because the
// description may hold secrets that are short enough to be guessed.
func (s Spec) Sum(key string) string {
	b, err := json.Marshal(struct {
		container.Config
		Host     container.HostConfig
		Networks map[string]*network.EndpointSettings
	}{s.Config, s.Host, s.Networks})
	if err != nil {
		panic("docker: spec: " + err.Error()) // the API's own types always marshal
	}
	sum := sha256.Sum256(append([]byte(key+"\x00"), b...))
	return hex.EncodeToString(sum[:16])
}

// Create makes a container that does not run yet and returns its ID. A name that is
// taken is a conflict (IsConflict): of several who try at once exactly one gets it.
func (e *Engine) Create(ctx context.Context, name string, s Spec) (id string, warnings []string, err error) {
	cl, err := e.open()
	if err != nil {
		return "", nil, err
	}
	if err := e.checkID(name); err != nil {
		return "", nil, err
	}
	o := client.ContainerCreateOptions{Name: name, Config: &s.Config, HostConfig: &s.Host}
	if first := s.firstNetwork(); first != "" {
		o.NetworkingConfig = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{first: s.Networks[first]}}
	}
	r, err := cl.ContainerCreate(ctx, o)
	if err != nil {
		return "", nil, e.fail("create container "+name, err)
	}
	return fleet.Clean(r.ID), cleanAll(r.Warnings), nil
}

// firstNetwork is the one that a container is created with: an engine before API
// 1.44 takes one only. Attach brings the others.
func (s Spec) firstNetwork() string {
	if mode := string(s.Host.NetworkMode); s.Networks[mode] != nil {
		return mode
	}
	if names := s.NetworkNames(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// Attach attaches a container to those of its networks in which it is not yet.
func (e *Engine) Attach(ctx context.Context, c *Container, s Spec) error {
	cl, err := e.open()
	if err != nil {
		return err
	}
	for _, n := range s.NetworkNames() {
		if slices.Contains(c.Networks, n) {
			continue
		}
		if _, err := cl.NetworkConnect(ctx, n, client.NetworkConnectOptions{Container: c.ID, EndpointConfig: s.Networks[n]}); err != nil {
			return e.fail("attach container "+c.Name+" to network "+fleet.Clean(n), err)
		}
	}
	return nil
}

// Labelled lists the containers that have all of the labels, "name" or "name=value",
// with everything that an inspect says.
func (e *Engine) Labelled(ctx context.Context, labels ...string) ([]*Container, error) {
	cl, err := e.open()
	if err != nil {
		return nil, err
	}
	list, err := cl.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", labels...)})
	if err != nil {
		return nil, e.fail("list containers", err)
	}
	digests := map[string][]string{}
	out := make([]*Container, 0, len(list.Items))
	ids := make([]string, 0, len(list.Items))
	for i := range list.Items {
		s := &list.Items[i]
		if _, known := digests[s.ImageID]; !known {
			img, err := cl.ImageInspect(ctx, s.ImageID)
			if err == nil { // one that was removed by force has no digests; that is no failure
				digests[s.ImageID] = img.RepoDigests
			}
		}
		out = append(out, e.container(s, digests))
		ids = append(ids, s.ID)
	}
	knowns := e.inspectAll(ctx, cl, ids, inspectLimit)
	if ctx.Err() != nil {
		return nil, e.fail("inspect containers", ctx.Err())
	}
	out = slices.DeleteFunc(out, func(c *Container) bool {
		k, ok := knowns[c.ID]
		if ok {
			k.put(c)
			c.State, c.Health = k.state, k.health
		}
		return !ok // removed in between
	})
	sortContainers(out)
	return out, nil
}

// ImageFacts are what an engine knows of an image that it has.
type ImageFacts struct {
	ID      string
	Digests []string // "repository@sha256:…"
	Labels  map[string]string
	Size    int64 // bytes
}

// ImageOf reads an image that the engine has.
func (e *Engine) ImageOf(ctx context.Context, ref string) (ImageFacts, error) {
	cl, err := e.open()
	if err != nil {
		return ImageFacts{}, err
	}
	name, err := imageName(ref)
	if err != nil {
		return ImageFacts{}, e.fail("find image", err)
	}
	img, err := cl.ImageInspect(ctx, name)
	if err != nil {
		return ImageFacts{}, e.fail("find image "+fleet.Clean(ref), err)
	}
	out := ImageFacts{ID: fleet.Clean(img.ID), Digests: cleanAll(img.RepoDigests), Size: img.Size}
	if img.Config != nil {
		out.Labels = cleanMap(img.Config.Labels)
	}
	return out, nil
}

// Resolve asks the registry, through the engine, which digest a reference has now:
// what that host would pull over its network with its settings.
func (e *Engine) Resolve(ctx context.Context, ref string) (digest string, err error) {
	cl, err := e.open()
	if err != nil {
		return "", err
	}
	op := "resolve " + fleet.Clean(ref)
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", e.fail("resolve", badImage(ref))
	}
	auth, err := registryAuth(named)
	if err != nil {
		return "", e.fail(op, err)
	}
	r, err := cl.DistributionInspect(ctx, ref, client.DistributionInspectOptions{EncodedRegistryAuth: auth})
	if err != nil {
		return "", e.fail(op, err)
	}
	return fleet.Clean(string(r.Descriptor.Digest)), nil
}

// IsUnknownImage says that a registry answered and has no such repository or tag;
// engines word it as their registry does.
func IsUnknownImage(err error) bool {
	return err != nil && (IsNotFound(err) || says("manifest unknown")(err) || says("not found")(err) || says("repository", "does not exist")(err) || says("name unknown")(err))
}

// IsDenied says that a registry refused to tell: many do so for what they do not have.
func IsDenied(err error) bool {
	return err != nil && (says("access to the resource is denied")(err) || says("unauthorized")(err))
}

// LacksNetworks returns those of the networks that the engine does not have.
func (e *Engine) LacksNetworks(ctx context.Context, names ...string) (missing []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	cl, err := e.open()
	if err != nil {
		return nil, err
	}
	list, err := cl.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, e.fail("list networks", err)
	}
	for _, n := range names {
		if !slices.ContainsFunc(list.Items, func(s network.Summary) bool { return s.Name == n }) {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

// IsConflict says that a name is taken, or that the state of the object does not
// allow the act.
func IsConflict(err error) bool { return errdefs.IsConflict(err) }

// ImportEmpty makes an image of nothing under a name, without any registry: enough
// for a container that is never started.
func (e *Engine) ImportEmpty(ctx context.Context, ref string) error {
	cl, err := e.open()
	if err != nil {
		return err
	}
	empty := strings.NewReader(strings.Repeat("\x00", 1024)) // a tar archive without entries (POSIX ustar: two zero blocks)
	repository, tag := splitImage(ref)
	r, err := cl.ImageImport(ctx, client.ImageImportSource{Source: empty, SourceName: "-"}, repository, client.ImageImportOptions{Tag: tag})
	if err == nil {
		_, err = io.Copy(io.Discard, r) // it ends when the image is there
		err = errors.Join(err, r.Close())
	}
	return e.fail("make image "+fleet.Clean(ref), err)
}
