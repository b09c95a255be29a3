package impact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

func TestRegistries(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	f := &fleet.Fleet{
		Registries: []fleet.Registry{{Name: "tokyo", Address: "tyo:5000", Site: "tokyo", Environment: "production"}, {Name: "shanghai", Address: "sha:5000", Site: "shanghai", Environment: "production"}},
		Syncs:      []fleet.Sync{{Name: "tyo-sha", From: "tokyo", To: "shanghai", Environment: "production"}},
	}
	tag := func(name string, s registry.State, source, target string, ago time.Duration) registry.Tag {
		return registry.Tag{Name: name, State: s, Source: source, Target: target, Since: now.Add(-ago)}
	}
	facts := func(tags ...registry.Tag) *registry.Facts {
		f := registry.NewFacts("tyo-sha", registry.Side{Registry: "tokyo"}, registry.Side{Registry: "shanghai"},
			[]*registry.Repository{{Name: "team/web", Target: "team/web", Checked: now, Tags: tags}}, func(_, _ string) bool { return true })
		f.Swept, f.Next = now.Add(-time.Minute), now.Add(time.Second)
		return f
	}
	runs := func(environment, tag, digest string) *docker.Container {
		return &docker.Container{Engine: "e1", Name: "web", ID: tag, Environment: environment, State: docker.Running, Image: "sha:5000/team/web", Tag: tag, Digest: digest}
	}
	insecure := facts(tag("1", registry.Equal, "a", "a", 0))
	insecure.To.Insecure = "plain HTTP"
	for name, c := range map[string]struct {
		change func(*fleet.Sync)
		facts  *registry.Facts
		err    error
		runs   []*docker.Container
		want   string // severity subject text since, one a line
	}{
		"all is there": {facts: facts(tag("1", registry.Equal, "a", "a", time.Hour))},
		"nothing read": {},
		"one is missing": {facts: facts(tag("1", registry.Equal, "a", "a", 0), tag("2", registry.Gone, "b", "", 14*time.Minute)),
			want: "warning tyo-sha: team/web:2 missing 14m0s"},
		"several": {facts: facts(tag("1", registry.Moved, "a", "b", time.Hour), tag("2", registry.Gone, "b", "", 14*time.Minute), tag("3", registry.Gone, "c", "", 0), tag("4", registry.Extra, "", "d", 0)),
			want: "warning tyo-sha: 3 tags behind: team/web:1 moved, team/web:2 missing and 1 more 1h0m0s"},
		"since nobody knows when": {facts: facts(registry.Tag{Name: "2", State: registry.Gone, Source: "b", Since: now, Older: true}), want: "warning tyo-sha: team/web:2 missing"},
		"it copies by itself":     {change: func(s *fleet.Sync) { s.Every = 15 * time.Minute }, facts: facts(tag("2", registry.Gone, "b", "", 14*time.Minute))},
		"it should have":          {change: func(s *fleet.Sync) { s.Every = 15 * time.Minute }, facts: facts(tag("2", registry.Gone, "b", "", 30*time.Minute)), want: "warning tyo-sha: team/web:2 missing 30m0s"},
		"by night":                {change: func(s *fleet.Sync) { s.Schedule = "0 1 * * *" }, facts: facts(tag("2", registry.Gone, "b", "", 23*time.Hour))},
		"down": {err: &registry.Error{Registry: "shanghai", Op: "look", Trouble: registry.Refused, Why: "turns connections down"},
			want: "warning tyo-sha: cannot be compared: shanghai: turns connections down 0s"},
		"other error": {err: errors.New("x"), want: "warning tyo-sha: cannot be compared: x 0s"},
		"insecure":    {facts: insecure, want: "warning shanghai: connection is not verified"},
		"production runs what is gone": {facts: facts(tag("1", registry.Gone, "a", "", 0)), runs: []*docker.Container{runs("production", "1", "a"), runs("production", "0", "z")},
			want: "critical shanghai/team/web:0: is gone, and production runs it\ncritical shanghai/team/web:1: is gone, and production runs it\nwarning tyo-sha: team/web:1 missing 0s"},
		"production runs what moved": {facts: facts(tag("1", registry.Equal, "b", "b", 0)), runs: []*docker.Container{runs("production", "1", "a")},
			want: "warning shanghai/team/web:1: is another image now than what production runs"},
		"tests may": {facts: facts(tag("1", registry.Equal, "b", "b", 0)), runs: []*docker.Container{runs("verification", "1", "a"), runs("production", "1", "b"), runs("production", "1", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			g := *f
			g.Syncs = []fleet.Sync{f.Syncs[0]}
			if c.change != nil {
				c.change(&g.Syncs[0])
			}
			store := watch.NewStore()
			if c.facts != nil {
				store.Put(fleet.Reading{Source: "registry/tyo-sha", At: now, Facts: c.facts})
			}
			if c.err != nil {
				store.Put(fleet.Reading{Source: "registry/tyo-sha", At: now, Err: c.err})
			}
			store.Put(fleet.Reading{Source: "docker/e1", At: now, Facts: &docker.Facts{Engine: "e1", Containers: c.runs}})
			var got []string
			for _, p := range Registries(&g, store.State(), now) {
				line := fmt.Sprintf("%s %s: %s", p.Severity, p.Subject, p.Text)
				if !p.Since.IsZero() {
					line += " " + now.Sub(p.Since).String()
				}
				if p.ID == "" || p.Do == "" || p.Why == "" {
					t.Errorf("%+v", p)
				}
				got = append(got, line)
			}
			if s := strings.Join(got, "\n"); s != c.want {
				t.Errorf("got\n%s\nwant\n%s", s, c.want)
			}
		})
	}
	late := facts()
	late.Next = now.Add(-time.Hour)
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "registry/tyo-sha", At: now, Facts: late})
	if p := Registries(f, store.State(), now); len(p) != 1 || p[0].Text != "was not compared for a while" {
		t.Errorf("stale: %+v", p)
	}
}

// The images are joined anew when a registry was compared or something else runs, and
// only then: a screen takes the same pointer for the same picture.
func TestImagesMemo(t *testing.T) {
	f := &fleet.Fleet{Registries: []fleet.Registry{{Name: "tokyo", Address: "tyo:5000"}, {Name: "shanghai", Address: "sha:5000"}}}
	store := watch.NewStore()
	put := func(source string, facts any) { store.Put(fleet.Reading{Source: source, At: time.Now(), Facts: facts}) }
	compared := func(s registry.State) {
		put("registry/tyo-sha", registry.NewFacts("tyo-sha", registry.Side{Registry: "tokyo"}, registry.Side{Registry: "shanghai"},
			[]*registry.Repository{{Name: "team/web", Target: "team/web", Checked: time.Now(), Tags: []registry.Tag{{Name: "1", State: s, Source: "a", Target: "b"}}}}, func(_, _ string) bool { return true }))
	}
	running := func(digest string) {
		put("docker/e1", &docker.Facts{Engine: "e1", Containers: []*docker.Container{{Engine: "e1", Name: "web", State: docker.Running, Image: "sha:5000/team/web", Tag: "1", Digest: digest}}})
	}
	var m ImagesMemo
	compared(registry.Moved)
	running("b")
	first := m.Images(f, store.State())
	if len(first.Rows) != 1 || len(first.Registries) != 2 || first.Rows[0].In[0].State != registry.Moved || first.Rows[0].Running[0].State != registry.Runs {
		t.Fatalf("%+v", first)
	}
	running("b") // read again, the same
	if m.Images(f, store.State()) != first {
		t.Error("joined anew though nothing changed")
	}
	running("c")
	second := m.Images(f, store.State())
	if second == first || second.Rows[0].Running[0].State != registry.RunsMoved {
		t.Errorf("what runs now is not seen: %+v", second)
	}
	compared(registry.Moved)
	if m.Images(f, store.State()) == second {
		t.Error("a comparison is not seen")
	}
}
