package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ringside/actions"
)

// TestMain lets the test binary be another console: it opens the ledger, waits for
// a line, begins a run on one target, says how that went, and stays until its
// input ends.
func TestMain(m *testing.M) {
	path := os.Getenv("RINGSIDE_TEST_LEDGER")
	if path == "" {
		os.Exit(m.Run())
	}
	in := bufio.NewReader(os.Stdin)
	l, err := Open(context.Background(), path)
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	in.ReadString('\n')
	run := record(fmt.Sprintf("run of %d", os.Getpid()), 3, web)
	var held *actions.HeldError
	switch err := l.Begin(context.Background(), run); {
	case err == nil:
		fmt.Println("won")
	case errors.As(err, &held):
		fmt.Println("held by", held.Lock.Actor.PID)
	default:
		fmt.Println("error:", err)
	}
	io.Copy(io.Discard, in)
}

type console struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startConsole(t *testing.T, path string) *console {
	t.Helper()
	c := &console{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), "RINGSIDE_TEST_LEDGER="+path)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.in.Close(); c.Wait() })
	return c
}

func (c *console) line(t *testing.T) string {
	t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(s)
}

// Consoles that start together, on a ledger that does not exist yet, fight for one
// target: exactly one gets it, and the others are told which.
func TestConsolesFightForATarget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	consoles := make([]*console, 6)
	for i := range consoles {
		consoles[i] = startConsole(t, path)
	}
	for _, c := range consoles {
		if got := c.line(t); got != "ready" {
			t.Fatal(got)
		}
	}
	for _, c := range consoles {
		fmt.Fprintln(c.in, "go")
	}
	var winner *console
	answers := map[*console]string{}
	for _, c := range consoles {
		if answers[c] = c.line(t); answers[c] == "won" {
			if winner != nil {
				t.Fatal("two consoles have the target")
			}
			winner = c
		}
	}
	if winner == nil {
		t.Fatalf("nobody has the target: %v", answers)
	}
	for c, got := range answers {
		if want := fmt.Sprint("held by ", winner.Process.Pid); c != winner && got != want {
			t.Errorf("another console says %q, want %q", got, want)
		}
	}

	// The winner is killed; not yet waited for it is a zombie, and as good as gone.
	if err := winner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for alive, end := true, time.Now().Add(60*time.Second); alive; _, alive = process(winner.Process.Pid) {
		if time.Now().After(end) {
			t.Fatal("a killed process still counts as alive")
		}
		runtime.Gosched()
	}
	l := open(t, path)
	if err := l.Begin(t.Context(), record("after", 1, web)); err != nil {
		t.Errorf("the lock of a killed console was not taken over: %v", err)
	}
	left, err := l.Runs(t.Context(), actions.RunQuery{Unfinished: true})
	if err != nil || len(left) != 1 || left[0].Actor.PID != winner.Process.Pid {
		t.Errorf("unfinished runs: %+v, %v", left, err)
	}
}
