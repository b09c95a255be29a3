package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/impact"
	"ringside/backends/lab"
	"ringside/backends/lab/bmc"
	"ringside/backends/lab/swift"
	clusters "ringside/backends/swift"
	"ringside/backends/watch"
)

// newStore is a bench of eight hosts that are the storage nodes of a cluster.
func newStore(t *testing.T) *bench {
	t.Helper()
	o := &swift.Options{Name: "objects", Site: "tokyo", Environment: "production", Disks: 3, PartPower: 8, Calm: true}
	for n := range 8 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
	}
	l, err := lab.Start(lab.Options{Seed: 1, Speed: 20, Hosts: bmc.Many(8), Engines: []lab.EngineOptions{}, Swift: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := t.TempDir()
	return &bench{lab: l, env: map[string]string{"XDG_STATE_HOME": dir, "HOME": dir}}
}

// objects are the rows of a command as JSON.
func (b *bench) objects(t *testing.T, args string, code int) (out []map[string]any) {
	t.Helper()
	r := b.line(t, args+" --output json")
	if err := json.Unmarshal([]byte(r.out), &out); err != nil || r.code != code {
		t.Fatalf("%s: exit %d, %v\n%s%s", args, r.code, err, r.out, r.err)
	}
	return out
}

func TestSwiftClusterCommands(t *testing.T) {
	b := newStore(t)
	if r := b.line(t, "swift check"); r.code != 0 || !strings.HasPrefix(r.out, "SWIFT OK - objects: 8 of 8 nodes, 24 of 24 devices up | nodes_up=8;;;0;8 ") {
		t.Errorf("well: %+v", r)
	}
	rows := b.objects(t, "swift status", ExitDone)
	if len(rows) != 4 || rows[0]["ring"] != "account" || rows[0]["nodes_up"] != 8.0 || rows[0]["below_quorum"] != 0.0 || rows[3]["scheme"] != "ec 4+2" {
		t.Errorf("status: %v", rows)
	}
	if rows = b.objects(t, "swift md5 objects", ExitDone); len(rows) != 5 || rows[4]["file"] != "swift.conf" || rows[0]["state"] != "majority" || rows[0]["count"] != 9.0 || rows[0]["ours"] != true {
		t.Errorf("md5: %v", rows)
	}

	if rows = b.objects(t, "swift containers objects --after images --limit 2", ExitDone); len(rows) != 2 || rows[0]["container"] != "logs-2026" || rows[0]["objects"] != 9120004.0 {
		t.Errorf("containers: %v", rows)
	}
	rows = b.objects(t, "swift settled", ExitDone)
	if len(rows) != 4 || rows[2]["safe_to_continue"] != "yes" || rows[2]["nodes_done"] != 8.0 || !strings.Contains(rows[2]["unchecked"].(string), "no builder") {
		t.Errorf("settled: %v", rows)
	}

	b.lab.Swift().Stop("sw002")
	rows = b.objects(t, "swift settled", ExitFailed)
	if rows[2]["safe_to_continue"] != "unknown" || !strings.Contains(fmt.Sprint(rows[2]["because"]), "sw002") {
		t.Errorf("settled with a dead node: %v", rows)
	}
	b.lab.Swift().Stale("sw004", true)
	rows = b.objects(t, "swift settled", ExitBlocked)
	if rows[0]["safe_to_continue"] != "unknown" || rows[2]["safe_to_continue"] != "no" || !strings.Contains(fmt.Sprint(rows[2]["because"]), "1 has another ring: sw004") {
		t.Errorf("settled with a stale ring: %v", rows)
	}
	b.lab.Swift().Stale("sw004", false)
	b.lab.Swift().Remove("sw003", "d1")
	rows = b.objects(t, "swift nodes", ExitFailed)
	if len(rows) != 8 || rows[1]["host"] != "sw002" || rows[1]["state"] != "down" || rows[1]["load_1m"] != nil || rows[2]["devices_up"] != 2.0 || rows[0]["version"] == nil {
		t.Errorf("nodes: %v", rows)
	}
	rows = b.objects(t, "swift devices", ExitFailed)
	states := map[any]int{}
	for _, r := range rows {
		states[r["state"]]++
	}
	if len(rows) != 24 || states["ok"] != 20 || states["silent"] != 3 || states["absent"] != 1 {
		t.Errorf("devices: %v", states)
	}
	if r := b.line(t, "swift check"); r.code != 2 || !strings.Contains(r.out, "SWIFT CRITICAL - objects: below primary quorum: ") || !strings.Contains(r.out, "warning: objects/sw003: disk d1 is in the rings and not on the node") {
		t.Errorf("a node and a disk less: %+v", r)
	}
	if r := b.line(t, "swift status nowhere"); r.code != ExitUsage || !strings.Contains(r.err, `no cluster "nowhere"; the fleet has objects`) {
		t.Errorf("%+v", r)
	}
}

// The key of the screen and the command line run the same plan.
func TestSwiftProbe(t *testing.T) {
	b := newStore(t)
	r := b.line(t, "swift probe objects --policy archive --dry-run")
	if r.code != ExitPlanned || !strings.Contains(r.out, "container ringside-health-archive of account AUTH_admin is made") || strings.Contains(r.out, "cannot be undone") {
		t.Errorf("dry: %+v", r)
	}
	if r := b.line(t, "swift probe objects --yes"); r.code != ExitDone || len(b.lab.Swift().Objects("ringside-health")) > 0 {
		t.Errorf("%+v, left %v", r, b.lab.Swift().Objects("ringside-health"))
	}
	runs := b.objects(t, "runs list", ExitDone)
	if len(runs) != 1 || runs[0]["kind"] != "swift.probe" || runs[0]["status"] != "done" {
		t.Errorf("recorded: %v", runs)
	}
	for line, code := range map[string]int{"swift probe": ExitUsage, "swift probe nowhere --yes": ExitUsage, "swift probe objects --policy bronze --yes": ExitUsage, "swift probe objects --read-only": ExitBlocked} {
		if r := b.line(t, line); r.code != code {
			t.Errorf("%s: %+v", line, r)
		}
	}
	b.lab.Swift().Garble(true)
	if r := b.line(t, "swift probe objects --yes"); r.code != ExitFailed || !strings.Contains(r.err+r.out, "what came back is not what was written") || len(b.lab.Swift().Objects("ringside-health")) > 0 {
		t.Errorf("%+v, left %v", r, b.lab.Swift().Objects("ringside-health"))
	}
}

// A power plan says what it takes from the cluster, with what is off already, and
// is not done where data would go.
func TestPowerPlanSeesPartitions(t *testing.T) {
	b := newStore(t)
	if r := b.line(t, "power off sw001 --dry-run"); r.code != ExitPlanned || !strings.Contains(r.out, "lose a replica") {
		t.Errorf("one host: %+v", r)
	}
	r := b.line(t, "power force sw001-sw004 --yes --reason test")
	if r.code != ExitBlocked || !strings.Contains(r.out+r.err, "become unreadable") || b.powers(t, 8) != 8 {
		t.Errorf("four hosts: %+v; on: %d", r, b.powers(t, 8))
	}
	b.lab.Swift().Stop("sw001")
	b.lab.Swift().Stop("sw002")
	if r := b.line(t, "power off sw003 --yes --reason test"); r.code != ExitBlocked || b.powers(t, 8) != 8 {
		t.Errorf("a third host: %+v", r)
	}
	if r := b.line(t, "power off sw003 --yes --reason test --override drill"); r.code != ExitDone || b.powers(t, 8) != 7 {
		t.Errorf("overridden: %+v", r)
	}
}

// In the demo some nodes may go off besides those that are, and others may not.
func TestDemoHasSafeNodes(t *testing.T) {
	l, err := lab.Start(lab.Options{Speed: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, store := l.Fleet(), watch.NewStore()
	c := clusters.New(f, f.Clusters[0])
	if err := c.Sweep(t.Context(), store.Put); err != nil {
		t.Fatal(err)
	}
	o := impact.Cluster(f, f.Clusters[0], store.State(), time.Now(), nil)
	safe, unsafe := 0, 0
	for _, n := range o.Nodes {
		effect, _ := o.WhatIf(clusters.Selection{Nodes: []string{n.Name}})
		falls, devices := 0, 0
		for _, w := range effect {
			falls += w.Then.AtMost.BelowQuorum - w.Now.AtMost.BelowQuorum
			devices += w.Devices
		}
		switch {
		case devices == 0: // it is off already
		case falls == 0:
			safe++
		default:
			unsafe++
		}
	}
	if n := o.NodeCount(); n.Down < 2 || safe == 0 || unsafe == 0 {
		t.Errorf("%+v; %d nodes are safe, %d are not", n, safe, unsafe)
	}
	t.Logf("%d nodes are safe, %d are not", safe, unsafe)
}
