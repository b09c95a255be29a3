package swift

import (
	"fmt"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	lab "ringside/backends/lab/swift"
	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/backends/watch"
	"ringside/views/screen"
	"ringside/views/screen/screentest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a cluster made by hand: real rings, and what its nodes said.
type world struct {
	t     testing.TB
	fleet *fleet.Fleet
	store *watch.Store
	rings *swift.Rings
	nodes map[string]*swift.Node
	now   time.Time
	runs  []actions.RunRecord
}

const swiftConf = `[swift-hash]
swift_hash_path_suffix = test
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

const sum, oldSum, otherSum = "8b5379e0aa", "6f28d9fbaa", "c07c2af4aa"

// calm is a cluster in which all is well: so many nodes sw001, sw002… with so many
// disks of 8 TiB, in four zones.
func calm(t testing.TB, nodes, disks int) *world {
	w := &world{t: t, store: watch.NewStore(), nodes: map[string]*swift.Node{}, now: noon, fleet: &fleet.Fleet{}}
	w.fleet.Clusters = []fleet.Cluster{{Name: "objects", Site: "tokyo", Environment: "production", Proxies: []string{"http://proxy:8080"}}}
	for i := range nodes {
		w.fleet.Hosts = append(w.fleet.Hosts, fleet.Host{Name: fmt.Sprintf("sw%03d", i+1), Site: "tokyo", Environment: "production", IPs: []string{address(i)}, BMC: &fleet.BMC{Address: "b"}})
	}
	conf, err := ring.ParseConf("swift.conf", []byte(swiftConf))
	if err != nil {
		t.Fatal(err)
	}
	w.rings = &swift.Rings{Cluster: "objects", From: "/etc/swift", Conf: conf, ConfMD5: otherSum, Changed: map[string]time.Time{}, Versions: map[string]map[string]int{"object": {sum: 1233, oldSum: 1231}}}
	for i, x := range []struct {
		name     string
		kind     ring.Kind
		replicas float64
		power    int
	}{{"account", ring.Account, 3, 6}, {"container", ring.Container, 3, 6}, {"object", ring.Object, 3, 9}, {"object-1", ring.Object, 6, 7}} {
		n := ring.Named{Ring: makeRing(t, nodes, disks, x.replicas, x.power, 1231+i), Name: x.name, Kind: x.kind}
		if x.kind == ring.Object {
			n.Policy = conf.Policies[max(0, i-2)]
		}
		w.rings.Rings = append(w.rings.Rings, n)
		w.rings.Changed[x.name] = noon.Add(-30 * time.Hour)
	}
	w.put(swift.RingsSource("objects"), w.rings, nil)
	for i := range nodes {
		w.node(i, disks)
	}
	w.put(swift.ProxySource("objects", "http://proxy:8080"), &swift.Proxy{Cluster: "objects", Address: "proxy:8080", Healthy: seen(true), Version: seen("2.33.0"), RingMD5: seen(sums(sum))}, nil)
	w.put(swift.APISource("objects"), &swift.API{Cluster: "objects", URL: "http://proxy:8080", Login: "admin:admin", Account: "AUTH_admin",
		Totals: seen(swift.Totals{Containers: 5, Objects: 60868661, Bytes: 681 << 40})}, nil)
	return w
}

func address(i int) string { return fmt.Sprintf("10.0.0.%d", i+1) }

func makeRing(t testing.TB, nodes, disks int, replicas float64, power, version int) *ring.Ring {
	t.Helper()
	made, err := lab.MakeRing(lab.RingSpec{Devices: lab.Servers(nodes, disks, 4, func(s int) (string, int) { return address(s), 6200 }), Replicas: replicas, PartPower: power, Version: version, Seed: uint64(power)})
	if err != nil {
		t.Fatal(err)
	}
	spec := ring.Spec{PartPower: made.PartPower, Version: version, Rows: made.Rows}
	for _, d := range made.Devices {
		spec.Devices = append(spec.Devices, &ring.Device{ID: d.ID, Region: d.Region, Zone: d.Zone, IP: d.IP, Port: d.Port, ReplicationIP: d.IP, ReplicationPort: d.Port, Name: d.Name, Weight: d.Weight})
	}
	r, err := ring.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seen[T any](v T) swift.Seen[T] { return swift.Seen[T]{Value: v, At: noon.Add(-4 * time.Second)} }

func sums(object string) map[string]string {
	return map[string]string{"account": sum, "container": sum, "object": object, "object-1": sum}
}

const diskSize = 8 << 40

// node makes a node on which all is well.
func (w *world) node(i, disks int) {
	n := &swift.Node{Cluster: "objects", Node: address(i), Version: seen("2.33.0"), Clock: seen(swift.Clock{Skew: time.Duration(i%3) * time.Millisecond, Round: 2 * time.Millisecond}),
		Unmounted: seen([]swift.Mount{}), Quarantined: seen(swift.Quarantine{Since: noon.Add(-time.Hour)}), Async: seen(swift.Async{Pending: int64(i % 4), Counted: noon.Add(-2 * time.Minute)}),
		RingMD5: seen(sums(sum)), SwiftConf: seen(otherSum), Load: seen(swift.Load{One: 1 + float64(i%5)/2, Five: 1, Fifteen: 1}), Reconstruction: seen(swift.Reconstruction{Took: 50 * time.Minute, Last: noon.Add(-20 * time.Minute)})}
	n.Servers = []swift.Server{{Port: 6200, Kinds: swift.Kinds, Up: seen("object-server")}}
	dirs := swift.Directories{Root: "/srv/node", Readable: true}
	var usage []swift.Usage
	for d := range disks {
		name := fmt.Sprintf("d%d", d+1)
		dirs.Names = append(dirs.Names, name)
		used := int64(float64(diskSize) * (0.6 + float64((i*7+d*3)%10)/250))
		usage = append(usage, swift.Usage{Device: name, Mounted: true, Size: diskSize, Used: used, Avail: diskSize - used})
	}
	n.Directories, n.Usage = seen(dirs), seen(usage)
	for j, k := range swift.Kinds {
		*n.Replication.Of(k) = seen(swift.Replication{Took: 32 * time.Second, Last: noon.Add(-time.Duration(j*9+i%7+1) * time.Minute), Attempted: 40, Success: 40})
	}
	w.nodes[fmt.Sprintf("sw%03d", i+1)] = n
	w.put(swift.NodeSource("objects", n.Node), n, nil)
}

func (w *world) put(source string, facts any, err error) {
	w.store.Put(fleet.Reading{Source: source, At: w.now.Add(-3 * time.Second), Facts: facts, Err: err})
}

// change puts a node's facts anew.
func (w *world) change(name string, f func(*swift.Node)) {
	n := *w.nodes[name]
	f(&n)
	w.nodes[name] = &n
	w.put(swift.NodeSource("objects", n.Node), &n, nil)
}

// silence makes a node silent.
func (w *world) silence(name string) {
	w.put(swift.NodeSource("objects", w.nodes[name].Node), nil, &swift.Error{Cluster: "objects", Part: "node " + name, Op: "GET recon/time", Trouble: swift.Silent, Why: "no answer in 2s"})
}

// troubled has a case of every trouble.
func troubled(t testing.TB) *world {
	w := calm(t, 16, 4)
	w.silence("sw003")
	w.put(swift.NodeSource("objects", w.nodes["sw004"].Node), nil, &swift.Error{Cluster: "objects", Trouble: swift.Garbled, Why: "404 where recon should be"})
	w.change("sw005", func(n *swift.Node) {
		n.Unmounted = seen([]swift.Mount{{Device: "d2"}})
		n.Usage.Value = n.Usage.Value[:1]
	})
	w.change("sw006", func(n *swift.Node) {
		n.Directories.Value.Names = []string{"d2", "d3", "d4", "lost+found", "backup"}
	})
	w.change("sw007", func(n *swift.Node) { n.RingMD5 = seen(sums(oldSum)) })
	w.change("sw008", func(n *swift.Node) {
		n.SwiftConf = seen("deadbeef00")
		n.Quarantined = seen(swift.Quarantine{Quarantined: swift.Quarantined{Objects: 90}, Before: swift.Quarantined{Objects: 2}, Since: noon.Add(-time.Hour), Rose: noon})
	})
	w.change("sw009", func(n *swift.Node) {
		u := append([]swift.Usage{}, n.Usage.Value...)
		u[2].Used, u[2].Avail, u[2].Pace = diskSize/100*96, diskSize/100*4, swift.Pace{BytesPerSecond: float64(diskSize) / 100 * 4 / (3 * 86400), Over: time.Hour}
		u[3].Used, u[3].Avail, u[3].Pace = diskSize/10, diskSize/10*9, swift.Pace{BytesPerSecond: 400 << 20, Over: 10 * time.Minute}
		n.Usage = seen(u)
	})
	w.change("sw010", func(n *swift.Node) { n.Replication.Object.Value.Last = noon.Add(-5 * time.Hour) })
	w.change("sw011", func(n *swift.Node) { n.Clock.Value.Skew = 90 * time.Second })
	w.change("sw012", func(n *swift.Node) {
		n.RingMD5 = seen(map[string]string{"account": sum, "container": sum, "object": sum})
		n.Async = swift.Seen[swift.Async]{Null: true, At: noon}
	})
	w.fleet.Hosts = w.fleet.Hosts[:15] // sw016 is no host of the fleet
	return w
}

func (w *world) snapshot() screen.Snapshot {
	s := screen.Snapshot{Fleet: w.fleet, State: w.store.State(), Runs: w.runs, Now: w.now}
	for _, c := range w.fleet.Clusters {
		s.Clusters = append(s.Clusters, impact.Cluster(w.fleet, c, s.State, s.Now, nil))
	}
	return s
}

func (w *world) overview() *swift.Overview { return w.snapshot().Clusters[0] }

// robot drives a screen as the console does, commands included.
type robot struct {
	screentest.Robot[*robot]
	world  *world
	screen *Screen
}

func newRobot(t testing.TB, w *world, width, height int) *robot {
	t.Helper()
	r := &robot{world: w, screen: New()}
	r.Start(t, r, r.screen, func() screen.Snapshot { return r.world.snapshot() }, width, height)
	return r
}

// page goes to a page.
func (r *robot) page(page int) *robot {
	for r.screen.tab != page {
		r.Press("tab")
	}
	return r
}
