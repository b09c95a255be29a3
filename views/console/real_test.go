//go:build linux

package console_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// real is a setting of the rig that runs real engines (.ci/engines). Without it
// the test is skipped; where engines are required it fails.
func real(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	switch {
	case v == "" && os.Getenv("RINGSIDE_REQUIRE_ENGINES") == "1":
		t.Fatalf("%s is not set, and real engines are required", name)
	case v == "":
		t.Skipf("%s is not set: no real engine to test with (see .ci/engines)", name)
	}
	return v
}

func run(t *testing.T, argv ...string) {
	t.Helper()
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
}

func TestARealEngineIsKilledAndReturns(t *testing.T) {
	victim, other := real(t, "RINGSIDE_TEST_ENGINE_C"), real(t, "RINGSIDE_TEST_ENGINE_A")
	rig, dir := real(t, "RINGSIDE_TEST_RIG"), real(t, "RINGSIDE_TEST_DIR")
	for n, host := range map[string]string{"victim-1": victim, "other-1": other} {
		run(t, "docker", "-H", host, "run", "-d", "--network", "none", "--restart", "always", "--name", n, "ringside-test/app:v1")
		t.Cleanup(func() { run(t, "docker", "-H", host, "rm", "-f", n) })
	}
	file := write(t, t.TempDir(), fmt.Sprintf("environment: development\nengines:\n  - {name: victim, address: %q}\n  - {name: other, address: %q}\n", victim, other))
	s := open(t, file, state(t))
	s.See("Attention")
	s.Press("3")
	s.See("victim-1", "other-1")

	b, err := os.ReadFile(filepath.Join(dir, "C", "docker.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	seen := s.Until("the victim's row stale", 60*time.Second, func(screen string) bool { return strings.Contains(line(screen, "victim-1"), "stale") })
	t.Logf("dockerd killed: stale with its age on the screen after %v", seen.Sub(killed).Round(time.Millisecond))
	if row := line(s.Screen(), "other-1"); strings.Contains(row, "stale") || !strings.Contains(row, "running") {
		t.Errorf("the other engine's row says %q", row)
	}
	back := time.Now()
	run(t, rig, "engine", dir, "C")
	seen = s.Until("the victim's row alive", 60*time.Second, func(screen string) bool { return strings.Contains(line(screen, "victim-1"), "running") })
	t.Logf("dockerd started again: live on the screen %v later", seen.Sub(back).Round(time.Millisecond))
}
