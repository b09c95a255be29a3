package sync_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/actions/sync"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	lab "ringside/backends/lab/registry"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// rig is two registries of the lab, a sync between them, and everything that runs
// plans.
type rig struct {
	*testing.T
	*actions.Runner
	lib  *lab.Library
	a, b *lab.Registry
	f    *fleet.Fleet
	set  *registry.Set
	reg  *actions.Registry
	env  *actions.Env
	ran  []*docker.Container
}

func newRig(t *testing.T, o lab.Options, change func(*fleet.Sync)) *rig {
	t.Helper()
	r := &rig{T: t, lib: lab.NewLibrary()}
	start := func(o lab.Options) *lab.Registry {
		x, err := lab.Start(r.lib, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.Stop)
		return x
	}
	r.a, r.b = start(lab.Options{Name: "tokyo"}), start(o)
	r.f = &fleet.Fleet{Syncs: []fleet.Sync{{Name: "tyo-sha", From: "tokyo", To: "shanghai", Environment: "development", Repositories: []string{"team/*"}, Referrers: true}}}
	for name, x := range map[string]*lab.Registry{"tokyo": r.a, "shanghai": r.b} {
		r.f.Registries = append(r.f.Registries, fleet.Registry{Name: name, Site: name, Address: x.Address(), Names: []string{name + ".example"}, PlainHTTP: true,
			Environment: "development", Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams})
	}
	if change != nil {
		change(&r.f.Syncs[0])
	}
	set, err := registry.NewSet(r.f)
	if err != nil {
		t.Fatal(err)
	}
	led, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { led.Close() })
	r.set = set
	r.env = &actions.Env{Fleet: r.f, State: r.state, Ledger: led, Actor: ledger.Self("command"), Now: time.Now}
	r.reg = actions.NewRegistry(append(actions.Guards(), sync.Guards(set)...)...)
	r.reg.Add(sync.Actions(set)...)
	r.Runner = actions.NewRunner(r.env, r.reg, actions.Options{})
	return r
}

// state is what engines would tell.
func (r *rig) state() *watch.State {
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "docker/e1", At: time.Now(), Facts: &docker.Facts{Engine: "e1", Containers: r.ran}})
	return store.State()
}

func (r *rig) build(repository, tag string) lab.Built {
	return r.lib.Build(lab.Image{Name: repository + ":" + tag, Platforms: []string{"linux/amd64", "linux/arm64"}, Layers: func(p string) []lab.Layer {
		return []lab.Layer{{Name: "base " + p, Size: 300 << 10}, {Name: repository + tag + p, Size: 300 << 10}}
	}})
}

func (r *rig) push(repository, tag string) lab.Built {
	b := r.build(repository, tag)
	r.a.Push(repository, tag, b)
	return b
}

func (r *rig) sync() fleet.Target { return impact.SyncTarget(r.f, r.f.Syncs[0]) }

func (r *rig) tag(registry, name string) fleet.Target {
	return fleet.Target{Kind: fleet.KindTag, Scope: registry, Name: name, Environment: "development"}
}

func (r *rig) plan(id string, args actions.Args, targets ...fleet.Target) *actions.Plan {
	r.Helper()
	p, err := r.reg.Build(r.Context(), r.env, id, targets, args)
	if err != nil {
		r.Fatalf("%s: %v", id, err)
	}
	return p
}

// run runs a plan to its end.
func (r *rig) run(p *actions.Plan) actions.RunRecord {
	r.Helper()
	id, err := r.Start(r.Context(), p, actions.Approval{Confirmed: true, Reason: "test", Override: "test"})
	if err != nil {
		r.Fatal(err)
	}
	return r.wait(id)
}

func (r *rig) wait(id string) actions.RunRecord {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 60*time.Second)
	defer cancel()
	rec, err := r.Wait(ctx, id)
	if err != nil {
		r.Fatal(err)
	}
	return rec
}

func steps(p *actions.Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Name)
	}
	return strings.Join(out, "; ")
}

func findings(p *actions.Plan) string {
	var out []string
	for _, f := range p.Findings {
		out = append(out, fmt.Sprintf("%s %s: %s", f.Level, f.Subject, f.Text))
	}
	return strings.Join(out, "\n")
}

func wants(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func (r *rig) is(reg *lab.Registry, name, digest string) {
	r.Helper()
	repository, tag, _ := strings.Cut(name, ":")
	if d, _ := reg.Digest(repository, tag); d != digest {
		r.Errorf("%s/%s is %q, want %q", reg.Name(), name, d, digest)
	}
	if b := reg.Broken(); b != nil {
		r.Errorf("broken: %v", b)
	}
}

func TestRun(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai"}, nil)
	one, two := r.push("team/web", "1"), r.push("team/web", "2")
	old := r.build("team/api", "old")
	r.b.Push("team/api", "1", old)
	api := r.push("team/api", "1")
	r.b.Push("team/web", "1", one)

	p := r.plan("sync.run", nil, r.sync())
	wants(t, "title", p.Title, "sync tyo-sha: copy 2 tags")
	wants(t, "steps", steps(p), "copy team/api:1 to shanghai; copy team/web:2 to shanghai")
	p = r.plan("sync.run", actions.Args{"repository": "team/w*", "tag": ">=2"}, r.sync())
	wants(t, "narrowed", steps(p), "copy team/web:2 to shanghai")
	p = r.plan("sync.run", actions.Args{"only": "team/api:1, team/web:1,team/web:9"}, r.sync())
	wants(t, "named", steps(p), "copy team/api:1 to shanghai")
	if _, err := r.reg.Build(t.Context(), r.env, "sync.run", []fleet.Target{r.sync()}, actions.Args{"only": "team/api:1,team/web"}); err == nil || !strings.Contains(err.Error(), `"team/web" names no tag: write REPOSITORY:TAG`) {
		t.Errorf("a list with a name that is no tag: %v", err)
	}
	if _, err := r.reg.Build(t.Context(), r.env, "sync.run", []fleet.Target{r.sync()}, actions.Args{"tag": "1", "repository": "team/web"}); !errors.Is(err, actions.ErrNothingToDo) || !strings.Contains(err.Error(), "tyo-sha: 1 tags are equal") {
		t.Errorf("nothing to do: %v", err)
	}

	rec := r.run(r.plan("sync.run", nil, r.sync()))
	wants(t, "status", rec.Status, actions.Succeeded)
	r.is(r.b, "team/web:2", two.Digest)
	r.is(r.b, "team/api:1", api.Digest)
	if out := strings.Join(rec.Steps[1].Output, "\n"); !strings.Contains(out, "MB sent in 4 blobs, 0.6 MB mounted from other repositories") && !strings.Contains(out, "sent in 4 blobs") || rec.Steps[1].Total < 1200<<10 || rec.Steps[1].Done != rec.Steps[1].Total {
		t.Errorf("step: %+v", rec.Steps[1])
	}

	// Taken back, what was not there goes and what was another image is that again.
	id, err := r.Rollback(t.Context(), rec.ID, actions.Approval{Confirmed: true, Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "rolled back", r.wait(id).Status, actions.RolledBack)
	r.is(r.b, "team/web:2", "")
	r.is(r.b, "team/web:1", one.Digest)
	r.is(r.b, "team/api:1", old.Digest)
}

// What is copied is what the plan showed.
func TestRunCopiesWhatWasSeen(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai"}, nil)
	one := r.push("team/web", "1")
	p := r.plan("sync.run", nil, r.sync())
	r.a.Push("team/web", "1", r.build("team/web", "newer"))
	rec := r.run(p)
	wants(t, "status", rec.Status, actions.Succeeded)
	r.is(r.b, "team/web:1", one.Digest)
	if out := strings.Join(rec.Steps[0].Output, "\n"); !strings.Contains(out, "moved on at the source meanwhile") {
		t.Errorf("output: %s", out)
	}
}

// A cancelled sync leaves whole images only, and resuming sends what is missing.
func TestCancelAndResume(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai"}, func(s *fleet.Sync) { s.Bandwidth = 2 << 20 })
	for i := range 4 {
		r.push("team/web", fmt.Sprint(i))
	}
	id, err := r.Start(t.Context(), r.plan("sync.run", nil, r.sync()), actions.Approval{Confirmed: true})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(60 * time.Second); r.b.Counts().Up < 500<<10; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited 30 s for the first bytes")
		}
	}
	began := time.Now()
	r.Cancel(id)
	rec := r.wait(id)
	if rec.Status != actions.Cancelled || time.Since(began) > 10*time.Second {
		t.Errorf("%s after %v", rec.Status, time.Since(began))
	}
	if b := r.b.Broken(); b != nil {
		t.Errorf("broken: %v", b)
	}
	if id, err = r.Resume(t.Context(), id, actions.Approval{Confirmed: true}); err != nil {
		t.Fatal(err)
	}
	wants(t, "resumed", r.wait(id).Status, actions.Succeeded)
	const least = (2 + 4*2) * 300 << 10
	if sent := r.b.Counts().Up; sent > least+300<<10+100<<10 { // one layer more, and manifests
		t.Errorf("%d bytes in all, and %d had to be sent", sent, least)
	}
}

func TestDeleteExtra(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai"}, func(s *fleet.Sync) { s.DeleteExtra = 2 })
	one := r.push("team/web", "1")
	for _, tag := range []string{"1", "old1", "old2", "old3"} {
		r.b.Push("team/web", tag, one)
	}
	p := r.plan("sync.run", actions.Args{"delete-extra": "true"}, r.sync())
	wants(t, "too many", findings(p), "block tyo-sha: 3 tags would be deleted, and delete_extra allows 2 at a time: is the source complete?")
	r.b.Untag("team/web", "old3")
	r.ran = []*docker.Container{{Engine: "e1", Name: "web", State: docker.Running, Environment: "verification", Image: "shanghai.example/team/web", Tag: "old1"}}
	p = r.plan("sync.run", actions.Args{"delete-extra": "true"}, r.sync())
	wants(t, "still run", findings(p), "warn shanghai/team/web:old1: is run by e1/web: they go on, but none can be made anew; deploy another tag first")
	wants(t, "deleted", r.run(p).Status, actions.Succeeded)
	wants(t, "left", r.b.Tags("team/web"), "[1]")
	r.is(r.b, "team/web:1", one.Digest)

	r = newRig(t, lab.Options{Name: "shanghai"}, nil)
	r.b.Push("team/web", "old", r.push("team/web", "1"))
	_, err := r.reg.Build(t.Context(), r.env, "sync.run", []fleet.Target{r.sync()}, actions.Args{"delete-extra": "true"})
	if err == nil || !strings.Contains(err.Error(), "its delete_extra is not set") {
		t.Errorf("not allowed: %v", err)
	}
}

func TestCopyTag(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai"}, nil)
	one, two := r.push("team/web", "1"), r.push("team/web", "2")
	for to, at := range map[string]string{"live": "tokyo/team/web:live", "mirror/web:1": "tokyo/mirror/web:1", "shanghai/team/web:1": "shanghai/team/web:1"} {
		p := r.plan("tag.copy", actions.Args{"to": to}, r.tag("tokyo", "team/web:1"))
		wants(t, "to", p.Targets[0], at)
		rec := r.run(p)
		wants(t, to, rec.Status, actions.Succeeded)
		reg, name, _ := strings.Cut(at, "/")
		r.is(map[string]*lab.Registry{"tokyo": r.a, "shanghai": r.b}[reg], name, one.Digest)
	}
	p := r.plan("tag.copy", actions.Args{"to": "live"}, r.tag("tokyo", "team/web:2"))
	wants(t, "another image", findings(p), "warn tokyo/team/web:live: is another image now ("+registry.Short(one.Digest)+"), which loses this name")
	rec := r.run(p)
	r.is(r.a, "team/web:live", two.Digest)
	id, err := r.Rollback(t.Context(), rec.ID, actions.Approval{Confirmed: true, Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "rolled back", r.wait(id).Status, actions.RolledBack)
	r.is(r.a, "team/web:live", one.Digest)
	if _, err := r.reg.Build(t.Context(), r.env, "tag.copy", []fleet.Target{r.tag("tokyo", "team/web:1")}, actions.Args{"to": "live"}); !errors.Is(err, actions.ErrNothingToDo) {
		t.Errorf("the same: %v", err)
	}
}

func TestDeleteTags(t *testing.T) {
	r := newRig(t, lab.Options{Name: "shanghai", NoTagDelete: true}, nil)
	one := r.push("team/web", "1")
	r.b.Push("team/web", "1", one)
	r.b.Push("team/web", "live", one)
	r.ran = []*docker.Container{{Engine: "e1", Name: "web", State: docker.Running, Environment: "production", Image: "shanghai.example/team/web", Tag: "1"}}
	s, _ := r.set.Sync("tyo-sha")
	watched(t, s)
	p := r.plan("tag.delete", nil, r.tag("shanghai", "team/web:1"), r.tag("shanghai", "team/web:none"))
	wants(t, "findings", findings(p), "block shanghai/team/web:1: is run by e1/web: they go on, but none can be made anew; deploy another tag first\n"+
		"note shanghai/team/web:none: is not there\nnote shanghai/team/web:1: sync tyo-sha brings it back from tokyo: delete it there as well")
	rec := r.run(p)
	wants(t, "status", rec.Status, actions.Succeeded)
	r.is(r.b, "team/web:1", "")
	r.is(r.b, "team/web:live", one.Digest)
	id, err := r.Rollback(t.Context(), rec.ID, actions.Approval{Confirmed: true, Reason: "test", Override: "test"})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "rolled back", r.wait(id).Status, actions.RolledBack)
	r.is(r.b, "team/web:1", one.Digest)

	for name, want := range map[string]string{"team/web": "names no tag", "team/web@" + one.Digest: "all tags of it would go"} {
		if _, err := r.reg.Build(t.Context(), r.env, "tag.delete", []fleet.Target{r.tag("shanghai", name)}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// watched runs a sync's source until it reported.
func watched(t *testing.T, s *registry.Sync) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, func(fleet.Reading) {})
	}()
	for end := time.Now().Add(60 * time.Second); s.Latest() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited 30 s for the first look")
		}
	}
	cancel()
	<-done
}

func TestSplitTag(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	for text, want := range map[string]string{"team/web:1.9": "team/web 1.9", "web:1": "web 1", "team/web@" + digest: "team/web " + digest} {
		r, tag, err := sync.SplitTag(text)
		wants(t, text, fmt.Sprint(r, " ", tag, err), want+"<nil>")
	}
	for _, bad := range []string{"team/web", "", ":1", "web:", "web@x", "host:5000/web"} {
		if r, tag, err := sync.SplitTag(bad); err == nil {
			t.Errorf("%q is %q %q", bad, r, tag)
		}
	}
}
