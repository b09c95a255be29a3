//go:build linux

package docker

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	dockerctx "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"

	"ringside/backends/fleet"
)

func TestLiveList(t *testing.T) {
	e := live(t, "A")
	id := run(t, e, func(_ *container.Config, h *container.HostConfig) {
		h.RestartPolicy = container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 3}
		h.NanoCPUs, h.Memory = 5e8, 64<<20
	})
	f, err := e.List(soon(t))
	must(t, err)
	if !strings.HasPrefix(f.Version, "2") || f.API == "" || f.ID == "" || f.CPUs == 0 || f.Memory == 0 || f.Insecure != "" || f.CgroupVersion == "" {
		t.Errorf("engine facts incomplete: %+v", f)
	}
	var c *Container
	for _, x := range f.Containers {
		if x.ID == id {
			c = x
		}
	}
	if c == nil {
		t.Fatal("container is not in the list")
	}
	if c.Image != "ringside-test/app" || c.Tag != "v1" || c.Digest != "" || c.State != Running || !c.Known ||
		c.Policy != "on-failure:3" || c.NanoCPUs != 5e8 || c.MemLimit != 64<<20 || c.Started.IsZero() ||
		c.Project != "shop" || c.Service != "web" || c.Site != "lab" || c.Labels["evil"] != "xy" {
		t.Errorf("container: %+v", *c)
	}
	d, err := e.Inspect(soon(t), c.Name)
	must(t, err)
	if d.Limits.Memory != 64<<20 || d.LogDriver != "json-file" || len(d.NetworkList) != 1 || !strings.Contains(string(d.Raw), id) || strings.ContainsRune(string(d.Raw), 0x1b) {
		t.Errorf("detail: %+v", d)
	}
	p, err := e.Top(soon(t), id)
	must(t, err)
	if len(p.Rows) != 1 || len(p.Titles) != len(p.Rows[0]) {
		t.Errorf("processes: %+v", p)
	}
	if _, err := e.Get(soon(t), "no-such-container"); !IsNotFound(err) {
		t.Errorf("Get of nothing: %v", err)
	}
	if _, err := e.Get(soon(t), "../info"); err == nil || IsNotFound(err) {
		t.Errorf("Get of a path: %v", err)
	}
	if _, digests, err := e.Image(soon(t), appImage); err != nil || len(digests) != 0 {
		t.Errorf("a built image has no digest: %v %v", digests, err)
	}
}

func TestLiveEvents(t *testing.T) {
	e := live(t, "A")
	s, _ := watchIt(t, e)
	until(t, "first list", func() bool { return s.facts(e) != nil })
	id := create(t, e, func(c *container.Config, _ *container.HostConfig) {
		c.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "/app", "-probe", "http://127.0.0.1:8080/healthz"}, Interval: 300 * time.Millisecond, Timeout: time.Second, Retries: 1}
	}, "-unhealthy-after", "3s")
	see := func(what string, ok func(*Container) bool) {
		t.Helper()
		until(t, what, func() bool { c := s.container(e, id); return c != nil && ok(c) })
	}
	see("created", func(c *Container) bool { return c.State == Created })
	must(t, e.Start(soon(t), id))
	see("started", func(c *Container) bool { return c.State == Running && c.Known && !c.Started.IsZero() })
	see("healthy", func(c *Container) bool { return c.Health == Healthy })
	see("unhealthy", func(c *Container) bool { return c.Health == Unhealthy })
	name := s.container(e, id).Name + "-renamed"
	must(t, e.Rename(soon(t), id, name))
	see("renamed", func(c *Container) bool { return c.Name == name })
	must(t, e.Pause(soon(t), id))
	see("paused", func(c *Container) bool { return c.State == Paused })
	must(t, e.Unpause(soon(t), id))
	must(t, e.Kill(soon(t), id, ""))
	see("died", func(c *Container) bool { return c.State == Exited && c.Known && c.ExitCode == 137 })
	old := s.facts(e)
	must(t, e.Remove(soon(t), id, false, false))
	until(t, "removed", func() bool { return s.container(e, id) == nil })
	for _, c := range old.Containers {
		if c.ID == id && c.State != Exited {
			t.Error("facts that were handed out have changed")
		}
	}
	still := s.get(e.Name())
	until(t, "facts that stay while their age moves on", func() bool {
		now := s.get(e.Name())
		if now.Facts != still.Facts { // other tests use this engine as well
			still = now
		}
		return now.At.After(still.At)
	})
}

func TestLiveStats(t *testing.T) {
	e := live(t, "A")
	id := run(t, e, func(_ *container.Config, h *container.HostConfig) { h.NanoCPUs = 3e8 }, "-burn")
	stopped := create(t, e, nil)
	s, _ := watchIt(t, e)
	e.Look([]string{id, stopped})
	stats := func() *Stats {
		f, _ := s.get(e.Name() + "/stats").Facts.(*StatsFacts)
		if f == nil {
			return nil
		}
		if f.Stats[stopped] != nil {
			t.Error("stats of a container that does not run")
		}
		return f.Stats[id]
	}
	until(t, "two samples", func() bool { st := stats(); return st != nil && len(st.CPUHistory) >= 2 })
	if st := stats(); st.CPU < 5 || st.CPU > 60 || st.Memory <= 0 || st.Memory > 200<<20 || st.PIDs == 0 || math.IsNaN(st.NetRx) {
		t.Errorf("stats of a container held to 30 %%: %+v", st)
	}
	one, err := e.Sample(soon(t), []string{id}, 300*time.Millisecond)
	must(t, err)
	if st := one.Stats[id]; st == nil || st.CPU < 1 {
		t.Errorf("sample: %+v", st)
	}
}

// kill9 kills the dockerd of an engine the hard way.
func kill9(t *testing.T, engine string) {
	t.Helper()
	b, err := os.ReadFile(liveEnv(t, "RINGSIDE_TEST_DIR") + "/" + engine + "/docker.pid")
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

func TestLiveEngineKilled(t *testing.T) {
	e, other := live(t, "D"), live(t, "A")
	id := create(t, e, nil)
	s, _ := watchIt(t, e)
	so, _ := watchIt(t, other)
	until(t, "first lists", func() bool { return s.container(e, id) != nil && so.facts(other) != nil })
	rig, dir := liveEnv(t, "RINGSIDE_TEST_RIG"), liveEnv(t, "RINGSIDE_TEST_DIR")
	at := time.Now()
	kill9(t, "D")
	t.Cleanup(func() { // also when the test fails half way
		if _, _, err := New(e.spec).Ping(soon(t)); err != nil {
			must(t, exec.Command(rig, "engine", dir, "D").Run())
		}
	})
	until(t, "the failure is reported", func() bool { return s.get(e.Name()).Err != nil })
	t.Logf("kill -9 of dockerd: reported after %v as: %v", time.Since(at), s.get(e.Name()).Err)
	must(t, exec.Command(rig, "engine", dir, "D").Run())
	at = time.Now()
	until(t, "recovery", func() bool { return s.get(e.Name()).Err == nil && s.container(e, id) != nil })
	t.Logf("recovered %v after it answered again", time.Since(at))
	if r := so.get(other.Name()); r.Err != nil {
		t.Errorf("the other engine suffered: %v", r.Err)
	}
}

// A hung engine keeps its connections open and says nothing.
func TestLiveEngineHangs(t *testing.T) {
	e := live(t, "D")
	s, _ := watchIt(t, e)
	until(t, "first list", func() bool { return s.facts(e) != nil })
	b, err := os.ReadFile(liveEnv(t, "RINGSIDE_TEST_DIR") + "/D/docker.pid")
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	at := time.Now()
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	goOn := func() { must(t, syscall.Kill(pid, syscall.SIGCONT)) }
	defer goOn()
	until(t, "the silence is reported", func() bool { return s.get(e.Name()).Err != nil })
	t.Logf("stopped dockerd: reported after %v as: %v", time.Since(at), s.get(e.Name()).Err)
	goOn()
	until(t, "recovery", func() bool { return s.get(e.Name()).Err == nil })
}

func TestLiveTLS(t *testing.T) {
	address := liveEnv(t, "RINGSIDE_TEST_TLS")
	good := fleet.TLS{CA: liveEnv(t, "RINGSIDE_TEST_TLS_CA"), Cert: liveEnv(t, "RINGSIDE_TEST_TLS_CERT"), Key: liveEnv(t, "RINGSIDE_TEST_TLS_KEY")}
	with := func(change func(*fleet.Engine)) fleet.Engine {
		tls := good
		spec := fleet.Engine{Name: "tls", Address: address, TLS: &tls}
		change(&spec)
		return spec
	}
	for _, tc := range []struct {
		name, want string
		spec       fleet.Engine
	}{
		{"mutual", "", with(func(*fleet.Engine) {})},
		{"not verified", "", with(func(s *fleet.Engine) { s.TLS.SkipVerify, s.TLS.CA = true, "" })},
		{"unknown authority", "not trusted", with(func(s *fleet.Engine) { s.TLS.CA = liveEnv(t, "RINGSIDE_TEST_TLS_BAD_CERT") })},
		{"other name", "another name", with(func(s *fleet.Engine) { s.TLS.ServerName = "else.example" })},
		{"stranger", "client certificate", with(func(s *fleet.Engine) {
			s.TLS.Cert, s.TLS.Key = liveEnv(t, "RINGSIDE_TEST_TLS_BAD_CERT"), liveEnv(t, "RINGSIDE_TEST_TLS_BAD_KEY")
		})},
		{"plain to TLS", "TLS", with(func(s *fleet.Engine) { s.TLS, s.Plain = nil, true })},
		{"neither", "neither tls nor plain", with(func(s *fleet.Engine) { s.TLS = nil })},
		{"no file", "cannot read a TLS file", with(func(s *fleet.Engine) { s.TLS.CA = "/nonexistent/ca.pem" })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := opened(t, tc.spec)
			f, err := e.List(soon(t))
			if tc.want == "" {
				must(t, err)
				if (f.Insecure != "") != tc.spec.TLS.SkipVerify {
					t.Errorf("Insecure = %q", f.Insecure)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			var own *Error
			if !errors.As(err, &own) || own.Engine != "tls" {
				t.Errorf("not an *Error: %T", err)
			}
		})
	}
	t.Run("context", func(t *testing.T) { // the same files in the docker command's store
		dir := t.TempDir()
		t.Setenv("DOCKER_CONFIG", dir)
		s := contextStore(os.Getenv)
		data := store.EndpointTLSData{Files: map[string][]byte{}}
		for name, file := range map[string]string{"ca.pem": good.CA, "cert.pem": good.Cert, "key.pem": good.Key} {
			b, err := os.ReadFile(file)
			must(t, err)
			data.Files[name] = b
		}
		for name, tls := range map[string]*store.EndpointTLSData{"sealed": &data, "bare": nil} {
			must(t, s.CreateOrUpdate(store.Metadata{Name: name, Metadata: contextMeta{}, Endpoints: map[string]any{"docker": dockerctx.EndpointMeta{Host: address}}}))
			must(t, s.ResetEndpointTLSMaterial(name, "docker", tls))
		}
		found, notices := Discover(func(k string) string { return map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "sealed"}[k] })
		if len(found) == 0 || found[0].Context != "sealed" || len(notices) > 0 {
			t.Fatalf("found %+v, %q", found, notices)
		}
		f, err := opened(t, found[0]).List(soon(t))
		must(t, err)
		if f.Insecure != "" {
			t.Errorf("Insecure = %q", f.Insecure)
		}
		if _, err = opened(t, fleet.Engine{Name: "bare", Context: "bare"}).List(soon(t)); err == nil || !strings.Contains(err.Error(), "expects TLS") {
			t.Errorf("without its files: %v", err)
		}
	})
	t.Run("shell", func(t *testing.T) { // the hijacked stream over TLS
		e := opened(t, with(func(*fleet.Engine) {}))
		id := run(t, e, nil)
		if out, code := typed(t, e, id, "hello\nexit 7\n"); code != 7 || !strings.Contains(out, "echo: hello") {
			t.Errorf("exit code %d, output %q", code, out)
		}
	})
}
