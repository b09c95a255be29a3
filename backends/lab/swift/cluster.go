package swift

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// Options says what a cluster is made of.
type Options struct {
	Name        string // "objects" when ""
	Site        string
	Environment string
	Nodes       []string // names of the hosts, in the order of their addresses; nil for sw001 to sw120
	Disks       int      // of each node; 5 when 0
	Zones       int      // 4 when 0
	PartPower   int      // of the object ring; 14 when 0
	Dir         string   // where ring files, swift.conf and the key go; "" for a temporary directory that Close removes
	Seed        uint64
	Speed       float64          // of the story: 1 is real time, 0 means that nothing happens by itself
	Calm        bool             // nothing is wrong at the beginning
	Now         func() time.Time // nil for time.Now
	// Powered says whether a host has power; nil: all have. A node of a host without
	// power is silent.
	Powered func(host string) bool
	// ByPort gives all nodes one address and each its own port, as where only
	// 127.0.0.1 exists.
	ByPort bool
}

// Login of the lab's proxy.
const (
	User = "admin:admin"
	key  = "lab-key"
)

// Cluster is a Swift cluster made of memory: every node answers recon over HTTP on
// an address of its own, a proxy answers the API, and real ring files lie in a
// directory. It costs nothing while nobody asks: what is told is computed from the
// clock.
type Cluster struct {
	opts    Options
	dir     string
	ownDir  bool
	began   time.Time
	nodes   []*storageNode
	proxy   *proxy
	rings   []*ringFile // account, container, object, object-1
	conf    string      // swift.conf
	confMD5 string

	mu  sync.Mutex // guards what faults change, in nodes and rings
	ask int        // requests so far
}

// ringFile is one ring in its present and its last version.
type ringFile struct {
	name   string
	ring   *Ring
	md5    string
	oldMD5 string         // two versions behind; "" when there is none
	parts  map[string]int // replicas by "node/device"
}

// conf of the made-up cluster. Its secrets are the lab's own.
const swiftConf = `# The lab's cluster.
[swift-hash]
swift_hash_path_prefix = lab
swift_hash_path_suffix = cluster

[storage-policy:0]
name = gold
default = yes

[storage-policy:1]
name = archive
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
`

const (
	gold    = "object"
	archive = "object-1"
)

// Start makes the rings and starts every server. All accept when it returns.
func Start(o Options) (*Cluster, error) {
	o.Name = cmp.Or(o.Name, "objects")
	o.Disks, o.Zones, o.PartPower = cmp.Or(o.Disks, 5), cmp.Or(o.Zones, 4), cmp.Or(o.PartPower, 14)
	if o.Nodes == nil {
		for n := range 120 {
			o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Cluster{opts: o, dir: o.Dir, began: o.Now(), conf: swiftConf}
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "ringside-lab-swift-")
		if err != nil {
			return nil, fmt.Errorf("lab: no directory for the ring files: %w", err)
		}
		c.dir, c.ownDir = dir, true
	}
	sum := md5.Sum([]byte(c.conf))
	c.confMD5 = hex.EncodeToString(sum[:])
	if err := c.start(); err != nil {
		c.Close()
		return nil, fmt.Errorf("lab: cluster %s: %w", o.Name, err)
	}
	return c, nil
}

func (c *Cluster) start() error {
	if err := c.listen(); err != nil {
		return err
	}
	if err := c.makeRings(); err != nil {
		return err
	}
	c.story()
	for _, n := range c.nodes {
		n.serve(n.handler())
	}
	c.proxy.serve(c.proxy.handler())
	return nil
}

// listen opens the listeners of all nodes and the proxy.
func (c *Cluster) listen() error {
	if !c.opts.ByPort {
		// Every process has a network of its own in 127.0.0.0/8, where all addresses
		// are local on Linux. Elsewhere only 127.0.0.1 is.
		for try := range 8 {
			net := fmt.Sprintf("127.%d", 64+(os.Getpid()+17*try)%180)
			err := c.listenAt(net+".255.1:0", func(i int) string {
				return fmt.Sprintf("%s.%d.%d:6200", net, i/250, i%250+1)
			})
			if err == nil {
				return nil
			}
			c.stopListening()
		}
	}
	c.opts.ByPort = true
	return c.listenAt("127.0.0.1:0", func(int) string { return "127.0.0.1:0" })
}

// listenAt opens the proxy, and node i at address(i).
func (c *Cluster) listenAt(proxy string, address func(i int) string) error {
	c.nodes = nil
	for i, name := range c.opts.Nodes {
		n := &storageNode{cluster: c, name: name, index: i}
		for d := range c.opts.Disks {
			n.disks = append(n.disks, newDisk(n, d))
		}
		if err := n.open(address(i)); err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	c.proxy = newProxy(c)
	return c.proxy.open(proxy)
}

func (c *Cluster) stopListening() {
	for _, n := range c.nodes {
		n.close()
	}
	if c.proxy != nil {
		c.proxy.close()
	}
}

// makeRings makes the rings and writes them, the version before into backups/ as
// swift-ring-builder does.
func (c *Cluster) makeRings() error {
	for _, dir := range []string{c.dir, filepath.Join(c.dir, "backups")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(c.dir, "swift.conf"), []byte(c.conf), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(c.keyFile(), []byte(key+"\n"), 0o600); err != nil {
		return err
	}
	small := max(c.opts.PartPower-4, 4)
	specs := []struct {
		name     string
		replicas float64
		power    int
		version  int
		seed     uint64
		age      time.Duration // since it was pushed
	}{
		{"account", 3, small, 1214, 1, 50 * time.Hour}, {"container", 3, small, 1216, 2, 50 * time.Hour},
		{gold, 3, c.opts.PartPower, 1231, 3, 4 * time.Hour}, {archive, 6, c.opts.PartPower - 3, 608, 4, 75 * time.Hour},
	}
	errs := make([]error, len(specs))
	c.rings = make([]*ringFile, len(specs))
	var wg sync.WaitGroup
	for i, s := range specs {
		wg.Add(1)
		safe.Go("lab ring "+s.name, func() {
			defer wg.Done()
			r, err := MakeRing(RingSpec{Devices: c.devices(), Replicas: s.replicas, PartPower: s.power, Version: s.version, Seed: c.opts.Seed + s.seed})
			if err != nil {
				errs[i] = err
				return
			}
			f := &ringFile{name: s.name}
			if s.name == gold { // two steps: a weight was set, then rebalanced
				if f.oldMD5, err = writeRing(r, filepath.Join(c.dir, "backups", "1795392131."+s.name+".ring.gz")); err == nil {
					r, err = r.Change(c.opts.Seed+5, func(d []*Device) []*Device { d[0].Weight *= 0.9; return d })
				}
			}
			if err == nil {
				path, pushed := filepath.Join(c.dir, s.name+".ring.gz"), c.opts.Now().Add(-s.age)
				f.md5, err = writeRing(r, path)
				err = errors.Join(err, os.Chtimes(path, pushed, pushed))
			}
			f.use(r)
			c.rings[i], errs[i] = f, err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func writeRing(r *Ring, path string) (sum string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".ring")
	if err != nil {
		return "", err
	}
	h := md5.New()
	err = r.WriteV1(both{f, h})
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

// both writes to two writers at once.
type both [2]interface{ Write([]byte) (int, error) }

func (b both) Write(p []byte) (int, error) {
	_, _ = b[1].Write(p) // a hash
	return b[0].Write(p)
}

// use takes a ring as the present one.
func (f *ringFile) use(r *Ring) {
	f.ring, f.parts = r, map[string]int{}
	counts := make([]int, len(r.Devices))
	for _, row := range r.Rows {
		for _, id := range row {
			counts[id]++
		}
	}
	for id, d := range r.Devices {
		if d != nil {
			f.parts[net.JoinHostPort(d.IP, strconv.Itoa(d.Port))+"/"+d.Name] = counts[id]
		}
	}
}

func (c *Cluster) devices() []*Device {
	return Servers(len(c.nodes), c.opts.Disks, c.opts.Zones, func(s int) (string, int) {
		host, port, _ := net.SplitHostPort(c.nodes[s].address)
		n, _ := strconv.Atoi(port)
		return host, n
	})
}

func (c *Cluster) keyFile() string { return filepath.Join(c.dir, "key") }

// Fleet adds the cluster to a fleet, and to each host the address of its node. A
// host that the fleet does not have is added.
func (c *Cluster) Fleet(f *fleet.Fleet) {
	spec := fleet.Cluster{
		Name: c.opts.Name, Site: c.opts.Site, Environment: c.opts.Environment, Rings: fleet.RingFiles{Path: c.dir},
		Proxies: []string{c.proxy.url()}, Auth: &fleet.SwiftAuth{TempAuth: "lab-swift"}, Origin: "demo",
	}
	if c.opts.ByPort {
		spec.NodesBy = "port"
	}
	f.Clusters = append(f.Clusters, spec)
	if f.Credentials == nil {
		f.Credentials = map[string]fleet.Credential{}
	}
	f.Credentials["lab-swift"] = fleet.Credential{Name: "lab-swift", Username: User, Password: fleet.Secret{File: c.keyFile()}}
	for _, n := range c.nodes {
		i := slices.IndexFunc(f.Hosts, func(h fleet.Host) bool { return h.Name == n.name })
		if i < 0 {
			i = len(f.Hosts)
			f.Hosts = append(f.Hosts, fleet.Host{Name: n.name, Site: c.opts.Site, Environment: c.opts.Environment, Tags: []string{"swift"}})
		}
		f.Hosts[i].IPs = append(f.Hosts[i].IPs, c.Address(n.name))
	}
}

// Address is what the rings call a node: its IP, or IP and port where all have one IP.
func (c *Cluster) Address(name string) string {
	n := c.must(name)
	if c.opts.ByPort {
		return n.address
	}
	host, _, _ := net.SplitHostPort(n.address)
	return host
}

// Dir is where the ring files are.
func (c *Cluster) Dir() string { return c.dir }

// Requests is how many requests the nodes were asked so far.
func (c *Cluster) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ask
}

// Connections is how many connections a node accepted so far.
func (c *Cluster) Connections(node string) int { return int(c.must(node).accepted.Load()) }

// must finds a node by the name of its host. A test that names none is mistaken.
func (c *Cluster) must(name string) *storageNode {
	for _, n := range c.nodes {
		if n.name == name {
			return n
		}
	}
	panic(fmt.Sprintf("lab: cluster %s has no node %q", c.opts.Name, name))
}

// Close stops everything and waits for it: no goroutine and no file stays.
func (c *Cluster) Close() error {
	c.stopListening()
	if c.ownDir {
		return os.RemoveAll(filepath.Clean(c.dir))
	}
	return nil
}

// now is the cluster's time.
func (c *Cluster) now() time.Time { return c.opts.Now() }

// age is how long the story has gone on, at the lab's speed.
func (c *Cluster) age() time.Duration {
	return time.Duration(float64(c.now().Sub(c.began)) * c.opts.Speed)
}
