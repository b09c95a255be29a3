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
	for _, args := range []string{"demo status --output json", "demo containers list --output json"} {
		out, err := run(strings.Fields(args)...).Output()
		var rows []map[string]any
		if err != nil || json.Unmarshal(out, &rows) != nil || len(rows) < 5 || rows[0]["engine"] == "" {
			t.Errorf("%s: %v: %s", args, err, out)
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
