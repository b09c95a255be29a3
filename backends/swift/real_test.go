package swift

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/objects"

	"ringside/backends/fleet"
)

// rig is the real cluster of .ci/swift: Swift as Debian has it, four nodes with two
// disks each, policies gold (3 replicas), ec42 (4+2) and silver2x (2 replicas).
type rig struct {
	t      testing.TB
	dir    string
	script string
	net    string
	pids   map[string]int // of the nodes' namespaces
}

var rigNodes = []string{"n1", "n2", "n3", "n4"}

func realRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, dir: os.Getenv("RINGSIDE_TEST_SWIFT"), script: os.Getenv("RINGSIDE_TEST_SWIFT_RIG"), pids: map[string]int{}}
	if r.dir == "" {
		if os.Getenv("RINGSIDE_REQUIRE_SWIFT") != "" {
			t.Fatal("RINGSIDE_TEST_SWIFT is not set, and RINGSIDE_REQUIRE_SWIFT wants a real cluster")
		}
		t.Skip("no real cluster: .ci/swift up DIR starts one, and DIR/env names it")
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "rig.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Net   string
		Procs map[string]struct{ Pid int }
	}
	if err := json.Unmarshal(b, &state); err != nil {
		t.Fatal(err)
	}
	r.net = state.Net
	for _, n := range rigNodes {
		r.pids[n] = state.Procs[n].Pid
	}
	return r
}

// rig runs the rig's script.
func (r *rig) rig(command string, args ...string) string {
	r.t.Helper()
	out, err := exec.Command(r.script, append([]string{command, r.dir}, args...)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s %v: %v\n%s", r.script, command, args, err, out)
	}
	return string(out)
}

// in runs a command inside a node, whatever it returns.
func (r *rig) in(node string, args ...string) string {
	out, _ := exec.Command(r.script, append([]string{"in", r.dir, node}, args...)...).CombinedOutput()
	return string(out)
}

// recon asks swift-recon, on the proxy's node as an operator would.
func (r *rig) recon(args ...string) string {
	return r.in("proxy", append([]string{"swift-recon"}, args...)...)
}

// ip is a node's address.
func (r *rig) ip(node string) string {
	if node == "proxy" {
		return r.net + ".10"
	}
	return r.net + "." + node[1:]
}

// root is a path of a node, seen from outside.
func (r *rig) root(node, path string) string {
	return fmt.Sprintf("/proc/%d/root%s", r.pids[node], path)
}

// builder runs swift-ring-builder; its exit code 1 is a warning.
func (r *rig) builder(ring string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("swift-ring-builder", append([]string{filepath.Join(r.dir, "rings", ring+".builder")}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() > 1 {
		r.t.Fatalf("swift-ring-builder %s %v: %v\n%s", ring, args, err, out)
	}
	return string(out)
}

// edit changes a file and returns how to change it back.
func (r *rig) edit(path string, change func(string) string) (back func()) {
	r.t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	write := func(s []byte) {
		if err := os.WriteFile(path, s, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	write([]byte(change(string(old))))
	return func() { write(old) }
}

// world watches the real cluster.
func (r *rig) world(t testing.TB) *world {
	t.Helper()
	f := &fleet.Fleet{Credentials: map[string]fleet.Credential{"rig": {Name: "rig", Username: "admin:admin", Password: fleet.Secret{Env: "RIG_KEY"}}}}
	os.Setenv("RIG_KEY", "admin")
	for _, n := range rigNodes {
		f.Hosts = append(f.Hosts, fleet.Host{Name: n, IPs: []string{r.ip(n)}})
	}
	f.Clusters = []fleet.Cluster{{Name: "rig", Rings: fleet.RingFiles{Path: filepath.Join(r.dir, "rings")},
		Proxies: []string{"http://" + r.ip("proxy") + ":8080"}, Auth: &fleet.SwiftAuth{TempAuth: "rig"}}}
	w := &world{t: t, fleet: f, entries: map[string]Entry{}, changed: make(chan struct{}, 1)}
	w.Cluster = New(f, f.Clusters[0])
	return w
}

func fourUp(o *Overview) bool {
	return o.NodeCount() == Count{Total: 4, Up: 4} && o.DeviceCount() == Count{Total: 8, Up: 8} && o.ProxyCount().Up == 1 && o.API != nil && serversUp(o)
}

func serversUp(o *Overview) bool {
	for _, n := range o.Nodes {
		if n.Facts == nil || len(n.Facts.Servers) != 3 {
			return false
		}
		for _, s := range n.Facts.Servers {
			if s.Up.Err != nil || !s.Up.Known() {
				return false
			}
		}
	}
	return true
}

// put writes objects of a size into a container of a policy.
func (w *world) putObjects(t testing.TB, container, policy string, count, size int) {
	t.Helper()
	err := w.api.session.do(t.Context(), "fill", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		if err := containers.Create(ctx, sc, container, containers.CreateOpts{StoragePolicy: policy}).Err; err != nil {
			return err
		}
		for i := range count {
			body := bytes.Repeat([]byte{byte(i)}, size)
			if err := objects.Create(ctx, sc, container, fmt.Sprintf("o%d", i), objects.CreateOpts{Content: bytes.NewReader(body)}).Err; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReal runs against a real cluster, each part mending what it broke. Where our
// figures differ from those of Swift's own tools, the part says who is right and why.
func TestReal(t *testing.T) {
	r := realRig(t)
	w := r.world(t)
	w.watch()
	w.until("four nodes", fourUp)
	parts := []struct {
		name string
		do   func(*testing.T, *rig, *world)
	}{
		{"cold", realCold}, {"object", realObject}, {"warm", realWarm}, {"tools", realTools},
		{"object server dead", realDead}, {"what-if", realWhatIf}, {"host dead", realHostDead}, {"hung", realHung},
		{"unmounted", realUnmounted}, {"no directory", realNoDirectory}, {"stray directory", realStray},
		{"full disk", realFull}, {"replaced disk", realReplaced},
		{"stale ring", realStaleRing}, {"builder", realBuilder}, {"ring missing", realNoRing}, {"swift.conf", realConf}, {"clock", realClock},
		{"async pending", realAsync}, {"corrupt", realCorrupt}, {"partition power", realPartPower}, {"hash suffix", realHashSuffix},
	}
	for _, p := range parts {
		ok := t.Run(p.name, func(t *testing.T) {
			began := time.Now()
			w.t, r.t = t, t
			p.do(t, r, w)
			w.until("a healthy cluster again", fourUp)
			t.Logf("%.1fs", time.Since(began).Seconds())
		})
		if !ok {
			t.Fatalf("%s failed: the parts after it would only follow it", p.name)
		}
	}
}

// Before any daemon ran, recon answers null: that is unknown, not 0.
func realCold(t *testing.T, r *rig, w *world) {
	o := w.until("four nodes", fourUp)
	if o.Replication[0].Known > 0 {
		t.Fatal("the rig was used before: take it down and up again")
	}
	for _, v := range o.Replication {
		if v.Nodes != 4 || v.Known != 0 || v.Never != 4 || !v.OldestAt.IsZero() {
			t.Errorf("%+v", v)
		}
	}
	if o.Async.Known != 0 || o.Async.Unknown != 4 {
		t.Errorf("async: %+v", o.Async)
	}
	if o.Quarantine.Known != 4 || o.Quarantine.Total != 0 {
		t.Errorf("quarantine: %+v", o.Quarantine)
	}
	n := o.mustNode(t, "n2")
	if n.Zone != 2 || n.Facts.Version.Value != "2.30.1" || n.Drift.Abs() > time.Second {
		t.Errorf("%+v", n)
	}
	for _, s := range n.Facts.Servers {
		if len(s.Kinds) != 1 || s.Up.Value != string(s.Kinds[0])+"-server" {
			t.Errorf("port %d is %q, and the rings say %v", s.Port, s.Up.Value, s.Kinds)
		}
	}
	var titles []string
	for _, p := range o.Policies {
		titles = append(titles, p.Ring.Title()+" "+p.Ring.Quorum().String())
	}
	if got := strings.Join(titles, ", "); got != "account replicated, container replicated, gold replicated, ec42 ec 4+2, silver2x replicated" {
		t.Error(got)
	}
}

// An object is written and read in every policy, and a token that memcached lost is
// replaced.
func realObject(t *testing.T, r *rig, w *world) {
	for _, policy := range []string{"", "gold", "ec42", "silver2x"} {
		_, put, get, del, err := checkObject(t.Context(), w.Cluster, policy)
		if err != nil {
			t.Fatal(err)
		}
		if put <= 0 || get <= 0 || del <= 0 {
			t.Errorf("%v %v %v", put, get, del)
		}
		t.Logf("%-8s write %v, read %v, delete %v", policy, put.Round(time.Millisecond), get.Round(time.Millisecond), del.Round(time.Millisecond))
	}
	w.putObjects(t, "lab-gold", "gold", 24, 5000)
	w.putObjects(t, "lab-ec42", "ec42", 12, 5000)
	w.putObjects(t, "lab-silver", "silver2x", 12, 5000)
	w.api.session.mu.Lock()
	w.api.session.service.TokenID = "AUTH_tk_gone"
	w.api.session.mu.Unlock()
	list, err := w.Containers(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(c ContainerTotals) bool { return c.Name == "lab-gold" }) {
		t.Errorf("%v", list)
	}
	a, err := w.Ping(t.Context())
	if err != nil || a.Version != "2.30.1" || a.Account != "AUTH_admin" || len(a.Policies) != 3 || !a.Policies[0].Default {
		t.Errorf("%+v, %v", a, err)
	}
}

// After one pass of the daemons recon has figures, with the units as documented.
func realWarm(t *testing.T, r *rig, w *world) {
	began := time.Now()
	r.rig("once", "all", "object-updater", "container-updater", "account-replicator", "container-replicator", "object-replicator", "object-reconstructor", "recon-cron")
	took := time.Since(began)
	o := w.until("every daemon's figures", func(o *Overview) bool {
		for _, v := range o.Replication {
			if v.Known != 4 {
				return false
			}
		}
		return o.Async.Known == 4
	})
	for _, v := range o.Replication {
		// A pass that is told in minutes and read in seconds would be 60 times as long.
		if v.Failures != 0 || v.Longest <= 0 || v.Longest > took || v.OldestAt.Before(began) || v.OldestAt.After(time.Now()) {
			t.Errorf("%s: %+v (the passes took %v)", v.Kind, v, took)
		}
	}
	if len(o.Victims) > 0 || o.Async.Pending != 0 {
		t.Errorf("%+v %+v", o.Victims, o.Async)
	}
	// Account totals follow the container updater.
	w.until("the account's totals", func(o *Overview) bool { return o.API.Totals.Value.Objects >= 48 })
}

// The same cluster in the eyes of swift-recon and swift-ring-builder.
func realTools(t *testing.T, r *rig, w *world) {
	o := w.until("a healthy cluster", fourUp)
	text := r.recon("object", "--md5", "--quarantined", "--diskusage", "--async", "--swift-versions", "--time")
	for _, want := range []string{
		"4/4 hosts matched, 0 error[s] while checking hosts.", // rings, then swift.conf, then time
		"[quarantined_objects] low: 0, high: 0, avg: 0.0, total: 0, Failed: 0.0%, no_result: 0, reported: 4",
		"[async_pending] low: 0, high: 0, avg: 0.0, total: 0, Failed: 0.0%, no_result: 0, reported: 4",
		"Versions matched (2.30.1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("swift-recon does not say %q:\n%s", want, text)
		}
	}
	for _, a := range o.Files {
		if !a.Agree() || a.OursDiffers() || len(a.Groups) != 1 || len(a.Groups[0].Members) != 5 {
			t.Errorf("%+v", a)
		}
	}
	// swift-recon adds up the disks of all nodes, as we do. Replicas of both are read
	// at different moments, so the used bytes may differ by what was written between.
	m := regexp.MustCompile(`space used: (\d+) of (\d+)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no disk usage:\n%s", text)
	}
	size, _ := strconv.ParseInt(m[2], 10, 64)
	used, _ := strconv.ParseInt(m[1], 10, 64)
	if size != o.Capacity.Size || (used-o.Capacity.Used) > 1<<20 || (o.Capacity.Used-used) > 1<<20 {
		t.Errorf("swift-recon: %d of %d; we: %d of %d", used, size, o.Capacity.Used, o.Capacity.Size)
	}
	for _, p := range o.Policies {
		out := r.builder(p.Ring.Name)
		head := fmt.Sprintf("%d partitions, %.6f replicas, 1 regions, 4 zones, 8 devices", p.Ring.Partitions(), p.Ring.Replicas())
		if !strings.Contains(out, head) || !strings.Contains(out, fmt.Sprintf("build version %d", p.Ring.Version())) {
			t.Errorf("%s: %q and version %d are not in\n%s", p.Ring.Name, head, p.Ring.Version(), out)
		}
		for _, d := range p.Ring.Devices() {
			row := regexp.MustCompile(fmt.Sprintf(`(?m)^\s+%d\s+1\s+%d\s+%s:%d\s+\S+\s+%s\s+%.2f\s+%d\s`, d.ID, d.Zone, regexp.QuoteMeta(d.IP), d.Port, d.Name, d.Weight, p.Ring.Parts(d.ID)))
			if !row.MatchString(out) {
				t.Errorf("%s: device %d with %d partitions is not in\n%s", p.Ring.Name, d.ID, p.Ring.Parts(d.ID), out)
			}
		}
	}
}
