//go:build linux

package console_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/backends/lab"
	"ringside/views/command"
	"ringside/views/console/ptytest"
)

// TestSecretsGoNowhere plants secrets wherever Ringside meets some, uses the
// console and the command line, and looks for them in what was printed, in every
// file that was written and in the arguments of every process meanwhile.
func TestSecretsGoNowhere(t *testing.T) {
	const mark = "planted5ecret"
	l, file := served(t, []lab.EngineOptions{{Name: "one", Containers: []lab.ContainerSpec{{Name: "web-1",
		Env: []string{"API_TOKEN=" + mark + "-container", "DATABASE_URL=postgres://app:" + mark + "-url@db/app"}}}}})
	kept := filepath.Join(filepath.Dir(file), "kept")
	if err := os.WriteFile(kept, []byte(mark+"-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config = append(config, `
credentials:
  by-env: {username: a, password: {env: PLANTED}}
  by-file: {username: a, password: {file: kept}}
  by-command: {username: a, password: {command: [cat, `+kept+`]}}
  tells-all: {username: a, password: {command: "cat `+kept+`; cat `+kept+` >&2; exit 1"}}
`...)
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	home := append(state(t), "PLANTED="+mark+"-env")
	dir := strings.TrimPrefix(home[0], "XDG_STATE_HOME=")
	clean := func(where, text string) {
		t.Helper()
		if i := strings.Index(text, mark); i >= 0 {
			t.Errorf("%s has a secret: %q", where, text[max(0, i-60):min(len(text), i+40)])
		}
	}
	defer watchArguments(t, mark)()

	run := func(says, args string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), binary(t), append([]string{"--config", file, "--log", filepath.Join(dir, "command.log")}, strings.Fields(args)...)...)
		c.Env = append(os.Environ(), home...)
		out, _ := c.CombinedOutput()
		clean(args, string(out))
		if !strings.Contains(string(out), says) {
			t.Errorf("%s does not say %q: %s", args, says, out)
		}
	}
	run("by-command", "check")
	run("API_TOKEN", "containers show one/web-1 --output json")
	run("one", "status")
	run("done", "containers restart one/web-1 --yes --reason test")
	run("web-1", "runs list")

	s := open(t, file, home, "--log", filepath.Join(dir, "console.log"))
	s.See("Attention")
	s.Press("3")
	s.See("web-1", "sorted by")
	s.Press("enter")
	s.See("[Overview]")
	for range 7 {
		s.Press("tab")
		tidy(t, s)
	}
	s.See("[Inspect]")
	s.Press("T")
	s.See("restart one/web-1", "enter runs it")
	s.Press("enter")
	s.See("ended well", "enter close")
	clean("the console", s.Raw())
	s.Press("esc")
	s.Unsee("enter close")
	s.Press("tab", "tab")
	s.See("API_TOKEN")
	s.Press("v")
	s.See(mark + "-container") // it was there to be found
	s.Press("q")
	s.Exit(60 * time.Second)

	// So it is when the console crashes with all of that in its memory.
	s = ptytest.Open(t, ptytest.Options{Env: append(home, crashEnv+"="+file)}, os.Args[0], "demo", "--log", filepath.Join(dir, "crash.log"))
	s.See("Attention", "demo")
	s.Press("3")
	s.See("web-1", "sorted by")
	s.Press("enter", "tab")
	s.See("API_TOKEN")
	s.Press("v")
	s.See(mark + "-container")
	s.Press(":")
	s.See("choose")
	s.Press("fall")
	s.See("fall over")
	s.Press("enter")
	if code := s.Exit(60 * time.Second); code != command.ExitCrash {
		t.Errorf("exit %d after a crash:\n%s", code, s.Screen())
	}
	clean("what a crash leaves on the screen", s.Screen())
	reports, _ := filepath.Glob(filepath.Join(dir, "ringside", "crash-*.txt"))
	if len(reports) != 1 {
		t.Fatalf("crash reports: %q\n%s", reports, s.Screen())
	}
	if text, err := os.ReadFile(reports[0]); err != nil || !strings.Contains(string(text), "a command fell over") {
		t.Errorf("the report: %v %s", err, text)
	}

	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		clean(path, string(text))
		files++
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files were looked at, want three logs, the ledger and a crash report: %v", files, err)
	}
	if n := l.Engine("one").Calls()["POST /containers/{id}/restart"]; n != 2 {
		t.Errorf("the container was restarted %d times, want once from each side", n)
	}
}

// watchArguments looks at the arguments of all processes until the function that
// it returns is called.
func watchArguments(t *testing.T, secret string) (stop func()) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		found := map[string]bool{}
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, f := range all {
				if b, _ := os.ReadFile(f); strings.Contains(string(b), secret) && !found[string(b)] {
					found[string(b)] = true
					t.Errorf("a process has a secret in its arguments: %q", b)
				}
			}
			select {
			case <-end:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(end); wg.Wait() }
}
