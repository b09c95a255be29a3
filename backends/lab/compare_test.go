package lab

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// TestLikeTheRealOne does the same to a container of the lab and to one of a real
// engine and compares everything that the engines answer: the events' names and
// attributes, the statuses and words of refusals, the frames of the log, and the
// keys and types of the JSON. The lab may leave keys out, but not invent any.
func TestLikeTheRealOne(t *testing.T) {
	address := os.Getenv("RINGSIDE_TEST_ENGINE_A")
	path, ok := strings.CutPrefix(address, "unix://")
	if !ok && os.Getenv("RINGSIDE_REQUIRE_ENGINES") == "1" {
		t.Fatal("RINGSIDE_TEST_ENGINE_A names no engine on a unix socket")
	} else if !ok {
		t.Skip("RINGSIDE_TEST_ENGINE_A names no engine on a unix socket")
	}
	v := newSide(t, path)
	version, err := v.cl.ServerVersion(t.Context(), client.ServerVersionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, EngineOptions{API: version.APIVersion, Version: version.Version, Images: []string{"ringside-test/app:v1"}})
	l := newSide(t, r.socket)
	l.started = func(name string) { r.Log(name, "stdout", strings.Repeat("x", 40_000)+"\nafter the long line") }
	real, fake := v.record(), l.record()

	for _, key := range slices.Sorted(maps.Keys(fake)) {
		compare(t, key, fake[key], real[key])
	}
	for key := range real {
		if _, ok := fake[key]; !ok {
			t.Errorf("%s: only the real engine has it", key)
		}
	}
}

// compare says where the lab's JSON has keys or types that the real one has not.
func compare(t *testing.T, where string, fake, real any) {
	t.Helper()
	switch f := fake.(type) {
	case map[string]any:
		r, ok := real.(map[string]any)
		if !ok {
			t.Errorf("%s: an object, the real one is %T", where, real)
			return
		}
		for k, v := range f {
			rv, ok := r[k]
			if !ok {
				t.Errorf("%s.%s: %v, the real one has no such key", where, k, v)
				continue
			}
			if v != nil && rv != nil {
				compare(t, where+"."+k, v, rv)
			}
		}
	case []any:
		r, ok := real.([]any)
		if !ok {
			t.Errorf("%s: a list, the real one is %T", where, real)
		} else if len(f) > 0 && len(r) > 0 {
			compare(t, where+"[]", f[0], r[0])
		}
	case exactly:
		if f != real {
			t.Errorf("%s:\n lab  %s\n real %s", where, f, real)
		}
	default:
		if fmt.Sprintf("%T", fake) != fmt.Sprintf("%T", real) {
			t.Errorf("%s: %T, the real one is %T", where, fake, real)
		}
	}
}

// exactly is a text that has to be the same on both sides.
type exactly string

// side is one of the two engines.
type side struct {
	*testing.T
	cl      *client.Client
	http    *http.Client
	name    string
	id      string
	started func(name string)
}

func newSide(t *testing.T, socket string) *side {
	t.Helper()
	cl, err := client.New(client.WithHost("unix://" + socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return &side{T: t, cl: cl, name: fmt.Sprintf("ringside-lab-%d", os.Getpid()), started: func(string) {}, http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// call makes a bare request and returns the status and the body.
func (s *side) call(method, path string) (int, []byte) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, "http://engine"+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, b
}

func (s *side) tree(path string) (v any) {
	s.Helper()
	_, b := s.call(http.MethodGet, path)
	if err := json.Unmarshal(b, &v); err != nil {
		s.Fatalf("%s: %v in %s", path, err, b)
	}
	return v
}

// refused is the status and message, with identities taken out.
func (s *side) refused(method, path string) exactly {
	s.Helper()
	status, b := s.call(method, path)
	return exactly(fmt.Sprintf("%d %s", status, strings.NewReplacer(s.id, "ID", s.name, "NAME").Replace(strings.TrimSpace(string(b)))))
}

// record plays the script on one side.
func (s *side) record() map[string]any {
	t, ctx := s.T, s.Context()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	since := time.Now()
	port := network.MustParsePort("8080/tcp")
	made, err := s.cl.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: s.name,
		Config: &container.Config{
			Image: "ringside-test/app:v1", Cmd: []string{"-long", "40000", "-every", "1h"}, Env: []string{"A=b"},
			Labels: map[string]string{"k": "v"}, ExposedPorts: network.PortSet{port: {}},
			Healthcheck: &container.HealthConfig{Test: []string{"CMD", "/app", "-probe", "http://127.0.0.1:8080/healthz"}, Interval: time.Second, Retries: 1},
		},
		HostConfig: &container.HostConfig{
			NetworkMode: "none", Resources: container.Resources{Memory: 64 << 20, MemorySwap: 128 << 20, NanoCPUs: 5e8},
			PortBindings: network.PortMap{port: {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: "18080"}}},
			Mounts:       []mount.Mount{{Type: mount.TypeVolume, Source: s.name, Target: "/data"}},
		},
	})
	must("create", err)
	s.id = made.ID
	defer s.call(http.MethodDelete, "/volumes/"+s.name)
	defer s.call(http.MethodDelete, "/containers/"+s.id+"?force=1")
	c := "/containers/" + s.name
	out := map[string]any{
		"list created":    s.tree(`/containers/json?all=1&filters={"id":["` + s.id + `"]}`),
		"inspect created": s.tree(c + "/json"),
		"stop created":    s.refused("POST", c+"/stop"),
		"kill created":    s.refused("POST", c+"/kill"),
		"pause created":   s.refused("POST", c+"/pause"),
		"top created":     s.refused("GET", c+"/top"),
		"stats created":   s.tree(c + "/stats?stream=false&one-shot=true"),
	}
	_, err = s.cl.ContainerStart(ctx, s.name, client.ContainerStartOptions{})
	must("start", err)
	s.started(s.name)
	health := func() bool {
		in, err := s.cl.ContainerInspect(ctx, s.name, client.ContainerInspectOptions{})
		must("inspect", err)
		return in.Container.State.Health.Status == "healthy"
	}
	for deadline := time.Now().Add(60 * time.Second); !health() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	maps.Copy(out, map[string]any{
		"list running":    s.tree(`/containers/json?filters={"name":["` + s.name + `"]}`),
		"inspect running": s.tree(c + "/json"),
		"stats":           s.tree(c + "/stats?stream=false&one-shot=true"),
		"top":             s.tree(c + "/top"),
		"image":           s.tree("/images/ringside-test/app:v1/json"),
		"version":         s.tree("/version"),
		"info":            s.tree("/info"),
		"log":             s.frames(c + "/logs?stdout=1&timestamps=1"),
		"start running":   s.refused("POST", c+"/start"),
		"remove running":  s.refused("DELETE", c),
		"rename to same":  s.refused("POST", c+"/rename?name="+s.name),
		"rename badly":    s.refused("POST", c+"/rename?name=a%20b"),
		"kill strangely":  s.refused("POST", c+"/kill?signal=NOPE"),
		"unpause running": s.refused("POST", c+"/unpause"),
		"logs of nothing": s.refused("GET", c+"/logs"),
		"nobody":          s.refused("GET", "/containers/nobody/json"),
		"no image":        s.refused("GET", "/images/nothing:1/json"),
		"used image":      exactly(strings.Fields(string(s.refused("DELETE", "/images/ringside-test/app:v1")))[0]),
		"nothing":         s.refused("GET", "/nothing"),
		"too new":         s.refused("GET", "/v1.99/info"),
		"too old":         s.refused("GET", "/v1.11/info"),
		"little memory":   s.update(container.Resources{Memory: 1 << 20}),
		"over swap":       s.update(container.Resources{Memory: 256 << 20}),
		"minus memory":    s.update(container.Resources{Memory: -1, MemorySwap: -1}),
		"CPU quota":       s.update(container.Resources{CPUQuota: 1000}),
		"exec":            s.exec("sh", "-c", "exit 3"),
		"exec of nothing": s.exec("/no/such"),
		"exec of nobody":  s.exec("nosuch"),
	})
	x, err := s.cl.ExecCreate(ctx, s.name, client.ExecCreateOptions{Cmd: []string{"/app"}})
	must("exec", err)
	out["inspect exec"] = s.tree("/exec/" + x.ID + "/json")
	_, err = s.cl.ContainerPause(ctx, s.name, client.ContainerPauseOptions{})
	must("pause", err)
	out["list paused"] = s.tree(`/containers/json?filters={"status":["paused"]}`)
	out["pause again"] = s.refused("POST", c+"/pause")
	out["start paused"] = s.refused("POST", c+"/start")
	out["remove paused"] = s.refused("DELETE", c)
	for _, path := range []string{"/unpause", "/restart?t=2", "/kill", "/start", "/stop?t=2", "/rename?name=" + s.name + "-2"} {
		if status, b := s.call("POST", "/containers/"+s.id+path); status >= 300 {
			t.Fatalf("%s: %d %s", path, status, b)
		}
	}
	out["inspect exited"] = s.tree("/containers/" + s.id + "/json")
	_, err = s.cl.ContainerRemove(ctx, s.id, client.ContainerRemoveOptions{})
	must("remove", err)
	s.events(since, out)
	return out
}

func (s *side) update(r container.Resources) exactly {
	_, err := s.cl.ContainerUpdate(s.Context(), s.name, client.ContainerUpdateOptions{Resources: &r})
	return exactly(strings.ReplaceAll(fmt.Sprint(err), s.id, "ID"))
}

// exec runs a command and says how it ended.
func (s *side) exec(argv ...string) exactly {
	x, err := s.cl.ExecCreate(s.Context(), s.name, client.ExecCreateOptions{AttachStdout: true, AttachStderr: true, Cmd: argv})
	if err != nil {
		return exactly(err.Error())
	}
	a, err := s.cl.ExecAttach(s.Context(), x.ID, client.ExecAttachOptions{})
	if err != nil {
		return exactly(err.Error())
	}
	defer a.Close()
	text, _ := io.ReadAll(a.Reader)
	in, err := s.cl.ExecInspect(s.Context(), x.ID, client.ExecInspectOptions{})
	return exactly(fmt.Sprintf("missing %v, exit code %d, %v", strings.Contains(string(text), "no such file or directory"), in.ExitCode, err))
}

// frames reads a log's frames: stream, length without the timestamp, and the
// length of the timestamp that each begins with.
func (s *side) frames(path string) exactly {
	_, b := s.call(http.MethodGet, path)
	var out []string
	for len(b) >= 8 {
		n := int(binary.BigEndian.Uint32(b[4:8]))
		text := b[8 : 8+n]
		stamp := slices.Index(text, ' ')
		out = append(out, fmt.Sprintf("%d:%d+%d", b[0], stamp, n-stamp))
		b = b[8+n:]
	}
	return exactly(strings.Join(out, " "))
}

// events looks back: the sequence of the container's own, and each one's shape.
func (s *side) events(since time.Time, out map[string]any) {
	filters := url.QueryEscape(`{"container":["` + s.id + `"]}`)
	_, b := s.call(http.MethodGet, fmt.Sprintf("/events?since=%d&until=%d&filters=%s", since.Unix(), time.Now().Unix()+1, filters))
	var names []string
	for dec := json.NewDecoder(strings.NewReader(string(b))); ; {
		var v map[string]any
		if err := dec.Decode(&v); err != nil {
			break
		}
		action := v["Action"].(string)
		if v["Type"] != "container" || strings.HasPrefix(action, "exec_") || strings.HasPrefix(action, "health_status") || action == "attach" {
			continue // a real engine's health checks are executions
		}
		names = append(names, action)
		out["event "+action] = v
	}
	out["events"] = exactly(strings.Join(names, " "))
}
