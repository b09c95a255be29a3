package container_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/container"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// Every act changes what it says, and a rollback brings back what was there.
func TestActs(t *testing.T) {
	shape := func(c *docker.Container) string {
		if c == nil {
			return "gone"
		}
		return fmt.Sprintf("%s cpus %s memory %s", c.State, container.FormatCPUs(c.NanoCPUs), container.FormatMemory(c.MemLimit))
	}
	const none = " cpus unlimited memory unlimited"
	for _, tt := range []struct {
		act   string
		args  actions.Args
		from  docker.State
		want  string
		final bool
	}{
		{act: "start", from: docker.Exited, want: "running" + none},
		{act: "start", from: docker.Created, want: "running" + none},
		{act: "stop", args: actions.Args{"timeout": "1"}, from: docker.Running, want: "exited" + none},
		{act: "stop", from: docker.Paused, want: "exited" + none},
		{act: "restart", args: actions.Args{"timeout": "0s"}, from: docker.Running, want: "running" + none, final: true},
		{act: "restart", from: docker.Exited, want: "running" + none, final: true},
		{act: "kill", from: docker.Running, want: "exited" + none, final: true},
		{act: "kill", args: actions.Args{"signal": "sigwinch"}, from: docker.Running, want: "running" + none, final: true},
		{act: "pause", from: docker.Running, want: "paused" + none},
		{act: "unpause", from: docker.Paused, want: "running" + none},
		{act: "remove", from: docker.Exited, want: "gone", final: true},
		{act: "remove", args: actions.Args{"force": "true", "volumes": "true"}, from: docker.Running, want: "gone", final: true},
		{act: "rename", args: actions.Args{"name": "renamed"}, from: docker.Running, want: "running" + none},
		{act: "limits", args: actions.Args{"cpus": "0.5", "memory": "64m"}, from: docker.Running, want: "running cpus 0.5 memory 64 MiB"},
		{act: "limits", args: actions.Args{"memory": "32MiB"}, from: docker.Running, want: "running cpus unlimited memory 32 MiB"},
	} {
		t.Run(strings.Join([]string{tt.act, string(tt.from), fmt.Sprint(tt.args)}, " "), func(t *testing.T) {
			anyEngine(t, func(t *testing.T, r *rig) {
				target := r.make(t, 0, tt.from, nil, nil)
				if tt.act == "rename" {
					tt.args["name"] = "re" + target.Name
				}
				was := r.get(t, target)
				p := r.build(t, "container."+tt.act, tt.args, target)
				if !strings.HasPrefix(p.Title, tt.act+" tokyo-1/"+target.Name) || len(p.Steps) != 1 || p.Confirm.Kind == 0 {
					t.Errorf("plan %q, %d steps, confirm %+v", p.Title, len(p.Steps), p.Confirm)
				}
				id, err := r.Start(t.Context(), p, confirmed)
				rec := r.ended(t, id, err)
				now := r.get(t, target)
				if rec.Status != actions.Succeeded || shape(now) != tt.want {
					t.Fatalf("%s: %s %v; there is %s, want %s", rec.Title, rec.Status, rec.Steps[0], shape(now), tt.want)
				}
				if tt.act == "restart" && !now.Started.After(was.Started) {
					t.Error("it has not started again")
				}
				if tt.act == "rename" && now.Name != tt.args["name"] {
					t.Errorf("its name is %s", now.Name)
				}
				id, err = r.Rollback(t.Context(), id, confirmed)
				if tt.final {
					if !errors.Is(err, actions.ErrNothingToDo) || rec.Steps[0].Final == "" {
						t.Errorf("rollback of a final act: %v, final %q", err, rec.Steps[0].Final)
					}
					return
				}
				rec = r.ended(t, id, err)
				back := r.get(t, target)
				same := shape(back) == shape(was) && back.Name == was.Name
				// No engine can make a container never-run again, or take a limit away for certain.
				same = same || was.State == docker.Created && back.State == docker.Exited
				same = same || tt.act == "limits" && back.State == was.State && back.NanoCPUs != now.NanoCPUs == (tt.args["cpus"] != "") && back.MemLimit != now.MemLimit
				same = same || was.State == docker.Paused && back.State == docker.Running
				if rec.Status != actions.RolledBack || !same {
					t.Errorf("rollback: %s %+v; there is %s, was %s", rec.Status, rec.Steps[0], shape(back), shape(was))
				}
			})
		})
	}
}

// A plan over several engines acts on those that need it and says what it leaves out.
func TestBuildOverEngines(t *testing.T) {
	l, r := newLab(t)
	a, b := r.make(t, 0, docker.Running, nil, map[string]any{"RestartPolicy": map[string]any{"Name": "always"}}), r.make(t, 1, docker.Running, nil, nil)
	c, gone := r.make(t, 1, docker.Exited, nil, nil), fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: strings.Repeat("ab", 32), Name: "gone"}
	replaced := b
	replaced.ID = strings.Repeat("cd", 32)
	r.look(t)

	p := r.build(t, "container.stop", nil, a, b, c, gone, replaced)
	if p.Title != "stop 2 containers on 2 engines" || len(p.Steps) != 2 || len(p.Targets) != 2 {
		t.Errorf("%q, %d steps, %d targets", p.Title, len(p.Steps), len(p.Targets))
	}
	for _, want := range []string{"note state: is stopped already", "warn stale: is gone", "warn stale: was replaced", "note restart policy:", "warn environment: the targets are in 2 environments"} {
		if !strings.Contains(said(p.Findings), want) {
			t.Errorf("no finding %q in\n%s", want, said(p.Findings))
		}
	}
	if p.Confirm.Kind != actions.TypeOut || p.Confirm.Word != "2" {
		t.Errorf("confirm %+v", p.Confirm)
	}

	// What the screen showed is not believed.
	e, _ := r.set.Engine(a.Scope)
	if err := e.Pause(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if p := r.build(t, "container.unpause", nil, a); !strings.Contains(said(p.Findings), "note stale: was shown as running, is paused now") {
		t.Errorf("findings: %s", said(p.Findings))
	}

	// An engine that cannot be read blocks; an override acts on the others only.
	l.Engine("tokyo-2").Stop()
	defer l.Engine("tokyo-2").Start()
	p = r.build(t, "container.stop", nil, a, b)
	if !p.Blocked() || len(p.Steps) != 1 || p.Findings[0].Subject != b.String() {
		t.Errorf("with an engine down: %d steps, %s", len(p.Steps), said(p.Findings))
	}
	if _, err := r.Start(t.Context(), p, confirmed); !errors.Is(err, actions.ErrBlocked) {
		t.Errorf("start: %v", err)
	}
	id, err := r.Start(t.Context(), p, actions.Approval{Confirmed: true, Override: "tokyo-2 is being repaired"})
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || rec.Override == "" {
		t.Errorf("%s %s", rec.Status, rec.Error)
	}
	_, err = r.reg.Build(t.Context(), r.env, "container.stop", []fleet.Target{b}, nil)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), "tokyo-2") {
		t.Errorf("nothing can be read: %v", err)
	}
	if _, err = r.reg.Build(t.Context(), r.env, "container.stop", []fleet.Target{a}, nil); !errors.Is(err, actions.ErrNothingToDo) {
		t.Errorf("stopped already: %v", err)
	}
}

func TestBuildRefuses(t *testing.T) {
	_, r := newLab(t)
	web := r.make(t, 0, docker.Running, nil, nil)
	for _, tt := range []struct {
		act  string
		args actions.Args
		says string
	}{
		{"remove", nil, "is running: stop it first, or use force"},
		{"limits", nil, "give cpus, memory, or both"},
		{"limits", actions.Args{"memory": "lots"}, "512m"},
		{"rename", actions.Args{"name": "a b"}, "letters, digits"},
		{"rename", nil, "name is missing"},
		{"rename", actions.Args{"name": web.Name}, "has that name already"},
		{"kill", actions.Args{"signal": "99"}, "not a signal"},
		{"stop", actions.Args{"timeout": "soon"}, "30s"},
		{"unpause", nil, "is not paused"},
	} {
		if _, err := r.reg.Build(t.Context(), r.env, "container."+tt.act, []fleet.Target{web}, tt.args); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %v: %v, want %q", tt.act, tt.args, err, tt.says)
		}
	}
}

// The menu's answer comes from the watched state alone.
func TestWhy(t *testing.T) {
	_, r := newLab(t)
	up, down := r.make(t, 0, docker.Running, nil, nil), r.make(t, 1, docker.Exited, nil, nil)
	unknown := fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "x"}
	r.look(t)
	for _, tt := range []struct {
		act     string
		targets []fleet.Target
		want    string
	}{
		{"stop", []fleet.Target{up}, ""},
		{"start", []fleet.Target{up}, up.Name + " runs already"},
		{"start", []fleet.Target{up, down}, ""},
		{"pause", []fleet.Target{down}, down.Name + " does not run"},
		{"remove", []fleet.Target{up}, ""},
		{"start", []fleet.Target{unknown}, ""},
	} {
		a, _ := r.reg.Get("container." + tt.act)
		if got := a.Why(r.env, tt.targets); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.act, got, tt.want)
		}
	}
}

func TestPull(t *testing.T) {
	l, r := newLab(t)
	l.Push("registry.example/team/new:2")
	a, b, c := r.make(t, 0, docker.Running, nil, nil), r.make(t, 0, docker.Running, nil, nil), r.make(t, 1, docker.Exited, nil, nil)
	p := r.build(t, "container.pull", nil, a, b, c)
	if p.Title != "pull 2 images on 2 engines" || len(p.Steps) != 2 {
		t.Errorf("%q, %d steps", p.Title, len(p.Steps))
	}
	id, err := r.Start(t.Context(), p, confirmed)
	rec := r.ended(t, id, err)
	if rec.Status != actions.Succeeded || !strings.Contains(strings.Join(rec.Steps[0].Output, "\n"), "digest sha256:") {
		t.Errorf("%s %+v", rec.Status, rec.Steps)
	}
	p = r.build(t, "image.pull", actions.Args{"ref": "registry.example/team/new:2"}, fleet.Target{Kind: fleet.KindEngine, Name: "tokyo-1"})
	id, err = r.Start(t.Context(), p, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || rec.Steps[0].Total == 0 {
		t.Errorf("%s %+v", rec.Status, rec.Steps)
	}
}

// Two consoles stop the same container at once: one acts, the other is told who.
func TestTwoConsolesStopOne(t *testing.T) {
	anyEngine(t, func(t *testing.T, r *rig) {
		web := r.make(t, 0, docker.Running, nil, nil)
		other := *r.env
		other.Actor.User, other.Actor.Session = "ren", "another"
		two := actions.NewRunner(&other, r.reg, actions.Options{})
		type answer struct {
			r   *actions.Runner
			id  string
			err error
		}
		answers := make(chan answer)
		for _, runner := range []*actions.Runner{r.Runner, two} {
			p := r.build(t, "container.stop", actions.Args{"timeout": "2"}, web)
			go func() {
				id, err := runner.Start(t.Context(), p, confirmed)
				answers <- answer{runner, id, err}
			}()
		}
		first, second := <-answers, <-answers
		if first.err != nil {
			first, second = second, first
		}
		var held *actions.HeldError
		switch {
		case first.err != nil:
			t.Fatalf("nobody acts: %v, %v", first.err, second.err)
		case second.err == nil: // the first had ended before: the second found it done
			if rec, _ := second.r.Wait(t.Context(), second.id); rec.Steps[0].Status != actions.Skipped {
				t.Errorf("both acted: %+v", rec.Steps)
			}
		case !errors.As(second.err, &held) || held.Lock.Run != first.id:
			t.Errorf("the second was told: %v", second.err)
		}
		if rec, _ := first.r.Wait(t.Context(), first.id); rec.Status != actions.Succeeded {
			t.Errorf("%s %s", rec.Status, rec.Error)
		}
	})
}

// The engine says no, or does not answer in time: the step says what was asked and
// what is there.
func TestEngineTrouble(t *testing.T) {
	l, r := newLab(t)
	web := r.make(t, 0, docker.Running, nil, nil)
	p := r.build(t, "container.stop", nil, web)
	mend := l.Engine("tokyo-1").Refuse("POST /containers/*/stop", 500, "cannot stop: no space left on device", -1)
	id, err := r.Start(t.Context(), p, confirmed)
	rec := r.ended(t, id, err)
	if e := rec.Steps[0].Error; rec.Status != actions.Failed || !strings.Contains(e, "no space left") || !strings.Contains(e, "now: running since") {
		t.Errorf("%s: %s", rec.Status, e)
	}
	mend()
	id, err = r.Resume(t.Context(), id, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || r.get(t, web).State != docker.Exited {
		t.Errorf("resumed: %s %s", rec.Status, rec.Error)
	}
}

func TestDependents(t *testing.T) {
	c := func(id, service, needs string, state docker.State) *docker.Container {
		return &docker.Container{Engine: "tokyo-1", ID: id, Name: id, Project: "shop", Service: service, State: state,
			Labels: map[string]string{"com.docker.compose.depends_on": needs}}
	}
	foreign := c("x1", "web", "db:service_started:false", docker.Running)
	foreign.Project = "blog"
	all := []*docker.Container{
		c("db1", "db", "", docker.Running), c("web1", "web", "db:service_healthy:true,cache:service_started:false", docker.Running),
		c("web2", "web", "db:service_healthy:true", docker.Running), c("job1", "job", "db:service_started:false", docker.Exited),
		c("q1", "queue", "", docker.Running), c("q2", "queue", "", docker.Running), c("w1", "worker", " queue:service_started:true", docker.Running), foreign,
	}
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "docker/tokyo-1", At: time.Now(), Facts: &docker.Facts{Engine: "tokyo-1", Containers: all}})
	env := &actions.Env{State: store.State, Now: time.Now}
	for _, tt := range []struct{ kind, targets, want string }{
		{"container.stop", "db1", "warn dependents: db is needed by web in project shop, still running, and goes away: act there as well, or expect errors"},
		{"container.restart", "db1", "db is needed by web in project shop, still running, and is away for a moment"},
		{"container.start", "db1", ""},
		{"container.stop", "db1 web1 web2", ""},
		{"container.stop", "db1 web1", "by web in project shop"},
		{"container.stop", "web1", ""},
		{"container.stop", "q1", "note dependents: queue is needed by worker in project shop; still running after this: 1"},
		{"container.stop", "q1 q2", "warn dependents: queue is needed by worker"},
		{"container.stop", "elsewhere", ""},
	} {
		p := &actions.Plan{Kind: tt.kind}
		for id := range strings.FieldsSeq(tt.targets) {
			p.Targets = append(p.Targets, fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: id, Name: id})
		}
		got := said(container.Guards()[0].Check(context.Background(), env, p))
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" || strings.Contains(got, "\n") {
			t.Errorf("%s %s: %q, want %q", tt.kind, tt.targets, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		parse func(string) (int64, error)
		text  string
		want  int64 // -1: refused
	}{
		{container.ParseCPUs, "1.5", 15e8}, {container.ParseCPUs, "0", 0}, {container.ParseCPUs, " 2 ", 2e9}, {container.ParseCPUs, "0.01", 1e7},
		{container.ParseCPUs, "0.001", -1}, {container.ParseCPUs, "-1", -1}, {container.ParseCPUs, "NaN", -1}, {container.ParseCPUs, "Inf", -1},
		{container.ParseCPUs, "", -1}, {container.ParseCPUs, "1,5", -1},
		{container.ParseMemory, "512m", 512 << 20}, {container.ParseMemory, "2GiB", 2 << 30}, {container.ParseMemory, "2gb", 2 << 30},
		{container.ParseMemory, "1.5 g", 3 << 29}, {container.ParseMemory, "0", 0}, {container.ParseMemory, "8388608", 8 << 20},
		{container.ParseMemory, "8388608b", 8 << 20}, {container.ParseMemory, "1m", -1}, {container.ParseMemory, "-1", -1},
		{container.ParseMemory, "m", -1}, {container.ParseMemory, "1x", -1}, {container.ParseMemory, "99999999t", -1}, {container.ParseMemory, "", -1},
	} {
		got, err := tt.parse(tt.text)
		if (err != nil) != (tt.want < 0) || err == nil && got != tt.want {
			t.Errorf("%q: %d, %v; want %d", tt.text, got, err, tt.want)
		}
	}
	for n, want := range map[int64]string{0: "unlimited", 512 << 20: "512 MiB", 3 << 29: "1.5 GiB", 1 << 40: "1 TiB"} {
		if got := container.FormatMemory(n); got != want {
			t.Errorf("FormatMemory(%d) = %q, want %q", n, got, want)
		}
	}
}

func FuzzParseMemory(f *testing.F) {
	f.Add("512m")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := container.ParseMemory(s); err == nil && n != 0 && n < 6<<20 {
			t.Errorf("%q is %d", s, n)
		}
	})
}

// Whoever stops what users have is told, and is blocked in production where nothing
// takes its place; what comes back by itself is only told.
func TestGuardOfServices(t *testing.T) {
	_, r := newLab(t)
	target := r.make(t, 1, docker.Running, map[string]string{fleet.LabelService: "web", fleet.LabelColour: "blue"}, nil)
	idle := r.make(t, 1, docker.Running, map[string]string{fleet.LabelService: "web", fleet.LabelColour: "green"}, nil)
	r.look(t)
	live := &traffic.Facts{View: &traffic.View{Live: fleet.Blue, Keeps: true, Kept: fleet.Blue}}
	store := watch.NewStore()
	for e := range r.state.All() {
		store.Put(fleet.Reading{Source: e.Source, At: e.At, Facts: e.Facts})
	}
	store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: time.Now(), Facts: live})
	r.state = store.State()
	r.env.Fleet = &fleet.Fleet{Engines: r.specs, Services: []fleet.Service{{Name: "web", Environment: "production", Engines: []string{r.specs[1].Name}, Traffic: []fleet.Traffic{{Name: "haproxy"}}}}}
	for _, c := range []struct {
		act    string
		target fleet.Target
		want   string
	}{
		{"container.stop", target, "block services: blue v1 is live and goes away with nothing to take its place: its users get nothing; swap to the other colour first"},
		{"container.restart", target, "warn services: blue v1 is live and is away for a moment with nothing"},
		{"container.pause", idle, "note services: green v1 is not live; it stops answering: no swap"},
	} {
		if got := said(r.build(t, c.act, nil, c.target).Findings); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s\nwant %s", c.act, got, c.want)
		}
	}
}
