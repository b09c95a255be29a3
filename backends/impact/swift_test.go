package impact

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/swift"
	"ringside/backends/swift"
	"ringside/backends/watch"
)

// ringed is a cluster of the lab: eight hosts in four zones, three disks each.
type ringed struct {
	*swift.Cluster
	t     *testing.T
	lab   *lab.Cluster
	fleet *fleet.Fleet
	store *watch.Store
}

func newRinged(t *testing.T) *ringed {
	t.Helper()
	o := lab.Options{Name: "objects", Site: "tokyo", Environment: "production", Disks: 3, PartPower: 8, Calm: true}
	for n := range 8 {
		o.Nodes = append(o.Nodes, fmt.Sprintf("sw%03d", n+1))
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &ringed{t: t, lab: l, fleet: &fleet.Fleet{}, store: watch.NewStore()}
	l.Fleet(r.fleet)
	r.fleet.Clusters[0].Recon.Timeout = time.Second
	r.Cluster = swift.New(r.fleet, r.fleet.Clusters[0])
	return r
}

// look reads the cluster once and returns what is known.
func (r *ringed) look() *swift.Overview {
	r.t.Helper()
	if err := r.Sweep(r.t.Context(), r.store.Put); err != nil {
		r.t.Fatal(err)
	}
	return r.known()
}

func (r *ringed) known() *swift.Overview {
	return Cluster(r.fleet, r.fleet.Clusters[0], r.store.State(), time.Now(), nil)
}

// watch begins to watch until the test ends.
func (r *ringed) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Watch(ctx, r.store.Put); close(done) }()
	r.t.Cleanup(func() { cancel(); <-done })
}

// until waits for what is known to be so, asking again and again.
func (r *ringed) until(is func(*swift.Overview) bool) {
	r.t.Helper()
	changed, stop := r.store.Subscribe()
	defer stop()
	limit := time.After(60 * time.Second)
	for !is(r.known()) {
		select {
		case <-changed:
		case <-time.After(200 * time.Millisecond):
			r.Refresh()
		case <-limit:
			r.t.Fatalf("not within 30 s; told:\n%s", texts(Swift(r.known(), nil)))
		}
	}
}

// texts are the problems without their figures, which depend on the ring.
func texts(list []Problem) string {
	digits := func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '#'
		}
		return r
	}
	var out []string
	for _, p := range list {
		text := strings.Map(digits, p.Text)
		for strings.Contains(text, "##") {
			text = strings.ReplaceAll(text, "##", "#")
		}
		out = append(out, fmt.Sprintf("%v %s: %s", p.Severity, p.Subject, text))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestSwiftProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		fault func(*lab.Cluster)
		quiet map[string]string
		again bool // watched from before the fault on
		want  []string
	}{
		"well": {fault: func(*lab.Cluster) {}},
		"a node refuses": {fault: func(c *lab.Cluster) { c.Stop("sw003") },
			want: []string{"warning objects/sw003: storage node does not answer"}},
		"a node on hold": {fault: func(c *lab.Cluster) { c.Stop("sw003") }, quiet: map[string]string{"sw003": "disk swap"}},
		"three nodes": {fault: func(c *lab.Cluster) { c.Stop("sw001"); c.Stop("sw002"); c.Stop("sw003") },
			want: []string{"critical objects: below primary quorum: # of account, # of container, # of gold, # of archive; writes rely on handoffs, writes to archive may be refused",
				"critical objects: partitions are unreadable: # of container, # of gold, # of archive",
				"warning objects: # of # nodes do not answer"}},
		"a disk is not mounted": {fault: func(c *lab.Cluster) { c.Unmount("sw002", "d1") },
			want: []string{"warning objects/sw002: disk d# is not mounted"}},
		"a device that recon never mentions": {fault: func(c *lab.Cluster) { c.Remove("sw002", "d1") },
			want: []string{"warning objects/sw002: disk d# is in the rings and not on the node"}},
		"a full disk": {fault: func(c *lab.Cluster) { c.Fill("sw004", "d2", true) },
			want: []string{"critical objects: disk sw#/d# is # % full"}},
		"an old ring": {fault: func(c *lab.Cluster) { c.Stale("sw005", true) },
			want: []string{"warning objects: object ring differs on # of #, up to # versions behind"}},
		"a missing ring": {fault: func(c *lab.Cluster) { c.Lose("sw005", "object-1", true) },
			want: []string{"critical objects: # node of # have no object-# ring file"}},
		"swift.conf differs": {fault: func(c *lab.Cluster) { c.Drift("sw006", true) },
			want: []string{"warning objects/sw006: swift.conf differs from the majority's"}},
		"quarantine grows": {again: true, fault: func(c *lab.Cluster) { c.Quarantine("sw006", "0", 5) },
			want: []string{"warning objects/sw006: # more in quarantine"}},
		"the deadly pair": {again: true, fault: func(c *lab.Cluster) { c.Drift("sw006", true); c.Quarantine("sw006", "0", 88) },
			want: []string{"critical objects/sw006: swift.conf differs AND its objects go to quarantine: stop its auditors"}},
		"an old pass": {fault: func(c *lab.Cluster) { c.Late("sw007", 5*time.Hour) },
			want: []string{"warning objects: object replication: sw# finished its last pass # h ago"}},
		"a wrong clock": {fault: func(c *lab.Cluster) { c.Skew("sw008", 90*time.Second) },
			want: []string{"warning objects/sw008: its clock is off by # min"}},
		"the proxy hangs": {fault: func(c *lab.Cluster) { c.HangProxy(true) },
			want: []string{"critical objects: proxy #.#.#.#:# does not answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRinged(t)
			slices.Sort(tt.want)
			want := strings.Join(tt.want, "\n")
			if tt.again {
				r.watch()
				r.until(func(o *swift.Overview) bool { return o.Quarantine.Known == len(o.Nodes) && len(o.Nodes) > 0 })
				tt.fault(r.lab)
				r.until(func(o *swift.Overview) bool { return texts(Swift(o, tt.quiet)) == want })
				return
			}
			tt.fault(r.lab)
			if got := texts(Swift(r.look(), tt.quiet)); got != want {
				t.Errorf("told:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// What a plan would take away is told by its worst, and with what is off already.
func TestPartitionsOn(t *testing.T) {
	r := newRinged(t)
	r.look()
	ask := func(hosts ...string) map[string]string {
		out := map[string]string{}
		for _, l := range HostLoss(r.fleet, r.store.State(), hosts, time.Now()) {
			if l.Guard != "partitions" || l.Subject != "objects" {
				t.Errorf("unexpected: %+v", l)
			}
			out[l.Level] = l.Text
		}
		return out
	}
	if got := ask("sw001"); got["block"] != "" || !strings.Contains(got["note"], "partitions lose a replica: ") {
		t.Errorf("one host: %v", got)
	}
	if got := ask("sw001", "sw002", "sw003", "sw004"); !strings.Contains(got["block"], "become unreadable") || !strings.Contains(got["warn"], "fall below primary quorum") || !strings.Contains(got["warn"], "writes rely on handoffs") {
		t.Errorf("four hosts: %v", got)
	}
	if got := ask("elsewhere"); len(got) != 0 {
		t.Errorf("a host of no cluster: %v", got)
	}
	// Two hosts are off already: their partitions are not this plan's doing, but a
	// third host takes the last replica of some.
	r.lab.Stop("sw001")
	r.lab.Stop("sw002")
	r.look()
	if got := ask("sw003"); got["block"] == "" {
		t.Errorf("a third host: %v", got)
	}
	if got := ask("sw001"); got["block"] != "" || got["warn"] != "" || !strings.Contains(got["note"], "no partition loses a replica") {
		t.Errorf("a host that is off: %v", got)
	}
	if got := partitionsOn(r.fleet, &watch.State{}, map[string]bool{"sw001": true}, time.Now()); len(got) != 1 || got[0].Level != "warn" || !strings.Contains(got[0].Text, "not known") {
		t.Errorf("nothing was read: %v", got)
	}
}
