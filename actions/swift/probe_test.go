package swift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	plans "ringside/actions/swift"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	lab "ringside/backends/lab/swift"
	"ringside/backends/swift"
	"ringside/backends/watch"
)

// rig is everything from the registry to a cluster.
type rig struct {
	*actions.Runner
	reg   *actions.Registry
	env   *actions.Env
	fleet *fleet.Fleet
	at    func(point string) // called at "look", and before and after "write", "read", "delete"
}

// newRig works on a cluster of a fleet, with the ledger of a directory.
func newRig(t testing.TB, dir string, f *fleet.Fleet) *rig {
	t.Helper()
	led, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { led.Close() })
	r := &rig{fleet: f, at: func(string) {}}
	r.env = &actions.Env{Fleet: f, State: watch.NewStore().State, Ledger: led, Actor: ledger.Self("command"), Now: time.Now}
	r.reg = actions.NewRegistry(actions.Guards()...)
	r.reg.Add(plans.Actions(clusters{r, swift.NewSet(f)})...)
	r.Runner = actions.NewRunner(r.env, r.reg, actions.Options{})
	return r
}

// clusters are those of the fleet, with the points of the rig.
type clusters struct {
	*rig
	set *swift.Set
}

func (c clusters) Cluster(name string) (plans.Cluster, bool) {
	x, ok := c.set.Cluster(name)
	return watched{x, c.rig}, ok
}

type watched struct {
	*swift.Cluster
	rig *rig
}

func (w watched) HasTest(ctx context.Context, o swift.TestObject) (bool, error) {
	w.rig.at("look")
	return w.Cluster.HasTest(ctx, o)
}

func (w watched) around(what string, ctx context.Context, o swift.TestObject, f func(context.Context, swift.TestObject) (time.Duration, error)) (time.Duration, error) {
	w.rig.at("before " + what)
	defer w.rig.at("after " + what)
	return f(ctx, o)
}

func (w watched) WriteTest(ctx context.Context, o swift.TestObject) (time.Duration, error) {
	return w.around("write", ctx, o, w.Cluster.WriteTest)
}

func (w watched) ReadTest(ctx context.Context, o swift.TestObject) (time.Duration, error) {
	return w.around("read", ctx, o, w.Cluster.ReadTest)
}

func (w watched) DeleteTest(ctx context.Context, o swift.TestObject) (time.Duration, error) {
	return w.around("delete", ctx, o, w.Cluster.DeleteTest)
}

// newLab starts a cluster of two nodes, in an environment.
func newLab(t *testing.T, environment string) (*lab.Cluster, *fleet.Fleet) {
	t.Helper()
	l, err := lab.Start(lab.Options{Dir: t.TempDir(), Calm: true, PartPower: 6, Zones: 1, Nodes: []string{"sw001", "sw002"}, Environment: environment})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := &fleet.Fleet{}
	l.Fleet(f)
	return l, f
}

func (r *rig) build(t testing.TB, policy string) *actions.Plan {
	t.Helper()
	p, err := r.reg.Build(t.Context(), r.env, plans.Probe, r.targets(), actions.Args{"policy": policy})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *rig) targets() []fleet.Target {
	return []fleet.Target{impact.ClusterTarget(r.fleet.Clusters[0])}
}

var confirmed = actions.Approval{Confirmed: true}

func (r *rig) ended(t testing.TB, id string, err error) actions.RunRecord {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (r *rig) run(t testing.TB, p *actions.Plan) actions.RunRecord {
	t.Helper()
	id, err := r.Start(t.Context(), p, confirmed)
	return r.ended(t, id, err)
}

// statuses are the first letters of those of the steps.
func statuses(rec actions.RunRecord) string {
	var b strings.Builder
	for _, s := range rec.Steps {
		b.WriteString(string(s.Status[:1]))
	}
	return b.String()
}

func TestProbe(t *testing.T) {
	l, f := newLab(t, "production")
	r := newRig(t, t.TempDir(), f)
	p := r.build(t, "archive")
	if p.Title != "write and delete a test object in objects with policy archive" || p.Confirm != (actions.Confirm{Kind: actions.Yes, Why: "production"}) {
		t.Errorf("%q %+v", p.Title, p.Confirm)
	}
	if len(p.Findings) != 1 || p.Findings[0].Level != actions.Note || !strings.Contains(p.Findings[0].Text, "container ringside-health-archive of account AUTH_admin is made where it is not there") {
		t.Errorf("%+v", p.Findings)
	}
	var during []string
	r.at = func(point string) {
		if point == "before read" {
			during = l.Objects("ringside-health-archive")
		}
	}
	rec := r.run(t, p)
	if rec.Status != actions.Succeeded || statuses(rec) != "ddd" {
		t.Fatalf("%s %s %s", rec.Status, statuses(rec), rec.Error)
	}
	if len(during) != 1 || len(l.Objects("ringside-health-archive")) != 0 {
		t.Errorf("written %v, left %v", during, l.Objects("ringside-health-archive"))
	}
	said := plans.Result(rec)
	for _, part := range []string{"policy archive: written in ", " ms, read back in ", " ms, deleted in "} {
		if !strings.Contains(said, part) {
			t.Errorf("no %q in %q", part, said)
		}
	}
}

// What ends a probe half way takes its object along.
func TestObjectNeverStays(t *testing.T) {
	for name, c := range map[string]struct {
		point  string
		do     func(*rig, *lab.Cluster)
		status actions.Status
		steps  string
		says   string
	}{
		"other bytes come back": {"before read", func(_ *rig, l *lab.Cluster) { l.Garble(true) }, actions.Failed, "rfs", "what came back is not what was written"},
		"cancelled in the read": {"before read", func(r *rig, _ *lab.Cluster) { r.Cancel(r.Live()[0].ID) }, actions.Cancelled, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, f := newLab(t, "development")
			r := newRig(t, t.TempDir(), f)
			r.at = func(point string) {
				if point == c.point {
					c.do(r, l)
				}
			}
			rec := r.run(t, r.build(t, ""))
			if rec.Status != c.status || c.steps != "" && statuses(rec) != c.steps || !strings.Contains(plans.Result(rec), c.says) {
				t.Errorf("%s %s %q: %s", rec.Status, statuses(rec), rec.Error, plans.Result(rec))
			}
			if left := l.Objects("ringside-health"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// What cannot be deleted is told as failed, and a resume deletes it.
func TestNotDeleted(t *testing.T) {
	l, f := newLab(t, "development")
	r := newRig(t, t.TempDir(), f)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.at = func(point string) {
		if point == "before delete" {
			l.FailAPI(http.StatusServiceUnavailable)
		}
	}
	id, err := r.Start(ctx, r.build(t, ""), confirmed)
	if err != nil {
		t.Fatal(err)
	}
	rec := r.ended(t, id, nil)
	if rec.Status != actions.Failed || !strings.Contains(rec.Error, "could not be taken back: write ringside-health/check-") {
		t.Errorf("%s %s", rec.Status, rec.Error)
	}
	if len(l.Objects("ringside-health")) != 1 {
		t.Fatal("it went")
	}
	r.at = func(string) {}
	l.FailAPI(0)
	id, err = r.Resume(t.Context(), id, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || len(l.Objects("ringside-health")) > 0 {
		t.Errorf("%s %s; left %v", rec.Status, rec.Error, l.Objects("ringside-health"))
	}
}

func TestProbeRefused(t *testing.T) {
	l, f := newLab(t, "")
	build := func(f *fleet.Fleet, policy string) error {
		r := newRig(t, t.TempDir(), f)
		_, err := r.reg.Build(t.Context(), r.env, plans.Probe, r.targets(), actions.Args{"policy": policy})
		return err
	}
	var arg *actions.ArgumentError
	if err := build(f, "bronze"); !errors.As(err, &arg) || !strings.Contains(err.Error(), `offers no policy "bronze", but gold, archive`) {
		t.Errorf("%v", err)
	}
	open := *f
	open.Clusters = []fleet.Cluster{f.Clusters[0]}
	open.Clusters[0].Auth = nil
	if err := build(&open, ""); err == nil || !strings.Contains(err.Error(), "nobody is logged in") {
		t.Errorf("%v", err)
	}
	l.FailAPI(http.StatusServiceUnavailable)
	if err := build(f, ""); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("%v", err)
	}
}

// fleetOf is the fleet for another process, as JSON: its one cluster and the login.
func fleetOf(f *fleet.Fleet) string {
	raw, err := json.Marshal(map[string]string{"proxy": f.Clusters[0].Proxies[0], "user": f.Credentials["lab-swift"].Username, "file": f.Credentials["lab-swift"].Password.File})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func parseFleet(text string) *fleet.Fleet {
	var x map[string]string
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return &fleet.Fleet{
		Clusters:    []fleet.Cluster{{Name: "objects", Environment: "development", Proxies: []string{x["proxy"]}, Auth: &fleet.SwiftAuth{TempAuth: "lab-swift"}}},
		Credentials: map[string]fleet.Credential{"lab-swift": {Name: "lab-swift", Username: x["user"], Password: fleet.Secret{File: x["file"]}}},
	}
}
