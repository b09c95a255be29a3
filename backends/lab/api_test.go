package lab

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

func TestNegotiation(t *testing.T) {
	for api, version := range map[string]string{"1.41": "20.10.24", "1.51": "28.5.1", "1.52": "29.1.3"} {
		r := newRig(t, EngineOptions{API: api, Version: version}, ContainerSpec{Name: "web", Health: &HealthSpec{}})
		if _, err := r.cl.Ping(r.ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil || r.cl.ClientVersion() != api {
			t.Fatalf("negotiated %s, want %s: %v", r.cl.ClientVersion(), api, err)
		}
		v, err := r.cl.ServerVersion(r.ctx, client.ServerVersionOptions{})
		if err != nil || v.Version != version || v.APIVersion != api {
			t.Errorf("version %+v, %v", v, err)
		}
		in, err := r.cl.Info(r.ctx, client.InfoOptions{})
		if err != nil || in.Info.ID == "" || in.Info.ContainersRunning != 1 || (in.Info.CgroupVersion == "1") != (api == "1.41") {
			t.Errorf("info %+v, %v", in.Info, err)
		}
		c := r.list(client.ContainerListOptions{})[0]
		if (c.Health != nil) != (api == "1.52") || !strings.HasSuffix(c.Status, "(healthy)") {
			t.Errorf("API %s: health %v, status %q", api, c.Health, c.Status)
		}
		if h := r.inspect("web").State.Health; h == nil || h.Status != container.Healthy || len(h.Log) != 5 {
			t.Errorf("API %s: inspected health %+v", api, h)
		}
	}
	r := newRig(t, EngineOptions{API: "1.41"})
	for version, want := range map[string]string{"1.45": "too new", "1.12": "too old"} {
		cl, err := client.New(client.WithHost(r.Address()), client.WithAPIVersion(version))
		if err == nil {
			_, err = cl.ContainerList(r.ctx, client.ContainerListOptions{})
			cl.Close()
		}
		if version == "1.45" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("API %s: %v, want %q", version, err, want)
		}
	}
}

func TestList(t *testing.T) {
	r := newRig(t, EngineOptions{},
		ContainerSpec{Name: "web", Project: "shop", Service: "web", Ports: []PortSpec{{Public: 80, Private: 8080}, {Private: 9}}, Mounts: []MountSpec{{Name: "v", Target: "/v"}}},
		ContainerSpec{Name: "job", State: exited, ExitCode: 137, Up: 2 * time.Hour, Age: 3 * time.Hour},
		ContainerSpec{Name: "cold", State: paused, Labels: map[string]string{"owner": "田中"}},
		ContainerSpec{Name: "\x1b]52;c;aGk=\x07evil 🎌", State: created},
	)
	filter := func(kv ...string) client.Filters { return make(client.Filters).Add(kv[0], kv[1:]...) }
	for _, tt := range []struct {
		name string
		o    client.ContainerListOptions
		want string
	}{
		{"running", client.ContainerListOptions{}, "cold web"},
		{"all", client.ContainerListOptions{All: true}, "\x1b]52;c;aGk=\x07evil 🎌 cold job web"},
		{"limit", client.ContainerListOptions{Limit: 2}, "\x1b]52;c;aGk=\x07evil 🎌 cold"},
		{"status", client.ContainerListOptions{Filters: filter("status", "exited", "paused")}, "cold job"},
		{"label", client.ContainerListOptions{Filters: filter("label", "com.docker.compose.project=shop")}, "web"},
		{"no label", client.ContainerListOptions{Filters: filter("label!", "owner")}, "web"},
		{"name", client.ContainerListOptions{All: true, Filters: filter("name", "^/jo")}, "job"},
		{"id", client.ContainerListOptions{All: true, Filters: filter("id", r.inspect("job").ID[:9])}, "job"},
	} {
		var names []string
		for _, c := range r.list(tt.o) {
			names = append(names, c.Names[0][1:])
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	web := r.list(client.ContainerListOptions{})[1]
	if len(web.Ports) != 2 || web.Ports[0].PublicPort != 80 || web.Ports[0].IP.String() != "0.0.0.0" || web.Mounts[0].Name != "v" ||
		!web.NetworkSettings.Networks["shop_default"].IPAddress.IsValid() || web.Labels["com.docker.compose.service"] != "web" {
		t.Errorf("web is %+v", web)
	}
	if job := r.inspect("job"); job.State.ExitCode != 137 || job.State.Status != "exited" || job.State.FinishedAt == "" {
		t.Errorf("job is %+v", job.State)
	}
	if s := r.list(client.ContainerListOptions{Filters: filter("status", "exited")})[0].Status; s != "Exited (137) 2 hours ago" {
		t.Errorf("status %q", s)
	}
	_, err := r.cl.ContainerInspect(r.ctx, "nobody", client.ContainerInspectOptions{})
	r.wantErr(err, cerrdefs.IsNotFound, "No such container: nobody")
}

// TestActs does everything to a container that the API can do, and reads the
// events that tell of it.
func TestActs(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "web", Policy: "always", Labels: map[string]string{"a": "b"}},
		ContainerSpec{Name: "stubborn", Takes: time.Hour}, ContainerSpec{Name: "done", State: exited})
	ten, none := 10, 0
	for _, tt := range []struct {
		name string
		do   func() error
		want string // the events
		is   string // the state after
	}{
		{"stop", func() error {
			_, err := r.cl.ContainerStop(r.ctx, "web", client.ContainerStopOptions{Timeout: &ten})
			return err
		}, "kill die stop", "exited"},
		{"stop again", func() error { _, err := r.cl.ContainerStop(r.ctx, "web", client.ContainerStopOptions{}); return err }, "", "exited"},
		{"start", func() error { _, err := r.cl.ContainerStart(r.ctx, "web", client.ContainerStartOptions{}); return err }, "start", "running"},
		{"start again", func() error { _, err := r.cl.ContainerStart(r.ctx, "web", client.ContainerStartOptions{}); return err }, "", "running"},
		{"restart", func() error {
			_, err := r.cl.ContainerRestart(r.ctx, "web", client.ContainerRestartOptions{})
			return err
		}, "kill die stop start restart", "running"},
		{"pause", func() error { _, err := r.cl.ContainerPause(r.ctx, "web", client.ContainerPauseOptions{}); return err }, "pause", "paused"},
		{"unpause", func() error {
			_, err := r.cl.ContainerUnpause(r.ctx, "web", client.ContainerUnpauseOptions{})
			return err
		}, "unpause", "running"},
		{"hup", func() error {
			_, err := r.cl.ContainerKill(r.ctx, "web", client.ContainerKillOptions{Signal: "SIGHUP"})
			return err
		}, "kill", "running"},
		{"update", func() error {
			_, err := r.cl.ContainerUpdate(r.ctx, "web", client.ContainerUpdateOptions{Resources: &container.Resources{NanoCPUs: 5e8, Memory: 64 << 20, MemorySwap: 128 << 20}})
			return err
		}, "update", "running"},
		{"resize", func() error {
			_, err := r.cl.ContainerResize(r.ctx, "web", client.ContainerResizeOptions{Height: 24, Width: 80})
			return err
		}, "", "running"},
		{"kill", func() error { _, err := r.cl.ContainerKill(r.ctx, "web", client.ContainerKillOptions{}); return err }, "kill die", "exited"},
		{"rename", func() error {
			_, err := r.cl.ContainerRename(r.ctx, "web", client.ContainerRenameOptions{NewName: "old-web"})
			return err
		}, "rename", ""},
		{"stop the stubborn", func() error {
			_, err := r.cl.ContainerStop(r.ctx, "stubborn", client.ContainerStopOptions{Timeout: &none})
			return err
		}, "kill die stop", ""},
		{"remove", func() error {
			_, err := r.cl.ContainerRemove(r.ctx, "old-web", client.ContainerRemoveOptions{})
			return err
		}, "destroy", ""},
	} {
		next := r.listen(make(client.Filters).Add("type", "container"))
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		r.Add(ContainerSpec{Name: "mark-" + strings.ReplaceAll(tt.name, " ", "-"), State: created}) // ends the list of events
		want := strings.TrimSpace(tt.want + " create")
		if got := actions(next(len(strings.Fields(want)))); got != want {
			t.Errorf("%s: events %q, want %q", tt.name, got, want)
		}
		if tt.is != "" && string(r.inspect("web").State.Status) != tt.is {
			t.Errorf("%s: web is %s, want %s", tt.name, r.inspect("web").State.Status, tt.is)
		}
		r.CutEvents()
	}
	if s := r.inspect("stubborn").State; s.ExitCode != 137 || s.Running {
		t.Errorf("stubborn is %+v", s)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t, EngineOptions{CPUs: 4}, ContainerSpec{Name: "web", CPUs: 1, Memory: 64 << 20}, ContainerSpec{Name: "done", State: exited}, ContainerSpec{Name: "cold", State: paused})
	update := func(res container.Resources) error {
		_, err := r.cl.ContainerUpdate(r.ctx, "web", client.ContainerUpdateOptions{Resources: &res})
		return err
	}
	rename := func(to string) error {
		_, err := r.cl.ContainerRename(r.ctx, "web", client.ContainerRenameOptions{NewName: to})
		return err
	}
	for _, tt := range []struct {
		name string
		do   func() error
		is   func(error) bool
		want string
	}{
		{"remove a running one", func() error {
			_, err := r.cl.ContainerRemove(r.ctx, "web", client.ContainerRemoveOptions{})
			return err
		}, cerrdefs.IsConflict, "container is running"},
		{"pause a stopped one", func() error { _, err := r.cl.ContainerPause(r.ctx, "done", client.ContainerPauseOptions{}); return err }, cerrdefs.IsConflict, "is not running"},
		{"pause twice", func() error { _, err := r.cl.ContainerPause(r.ctx, "cold", client.ContainerPauseOptions{}); return err }, cerrdefs.IsConflict, "already paused"},
		{"unpause", func() error {
			_, err := r.cl.ContainerUnpause(r.ctx, "web", client.ContainerUnpauseOptions{})
			return err
		}, cerrdefs.IsInternal, "is not paused"},
		{"start a paused one", func() error { _, err := r.cl.ContainerStart(r.ctx, "cold", client.ContainerStartOptions{}); return err }, cerrdefs.IsConflict, "try unpause"},
		{"kill a stopped one", func() error { _, err := r.cl.ContainerKill(r.ctx, "done", client.ContainerKillOptions{}); return err }, cerrdefs.IsConflict, "is not running"},
		{"no signal", func() error {
			_, err := r.cl.ContainerKill(r.ctx, "web", client.ContainerKillOptions{Signal: "NOPE"})
			return err
		}, cerrdefs.IsInvalidArgument, "Invalid signal"},
		{"top of a stopped one", func() error { _, err := r.cl.ContainerTop(r.ctx, "done", client.ContainerTopOptions{}); return err }, cerrdefs.IsConflict, "is not running"},
		{"a taken name", func() error { return rename("done") }, cerrdefs.IsConflict, "already in use"},
		{"a bad name", func() error { return rename("a b") }, cerrdefs.IsInvalidArgument, "Invalid container name"},
		{"too little memory", func() error { return update(container.Resources{Memory: 1 << 20}) }, cerrdefs.IsInvalidArgument, "6MB"},
		{"too many CPUs", func() error { return update(container.Resources{NanoCPUs: 9e9}) }, cerrdefs.IsInvalidArgument, "only 4 CPUs"},
		{"memory over swap", func() error { return update(container.Resources{Memory: 1 << 30}) }, cerrdefs.IsInvalidArgument, "memoryswap"},
		{"exec in a paused one", func() error {
			_, err := r.cl.ExecCreate(r.ctx, "cold", client.ExecCreateOptions{Cmd: []string{"sh"}})
			return err
		}, cerrdefs.IsConflict, "is paused"},
		{"no stream", func() error { _, err := r.cl.ContainerLogs(r.ctx, "web", client.ContainerLogsOptions{}); return err }, cerrdefs.IsInvalidArgument, "at least one stream"},
	} {
		r.Run(tt.name, func(t *testing.T) { (&rig{t, r.Engine, r.ctx, r.cl}).wantErr(tt.do(), tt.is, tt.want) })
	}
	resp, err := (&http.Client{Transport: transport(r.Engine)}).Get("http://lab/v1.41/nothing")
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Fatalf("unknown page: %v %v", resp, err)
	}
	var body struct{ Message string }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Message != "page not found" {
		t.Errorf("unknown page says %+v, %v", body, err)
	}
	resp.Body.Close()
}

func transport(e *Engine) *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialEngine(ctx, e) }}
}

// TestMarker: of many creations of one name exactly one wins.
func TestMarker(t *testing.T) {
	r := newRig(t, EngineOptions{Images: []string{"ops-lease:1"}})
	results := make(chan error, 20)
	for range 20 {
		go func() {
			_, err := r.cl.ContainerCreate(r.ctx, client.ContainerCreateOptions{Name: "ops-lease-web", Config: &container.Config{Image: "ops-lease:1", Labels: map[string]string{"ops.lease": "1"}}})
			results <- err
		}()
	}
	won := 0
	for range 20 {
		switch err := <-results; {
		case err == nil:
			won++
		case !cerrdefs.IsConflict(err):
			t.Errorf("a loser got %v", err)
		}
	}
	if c := r.inspect("ops-lease-web"); won != 1 || c.State.Status != "created" || c.Config.Labels["ops.lease"] != "1" {
		t.Errorf("%d won, the marker is %+v", won, c.State)
	}
	_, err := r.cl.ContainerCreate(r.ctx, client.ContainerCreateOptions{Name: "x", Config: &container.Config{Image: "nothing:1"}})
	r.wantErr(err, cerrdefs.IsNotFound, "No such image")
}

func TestWaitAndTop(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "web", Load: Load{PIDs: 3}})
	top, err := r.cl.ContainerTop(r.ctx, "web", client.ContainerTopOptions{})
	if err != nil || len(top.Processes) != 3 || !slices.Contains(top.Titles, "CMD") || len(top.Processes[0]) != len(top.Titles) {
		t.Errorf("top %+v, %v", top, err)
	}
	w := r.cl.ContainerWait(r.ctx, "web", client.ContainerWaitOptions{})
	r.Crash("web")
	select {
	case res := <-w.Result:
		if res.StatusCode != 1 {
			t.Errorf("exit code %d, want 1", res.StatusCode)
		}
	case err := <-w.Error:
		t.Error(err)
	}
	w = r.cl.ContainerWait(r.ctx, "web", client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
	r.Remove("web")
	select {
	case <-w.Result:
	case err := <-w.Error:
		t.Error(err)
	}
}
