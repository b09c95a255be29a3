package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/moby/moby/api/types/system"
)

func (e *Engine) ping(a *answer, r *http.Request) {
	h := a.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Builder-Version", "2")
	h.Set("Swarm", "inactive")
	h.Set("Content-Length", "2")
	if r.Method == http.MethodGet {
		_, _ = a.Write([]byte("OK"))
	}
}

const kernel = "6.12.57-cloud-amd64"

func (e *Engine) version(a *answer, _ *http.Request) {
	a.json(http.StatusOK, system.VersionResponse{
		Platform: system.PlatformInfo{Name: "Docker Engine - Community"},
		Components: []system.ComponentVersion{
			{Name: "Engine", Version: e.opts.Version, Details: map[string]string{"ApiVersion": e.opts.API, "Os": "linux", "Arch": runtime.GOARCH}},
			{Name: "containerd", Version: "v1.7.28"},
			{Name: "runc", Version: "1.3.0"},
		},
		Version: e.opts.Version, APIVersion: e.opts.API, MinAPIVersion: fmt.Sprintf("1.%d", e.oldestAPI()),
		GitCommit: "f8215cc", GoVersion: runtime.Version(), Os: "linux", Arch: runtime.GOARCH,
		KernelVersion: kernel, BuildTime: "2026-01-14T10:00:00.000000000+00:00",
	})
}

// old says whether the engine is of the age of Docker 20.10, before it began to
// answer as engines do today.
func (e *Engine) old() bool { return e.api < 44 }

// oldestAPI is the oldest minor version that the engine still speaks.
func (e *Engine) oldestAPI() int {
	switch {
	case e.old():
		return 12
	case e.api < 52:
		return 24
	}
	return 44
}

// cgroup is the cgroup version of the host: hosts with an old engine are old.
func (e *Engine) cgroup() string {
	if e.old() {
		return "1"
	}
	return "2"
}

func (e *Engine) info(a *answer, _ *http.Request) {
	e.mu.Lock()
	in := system.Info{
		ID: e.id, Name: e.opts.Name, Containers: len(e.order), Images: len(e.images.byID),
		ServerVersion: e.opts.Version, NCPU: e.opts.CPUs, MemTotal: e.opts.Memory,
		OSType: "linux", OperatingSystem: "Debian GNU/Linux 12 (bookworm)", OSVersion: "12", Architecture: "x86_64", KernelVersion: kernel,
		Driver: "overlay2", DriverStatus: [][2]string{{"Backing Filesystem", "extfs"}, {"Supports d_type", "true"}},
		CgroupDriver: "systemd", CgroupVersion: e.cgroup(), LoggingDriver: "json-file", DockerRootDir: "/var/lib/docker",
		DefaultRuntime: "runc", Runtimes: map[string]system.RuntimeWithStatus{"runc": {Runtime: system.Runtime{Path: "runc"}}},
		MemoryLimit: true, SwapLimit: true, CPUCfsPeriod: true, CPUCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
		IPv4Forwarding: true, NEventsListener: len(e.events.listeners), LiveRestoreEnabled: e.opts.LiveRestore,
		SystemTime: e.now().Format(time.RFC3339Nano), IndexServerAddress: "https://index.docker.io/v1/",
		SecurityOptions: []string{"name=apparmor", "name=seccomp,profile=builtin"},
	}
	if e.free != nil {
		in.DriverStatus = append(in.DriverStatus, [2]string{"Data Space Available", fmt.Sprintf("%dB", *e.free)})
	}
	in.Swarm.LocalNodeState = "inactive"
	for _, c := range e.order {
		switch c.state {
		case running, restarting:
			in.ContainersRunning++
		case paused:
			in.ContainersPaused++
		default:
			in.ContainersStopped++
		}
	}
	e.mu.Unlock()
	v := tree(in)
	if e.old() {
		delete(v, "CDISpecDirs")
	}
	a.json(http.StatusOK, v)
}

// tree lays an answer out as a tree, from which the fields can be taken that the
// API module knows and an older engine does not.
func tree(v any) (t map[string]any) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		panic("lab: " + err.Error()) // the module's types always marshal
	}
	return t
}

// now is the engine's clock.
func (e *Engine) now() time.Time { return e.lab.opts.Now() }
