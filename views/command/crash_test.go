package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCrash(t *testing.T) {
	dir := t.TempDir()
	var errOut bytes.Buffer
	code := Main(t.Context(), Options{Args: []string{"demo"}, Err: &errOut, Getenv: func(name string) string {
		return map[string]string{"XDG_STATE_HOME": dir}[name]
	}, StartDemo: func() (*Demo, error) { panic("a defect") }})
	reports, _ := filepath.Glob(filepath.Join(dir, "ringside", "crash-*.txt"))
	if code != ExitCrash || len(reports) != 1 || !strings.Contains(errOut.String(), reports[0]) {
		t.Fatalf("exit %d, %v, %s", code, reports, errOut.String())
	}
	text, err := os.ReadFile(reports[0])
	if err != nil || !strings.Contains(string(text), "a defect") || !strings.Contains(string(text), "TestCrash") {
		t.Errorf("%v: %s", err, text)
	}
	private(t, reports[0])
}

func TestLog(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "log")
	b.run(t, "containers", "show", "db", "--reveal", "--log", file)
	b.run(t, "containers", "stop", "db", "--yes", "--log", file)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `"kind":"container.stop"`) || strings.Contains(string(text), "tok_live") {
		t.Errorf("%v: %s", err, text)
	}
	private(t, file)
	if r := b.run(t, "status", "--log", filepath.Join(file, "x")); r.code != ExitUsage {
		t.Errorf("%+v", r)
	}
}

// private fails when others can read a file; Windows has no such modes.
func private(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%s has mode %v", file, mode)
	}
}

// TestLedgerBroken: looking works without a ledger, acting says what to do.
func TestLedgerBroken(t *testing.T) {
	b := newBench(t)
	dir := filepath.Join(b.env["XDG_STATE_HOME"], "ringside")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := b.run(t, "containers", "list"); r.code != ExitDone {
		t.Errorf("list: %+v", r)
	}
	if r := b.run(t, "containers", "stop", "db", "--yes"); r.code != ExitFailed || !strings.Contains(r.err, "nothing was started") || b.state(t, "db") != "running" {
		t.Errorf("stop: %+v", r)
	}
}
