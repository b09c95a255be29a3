package swift

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// An object server is dead: the node's other servers answer recon, so the node is up
// and only its object devices are off.
func realDead(t *testing.T, r *rig, w *world) {
	r.rig("stop", "n4", "object")
	o := w.until("the dead server", func(o *Overview) bool {
		n := o.mustNode(t, "n4")
		gold, _ := o.Policy("gold")
		return n.State == Up && n.Facts.Servers[0].Up.Err != nil && gold.Off.Len() == 2
	})
	container, _ := o.Policy("container")
	if s := o.mustNode(t, "n4").Facts.Servers[0]; TroubleOf(s.Up.Err) != Refused || s.Kinds[0] != Object || container.Off.Len() != 0 || container.Figures.AtLeast.Degraded != 0 {
		t.Errorf("%+v, container off %d", s, container.Off.Len())
	}
	// swift-recon says that all four are well, and of its figures only that three
	// reported: a dead host leaves its denominators. We are right, the port refuses.
	if text := r.recon("object", "--validate-servers"); !strings.Contains(text, "4/4 hosts ok, 0 error[s]") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	if text := r.recon("object", "--unmounted", "--quarantined"); !strings.Contains(text, "Failed: 0.0%, no_result: 0, reported: 3") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	// The others' replicators fail with its two disks, and with nobody else's.
	r.rig("once", "n1", "object-replicator")
	o = w.until("the victims", func(o *Overview) bool { return len(o.Victims) > 0 })
	for _, v := range o.Victims {
		if v.Node == nil || v.Node.Host != "n4" || v.Reporters != 1 || v.Failures == 0 {
			t.Errorf("%+v", v)
		}
	}
	r.rig("start", "n4", "object")
	r.rig("once", "n1", "object-replicator")
	w.until("no victims", func(o *Overview) bool { return len(o.Victims) == 0 })
}

// A whole host is dead: the figures are those that the what-if predicted.
func realHostDead(t *testing.T, r *rig, w *world) {
	o := w.until("a healthy cluster", fourUp)
	predicted, unknown := o.WhatIf(Selection{Nodes: []string{"n2"}})
	if len(unknown) > 0 {
		t.Fatal(unknown)
	}
	r.rig("stop", "n2", "object", "container", "account", "rsync")
	o = w.until("the dead host", func(o *Overview) bool { return o.mustNode(t, "n2").State == Down })
	if n := o.mustNode(t, "n2"); TroubleOf(n.Err) != Refused || o.NodeCount() != (Count{Total: 4, Up: 3, Down: 1}) {
		t.Errorf("%v %+v", n.Err, o.NodeCount())
	}
	for i, p := range o.Policies {
		if p.Figures != predicted[i].Then || p.Figures.AtLeast.Degraded == 0 {
			t.Errorf("%s: predicted %+v, came %+v", p.Ring.Title(), predicted[i].Then, p.Figures)
		}
	}
	// Below quorum of gold and container does not mean that writes fail.
	if _, _, _, _, err := checkObject(t.Context(), w.Cluster, "gold"); err != nil {
		t.Error(err)
	}
	r.rig("start", "n2", "object", "container", "account", "rsync")
}

// Servers that hang accept connections and say nothing. Everything else goes on.
func realHung(t *testing.T, r *rig, w *world) {
	r.rig("pause", "n3", "object", "container", "account")
	w.Refresh()
	o := w.until("the silence", func(o *Overview) bool { return o.mustNode(t, "n3").State == Down })
	if n := o.mustNode(t, "n3"); TroubleOf(n.Err) != Silent || o.NodeCount().Up != 3 {
		t.Errorf("%v %+v", n.Err, o.NodeCount())
	}
	// A sweep takes the limit of one question, not of all: swift-recon --all never
	// returns here (facts 4).
	began := time.Now()
	if err := New(w.fleet, w.spec).Sweep(t.Context(), w.put); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > defaultLimit+3*time.Second { // this machine may be busy
		t.Errorf("a sweep took %v", took)
	}
	r.rig("resume", "n3", "object", "container", "account")
}

func realUnmounted(t *testing.T, r *rig, w *world) {
	r.rig("unmount", "n1", "d2")
	o := w.until("the unmounted disk", func(o *Overview) bool { return o.mustDevice(t, "n1/d2").State == Unmounted })
	for _, p := range o.Policies {
		if p.Devices.Down > 1 {
			t.Errorf("%s: %+v", p.Ring.Title(), p.Devices)
		}
	}
	if text := r.recon("object", "--unmounted"); !strings.Contains(text, "Not mounted: d2 on "+r.ip("n1")+":6200") {
		t.Errorf("swift-recon:\n%s", text)
	}
	if _, _, _, _, err := checkObject(t.Context(), w.Cluster, "gold"); err != nil { // through handoffs
		t.Error(err)
	}
	// Its own replicator fails with everybody: the accuser is the suspect.
	r.rig("once", "n1", "object-replicator")
	w.until("the accuser", func(o *Overview) bool { return o.mustNode(t, "n1").Accuser && len(o.Victims) == 0 })
	r.rig("mount", "n1", "d2")
	r.rig("once", "n1", "object-replicator")
	w.until("no accuser", func(o *Overview) bool { return !o.mustNode(t, "n1").Accuser })
}

// A device without even a directory is in no list of recon: only the ring knows it.
func realNoDirectory(t *testing.T, r *rig, w *world) {
	r.rig("unmount", "n2", "d1")
	at := r.root("n2", "/srv/node/d1")
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	o := w.until("the absent device", func(o *Overview) bool { return o.mustDevice(t, "n2/d1").State == Absent })
	if o.DeviceCount().Down != 1 {
		t.Errorf("%+v", o.DeviceCount())
	}
	// swift-recon does not know the rings' devices: it sees nothing. We are right.
	if text := r.recon("object", "--unmounted"); strings.Contains(text, "Not mounted") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	r.rig("mount", "n2", "d1")
}

// A stray directory is no fault, and swift-recon calls it an unmounted disk.
func realStray(t *testing.T, r *rig, w *world) {
	at := r.root("n3", "/srv/node/lost+found")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	o := w.until("the stray directory", func(o *Overview) bool {
		return len(o.Strays) == 1 && len(o.mustNode(t, "n3").Facts.Unmounted.Value) == 1
	})
	if s := o.Strays[0]; s.Name != "lost+found" || s.Node.Host != "n3" || o.DeviceCount().Up != 8 {
		t.Errorf("%+v %+v", s, o.DeviceCount())
	}
	if text := r.recon("object", "--unmounted"); !strings.Contains(text, "Not mounted: lost+found on") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	w.until("no stray", func(o *Overview) bool { return len(o.Strays) == 0 })
}

func realFull(t *testing.T, r *rig, w *world) {
	at := r.root("n4", "/srv/node/d1/filler")
	r.in("n4", "dd", "if=/dev/zero", "of=/srv/node/d1/filler", "bs=1M") // until there is no room
	w.until("the full disk", func(o *Overview) bool {
		d := o.mustDevice(t, "n4/d1")
		return d.Usage != nil && d.Usage.Avail == 0 && o.Capacity.Fullest == d && o.Capacity.Policies[0].Free == 0 && o.Capacity.Policies[0].First == d
	})
	if _, _, _, _, err := checkObject(t.Context(), w.Cluster, "gold"); err != nil { // 507 of that disk, and a handoff
		t.Error(err)
	}
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	w.until("room again", func(o *Overview) bool { return o.mustDevice(t, "n4/d1").Usage.Avail > 0 })
}

// A disk was exchanged: it holds less than the others for its weight, and the
// estimate of what is missing is about its share.
func realReplaced(t *testing.T, r *rig, w *world) {
	for _, n := range rigNodes {
		for _, d := range []string{"d1", "d2"} {
			if err := os.WriteFile(r.root(n, "/srv/node/"+d+"/filler"), make([]byte, 6<<20), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.until("some data", func(o *Overview) bool {
		return o.mustDevice(t, "n1/d1").Usage.Used > 6<<20 && len(o.Recovery.Filling) == 0
	})
	r.rig("replace", "n1", "d1")
	o := w.until("the empty disk", func(o *Overview) bool { return len(o.Recovery.Filling) == 1 })
	d := o.mustDevice(t, "n1/d1")
	if rec := o.Recovery; rec.Filling[0] != d || rec.Parts < int64(d.Parts)*8/10 || rec.Parts > int64(d.Parts)*12/10 {
		t.Errorf("%d partitions to move, of %d that it has", rec.Parts, d.Parts)
	}
	for _, n := range rigNodes {
		for _, d := range []string{"d1", "d2"} {
			os.Remove(r.root(n, "/srv/node/"+d+"/filler"))
		}
	}
	r.rig("once", "all", "account-replicator", "container-replicator")
	w.until("nothing to recover", func(o *Overview) bool { return len(o.Recovery.Filling) == 0 })
}

// A ring that did not reach a node, then one that did not reach the proxy.
func realStaleRing(t *testing.T, r *rig, w *world) {
	r.rig("rebalance", "object", "--except", "n3")
	o := w.until("the stale ring", func(o *Overview) bool {
		a := o.file(t, "object")
		return len(a.Groups) == 2 && len(a.Groups[0].Members) == 4 && !a.OursDiffers()
	})
	a := o.file(t, "object")
	if g := a.Groups[1]; !slices.Equal(g.Members, []string{r.ip("n3")}) || g.Behind != 2 || g.Version != 9 || a.Groups[0].Version != 11 {
		t.Errorf("%+v", a.Groups)
	}
	if !slices.Equal(o.mustNode(t, "n3").StaleRings, []string{"object"}) {
		t.Errorf("%v", o.mustNode(t, "n3").StaleRings)
	}
	if text := r.recon("object", "--md5"); !strings.Contains(text, "!! http://"+r.ip("n3")+":6200/recon/ringmd5") || !strings.Contains(text, "3/4 hosts matched") {
		t.Errorf("swift-recon:\n%s", text)
	}
	r.rig("push", "object", "n3")
	w.until("one ring", func(o *Overview) bool { return len(o.file(t, "object").Groups) == 1 })

	// Now the proxy, where swift-recon runs, has the old one: it calls every node
	// wrong. We see that the proxy is alone with it. A second picture, that has not
	// seen the old file itself, finds its version in the builder's backups.
	r.rig("rebalance", "object", "--except", "proxy")
	text := r.recon("object", "--md5")
	if !strings.Contains(text, "0/4 hosts matched, 4 error[s]") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	fresh := r.world(t)
	a = fresh.sweep().file(t, "object")
	if len(a.Groups) != 2 || !slices.Equal(a.Groups[1].Members, []string{"proxy " + r.ip("proxy") + ":8080"}) || a.Groups[1].Version != 11 || a.Groups[0].Version != 13 {
		t.Errorf("%+v", a)
	}
	r.rig("push", "object", "proxy")
}

// A weight was set and not rebalanced: only the builder knows. And a rebalance just
// after another one is refused, for as long as we say.
func realBuilder(t *testing.T, r *rig, w *world) {
	o := w.until("a builder that agrees with its ring", func(o *Overview) bool {
		p, _ := o.Policy("container")
		return p.Builder != nil && !p.Builder.Hints(p.Ring.Ring, time.Now()).Obsolete
	})
	back := r.edit(filepath.Join(r.dir, "rings", "container.builder"), func(s string) string { return s })
	r.builder("container", "set_weight", "d1", "150")
	o = w.until("the pending weight", func(o *Overview) bool {
		p, _ := o.Policy("container")
		h := p.Builder.Hints(p.Ring.Ring, time.Now())
		return h.Obsolete && len(h.Pending) == 1 && h.Pending[0].Weight == 150 && h.Pending[0].Was == 100 && h.Behind == 1
	})
	if text := r.builder("container"); !strings.Contains(text, "Ring file "+filepath.Join(r.dir, "rings", "container.ring.gz")+" is obsolete") {
		t.Errorf("swift-ring-builder:\n%s", text)
	}
	back()

	p, _ := o.Policy("account")
	text := r.builder("account", "rebalance")
	m := regexp.MustCompile(`min_part_hours: 1 hours \((\d+):(\d\d):(\d\d) remaining\)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("swift-ring-builder:\n%s", text)
	}
	said, _ := time.ParseDuration(m[1] + "h" + m[2] + "m" + m[3] + "s")
	if wait := p.Builder.Hints(p.Ring.Ring, time.Now()).Wait; (wait - said).Abs() > 30*time.Second {
		t.Errorf("wait %v, swift-ring-builder says %v", wait, said)
	}
}

// A node without a ring file "matches" in swift-recon. It has devices in that ring.
func realNoRing(t *testing.T, r *rig, w *world) {
	if err := os.Remove(filepath.Join(r.dir, "etc", "n3", "object-2.ring.gz")); err != nil {
		t.Fatal(err)
	}
	o := w.until("the missing ring", func(o *Overview) bool { return len(o.file(t, "object-2").Missing) == 1 })
	if a := o.file(t, "object-2"); a.Missing[0] != r.ip("n3") || len(a.Groups) != 1 || a.Agree() {
		t.Errorf("%+v", a)
	}
	if text := r.recon("object", "--md5"); !strings.Contains(text, "4/4 hosts matched") {
		t.Errorf("swift-recon has learned:\n%s", text)
	}
	r.rig("push", "object-2", "n3")
	w.until("the ring", func(o *Overview) bool { return o.file(t, "object-2").Agree() })
}

// A comment in swift.conf: it differs, and nothing else happens.
func realConf(t *testing.T, r *rig, w *world) {
	back := r.edit(filepath.Join(r.dir, "etc", "n4", "swift.conf"), func(s string) string { return s + "# by hand\n" })
	o := w.until("the difference", func(o *Overview) bool { return o.mustNode(t, "n4").ConfDiffers })
	if a := o.file(t, "swift.conf"); a.OursDiffers() || len(a.Groups) != 2 || o.Quarantine.New != 0 {
		t.Errorf("%+v %+v", a, o.Quarantine)
	}
	back()
	w.until("one swift.conf", func(o *Overview) bool { return o.file(t, "swift.conf").Agree() })
}

func realClock(t *testing.T, r *rig, w *world) {
	r.rig("stop", "n4", "object")
	r.rig("start", "n4", "object", "--clock", "90")
	o := w.until("the clock", func(o *Overview) bool {
		n := o.mustNode(t, "n4")
		return n.State == Up && n.DriftKnown && (n.Drift-90*time.Second).Abs() < 2*time.Second
	})
	if o.Clock.Ours.Abs() > time.Second || o.Clock.Worst.Host != "n4" {
		t.Errorf("%+v", o.Clock)
	}
	if _, _, _, _, err := checkObject(t.Context(), w.Cluster, "gold"); err != nil {
		t.Error(err)
	}
	r.rig("stop", "n4", "object")
	r.rig("start", "n4", "object")
	w.until("the right time", func(o *Overview) bool { return o.mustNode(t, "n4").Drift.Abs() < time.Second })
}

// Container servers of two nodes are away: every PUT leaves an update behind for each
// container replica that it cannot reach. Recon knows that only after its cron job.
func realAsync(t *testing.T, r *rig, w *world) {
	r.rig("stop", "n1", "container")
	r.rig("stop", "n2", "container")
	w.putObjects(t, "lab-gold", "gold", 20, 100)
	waiting := func() (n int64) {
		for _, node := range rigNodes {
			found, _ := filepath.Glob(r.root(node, "/srv/node/*/async_pending*/*/*"))
			n += int64(len(found))
		}
		return n
	}
	onDisk := waiting()
	if onDisk == 0 {
		t.Fatal("no update waits")
	}
	w.Refresh()
	if o := w.until("the figure of before", func(o *Overview) bool { return o.Async.Known == 4 }); o.Async.Pending == onDisk {
		t.Error("recon knew it without its cron job: is the age of the figure still worth telling?")
	}
	r.rig("once", "all", "recon-cron")
	o := w.until("the updates", func(o *Overview) bool { return o.Async.Pending == onDisk })
	if o.Now.Sub(o.Async.Oldest) > time.Minute || o.Async.Rising == 0 || o.Async.Most == nil {
		t.Errorf("%+v", o.Async)
	}
	if text := r.recon("object", "--async"); !strings.Contains(text, "reported: 4") {
		t.Errorf("swift-recon:\n%s", text)
	}
	r.rig("start", "n1", "container")
	r.rig("start", "n2", "container")
	w.until("the servers", fourUp)
	r.rig("once", "all", "object-updater", "recon-cron")
	if left := waiting(); left != 0 {
		t.Errorf("%d updates are left", left)
	}
	w.until("no updates", func(o *Overview) bool { return o.Async.Pending == 0 && o.Async.Known == 4 })
}

// Rotten files are put aside by the auditors, and counted by policy. The count stays
// when replication has repaired them.
func realCorrupt(t *testing.T, r *rig, w *world) {
	damage := func(node, pattern string, change func(path string) error) {
		t.Helper()
		found, _ := filepath.Glob(r.root(node, "/srv/node/"+pattern))
		if len(found) == 0 {
			t.Fatalf("nothing to damage on %s: %s", node, pattern)
		}
		if err := change(found[0]); err != nil {
			t.Fatal(err)
		}
	}
	damage("n3", "*/objects/*/*/*/*.data", func(path string) error {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteString("rot")
		return err
	})
	damage("n3", "*/containers/*/*/*/*.db", func(path string) error {
		b := make([]byte, 8192)
		_, _ = rand.Read(b)
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(b)
		return err
	})
	r.rig("once", "n3", "object-auditor", "container-auditor")
	o := w.until("the quarantine", func(o *Overview) bool {
		q := o.mustNode(t, "n3").Facts.Quarantined.Value
		return q.Policies[0] == 1 && q.Containers == 1
	})
	q := o.mustNode(t, "n3").Facts.Quarantined.Value
	if o.Quarantine.New != 2 || q.New() != 2 || q.Rose.IsZero() || q.Objects != 1 || o.mustNode(t, "n3").ConfDiffers {
		t.Errorf("%+v %+v", o.Quarantine, q)
	}
	// swift-recon agrees on the totals. By policy it counts only the nodes where the
	// policy has a quarantine at all: "avg: 1.0, reported: 1" of four. We count all.
	if text := r.recon("object", "--quarantined"); !strings.Contains(text, "[quarantined_objects] low: 0, high: 1, avg: 0.2, total: 1,") ||
		!strings.Contains(text, "[quarantined_objects_0] low: 1, high: 1, avg: 1.0, total: 1, Failed: 0.0%, no_result: 0, reported: 1") ||
		!strings.Contains(text, "[quarantined_containers] low: 0, high: 1, avg: 0.2, total: 1,") {
		t.Errorf("swift-recon:\n%s", text)
	}
	// Emptied, the count begins anew.
	r.in("n3", "sh", "-c", "rm -rf /srv/node/*/quarantined")
	w.until("an empty quarantine", func(o *Overview) bool { return o.Quarantine.Total == 0 && o.Quarantine.New == 0 })
	r.rig("once", "n1", "object-replicator", "container-replicator")
}

// A partition power change: the ring tells the next power, the relinker its work.
func realPartPower(t *testing.T, r *rig, w *world) {
	r.builder("object-2", "prepare_increase_partition_power")
	r.builder("object-2", "write_ring")
	for _, n := range append(slices.Clone(rigNodes), "proxy") {
		r.rig("push", "object-2", n)
	}
	w.until("the next power", func(o *Overview) bool {
		p, _ := o.Policy("silver2x")
		return p.Ring.PartPower() == 8 && p.Ring.NextPartPower() == 9 && o.file(t, "object-2").Agree()
	})
	r.in("n1", "swift-object-relinker", "relink", "/etc/swift/object-server.conf")
	w.until("the relinker", func(o *Overview) bool {
		s := o.mustNode(t, "n1").Facts.Relinker
		return s.Known() && s.Value.Step == "relink" && s.Value.Done == s.Value.Total && s.Value.Total > 0 && s.Value.Errors == 0
	})
}

// The deadly slip: quotes around the hash suffix on one node. Its auditor puts aside
// all that the node has. swift.conf differs and the quarantine rises: the pair.
func realHashSuffix(t *testing.T, r *rig, w *world) {
	// An object is a hash directory: two fragments of one may lie in it, and it is put
	// aside as a whole.
	files, _ := filepath.Glob(r.root("n2", "/srv/node/*/objects*/*/*/*/*.data"))
	found := map[string]bool{}
	for _, f := range files {
		found[filepath.Dir(f)] = true
	}
	back := r.edit(filepath.Join(r.dir, "etc", "n2", "swift.conf"), func(s string) string { return strings.Replace(s, "= rigsuffix", `= "rigsuffix"`, 1) })
	r.rig("once", "n2", "object-auditor")
	o := w.until("the pair", func(o *Overview) bool {
		n := o.mustNode(t, "n2")
		return n.ConfDiffers && n.Facts.Quarantined.Value.New() > 0
	})
	q := o.mustNode(t, "n2").Facts.Quarantined.Value
	if q.Objects != int64(len(found)) || len(found) < 12 {
		t.Errorf("%d of %d objects are in quarantine", q.Objects, len(found))
	}
	// The auditor's own figure is not what it put aside (facts 2.3).
	if a := o.mustNode(t, "n2").Facts.Auditor.Object; a.Known() && a.Value.Quarantined == q.Objects {
		t.Log("the auditor's figure happens to be right")
	}
	back()
}
