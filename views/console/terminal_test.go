//go:build linux

package console_test

// What a human would see: the real binary in a terminal, on engines of the lab.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"ringside/backends/lab"
	"ringside/views/console/ptytest"
)

// open serves the engines of a lab to a console. Several consoles opened with
// the same home share their ledger.
func open(t *testing.T, file string, home []string, args ...string) *ptytest.Session {
	t.Helper()
	return ptytest.Open(t, ptytest.Options{Env: home}, append([]string{binary(t), "--config", file}, args...)...)
}

func two(takes time.Duration) []lab.EngineOptions {
	web := func(name string) lab.ContainerSpec { return lab.ContainerSpec{Name: name, Takes: takes} }
	return []lab.EngineOptions{
		{Name: "one", Containers: []lab.ContainerSpec{web("web-1"), web("api-1")}},
		{Name: "two", Containers: []lab.ContainerSpec{web("web-2"), web("api-2")}},
	}
}

func TestADeadEngineIsSeenAndComesBack(t *testing.T) {
	l, file := served(t, two(0))
	s := open(t, file, state(t))
	s.See("Attention", "nothing")
	s.Press("3")
	s.See("web-1", "web-2", "4 up")
	killed := time.Now()
	l.Engine("one").Stop()
	seen := s.See("stale")
	t.Logf("killed at 0, shown as stale after %v", seen.Sub(killed).Round(time.Millisecond))
	row := line(s.Screen(), "web-2")
	if strings.Contains(row, "stale") || !strings.Contains(row, "running") {
		t.Errorf("the other engine's row says %q", row)
	}
	s.Press("1")
	s.See("one", "critical")
	l.Engine("one").Start()
	s.Unsee("critical")
}

func TestNothingRawReachesTheTerminal(t *testing.T) {
	evil := "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[1;1Hevil"
	l, file := served(t, []lab.EngineOptions{{Name: "one", Containers: []lab.ContainerSpec{
		{Name: "a" + evil, Image: "img" + evil + ":1", Labels: map[string]string{"x" + evil: evil}, Env: []string{"A=" + evil}},
		{Name: "請求書処理"}, {Name: "🚀rocket"},
	}}})
	s := open(t, file, state(t))
	s.See("Attention")
	s.Press("3")
	s.See("aevil", "請求書処理", "🚀rocket")
	tidy(t, s)
	s.Press("l")
	s.See("follow")
	for _, text := range []string{"plain", evil, "\x1b[10;10Hjump\rback\x08\x08", "tab\tstop", strings.Repeat("x", 1<<20), "\x9b31mred\u202egnol", "last line"} {
		l.Engine("one").Log("a"+evil, "stdout", text)
	}
	s.See("last line")
	tidy(t, s)
	s.Press("esc") // alone, or the terminal would take it for alt+enter
	s.Unsee("last line")
	s.Press("enter")
	s.See("Overview")
	for range 7 {
		tidy(t, s)
		s.Press("tab")
	}
	s.See("[Inspect]")
	tidy(t, s)
	s.Press("q")
	s.Exit(60 * time.Second)
	for _, o := range s.Strings() {
		if strings.HasPrefix(o, "]52") || strings.Contains(o, "ZXZpbA") {
			t.Errorf("the terminal was sent %q", o)
		}
	}
}

// tidy checks that the frame is whole: the header in its first line, hints in its
// last, and no line wider than the screen.
func tidy(t *testing.T, s *ptytest.Session) {
	t.Helper()
	s.Until("whole frame", 60*time.Second, func(screen string) bool {
		lines := strings.Split(screen, "\n")
		for _, l := range lines {
			if ansi.StringWidth(l) > 80 {
				return false
			}
		}
		return strings.HasPrefix(lines[0], " RINGSIDE") && strings.Contains(lines[1], "Containers") && strings.Contains(lines[23], "  ")
	})
}

func TestTwoConsolesStopTheSameContainer(t *testing.T) {
	l, file := served(t, two(0))
	home := state(t)
	first, second := open(t, file, home), open(t, file, home)
	for _, s := range []*ptytest.Session{first, second} {
		s.See("Attention")
		s.Press("3")
		s.See("api-1")
		s.Press("X")
		s.See("stop one/api-1", "enter runs it")
	}
	l.Engine("one").Slow(3 * time.Second) // so that the first is still at it
	first.Press("enter")
	first.See("to the background")
	second.Press("enter")
	second.Until("the holder's name", 60*time.Second, func(screen string) bool {
		return strings.Contains(screen, "locked by") && strings.Contains(strings.Join(strings.Fields(screen), ""), fmt.Sprintf("pid%d", first.Cmd.Process.Pid))
	})
	l.Engine("one").Slow(0)
	first.See("done")
	if n := l.Engine("one").Calls()["POST /containers/{id}/stop"]; n != 1 {
		t.Errorf("the engine was asked to stop it %d times: %v", n, l.Engine("one").Calls())
	}
}

func TestLosingTheSessionLosesNothing(t *testing.T) {
	l, file := served(t, two(0))
	home := state(t)
	s := open(t, file, home)
	s.See("Attention")
	s.Press("3")
	s.See("api-1")
	s.Press("*", "X")
	s.See("stop 4 containers", "enter runs it")
	l.Engine("one").Slow(3 * time.Second)
	l.Engine("two").Slow(3 * time.Second)
	s.Press("enter")
	s.See("to the background")
	s.Cmd.Process.Signal(syscall.SIGKILL)
	s.Exit(60 * time.Second)
	l.Engine("one").Slow(0)
	l.Engine("two").Slow(0)

	s = open(t, file, home)
	s.See("stop 4 containers", "resume")
	s.Insist("u", "enter runs it") // a dialog that opens by itself takes no key at first
	s.Press("enter")
	s.See("enter close") // a step is done before the run is
	s.Press("esc")
	s.Unsee("enter close")
	s.Press("3")
	s.Until("four ended containers", 60*time.Second, func(screen string) bool { return strings.Count(screen, "exited") == 4 })
}

func TestHangUpReachesASafePoint(t *testing.T) {
	l, file := served(t, two(0))
	home := state(t)
	s := open(t, file, home)
	s.See("Attention")
	s.Press("3")
	s.See("api-1")
	s.Press("*", "T")
	s.See("restart 4 containers", "enter runs it")
	l.Engine("one").Slow(300 * time.Millisecond)
	l.Engine("two").Slow(300 * time.Millisecond)
	s.Press("enter")
	s.See("to the background")
	s.HangUp()
	s.Exit(60 * time.Second)
	l.Engine("one").Slow(0)
	l.Engine("two").Slow(0)
	s = open(t, file, home)
	s.Until("the run, ended or offered", 60*time.Second, func(screen string) bool { return strings.Contains(screen, "restart 4 containers") })
}

func TestAShellGivesTheScreenBack(t *testing.T) {
	_, file := served(t, two(0))
	s := open(t, file, state(t))
	s.See("Attention")
	s.Press("3")
	s.See("api-1")
	s.Press("e")
	s.Normal("api-1")
	s.Press("echo hel", "lo-$((1))", "enter")
	s.See("hello")
	s.Press("exit 3", "enter")
	s.See("RINGSIDE", "web-2", "exit code 3")
	if !s.Alt() {
		t.Error("the console did not come back to its screen")
	}
	s.Press("q")
	if code := s.Exit(60 * time.Second); code != 0 || s.Alt() {
		t.Errorf("exit code %d, alternate screen %v", code, s.Alt())
	}
}

func TestASmallTerminalIsToldKindly(t *testing.T) {
	_, file := served(t, two(0))
	s := open(t, file, state(t))
	s.See("Attention")
	s.Resize(50, 12)
	s.See("60x15", "50x12")
	s.Resize(80, 24)
	s.See("Attention")
}

func TestKeysInConflictAreRefusedAtTheStart(t *testing.T) {
	_, file := served(t, two(0))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "ringside.yaml")
	if err := os.WriteFile(bad, append(b, "keys: {container.stop: q}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, bad, state(t))
	s.See(`key "q" means both`)
	if code := s.Exit(60 * time.Second); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}

func line(screen, text string) string {
	for l := range strings.SplitSeq(screen, "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}
