package swift

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

const (
	defaultLimit = 2 * time.Second // of one question to a node
	// maxProbes is how many nodes of one cluster are asked at the same time whether
	// they live, maxSweeps how many of those that do are asked for the rest: so few
	// that on a busy machine none has to wait for us, which would look like silence.
	// One that lets us wait for givesWay does not count any more.
	maxProbes = 256
	maxSweeps = 32
	givesWay  = 250 * time.Millisecond
)

// Cluster is one Swift cluster: a watch.Source (with Look and Refresh), and what an
// operator asks for. Its methods may be called from any goroutine; every error they
// return is an *Error.
type Cluster struct {
	fleet   *fleet.Fleet
	spec    fleet.Cluster
	ssh     fleet.SSH // where the ring files are, when they are not here
	login   *fleet.Credential
	storage *http.Client // to nodes
	proxies []*proxy
	api     *api // nil when there is neither proxy nor login
	rings   *ringWatch
	probes  chan struct{}
	sweeps  chan struct{}

	mu      sync.Mutex
	nodes   map[string]*running // by name, of the running Watch
	looked  []string
	refresh chan struct{} // a token: the proxies and the API are read again now
}

// running is a node that is being watched.
type running struct {
	*node
	stop context.CancelFunc
}

// New prepares a cluster of a fleet; nothing is opened before the first call.
func New(f *fleet.Fleet, spec fleet.Cluster) *Cluster {
	c := &Cluster{fleet: f, spec: spec, storage: newClient(nil), probes: make(chan struct{}, maxProbes), sweeps: make(chan struct{}, maxSweeps), nodes: map[string]*running{}}
	if spec.Rings.SSH != "" {
		c.ssh = f.SSHTo(spec.Rings.SSH)
	}
	if a := spec.Auth; a != nil && a.TempAuth != "" {
		if cred, ok := f.Credentials[a.TempAuth]; ok {
			c.login = &cred
		}
	}
	for _, url := range spec.Proxies {
		c.proxies = append(c.proxies, c.newProxy(url))
	}
	if len(spec.Proxies) > 0 || spec.Auth != nil {
		c.api = newAPI(c)
	}
	c.rings = newRingWatch(c)
	return c
}

// Spec returns the cluster as the fleet names it.
func (c *Cluster) Spec() fleet.Cluster { return c.spec }

// Name is the name of the source, "swift/objects". Its readings have names of their
// own below it.
func (c *Cluster) Name() string { return Source(c.spec.Name) }

// Source, RingsSource, APISource, NodeSource and ProxySource name the readings of a
// cluster.
func Source(cluster string) string      { return "swift/" + cluster }
func RingsSource(cluster string) string { return Source(cluster) + "/rings" }
func APISource(cluster string) string   { return Source(cluster) + "/api" }

// NodeSource names the readings of a node, by its address in the rings.
func NodeSource(cluster, node string) string { return Source(cluster) + "/node/" + node }

// ProxySource names the readings of a proxy, by its URL in the fleet.
func ProxySource(cluster, url string) string {
	_, address, _ := strings.Cut(url, "://")
	return Source(cluster) + "/proxy/" + address
}

func (c *Cluster) nodeSource(node string) string { return NodeSource(c.spec.Name, node) }

// limit is how long one answer may take.
func (c *Cluster) limit() time.Duration {
	if t := c.spec.Recon.Timeout; t > 0 {
		return t
	}
	return defaultLimit
}

// enter takes one of the places, and returns how to leave it; nil when ctx is done.
func enter(ctx context.Context, places chan struct{}) (leave func()) {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	free := sync.OnceFunc(func() { <-places })
	timer := time.AfterFunc(givesWay, free)
	return func() {
		timer.Stop()
		free()
	}
}

// Watch reports the rings, every node, every proxy and the API, each at its own
// pace, until ctx is done. The nodes are those that the rings name.
func (c *Cluster) Watch(ctx context.Context, report func(fleet.Reading)) {
	var wg sync.WaitGroup
	start := func(what string, f func()) {
		wg.Add(1)
		safe.Go(c.Name()+" "+what, func() { defer wg.Done(); f() })
	}
	defer c.close()
	defer wg.Wait()
	for _, p := range c.proxies {
		start("proxy", func() { p.watch(ctx, report) })
	}
	if c.api != nil {
		start("api", func() { c.api.watch(ctx, report) })
	}
	c.rings.watch(ctx, report, func(r *Rings) {
		c.setNodes(ctx, r, func(n *node, ctx context.Context) {
			start("node", func() { n.watch(ctx, report) })
		})
	})
	c.mu.Lock()
	clear(c.nodes)
	c.mu.Unlock()
}

// setNodes starts the nodes that are new in the rings and stops those that are gone.
func (c *Cluster) setNodes(ctx context.Context, r *Rings, start func(*node, context.Context)) {
	places := r.places(c.spec)
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.nodes {
		if !slices.ContainsFunc(places, func(p *place) bool { return p.node == name }) {
			n.stop()
			delete(c.nodes, name)
		}
	}
	for _, p := range places {
		if n, ok := c.nodes[p.node]; ok {
			n.place.Store(p)
			continue
		}
		n := c.newNode(p)
		n.looked.Store(slices.Contains(c.looked, p.node))
		ctx, stop := context.WithCancel(ctx)
		c.nodes[p.node] = &running{n, stop}
		start(n, ctx)
	}
}

// Look says which nodes are on screen in detail: their memory and sockets are read
// as well.
func (c *Cluster) Look(nodes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = slices.Clone(nodes)
	for name, n := range c.nodes {
		now := slices.Contains(nodes, name)
		if n.looked.Swap(now) != now && now {
			token(n.wake)
		}
	}
}

// Refresh asks everything again now, silent nodes as well.
func (c *Cluster) Refresh() {
	token(c.rings.refresh)
	for _, p := range c.proxies {
		token(p.refresh)
	}
	if c.api != nil {
		token(c.api.refresh)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		token(n.refresh)
	}
}

// Sweep reads everything once, side by side, and reports it as Watch does: the
// rings, then every node, the proxies and the API. It returns when all have answered
// or failed: a little over the time limit of a node when some hang, which is also
// all that the API is given. The error is
// that of the rings, without which there are no nodes to ask. It shares nothing with
// a Watch, so what is told as a change (paces, new quarantine) is unknown in it.
func (c *Cluster) Sweep(ctx context.Context, report func(fleet.Reading)) error {
	c = New(c.fleet, c.spec)
	defer c.close()
	err := c.sweep(ctx, report)
	if err == nil && c.spec.Rings.SSH == "" && c.rings.heardMore() { // versions of the rings that nodes have
		_, err = c.rings.read(ctx, report)
	}
	return err
}

func (c *Cluster) sweep(ctx context.Context, report func(fleet.Reading)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, p := range c.proxies {
		wg.Add(1)
		safe.Go(c.Name()+" proxy", func() { defer wg.Done(); p.read(ctx, report) })
	}
	if c.api != nil {
		wg.Add(1)
		safe.Go(c.Name()+" api", func() { defer wg.Done(); c.api.read(ctx, c.limit()*5/4, report) })
	}
	r, err := c.rings.read(ctx, report)
	if err != nil {
		return err
	}
	for _, p := range r.places(c.spec) {
		n := c.newNode(p)
		wg.Add(1)
		safe.Go(c.Name()+" node", func() { defer wg.Done(); n.read(ctx, report) })
	}
	return nil
}

// close drops idle connections.
func (c *Cluster) close() {
	c.storage.CloseIdleConnections()
	for _, p := range c.proxies {
		p.close()
	}
	if c.api != nil {
		c.api.session.close()
	}
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Set is the clusters of a fleet, by name.
type Set struct {
	clusters []*Cluster
	byName   map[string]*Cluster
}

// NewSet prepares the clusters of a fleet; nothing is opened before the first call.
func NewSet(f *fleet.Fleet) *Set {
	s := &Set{byName: map[string]*Cluster{}}
	for _, spec := range f.Clusters {
		c := New(f, spec)
		s.clusters = append(s.clusters, c)
		s.byName[spec.Name] = c
	}
	return s
}

// Cluster finds a cluster by its name in the fleet.
func (s *Set) Cluster(name string) (*Cluster, bool) { c, ok := s.byName[name]; return c, ok }

// All returns the clusters in the order of the fleet.
func (s *Set) All() []*Cluster { return s.clusters }
