package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBinary builds the program once and runs it as a user would, on the embedded
// fleet, with no home and no network.
func TestBinary(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "ringside")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tmp := t.TempDir()
	run := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), bin, args...)
		c.Env = []string{"HOME=" + tmp, "TMPDIR=" + tmp, "PATH=" + os.Getenv("PATH"), "USERPROFILE=" + tmp, "TMP=" + tmp, "SystemRoot=" + os.Getenv("SystemRoot")}
		c.Dir = tmp
		return c
	}
	// The demo has BMCs that do not answer.
	for args, code := range map[string]int{"demo status --output json": 3, "demo containers list --output json": 0, "demo power status sw004-sw010 --output json": 0} {
		c := run(strings.Fields(args)...)
		out, _ := c.Output()
		var rows []map[string]any
		if c.ProcessState.ExitCode() != code || json.Unmarshal(out, &rows) != nil || len(rows) < 5 {
			t.Errorf("%s: exit %d: %s", args, c.ProcessState.ExitCode(), out)
		}
	}
	for args, code := range map[string]int{"demo containers stop tokyo-1/shop-api-1 --dry-run": 1, "demo nonsense": 2, "": 2} {
		err := run(strings.Fields(args)...).Run()
		if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != code {
			t.Errorf("ringside %s: %v, want exit %d", args, err, code)
		}
	}
	// A signal ends what follows a log, and the demo tidies up.
	c := run("demo", "containers", "logs", "-f", "-n", "1", "tokyo-1/shop-api-1")
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Skipf("no signals here: %v", err)
	}
	timer := time.AfterFunc(30*time.Second, func() { c.Process.Kill() })
	defer timer.Stop()
	if err := c.Wait(); c.ProcessState.ExitCode() != 130 {
		t.Errorf("after an interrupt: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "ringside-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
