package registries

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
	"ringside/views/screen/screentest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is registries, engines and runs made by hand.
type world struct {
	fleet  *fleet.Fleet
	store  *watch.Store
	images impact.ImagesMemo
	runs   []actions.RunRecord
	now    time.Time
}

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func newWorld() *world {
	w := &world{store: watch.NewStore(), now: noon, fleet: &fleet.Fleet{}}
	for _, r := range []struct{ name, host string }{{"tokyo", "registry.tyo.example:5000"}, {"shanghai", "registry.sha.example:5000"}, {"osaka", "registry.osa.example"}} {
		w.fleet.Registries = append(w.fleet.Registries, fleet.Registry{Name: r.name, Site: r.name, Environment: "production", Address: "192.0.2.1:5000", Names: []string{r.host}})
	}
	w.fleet.Syncs = []fleet.Sync{
		{Name: "tyo-sha", Environment: "production", From: "tokyo", To: "shanghai", Repositories: []string{"team/*"}, Tags: []string{">=1.8"}, Every: 10 * time.Minute},
		{Name: "tyo-osa", Environment: "production", From: "tokyo", To: "osaka", Repositories: []string{"team/web"}},
	}
	return w
}

// compared puts what a sync found: repositories with their tags.
func (w *world) compared(sync int, change func(*registry.Facts), repositories ...*registry.Repository) {
	spec := w.fleet.Syncs[sync]
	side := func(name string) registry.Side { return registry.Side{Registry: name, Site: name} }
	f := registry.NewFacts(spec.Name, side(spec.From), side(spec.To), repositories, func(_, _ string) bool { return true })
	f.Environment, f.Swept, f.Next, f.Requests = spec.Environment, ago(40*time.Second), noon.Add(30*time.Second), 63
	if change != nil {
		change(f)
	}
	w.store.Put(fleet.Reading{Source: "registry/" + spec.Name, At: ago(40 * time.Second), Facts: f})
}

func repository(name, target string, tags ...registry.Tag) *registry.Repository {
	return &registry.Repository{Name: name, Target: target, Checked: ago(40 * time.Second), Tags: tags}
}

func tagged(name string, s registry.State, source, target string, for_ time.Duration) registry.Tag {
	t := registry.Tag{Name: name, State: s, Since: ago(for_)}
	if source != "" {
		t.Source = digest(source)
	}
	if target != "" {
		t.Target = digest(target)
	}
	return t
}

// ran puts an engine with containers: "NAME IMAGE DIGEST", the digest "" for none.
func (w *world) ran(engine, environment string, containers ...string) {
	f := &docker.Facts{Engine: engine, Site: "tokyo"}
	for _, c := range containers {
		x := strings.Split(c, " ")
		image, tag := x[1], ""
		if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			image, tag = image[:i], image[i+1:]
		}
		y := &docker.Container{Engine: engine, Site: "tokyo", Environment: environment, Name: x[0], ID: engine + x[0], State: docker.Running, Image: image, Tag: tag}
		if x[2] != "" {
			y.Digest = digest(x[2])
		}
		f.Containers = append(f.Containers, y)
	}
	w.store.Put(fleet.Reading{Source: "docker/" + engine, At: ago(2 * time.Second), Facts: f})
}

// troubled has a case of everything.
func troubled() *world {
	w := newWorld()
	moved := tagged("2.0.3", registry.Moved, "c", "d", 3*time.Hour)
	moved.Older = true
	unknown := tagged("3.1.7", registry.Unknown, "e", "", 5*time.Minute)
	unknown.Why = "registry shanghai: look at team/worker:3.1.7: not allowed"
	w.compared(0, func(f *registry.Facts) {
		f.LastMatch = ago(14 * time.Minute)
		f.To.Insecure = "plain HTTP: everybody on the way can read and change images"
	},
		repository("team/api", "mirror/api", tagged("3.2.0", registry.Equal, "a", "a", time.Hour), tagged("3.3.0", registry.Gone, "b", "", 2*time.Minute)),
		repository("team/jobs", "team/jobs", moved),
		repository("team/web", "team/web", tagged("1.8.0", registry.Extra, "", "8", 4*time.Hour), tagged("1.9.1", registry.Equal, "1", "1", 9*time.Hour), tagged("1.9.2", registry.Gone, "2", "", 14*time.Minute)),
		repository("team/worker", "team/worker", unknown),
	)
	w.compared(1, func(f *registry.Facts) { f.LastMatch = ago(40 * time.Second) },
		repository("team/web", "team/web", tagged("1.9.1", registry.Equal, "1", "1", 9*time.Hour), tagged("1.9.2", registry.Equal, "2", "2", 12*time.Minute)))
	w.ran("tokyo-1", "production", "web-blue registry.tyo.example:5000/team/web:1.9.1 1", "web-green registry.tyo.example:5000/team/web:1.9.2 2",
		"old registry.tyo.example:5000/team/web:0.9 9", "jobs registry.tyo.example:5000/team/jobs:2.0.3 d", "db postgres:16 7")
	w.ran("shanghai-1", "production", "api registry.sha.example:5000/mirror/api:3.2.0 a", "web registry.sha.example:5000/team/web:1.9.1 0", "next registry.sha.example:5000/team/web:1.9.2 ")
	w.runs = []actions.RunRecord{
		{ID: "r2", Kind: "sync.run", Title: "sync tyo-sha: copy 1 tag", Status: actions.Failed, Error: "shanghai: the registry fails (502 Bad Gateway)", Actor: actions.Actor{User: "aoi", Host: "ops1"}, Created: ago(2 * time.Hour), Ended: ago(2*time.Hour - time.Minute),
			Targets: []fleet.Target{w.sync(0)}, Steps: []actions.StepRecord{{Name: "copy team/web:1.9.1 to shanghai", Target: w.tag("shanghai", "team/web:1.9.1"), Status: actions.Failed, Done: 5e6, Total: 81e6, Unit: "bytes"}}},
		{ID: "r1", Kind: "tag.delete", Title: "delete shanghai/team/web:1.7.0", Status: actions.Succeeded, Actor: actions.Actor{User: "ren", Host: "ops2"}, Created: ago(50 * time.Hour), Ended: ago(50 * time.Hour), Steps: []actions.StepRecord{{Status: actions.Succeeded}}},
		{ID: "r0", Kind: "power.off", Title: "shut sw001 down", Status: actions.Succeeded, Created: ago(60 * time.Hour)},
	}
	return w
}

func (w *world) sync(i int) fleet.Target { return impact.SyncTarget(w.fleet, w.fleet.Syncs[i]) }

func (w *world) tag(at, name string) fleet.Target {
	r, _ := w.fleet.Registry(at)
	repository, tag, _ := strings.Cut(name, ":")
	return impact.TagTarget(r, repository, tag)
}

// syncing adds a run of the first sync that is going on: of its three tags one is
// there, one is on its way and one has not begun.
func syncing() *world {
	w := troubled()
	step := func(name string, s actions.Status, done, total int64) actions.StepRecord {
		x := actions.StepRecord{Name: "copy " + name + " to shanghai", Target: w.tag("shanghai", name), Status: s, Done: done, Total: total}
		if total > 0 {
			x.Unit = "bytes"
		}
		return x
	}
	w.runs = append([]actions.RunRecord{{ID: "r3", Kind: "sync.run", Title: "sync tyo-sha: copy 3 tags", Status: actions.Running, Alive: true, Actor: actions.Actor{User: "aoi", Host: "ops1"}, Created: ago(14 * time.Second),
		Targets: []fleet.Target{w.sync(0)}, Steps: []actions.StepRecord{
			step("mirror/api:3.3.0", actions.Succeeded, 20e6, 20e6), step("team/jobs:2.0.3", actions.Running, 12e6, 40e6), step("team/web:1.9.2", actions.Pending, 0, 0)}}}, w.runs...)
	transfer := func(c string, size, done int64, s registry.TransferState, since time.Duration) registry.Transfer {
		return registry.Transfer{Repository: "team/jobs", Tag: "2.0.3", Digest: digest(c), Size: size, Done: done, State: s, Began: ago(since)}
	}
	a := &registry.Activity{Sync: "tyo-sha", Rate: 5.9e6, Sent: 230e6, ETA: 5 * time.Second, History: []float64{0, 1e6, 3e6, 5e6, 6e6, 5.9e6},
		Transfers: []registry.Transfer{transfer("4", 900, 0, registry.Waiting, 3*time.Second), transfer("5", 18e6, 11.2e6, registry.Sending, 2*time.Second), transfer("6", 7e6, 0, registry.Checking, time.Second), transfer("7", 15e6, 2e6, registry.Retrying, time.Second)}}
	w.store.Put(fleet.Reading{Source: "registry/tyo-sha/activity", At: ago(100 * time.Millisecond), Facts: a})
	return w
}

// unread is before the first answer, and one registry that does not.
func unread() *world {
	w := newWorld()
	w.store.Put(fleet.Reading{Source: "registry/tyo-osa", At: ago(3 * time.Minute), Err: &registry.Error{Registry: "osaka", Op: "list repositories", Trouble: registry.Refused, Why: "registry.osa.example turns connections down"}})
	return w
}

// stale had everything once; now its target cannot be read.
func stale() *world {
	w := troubled()
	w.store.Put(fleet.Reading{Source: "registry/tyo-sha", At: noon, Err: errors.New("registry shanghai: no answer")})
	w.store.Put(fleet.Reading{Source: "docker/tokyo-1", At: noon, Err: errors.New("no answer")})
	w.now = noon.Add(3 * time.Minute)
	return w
}

// many has so many tags in repositories of 25.
func many(tags int) *world {
	w := newWorld()
	w.fleet.Syncs = w.fleet.Syncs[:1]
	var list []*registry.Repository
	for i := range tags / 25 {
		r := repository(fmt.Sprintf("team/app%03d", i), fmt.Sprintf("team/app%03d", i))
		for j := range 25 {
			s := [...]registry.State{registry.Equal, registry.Equal, registry.Equal, registry.Gone, registry.Moved}[(i+j)%5]
			d := fmt.Sprintf("sha256:%064x", i*25+j)
			t := registry.Tag{Name: fmt.Sprintf("1.%d.0", j), State: s, Source: d, Target: d, Since: ago(time.Hour)}
			r.Tags = append(r.Tags, t)
		}
		list = append(list, r)
	}
	w.compared(0, nil, list...)
	for e := range 20 {
		var containers []string
		for i := range 50 {
			containers = append(containers, fmt.Sprintf("c%d registry.tyo.example:5000/team/app%03d:1.3.0 1", i, (e*50+i)%200))
		}
		w.ran(fmt.Sprintf("e%02d", e), "production", containers...)
	}
	return w
}

func (w *world) snapshot() screen.Snapshot {
	s := screen.Snapshot{Fleet: w.fleet, State: w.store.State(), Now: w.now, Runs: w.runs}
	s.Images = w.images.Images(w.fleet, s.State)
	return s
}

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

// pick picks an entry of the menu that was opened last, by its title.
func (r *robot) pick(title string) {
	r.T.Helper()
	o, ok := r.Last().(screen.Overlay)
	if !ok {
		r.T.Fatalf("no menu is open: %+v", r.Last())
	}
	o.Dialog.Restyle(kit.NewTheme(true, false))
	frame := kittest.Plain(o.Dialog.View(100, 40))
	for line := range strings.Lines(frame) {
		f := strings.Fields(strings.Trim(strings.TrimSpace(line), "│▌ "))
		if len(f) < 2 || !strings.HasPrefix(strings.Join(f[1:], " "), title) {
			continue
		}
		_, result, done := o.Dialog.Update(kittest.Key(f[0]))
		if !done {
			r.T.Fatalf("%s cannot be picked in\n%s", title, frame)
		}
		r.Answer(result)
		return
	}
	r.T.Fatalf("no %q in\n%s", title, frame)
}

// problems are the subjects of what is wrong with registries.
func problems(w *world) (out []fleet.Target) {
	for _, p := range impact.Registries(w.fleet, w.store.State(), w.now) {
		out = append(out, p.Subject)
	}
	return out
}
