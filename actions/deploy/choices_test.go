package deploy

import (
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/registry"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// Tags are offered with what is known of them, the newest version first: where they
// are, which registry of the service lacks them, and what runs them.
func TestChoices(t *testing.T) {
	now := time.Now()
	f := &fleet.Fleet{
		Registries: []fleet.Registry{{Name: "tokyo", Address: "tyo:5000"}, {Name: "shanghai", Address: "sha:5000"}},
		Engines:    []fleet.Engine{{Name: "tokyo-1", Site: "tokyo"}, {Name: "test", Site: "tokyo"}},
		Services: []fleet.Service{{Name: "web", Engines: []string{"tokyo-1"}, Image: "tyo:5000/team/web", Images: map[string]string{"shanghai": "sha:5000/mirror/web"},
			Traffic: []fleet.Traffic{{Name: "haproxy"}}}, {Name: "other", Image: "tyo:5000/team/other"}},
	}
	store := watch.NewStore()
	put := func(source string, facts any) { store.Put(fleet.Reading{Source: source, At: now, Facts: facts}) }
	put("registry/tyo-sha", registry.NewFacts("tyo-sha", registry.Side{Registry: "tokyo"}, registry.Side{Registry: "shanghai"}, []*registry.Repository{
		{Name: "team/web", Target: "mirror/web", Tags: []registry.Tag{{Name: "1.9.2", State: registry.Equal, Source: "a", Target: "a"}, {Name: "1.10.0", State: registry.Gone, Source: "b"}, {Name: "1.8.0", State: registry.Extra, Target: "c"}, {Name: "1.7.0", State: registry.Unknown, Source: "e"}, {Name: "1.6.0", State: registry.Unknown}}},
		{Name: "team/api", Target: "mirror/api", Tags: []registry.Tag{{Name: "7", Source: "d"}}}}, nil))
	container := func(engine, tag string, labels map[string]string) *docker.Container {
		return &docker.Container{Engine: engine, ID: engine + tag, State: docker.Running, Image: "tyo:5000/team/web", Tag: tag, Digest: "sha256:" + tag, Labels: labels}
	}
	put("docker/tokyo-1", &docker.Facts{Engine: "tokyo-1", Containers: []*docker.Container{
		container("tokyo-1", "1.9.1", map[string]string{fleet.LabelService: "web", fleet.LabelColour: "blue"}), {Image: "tyo:5000/team/api", Tag: "8", State: docker.Running}}})
	put("docker/test", &docker.Facts{Engine: "test", Containers: []*docker.Container{container("test", "1.9.1", nil), container("test", "2.0.0-rc1", nil)}})
	put("traffic/web/haproxy", &traffic.Facts{View: &traffic.View{Live: fleet.Blue, Keeps: true, Kept: fleet.Blue}})
	env := &actions.Env{Fleet: f, State: store.State}
	var got []string
	for _, c := range choices(env, []fleet.Target{f.Services[0].Target()}) {
		got = append(got, c.Value+": "+c.Note)
	}
	want := []string{
		"2.0.0-rc1: runs on test",
		"1.10.0: not in shanghai",
		"1.9.2: in tokyo, shanghai",
		"1.9.1: live, runs on test and 1 more",
		"1.8.0: not in tokyo",
		"1.7.0: in tokyo",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := choices(env, []fleet.Target{f.Services[1].Target()}); got != nil {
		t.Errorf("of a service of which nothing is known: %v", got)
	}
}
