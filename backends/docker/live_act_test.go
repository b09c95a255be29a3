//go:build linux

package docker

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

func TestLiveActs(t *testing.T) {
	e := live(t, "A")
	id := create(t, e, nil)
	ctx := soon(t)
	state := func() *Container {
		t.Helper()
		c, err := e.Get(ctx, id)
		must(t, err)
		return c
	}
	expect := func(want State) {
		t.Helper()
		if c := state(); c.State != want {
			t.Fatalf("state %s, want %s", c.State, want)
		}
	}
	second := time.Second
	expect(Created)
	must(t, e.Start(ctx, id))
	must(t, e.Start(ctx, id)) // again is no error
	expect(Running)
	first := state().Started
	must(t, e.Restart(ctx, id, &second))
	if !state().Started.After(first) {
		t.Error("not restarted")
	}
	must(t, e.Pause(ctx, id))
	expect(Paused)
	must(t, e.Unpause(ctx, id))
	must(t, e.Stop(ctx, id, &second))
	expect(Exited)
	if err := e.Kill(ctx, id, "TERM"); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Errorf("kill of a stopped container: %v", err)
	}
	must(t, e.Start(ctx, id))
	must(t, e.Kill(ctx, id, "KILL"))
	until(t, "killed", func() bool { c := state(); return c.State == Exited && c.ExitCode == 137 })
	must(t, e.Remove(ctx, id, false, true))
	if _, err := e.Get(ctx, id); !IsNotFound(err) {
		t.Errorf("removed, but: %v", err)
	}
	if err := e.Start(ctx, id); !IsNotFound(err) {
		t.Errorf("start of a removed container: %v", err)
	}
	if _, err := e.Pull(ctx, "127.0.0.1:1/no/such:v1", nil); err == nil {
		t.Error("pull from nowhere worked")
	}
}

// A real registry: what is pulled has its digest, and so has a container of it.
func TestLivePull(t *testing.T) {
	e := live(t, "B")
	ref := liveEnv(t, "RINGSIDE_TEST_PULL")
	s, _ := watchIt(t, e)
	until(t, "list", func() bool { return s.facts(e) != nil })
	layers := map[string]bool{}
	digest, err := e.Pull(soon(t), ref, func(p PullProgress) { layers[p.Layer] = true })
	must(t, err)
	_, digests, err := e.Image(soon(t), ref)
	must(t, err)
	if want := strings.TrimSuffix(ref, ":v1") + "@" + digest; !strings.HasPrefix(digest, "sha256:") || !slices.Contains(digests, want) || len(layers) == 0 {
		t.Errorf("digest %q, the image has %q; layers %v", digest, digests, layers)
	}
	id := create(t, e, func(c *container.Config, _ *container.HostConfig) { c.Image = ref })
	c, err := e.Get(soon(t), id)
	must(t, err)
	if c.Digest != digest {
		t.Errorf("the container has digest %q, want %q", c.Digest, digest)
	}
	until(t, "the watch shows it", func() bool { c := s.container(e, id); return c != nil && c.Digest == digest })
	if again, err := e.Pull(soon(t), ref, nil); err != nil || again != digest {
		t.Errorf("again: %q, %v", again, err)
	}
	if _, err := e.Pull(soon(t), strings.TrimSuffix(ref, "v1")+"none", nil); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a tag that is not there: %v", err)
	}
}

func TestLiveUpdate(t *testing.T) {
	e := live(t, "A")
	id := run(t, e, nil)
	ctx := soon(t)
	p := func(n int64) *int64 { return &n }
	for _, step := range []struct {
		change    LimitChange
		cpus, mem int64
		warns     bool
	}{
		{LimitChange{Memory: p(64 << 20)}, 0, 64 << 20, false},
		{LimitChange{Memory: p(256 << 20), NanoCPUs: p(5e8)}, 5e8, 256 << 20, false},
		{LimitChange{NanoCPUs: p(1e9)}, 1e9, 256 << 20, false},
		{LimitChange{Memory: p(0)}, 1e9, -1, true},
		{LimitChange{NanoCPUs: p(0)}, -1, -1, true},
		{LimitChange{}, -1, -1, false},
	} {
		warnings, err := e.Update(ctx, id, step.change)
		must(t, err)
		c, err := e.Get(ctx, id)
		must(t, err)
		if step.mem >= 0 && c.MemLimit != step.mem || step.cpus >= 0 && c.NanoCPUs != step.cpus {
			t.Errorf("limits are %d CPUs, %d bytes, want %+v", c.NanoCPUs, c.MemLimit, step)
		}
		if step.warns && len(warnings) == 0 {
			t.Error("no word about the limit that stays")
		}
	}
}

// lines reads a log to its end.
func lines(t *testing.T, e *Engine, id string, o LogOptions) (out []LogLine) {
	t.Helper()
	must(t, e.Logs(soon(t), id, o, func(l LogLine) { out = append(out, l) }))
	return out
}

func exited(t *testing.T, e *Engine, id string) {
	until(t, "exit", func() bool { c, err := e.Get(soon(t), id); return err == nil && c.State == Exited })
}

func TestLiveLogs(t *testing.T) {
	e := live(t, "A")
	for _, tty := range []bool{false, true} {
		name := map[bool]string{false: "frames", true: "tty"}[tty]
		t.Run(name, func(t *testing.T) {
			id := run(t, e, func(c *container.Config, _ *container.HostConfig) { c.Tty = tty }, "-hostile", "-long", "1000000", "-lines", "500", "-exit", "0")
			exited(t, e, id)
			all := lines(t, e, id, LogOptions{})
			var out []LogLine
			for i, l := range all {
				if strings.ContainsAny(l.Text, "\x1b\u009b\u202e\r\n\a") {
					t.Errorf("line %d is not clean: %q", i, l.Text)
				}
				if l.At.IsZero() || len(l.Text) > MaxLogLine {
					t.Errorf("line %d: at %v, %d bytes", i, l.At, len(l.Text))
				}
				if l.Stream == Stdout {
					out = append(out, l)
				}
			}
			long := -1
			for i, l := range out {
				if l.Cut > 0 {
					long = i
				}
			}
			if long < 0 || len(out[long].Text)+out[long].Cut != 1000000 || strings.Trim(out[long].Text, "x") != "" || out[long+1].Text != "after the long line" {
				t.Fatalf("the long line is wrong: line %d of %d, %d bytes shown, %d cut", long, len(out), len(out[max(0, long)].Text), out[max(0, long)].Cut)
			}
			if last := out[len(out)-1]; last.Text != "line 500" {
				t.Errorf("last line %q", last.Text)
			}
			if got := lines(t, e, id, LogOptions{Tail: 3}); len(got) != 3 || got[2].Text != "line 500" {
				t.Errorf("tail: %v", got)
			}
			since := out[len(out)-1].At
			if got := lines(t, e, id, LogOptions{Since: since}); len(got) == 0 || got[0].At.Before(since) {
				t.Errorf("since: %v", got)
			}
			if got := lines(t, e, id, LogOptions{Until: out[0].At.Add(-time.Second)}); len(got) != 0 {
				t.Errorf("until: %v", got)
			}
			if got := lines(t, e, id, LogOptions{Stderr: true}); !tty && (len(got) != 1 || got[0].Stream != Stderr || got[0].Text != "10% 20% \ufffd31mdone") {
				t.Errorf("stderr: %+v", got)
			}
		})
	}
}

func TestLiveFollow(t *testing.T) {
	e := live(t, "A")
	id := run(t, e, nil, "-every", "50ms")
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	seen := map[Stream]int{}
	must(t, e.Logs(ctx, id, LogOptions{Follow: true, Tail: 1}, func(l LogLine) {
		if seen[l.Stream]++; seen[Stdout] > 3 && seen[Stderr] > 3 {
			cancel()
		}
	}))
	if ctx.Err() == nil {
		t.Error("following ended by itself")
	}
	// It ends with the container.
	time.AfterFunc(200*time.Millisecond, func() { _ = e.Stop(soon(t), id, nil) })
	last := ""
	must(t, e.Logs(soon(t), id, LogOptions{Follow: true, Stdout: true}, func(l LogLine) { last = l.Text }))
	if last != "stopping" {
		t.Errorf("last line %q", last)
	}
}

// buffer is a writer that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// typed runs the container's shell with this input.
func typed(t *testing.T, e *Engine, id, input string) (string, int) {
	t.Helper()
	var out buffer
	in, w := io.Pipe()
	defer w.Close()
	go io.WriteString(w, input)
	code, err := e.Shell(soon(t), id, ShellOptions{Stdin: in, Stdout: &out})
	must(t, err)
	return out.String(), code
}

func TestLiveShell(t *testing.T) {
	e := live(t, "A")
	id := run(t, e, nil)
	t.Run("resize", func(t *testing.T) {
		var out buffer
		in, w := io.Pipe()
		defer w.Close()
		var mu sync.Mutex
		width := uint16(100)
		resized := make(chan struct{}, 1)
		type result struct {
			code int
			err  error
		}
		ended := make(chan result, 1)
		go func() {
			code, err := e.Shell(soon(t), id, ShellOptions{Stdin: in, Stdout: &out, Term: "dumb", Resized: resized,
				Size: func() (uint16, uint16) { mu.Lock(); defer mu.Unlock(); return width, 30 }})
			ended <- result{code, err}
		}()
		ask := func(want string) {
			t.Helper()
			until(t, want, func() bool { io.WriteString(w, "size\n"); return strings.Contains(out.String(), want) })
		}
		ask("100x30")
		mu.Lock()
		width = 61
		mu.Unlock()
		resized <- struct{}{}
		ask("61x30")
		io.WriteString(w, "term\nexit 42\n")
		if r := <-ended; r.err != nil || r.code != 42 || !strings.Contains(out.String(), "dumb") {
			t.Errorf("%+v, output %q", r, out.String())
		}
	})
	t.Run("end of input", func(t *testing.T) {
		var out buffer
		code, err := e.Shell(soon(t), id, ShellOptions{Command: []string{"/bin/sh", "-c", "exit 3"}, Stdin: strings.NewReader(""), Stdout: &out})
		if err != nil || code != 3 {
			t.Errorf("exit code %d, %v", code, err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(soon(t))
		in, w := io.Pipe()
		defer w.Close()
		out := &buffer{}
		go func() {
			until(t, "prompt", func() bool { return strings.Contains(out.String(), "$") })
			cancel()
		}()
		if _, err := e.Shell(ctx, id, ShellOptions{Stdin: in, Stdout: out}); err == nil || ctx.Err() == nil {
			t.Errorf("err %v", err)
		}
	})
	t.Run("no shell", func(t *testing.T) {
		bare := run(t, e, func(c *container.Config, _ *container.HostConfig) { c.Image = bareImage })
		_, err := e.Shell(soon(t), bare, ShellOptions{Stdin: strings.NewReader(""), Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "no shell") {
			t.Errorf("err %v", err)
		}
	})
}
