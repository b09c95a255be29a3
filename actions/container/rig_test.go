package container_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/container"
	"ringside/actions/ledger"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/watch"
)

const image = "ringside-test/app:v1"

// rig is everything from the registry to an engine.
type rig struct {
	*actions.Runner
	reg   *actions.Registry
	env   *actions.Env
	set   *docker.Set
	state *watch.State
	specs []fleet.Engine
}

func newRig(t testing.TB, specs []fleet.Engine) *rig {
	t.Helper()
	led, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{set: docker.NewSet(specs), specs: specs, state: watch.NewStore().State()}
	t.Cleanup(func() { r.set.Close(); led.Close() })
	r.env = &actions.Env{State: func() *watch.State { return r.state }, Ledger: led, Actor: ledger.Self("command"), Now: time.Now}
	r.reg = actions.NewRegistry(append(actions.Guards(), container.Guards()...)...)
	r.reg.Add(container.Actions(r.set)...)
	r.Runner = actions.NewRunner(r.env, r.reg, actions.Options{})
	return r
}

// newLab starts a quiet lab of two engines that have the test image.
func newLab(t testing.TB) (*lab.Lab, *rig) {
	t.Helper()
	l, err := lab.Start(lab.Options{Engines: []lab.EngineOptions{
		{Name: "tokyo-1", Site: "tokyo", Environment: "development", Images: []string{image}, PullTakes: 20 * time.Millisecond},
		{Name: "tokyo-2", Site: "tokyo", Environment: "production", Images: []string{image}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, newRig(t, l.Fleet().Engines)
}

// anyEngine runs f on the lab, and on a real engine where there is one.
func anyEngine(t *testing.T, f func(*testing.T, *rig)) {
	t.Run("lab", func(t *testing.T) {
		_, r := newLab(t)
		f(t, r)
	})
	t.Run("real", func(t *testing.T) {
		address := os.Getenv("RINGSIDE_TEST_ENGINE_A")
		if address == "" && os.Getenv("RINGSIDE_REQUIRE_ENGINES") == "1" {
			t.Fatal("RINGSIDE_TEST_ENGINE_A is not set: run .ci/engines up DIR and source DIR/env")
		}
		if address == "" {
			t.Skip("RINGSIDE_TEST_ENGINE_A is not set: no real engine (see .ci/engines)")
		}
		f(t, newRig(t, []fleet.Engine{{Name: "tokyo-1", Environment: "development", Address: address}}))
	})
}

// make creates a container on an engine through its plain HTTP API and brings it
// into a state; it is removed at the end of the test.
func (r *rig) make(t testing.TB, engine int, state docker.State, labels map[string]string, host map[string]any) fleet.Target {
	t.Helper()
	spec := r.specs[engine]
	socket := strings.TrimPrefix(spec.Address, "unix://")
	hc := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer hc.CloseIdleConnections()
	if host == nil {
		host = map[string]any{}
	}
	host["NetworkMode"] = "none"
	body, _ := json.Marshal(map[string]any{"Image": image, "Labels": labels, "HostConfig": host})
	name := fmt.Sprintf("act-%d", time.Now().UnixNano())
	res, err := hc.Post("http://engine/containers/create?name="+name, "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ ID string }
	raw, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(raw, &out); err != nil || out.ID == "" {
		t.Fatalf("create: %s %s", res.Status, raw)
	}
	e, _ := r.set.Engine(spec.Name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		defer cancel()
		if err := e.Remove(ctx, out.ID, true, true); err != nil && !docker.IsNotFound(err) {
			t.Error(err)
		}
	})
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if state != docker.Created {
		must(e.Start(t.Context(), out.ID))
	}
	switch at := time.Duration(0); state {
	case docker.Exited:
		must(e.Stop(t.Context(), out.ID, &at))
	case docker.Paused:
		must(e.Pause(t.Context(), out.ID))
	}
	return fleet.Target{Kind: fleet.KindContainer, Scope: spec.Name, ID: out.ID, Name: name, Environment: spec.Environment}
}

// look watches once, as a source would.
func (r *rig) look(t testing.TB) {
	t.Helper()
	store := watch.NewStore()
	for _, e := range r.set.All() {
		f, err := e.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		store.Put(fleet.Reading{Source: e.Name(), At: time.Now(), Facts: f})
	}
	r.state = store.State()
}

func (r *rig) get(t testing.TB, target fleet.Target) *docker.Container {
	t.Helper()
	e, _ := r.set.Engine(target.Scope)
	c, err := e.Get(t.Context(), target.ID)
	if err != nil && !docker.IsNotFound(err) {
		t.Fatal(err)
	}
	return c
}

func (r *rig) build(t testing.TB, id string, args actions.Args, targets ...fleet.Target) *actions.Plan {
	t.Helper()
	p, err := r.reg.Build(t.Context(), r.env, id, targets, args)
	if err != nil {
		t.Fatal(err)
	}
	return p
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

// said lists findings as "level guard: text".
func said(findings []actions.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Level, f.Guard, f.Text))
	}
	return strings.Join(lines, "\n")
}
