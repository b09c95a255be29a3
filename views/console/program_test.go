package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/actions"
)

// output is a terminal that only remembers, and that can get stuck.
type output struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	stuck chan struct{} // writes wait for it while it is not nil
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	stuck := o.stuck
	o.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// program is a console that runs in Bubble Tea, without a terminal.
type program struct {
	t      *testing.T
	out    *output
	in     *io.PipeWriter
	home   *fakeScreen
	runner *fakeRunner
	cancel context.CancelFunc
	done   chan error
	state  string
}

func start(t *testing.T, change ...func(*Options)) *program {
	in, keys := io.Pipe()
	p := &program{t: t, out: &output{}, in: keys, done: make(chan error, 1), state: t.TempDir()}
	r := newRig(t)
	o := r.o
	o.In, o.Out, o.Width, o.Height, o.StateDir = in, p.out, 80, 24, p.state
	o.Env.Now = time.Now
	for _, c := range change {
		c(&o)
	}
	p.home, p.runner = r.home, r.runner
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	go func() { p.done <- Run(ctx, o) }()
	t.Cleanup(func() { keys.Close() })
	p.see("this is home")
	return p
}

func (p *program) see(want string) {
	p.t.Helper()
	p.until("the screen shows "+want, func() bool { return strings.Contains(p.out.String(), want) })
}

func (p *program) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never: %s\n%q", what, p.out.String())
		}
	}
}

func (p *program) end() error {
	p.t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(60 * time.Second):
		p.t.Fatal("the console does not end")
		return nil
	}
}

func TestProgramStartsAndQuits(t *testing.T) {
	p := start(t)
	p.in.Write([]byte("3"))
	p.see("containers") // only what differs is painted
	p.in.Write([]byte("q"))
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	out := p.out.String()
	if !strings.Contains(out, "\x1b[?1049h") || strings.LastIndex(out, "\x1b[?1049l") < strings.LastIndex(out, "\x1b[?1049h") {
		t.Error("the screen was not given back")
	}
}

func TestContextEndsTheProgram(t *testing.T) {
	p := start(t)
	p.cancel()
	if err := p.end(); !errors.Is(err, ErrInterrupted) || !p.runner.interrupted {
		t.Errorf("%v, runs interrupted: %v", err, p.runner.interrupted)
	}
}

// A terminal that takes nothing any more, as after ctrl-s or SIGHUP, must not
// keep the console from leaving.
func TestStuckOutputDoesNotHoldTheEnd(t *testing.T) {
	p := start(t)
	stuck := make(chan struct{})
	defer close(stuck)
	p.out.mu.Lock()
	p.out.stuck = stuck
	p.out.mu.Unlock()
	p.in.Write([]byte("3")) // something to write
	p.cancel()
	if err := p.end(); !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
}

func TestLostInputIsAnInterruption(t *testing.T) {
	p := start(t)
	p.in.CloseWithError(errors.New("input/output error"))
	if err := p.end(); !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "the terminal is gone") {
		t.Error(err)
	}
}

func TestPanicsGiveAReport(t *testing.T) {
	boom := []Command{{ID: "boom", Title: "boom", Run: func() error { panic("a command fell over") }}}
	for name, c := range map[string]struct {
		do   func(*program)
		want string
	}{
		"in a command": {func(p *program) { p.in.Write([]byte(":boom")); p.see("demo"); p.in.Write([]byte("\r")) }, "a command fell over"},
		"in a view":    {func(p *program) { p.home.panics.Store(true); p.in.Write([]byte("j")) }, "the view fell over"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *Options) { o.Extra, o.Banner = boom, "demo" })
			c.do(p)
			var crash *CrashError
			if err := p.end(); !errors.As(err, &crash) || crash.Value != c.want {
				t.Fatalf("%v", err)
			}
			report, err := os.ReadFile(crash.Report)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{c.want, "ringside test (go", "goroutine", "tea.WindowSizeMsg"} {
				if !strings.Contains(string(report), want) {
					t.Errorf("the report does not say %q:\n%s", want, report)
				}
			}
			if out := p.out.String(); strings.LastIndex(out, "\x1b[?1049l") < strings.LastIndex(out, "\x1b[?1049h") {
				t.Error("the screen was not given back")
			}
		})
	}
}

func TestNoTerminalIsRefused(t *testing.T) {
	err := Run(t.Context(), Options{Getenv: func(k string) string { return map[string]string{"TERM": "dumb"}[k] }})
	if !errors.Is(err, ErrNoTerminal) || !strings.Contains(err.Error(), "ringside containers list") {
		t.Error(err)
	}
}

// The slow way: each picture is followed by a question to the terminal, and the
// next one waits for the answer. A picture like the one before is not asked about.
func TestSlowLinkIsAsked(t *testing.T) {
	slow := true
	p := start(t, func(o *Options) {
		o.Slow = &slow
		o.Screens[0].(*fakeScreen).changing = true
	})
	p.see("\x1b[c")
	p.in.Write([]byte("\x1b[?62;22c"))
	p.in.Write([]byte("q"))
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestLeavingWaitsForRuns(t *testing.T) {
	p := start(t)
	p.runner.block = make(chan struct{})
	p.in.Write([]byte("q"))
	p.until("the runs are interrupted", func() bool {
		p.runner.mu.Lock()
		defer p.runner.mu.Unlock()
		return p.runner.interrupted
	})
	select {
	case err := <-p.done:
		t.Fatalf("it left before the runs came to a safe point: %v", err)
	default:
	}
	close(p.runner.block)
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

var _ Runner = (*actions.Runner)(nil)
