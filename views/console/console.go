// Package console is the Bubble Tea program: it owns the screens, routes keys,
// lays dialogs and toasts on top, and hands every wish of a screen on to the
// actions. It is the only tea.Model; its Update never waits.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/screen"
)

// Runner is what the console needs of an actions.Runner.
type Runner interface {
	Start(ctx context.Context, p *actions.Plan, a actions.Approval) (string, error)
	Resume(ctx context.Context, id string, a actions.Approval) (string, error)
	Rollback(ctx context.Context, id string, a actions.Approval) (string, error)
	Cancel(id string)
	Live() []actions.RunRecord
	Interrupt(ctx context.Context) error
	Busy() bool
}

// Command is one more entry of the palette, such as a fault of the demo. Run is
// called outside of the event loop and must come back by itself.
type Command struct {
	ID, Title string
	Run       func() error
}

// Options are what a console is made of.
type Options struct {
	Fleet    *fleet.Fleet
	Store    *watch.Store
	Set      *watch.Set // nil: nothing is told what is looked at
	Env      *actions.Env
	Registry *actions.Registry
	Runner   Runner
	Keys     *keymap.Map
	Screens  []screen.Screen // the first one is home
	Extra    []Command

	ASCII    bool
	ReadOnly bool
	Dark     *bool  // nil: the terminal is asked for its background
	Slow     *bool  // a slow link; nil: so over SSH
	Banner   string // said in the header: "demo"
	Version  string // for crash reports
	StateDir string // where crash reports are written

	In     io.Reader // nil: the terminal
	Out    io.Writer // nil: the terminal
	Width  int       // of Out, which cannot be asked
	Height int
	Getenv func(string) string // nil: os.Getenv
}

// Errors of Run that ask for an exit code of their own.
var (
	// ErrNoTerminal: there is no terminal that a console could be shown on.
	ErrNoTerminal = errors.New("the console needs a terminal")
	// ErrInterrupted: a signal, or the loss of the terminal, ended the console.
	ErrInterrupted = errors.New("interrupted")
)

// CrashError says that the console came to a defect of its own; the terminal was
// restored.
type CrashError struct {
	Where, Value string
	Report       string // the report's file, "" when it could not be written
}

func (e *CrashError) Error() string {
	s := fmt.Sprintf("ringside crashed in %s: %s", e.Where, e.Value)
	if e.Report != "" {
		s += "\na report with the stack is in " + e.Report
	}
	return s + "\nruns that were going on can be resumed: ringside runs list"
}

// Run shows the console until the user leaves (nil), ctx ends, a signal comes
// (ErrInterrupted) or it crashes (*CrashError). When it returns, the terminal is
// as it was before and no run of this process is going on.
func Run(ctx context.Context, o Options) error {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if err := usable(o); err != nil {
		return err
	}
	tty := saveTerminal(o)
	trail := &trail{}
	crash := newCrash(o, trail)
	safe.OnPanic(crash.handle)
	defer safe.OnPanic(again)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newModel(o, trail)
	p := tea.NewProgram(guarded{m, crash}, m.program(ctx)...)
	safe.Go("ledger reader", func() { m.history.watch(ctx, o.Store.Touch) })
	safe.Go("pump", func() { m.pump.run(ctx, p.Send) })
	done := make(chan error, 1)
	safe.Go("console", func() {
		_, err := p.Run()
		done <- err
	})
	err := attend(ctx, p, done, crash, tty, o.Runner)
	for _, s := range m.screens {
		s.Close()
	}
	return err
}

// program makes the options of the tea.Program.
func (m *model) program(ctx context.Context) []tea.ProgramOption {
	opts := []tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(m.fps)}
	if m.o.In != nil {
		opts = append(opts, tea.WithInput(m.o.In))
	}
	if m.o.Out != nil {
		opts = append(opts, tea.WithOutput(m.o.Out), tea.WithWindowSize(m.o.Width, m.o.Height))
	}
	return opts
}

// Frames a second: over a network nobody sees the difference, and half of the
// wake-ups and most of the bytes are saved.
const (
	fpsLocal  = 60
	fpsRemote = 30
)

// remote reports whether the terminal is at the far end of a network.
func remote(o Options) bool {
	if o.Slow != nil {
		return *o.Slow
	}
	return o.Getenv("SSH_TTY") != "" || o.Getenv("SSH_CONNECTION") != ""
}

// usable refuses what is no terminal, with the way that works there.
func usable(o Options) error {
	if o.Out != nil {
		return nil
	}
	const hint = "; the command line works everywhere: ringside containers list"
	if term := o.Getenv("TERM"); term == "dumb" {
		return fmt.Errorf("%w that can move its cursor, and TERM is %q%s", ErrNoTerminal, term, hint)
	}
	if !isTerminal(os.Stdout) {
		return fmt.Errorf("%w, and the output is none%s", ErrNoTerminal, hint)
	}
	return nil
}

// deadline bounds everything that a command of the console itself waits for.
const deadline = 10 * time.Second

func (m *model) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), deadline)
}

// plural is "1 step", "3 steps".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "s") {
		return fmt.Sprint(n, " ", one, "es")
	}
	return fmt.Sprint(n, " ", one, "s")
}
