//go:build unix

package bmc

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ringside/backends/fleet"
)

// The tests in live_*_test.go need BMCs that are not ours: `.ci/bmcs up DIR` starts
// them and DIR/env says where they are. RINGSIDE_REQUIRE_BMCS=1 makes their absence
// a failure.

func liveEnv(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" && os.Getenv("RINGSIDE_REQUIRE_BMCS") == "1" {
		t.Fatalf("%s is not set: run .ci/bmcs up DIR and source DIR/env", name)
	}
	if v == "" {
		t.Skipf("%s is not set: no real BMCs (see .ci/bmcs)", name)
	}
	return v
}

// simulators returns the addresses of the simulated BMCs.
func simulators(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(liveEnv(t, "RINGSIDE_TEST_IPMI"))
	must(t, err)
	return strings.Fields(string(b))
}

// simulator is one BMC of the rig, which a test has for itself.
type simulator struct {
	t       testing.TB
	number  int
	address string
}

// sim returns simulator number n, 1 being the first. Tests that stop or switch it
// use numbers of their own.
func sim(t testing.TB, n int) simulator {
	t.Helper()
	all := simulators(t)
	if n > len(all) {
		t.Fatalf("the rig has %d BMCs, this test wants number %d", len(all), n)
	}
	return simulator{t, n, all[n-1]}
}

func (s simulator) rig(args ...string) string {
	s.t.Helper()
	cmd := append([]string{args[0], liveEnv(s.t, "RINGSIDE_TEST_IPMI_DIR")}, args[1:]...)
	out, err := exec.Command(liveEnv(s.t, "RINGSIDE_TEST_IPMI_RIG"), cmd...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v: %v: %s", cmd, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s simulator) pid() int {
	s.t.Helper()
	n, err := strconv.Atoi(s.rig("pid", strconv.Itoa(s.number)))
	must(s.t, err)
	return n
}

// freeze makes it silent until the returned function is called or the test ends.
func (s simulator) freeze() (thaw func()) {
	s.t.Helper()
	pid := s.pid()
	must(s.t, syscall.Kill(pid, syscall.SIGSTOP))
	thaw = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	s.t.Cleanup(thaw)
	return thaw
}

// kill ends it; start brings it back.
func (s simulator) kill() {
	s.t.Helper()
	pid := s.pid()
	must(s.t, syscall.Kill(pid, syscall.SIGKILL))
	until(s.t, "the simulator is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	s.t.Cleanup(func() {
		if syscall.Kill(s.pid(), 0) != nil {
			s.start()
		}
	})
}

func (s simulator) start() { s.t.Helper(); s.rig("start", strconv.Itoa(s.number)) }

func (s simulator) host(change func(*fleet.BMC)) fleet.Host {
	b := &fleet.BMC{Address: s.address, Port: 623, Credential: "sim", Driver: "ipmi"}
	if change != nil {
		change(b)
	}
	return fleet.Host{Name: fmt.Sprintf("sim%03d", s.number), BMC: b}
}

// controller returns a controller for it, closed at the end of the test.
func (s simulator) controller(change func(*fleet.BMC)) *Controller {
	return opened(s.t, New(s.host(change), account(s.t, "admin", "secret")))
}
