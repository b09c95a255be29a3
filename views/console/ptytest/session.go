//go:build unix

package ptytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Session is a program that runs in a pseudo-terminal.
type Session struct {
	Cmd   *exec.Cmd
	Start time.Time

	tb      testing.TB
	tty     *os.File
	mu      sync.Mutex
	changed *sync.Cond
	vt      *vt
	writes  []Write
	total   int
	raw     []byte
	rate    int
	stalled bool
	gone    bool
	exit    error
}

// Write is one piece of output: when it was read and how long it was.
type Write struct {
	At    time.Time
	Bytes int
}

// Options of a session; zero values take 80x24 and xterm-256color.
type Options struct {
	Width, Height int
	Env           []string // NAME=value; a bare NAME is taken out of the environment
	Dir           string
	Rate          int // bytes a second at which output is read, 0: at once
}

// Open starts a program. The test's end kills it if it still runs.
func Open(tb testing.TB, o Options, argv ...string) *Session {
	tb.Helper()
	w, h := o.Width, o.Height
	if w == 0 {
		w, h = 80, 24
	}
	s := &Session{Cmd: exec.Command(argv[0], argv[1:]...), vt: newVT(w, h), rate: o.Rate, tb: tb}
	s.changed = sync.NewCond(&s.mu)
	s.Cmd.Dir = o.Dir
	s.Cmd.Env = environment(append([]string{"TMUX", "SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT", "NO_COLOR", "TERM_PROGRAM", "TERM=xterm-256color", "COLORTERM=truecolor"}, o.Env...))
	s.Start = time.Now()
	tty, err := pty.StartWithSize(s.Cmd, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
	if err != nil {
		tb.Fatalf("starting %s in a pty: %v", argv[0], err)
	}
	s.tty = tty
	go s.read()
	tb.Cleanup(func() {
		s.Stall(false)
		s.Cmd.Process.Kill()
		s.wait(60 * time.Second)
		s.tty.Close()
	})
	return s
}

func environment(changes []string) []string {
	drop := map[string]bool{}
	var set []string
	for _, c := range changes {
		k, _, ok := strings.Cut(c, "=")
		if ok {
			set = append(set, c)
		}
		drop[k] = true
	}
	var out []string
	for _, e := range os.Environ() {
		if k, _, _ := strings.Cut(e, "="); !drop[k] {
			out = append(out, e)
		}
	}
	return append(out, set...)
}

func (s *Session) read() {
	size := 64 << 10
	if s.rate > 0 {
		size = max(16, s.rate/50)
	}
	buf := make([]byte, size)
	for {
		s.mu.Lock()
		for s.stalled {
			s.changed.Wait()
		}
		s.mu.Unlock()
		n, err := s.tty.Read(buf)
		if n > 0 {
			s.mu.Lock()
			s.vt.write(buf[:n])
			s.raw = append(s.raw, buf[:n]...)
			s.writes = append(s.writes, Write{time.Now(), n})
			s.total += n
			reply := s.vt.replies
			s.vt.replies = nil
			s.changed.Broadcast()
			s.mu.Unlock()
			if len(reply) > 0 {
				s.tty.Write(reply)
			}
			if s.rate > 0 {
				time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate))
			}
		}
		if err != nil {
			break
		}
	}
	err := s.Cmd.Wait()
	s.mu.Lock()
	s.gone, s.exit = true, err
	s.changed.Broadcast()
	s.mu.Unlock()
}

// Screen is the text on the screen, a line each, without trailing spaces.
func (s *Session) Screen() string { s.mu.Lock(); defer s.mu.Unlock(); return s.vt.text() }

// Alt reports whether the alternate screen is on.
func (s *Session) Alt() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.vt.alt }

// Strings are the operating system commands and the like that were received.
func (s *Session) Strings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.vt.osc...)
}

// Raw is everything the program wrote.
func (s *Session) Raw() string { s.mu.Lock(); defer s.mu.Unlock(); return string(s.raw) }

// Bytes is how much the program has written.
func (s *Session) Bytes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.total }

// Since returns the writes that were read at or after t.
func (s *Session) Since(t time.Time) []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := len(s.writes)
	for i > 0 && !s.writes[i-1].At.Before(t) {
		i--
	}
	return append([]Write(nil), s.writes[i:]...)
}

// Until waits until the screen satisfies ok, and returns when it did. The test
// fails with the screen as it is when that takes longer than limit, or when the
// program ends. The session is locked while ok runs.
func (s *Session) Until(what string, limit time.Duration, ok func(screen string) bool) time.Time {
	s.tb.Helper()
	at, done := s.until(limit, ok)
	if !done {
		s.tb.Fatalf("no %s within %v; the program ended: %v; the screen is:\n%s", what, limit, s.Gone(), s.Screen())
	}
	return at
}

func (s *Session) until(limit time.Duration, ok func(string) bool) (time.Time, bool) {
	timer := time.AfterFunc(limit, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })
	defer timer.Stop()
	end := time.Now().Add(limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if ok(s.vt.text()) {
			at := time.Now()
			if n := len(s.writes); n > 0 {
				at = s.writes[n-1].At
			}
			return at, true
		}
		if s.gone || !time.Now().Before(end) {
			return time.Time{}, false
		}
		s.changed.Wait()
	}
}

// See waits until all the texts are on the screen.
func (s *Session) See(texts ...string) time.Time {
	s.tb.Helper()
	return s.Until(fmt.Sprintf("%q on the screen", texts), 60*time.Second, func(screen string) bool {
		for _, t := range texts {
			if !strings.Contains(screen, t) {
				return false
			}
		}
		return true
	})
}

// Normal waits until the alternate screen is off and the text is on the screen.
func (s *Session) Normal(text string) time.Time {
	s.tb.Helper()
	return s.Until("normal screen with "+text, 60*time.Second, func(screen string) bool { return !s.vt.alt && strings.Contains(screen, text) })
}

// Unsee waits until the text is gone from the screen.
func (s *Session) Unsee(text string) time.Time {
	s.tb.Helper()
	return s.Until("screen without "+text, 60*time.Second, func(screen string) bool { return !strings.Contains(screen, text) })
}

var keys = map[string]string{"esc": "\x1b", "enter": "\r", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"pgdown": "\x1b[6~", "pgup": "\x1b[5~", "home": "\x1b[H", "end": "\x1b[F", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ",
	"backspace": "\x7f", "ctrl+c": "\x03", "ctrl+d": "\x04", "ctrl+l": "\x0c", "ctrl+p": "\x10", "ctrl+u": "\x15"}

// Press writes keys by name; what is no name is typed as it is.
func (s *Session) Press(names ...string) {
	for _, n := range names {
		if k, ok := keys[n]; ok {
			n = k
		}
		s.tty.WriteString(n)
	}
}

// Insist presses a key twice a second until the text is on the screen.
func (s *Session) Insist(key, text string) {
	s.tb.Helper()
	for range 120 {
		s.Press(key)
		if _, ok := s.until(500*time.Millisecond, func(screen string) bool { return strings.Contains(screen, text) }); ok {
			return
		}
	}
	s.tb.Fatalf("%s never brought %q; the screen is:\n%s", key, text, s.Screen())
}

// Resize changes the size of the terminal.
func (s *Session) Resize(w, h int) {
	s.mu.Lock()
	s.vt.resize(w, h)
	s.mu.Unlock()
	pty.Setsize(s.tty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
}

// Stall stops reading the output, as a dead link or ctrl+s does, or goes on.
func (s *Session) Stall(on bool) {
	s.mu.Lock()
	s.stalled = on
	s.changed.Broadcast()
	s.mu.Unlock()
}

// Gone reports whether the program has ended.
func (s *Session) Gone() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.gone }

// Exit waits for the end of the program and returns its exit code, -1 when a
// signal ended it.
func (s *Session) Exit(limit time.Duration) int {
	s.tb.Helper()
	if !s.wait(limit) {
		s.tb.Fatalf("the program did not end within %v; the screen is:\n%s", limit, s.Screen())
	}
	return s.Cmd.ProcessState.ExitCode()
}

func (s *Session) wait(limit time.Duration) bool {
	timer := time.AfterFunc(limit, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })
	defer timer.Stop()
	end := time.Now().Add(limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.gone && time.Now().Before(end) {
		s.changed.Wait()
	}
	return s.gone
}

// HangUp closes the terminal, as the loss of an SSH session does.
func (s *Session) HangUp() { s.Cmd.Process.Signal(syscall.SIGHUP); s.tty.Close() }

// CPU is the time that the program's threads have run (Linux).
func (s *Session) CPU() time.Duration {
	var sum time.Duration
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.Cmd.Process.Pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if fs := strings.Fields(string(b)); len(fs) > 0 {
			n, _ := strconv.ParseInt(fs[0], 10, 64)
			sum += time.Duration(n)
		}
	}
	return sum
}

// PeakMemory is the largest resident size so far in bytes (Linux, VmHWM).
func (s *Session) PeakMemory() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Cmd.Process.Pid))
	for l := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
