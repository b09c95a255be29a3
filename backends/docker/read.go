package docker

import (
	"context"
	"regexp"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

const (
	inspectLanes = 4 // inspects of one engine that run at once
	inspectLimit = 10 * time.Second
)

// Get reads one container afresh, by ID or name, with everything that an inspect
// says (Known is true).
func (e *Engine) Get(ctx context.Context, id string) (*Container, error) {
	_, c, err := e.inspect(ctx, id)
	return c, err
}

// inspect reads one container as the engine tells it and as we do.
func (e *Engine) inspect(ctx context.Context, id string) (*client.ContainerInspectResult, *Container, error) {
	cl, err := e.open()
	if err != nil {
		return nil, nil, err
	}
	if err := e.checkID(id); err != nil {
		return nil, nil, err
	}
	in, err := cl.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, nil, e.fail("read container "+id, err)
	}
	c, err := e.complete(ctx, cl, &in)
	return &in, c, err
}

// complete joins an inspect with what only the list and the image say.
func (e *Engine) complete(ctx context.Context, cl *client.Client, in *client.ContainerInspectResult) (*Container, error) {
	id := in.Container.ID
	list, err := cl.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("id", id)})
	if err != nil {
		return nil, e.fail("read container "+fleet.Clean(id), err)
	}
	digests := map[string][]string{}
	// An image that was removed by force has no digests; that is no failure.
	if img, err := cl.ImageInspect(ctx, in.Container.Image); err == nil {
		digests[in.Container.Image] = img.RepoDigests
	}
	for i := range list.Items {
		if list.Items[i].ID == id {
			c := e.container(&list.Items[i], digests)
			k := knownOf(&in.Container)
			k.put(c)
			c.State, c.Health = k.state, k.health
			return c, nil
		}
	}
	return nil, e.fail("read container "+fleet.Clean(id), errGone)
}

// List reads everything once: the engine and all its containers, inspected.
func (e *Engine) List(ctx context.Context) (*Facts, error) {
	cl, err := e.open()
	if err != nil {
		return nil, err
	}
	if err := e.ping(ctx, cl); err != nil {
		return nil, err
	}
	f, err := e.readEngine(ctx, cl)
	if err != nil {
		return nil, err
	}
	if f.Containers, err = e.readList(ctx, cl, nil, nil); err != nil {
		return nil, err
	}
	ids := make([]string, len(f.Containers))
	for i, c := range f.Containers {
		ids[i] = c.ID
	}
	knowns := e.inspectAll(ctx, cl, ids, inspectLimit)
	if ctx.Err() != nil {
		return nil, e.fail("inspect containers", ctx.Err())
	}
	for _, c := range f.Containers {
		if k, ok := knowns[c.ID]; ok {
			k.put(c)
		}
	}
	return f, nil
}

// ping agrees on an API version with the engine.
func (e *Engine) ping(ctx context.Context, cl *client.Client) error {
	_, err := cl.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	return e.fail("ping", err)
}

// readEngine reads what is known of the engine itself.
func (e *Engine) readEngine(ctx context.Context, cl *client.Client) (*Facts, error) {
	r, err := cl.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, e.fail("read the engine's facts", err)
	}
	in := r.Info
	return &Facts{
		Engine: e.spec.Name, Site: e.spec.Site, Environment: e.spec.Environment,
		ID:            fleet.Clean(in.ID),
		Hostname:      fleet.Clean(in.Name),
		Version:       fleet.Clean(in.ServerVersion),
		API:           cl.ClientVersion(),
		OS:            fleet.Clean(in.OperatingSystem),
		Arch:          fleet.Clean(in.Architecture),
		Kernel:        fleet.Clean(in.KernelVersion),
		CgroupVersion: fleet.Clean(in.CgroupVersion),
		CPUs:          in.NCPU,
		Memory:        in.MemTotal,
		Insecure:      e.insecure(),
	}, nil
}

// readList reads the list of containers, sorted; ids nil means all of them, and
// digests nil that the images are read as well.
func (e *Engine) readList(ctx context.Context, cl *client.Client, ids []string, digests map[string][]string) ([]*Container, error) {
	o := client.ContainerListOptions{All: true}
	if ids != nil {
		o.Filters = make(client.Filters).Add("id", ids...)
	}
	list, err := cl.ContainerList(ctx, o)
	if err != nil {
		return nil, e.fail("list containers", err)
	}
	if digests == nil {
		if digests, err = e.readDigests(ctx, cl); err != nil {
			return nil, err
		}
	}
	out := make([]*Container, len(list.Items))
	for i := range list.Items {
		out[i] = e.container(&list.Items[i], digests)
	}
	sortContainers(out)
	return out, nil
}

// readDigests returns the repository digests of every image, by image ID.
func (e *Engine) readDigests(ctx context.Context, cl *client.Client) (map[string][]string, error) {
	images, err := cl.ImageList(ctx, client.ImageListOptions{All: true})
	if err != nil {
		return nil, e.fail("list images", err)
	}
	out := make(map[string][]string, len(images.Items))
	for _, img := range images.Items {
		if len(img.RepoDigests) > 0 {
			out[img.ID] = img.RepoDigests
		}
	}
	return out, nil
}

// inspectAll inspects containers, a few at once. Those that fail are left out:
// most have just been removed, and the next list tells. limit is for each one: the
// engine does not answer for a container that it is stuck on.
func (e *Engine) inspectAll(ctx context.Context, cl *client.Client, ids []string, limit time.Duration) map[string]known {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		out  = make(map[string]known, len(ids))
		jobs = make(chan string)
	)
	for range min(inspectLanes, len(ids)) {
		wg.Add(1)
		safe.Go("docker inspect", func() {
			defer wg.Done()
			for id := range jobs {
				one, cancel := context.WithTimeout(ctx, limit)
				in, err := cl.ContainerInspect(one, id, client.ContainerInspectOptions{})
				cancel()
				if err == nil {
					mu.Lock()
					out[id] = knownOf(&in.Container)
					mu.Unlock()
				}
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		jobs <- id
	}
	close(jobs)
	wg.Wait()
	return out
}

// plainID is what container names and IDs are made of. Anything else could reach
// another path of the API.
var plainID = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

func (e *Engine) checkID(id string) error {
	if plainID.MatchString(id) {
		return nil
	}
	return e.fail("find the container", &reason{why: "\"" + fleet.Clean(id) + "\" is neither a name nor an ID"})
}
