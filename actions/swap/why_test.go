package swap_test

import (
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/swap"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// The menu says why an act makes no sense just now; what is not known is no reason.
func TestWhy(t *testing.T) {
	f := &fleet.Fleet{Engines: []fleet.Engine{{Name: "one"}}, Services: []fleet.Service{{Name: "web", Engines: []string{"one"}, Traffic: []fleet.Traffic{{Name: "haproxy"}}}}}
	container := func(c string, id string) *docker.Container {
		return &docker.Container{ID: id, State: docker.Running, Labels: map[string]string{fleet.LabelService: "web", fleet.LabelColour: c}}
	}
	const nothing, settled = "blue is live, and there is nothing else of web", "every proxy keeps what it has live"
	for name, c := range map[string]struct {
		containers             []*docker.Container // nil: the engine is not read
		live, kept             fleet.Colour        // "": the proxy is not read
		swap, retire, settling string
	}{
		"blue alone": {[]*docker.Container{container("blue", "1")}, "blue", "blue", "there is nothing in green to swap to: deploy first", nothing, settled},
		"both":       {[]*docker.Container{container("blue", "1"), container("green", "2")}, "blue", "blue", "", "", settled},
		"leftovers":  {[]*docker.Container{container("blue", "1"), container("blue", "2")}, "blue", "blue", "there is nothing in green to swap to: deploy first", "", settled},
		"half":       {[]*docker.Container{container("blue", "1"), container("green", "2")}, "blue", "green", "", "", ""},
		"no engine":  {nil, "blue", "blue", "", "", settled},
		"no proxy":   {[]*docker.Container{container("blue", "1")}, "", "", "", "", ""},
	} {
		store := watch.NewStore()
		if c.containers != nil {
			store.Put(fleet.Reading{Source: "docker/one", At: time.Now(), Facts: &docker.Facts{Engine: "one", Containers: c.containers}})
		}
		if c.live != "" {
			store.Put(fleet.Reading{Source: "traffic/web/haproxy", At: time.Now(), Facts: &traffic.Facts{View: &traffic.View{Live: c.live, Keeps: true, Kept: c.kept}}})
		}
		want := map[string]string{"service.swap": c.swap, "service.retire": c.retire, "service.settle": c.settling}
		for _, a := range swap.Actions(nil) {
			w, ok := want[a.ID]
			if got := a.Why(&actions.Env{Fleet: f, State: store.State}, []fleet.Target{f.Services[0].Target()}); ok && got != w {
				t.Errorf("%s, %s: %q, want %q", name, a.ID, got, w)
			}
		}
	}
}
