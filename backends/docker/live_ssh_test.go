//go:build linux

package docker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringside/backends/fleet"
)

func sshSpec(t testing.TB) fleet.Engine {
	return fleet.Engine{Name: "far", Address: liveEnv(t, "RINGSIDE_TEST_SSH"), Socket: liveEnv(t, "RINGSIDE_TEST_SSH_SOCKET")}
}

// children returns the processes that this one has started and not yet waited for.
func children(t testing.TB) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, f := range all {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has just ended
		}
		var pid, parent int
		var state string
		fmt.Sscan(string(b), &pid)
		fmt.Sscan(string(b[strings.LastIndexByte(string(b), ')')+1:]), &state, &parent)
		if parent == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestLiveSSH(t *testing.T) {
	e := opened(t, sshSpec(t))
	s, _ := watchIt(t, e)
	until(t, "list over ssh", func() bool { return s.facts(e) != nil })
	id := run(t, e, nil)
	until(t, "event over ssh", func() bool { c := s.container(e, id); return c != nil && c.State == Running })
	if out, code := typed(t, e, id, "hello\nexit 5\n"); code != 5 || !strings.Contains(out, "echo: hello") {
		t.Errorf("exit code %d, output %q", code, out)
	}
	pids := children(t)
	if len(pids) != 1 {
		t.Fatalf("%d ssh processes for one engine", len(pids))
	}
	at := time.Now()
	must(t, syscall.Kill(pids[0], syscall.SIGKILL))
	until(t, "the loss is reported", func() bool { return s.get(e.Name()).Err != nil })
	t.Logf("ssh killed: reported after %v as: %v", time.Since(at), s.get(e.Name()).Err)
	until(t, "recovery", func() bool { return s.get(e.Name()).Err == nil && len(children(t)) == 1 })
	t.Logf("recovered %v after the kill", time.Since(at))
}

func TestLiveSSHRefused(t *testing.T) {
	spec := sshSpec(t)
	real := liveEnv(t, "RINGSIDE_SSH")
	program := func(t *testing.T, options string) {
		f := filepath.Join(t.TempDir(), "ssh")
		must(t, os.WriteFile(f, fmt.Appendf(nil, "#!/bin/sh\nexec %s %s \"$@\"\n", real, options), 0o755))
		t.Setenv("RINGSIDE_SSH", f)
	}
	other := filepath.Join(t.TempDir(), "known_hosts")
	pub, err := os.ReadFile(liveEnv(t, "RINGSIDE_TEST_DIR") + "/ssh/id.pub")
	must(t, err)
	host := strings.TrimPrefix(spec.Address, "ssh://root@127.0.0.1:")
	must(t, os.WriteFile(other, []byte("[127.0.0.1]:"+host+" "+string(pub)), 0o600))
	for _, tc := range []struct {
		name, options, socket, want string
		lasting                     bool
	}{
		{"unknown host", "-o UserKnownHostsFile=/dev/null", spec.Socket, "host key of 127.0.0.1 is not known", true},
		{"changed host", "-o UserKnownHostsFile=" + other, spec.Socket, "host key of 127.0.0.1 has changed", true},
		{"no key", "-o IdentityFile=/dev/null -o IdentityAgent=none -F none -o UserKnownHostsFile=" + filepath.Join(filepath.Dir(real), "ssh/known_hosts"), spec.Socket, "does not let us in", true},
		{"no socket", "", "/nonexistent.sock", "socket on 127.0.0.1 cannot be opened", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			program(t, tc.options)
			spec := spec
			spec.Socket = tc.socket
			e := opened(t, spec)
			_, _, err := e.Ping(soon(t))
			if err == nil || !strings.Contains(err.Error(), tc.want) || lasting(err) != tc.lasting {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	t.Run("no ssh", func(t *testing.T) {
		t.Setenv("RINGSIDE_SSH", "/nonexistent/ssh")
		if _, _, err := opened(t, spec).Ping(soon(t)); err == nil || !strings.Contains(err.Error(), "ssh cannot be started") {
			t.Errorf("error %v", err)
		}
	})
}

// Neither a process nor a goroutine nor a directory may stay behind.
func TestLiveNothingLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	specs := []fleet.Engine{sshSpec(t), {Name: "near", Address: liveEnv(t, "RINGSIDE_TEST_ENGINE_A")}}
	round := func() {
		set := NewSet(specs)
		for _, e := range set.All() {
			s, stop := watchIt(t, e)
			until(t, "list", func() bool { return s.facts(e) != nil })
			e.Look([]string{"0123"})
			stop()
		}
		must(t, set.Close())
	}
	round()
	before := runtime.NumGoroutine()
	for range 20 {
		round()
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	if pids := children(t); len(pids) != 0 {
		t.Errorf("processes left: %v", pids)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 0 {
		t.Errorf("files left: %v", left)
	}
	// A closed engine does not come back to life.
	e := New(specs[0])
	must(t, e.Close())
	if _, err := e.List(context.Background()); err == nil || len(children(t)) != 0 {
		t.Errorf("closed engine: %v", err)
	}
}
