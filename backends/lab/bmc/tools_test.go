package bmc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tool finds a program that speaks IPMI, or skips.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err == nil {
			return path
		}
		if os.Getenv("RINGSIDE_REQUIRE_BMCS") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed (Debian: ipmitool, freeipmi-tools)", name)
	}
	return path
}

// run runs a program with the lab's password in its environment.
func run(t *testing.T, s *BMCs, argv ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "IPMITOOL_PASSWORD="+s.password)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// ipmitool runs ipmitool on a BMC with a cipher suite.
func ipmitool(t *testing.T, s *BMCs, b *BMC, suite int, args ...string) string {
	t.Helper()
	argv := append([]string{tool(t, "ipmitool"), "-I", "lanplus", "-H", "127.0.0.1", "-p", fmt.Sprint(b.Port()),
		"-U", Username, "-E", "-C", fmt.Sprint(suite)}, args...)
	out, err := run(t, s, argv...)
	if err != nil {
		t.Fatalf("ipmitool %v: %v\n%s", args, err, out)
	}
	return out
}

func TestIpmitool(t *testing.T) {
	for _, suite := range []int{3, 17} {
		s := startLab(t, Options{Speed: 50, Hosts: Many(1)})
		b := s.Host("sw001")
		is := func(want string, args ...string) {
			t.Helper()
			if got := ipmitool(t, s, b, suite, args...); !strings.Contains(got, want) {
				t.Errorf("suite %d, %v:\n%s\nwant %q", suite, args, got, want)
			}
		}
		is("Chassis Power is on", "power", "status")
		is("Down/Off", "power", "off")
		until(t, "off", func() bool { return b.Power() == "Off" })
		is("Chassis Power is off", "power", "status")
		is("Up/On", "power", "on")
		until(t, "on", func() bool { return b.Power() == "On" })
		is("Chassis Power is on", "power", "status")
	}
}

func startLab(t testing.TB, o Options) *BMCs {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
