// Package command is the headless face: the same things as the console as text,
// JSON or YAML with exit codes, and the start of the console itself. It puts the
// parts together; what can be done comes from the registry of actions, so that a
// new action is a new command.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/views/console"
)

// Exit codes. They are part of what scripts rely on.
const (
	ExitDone      = 0   // all is done, or nothing was to do
	ExitPlanned   = 1   // --dry-run: changes would be made
	ExitUsage     = 2   // the command line or the configuration; nothing was started
	ExitFailed    = 3   // some targets failed, or an engine did not answer
	ExitBlocked   = 4   // a guard, a lock of another run, or --read-only; nothing was started
	ExitCrash     = 70  // a defect of ringside
	ExitCancelled = 130 // cancelled, or interrupted by a signal
)

// Demo is an embedded fleet.
type Demo struct {
	Fleet *fleet.Fleet
	Extra []console.Command // faults that a presenter can switch on
	Close func() error
}

// Options are what a program gives the command line.
type Options struct {
	Args    []string // without the program's name
	Version string   // "" for what the build says

	// StartDemo starts the embedded fleet; it is given by the one package that may
	// know it.
	StartDemo func() (*Demo, error)

	In       io.Reader // nil: the process's own, as the two below
	Out, Err io.Writer
	Getenv   func(string) string
	// Signals ask to cancel (os.Interrupt) or to come to a safe point (any other);
	// nil: those of the process.
	Signals <-chan os.Signal
}

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, o Options) (code int) {
	a := newApp(o)
	safe.OnPanic(func(where string, value any, stack []byte) { os.Exit(a.crashed(where, value, stack)) })
	defer func() {
		if v := recover(); v != nil {
			code = a.crashed("the command", v, debug.Stack())
		}
	}()
	err := a.root().ExecuteContext(ctx)
	if e := a.close(); err == nil {
		err = e
	}
	return a.report(err)
}

// coded is an error with the exit code that it asks for. A nil err means that
// everything was said already.
type coded struct {
	code int
	err  error
}

func (c *coded) Error() string {
	if c.err == nil {
		return ""
	}
	return c.err.Error()
}

func (c *coded) Unwrap() error { return c.err }

func exit(code int, format string, args ...any) error {
	return &coded{code, fmt.Errorf(format, args...)}
}

func usage(format string, args ...any) error { return exit(ExitUsage, format, args...) }

// said ends with a code after everything was printed.
func said(code int) error {
	if code == ExitDone {
		return nil
	}
	return &coded{code: code}
}

// report prints an error and returns its exit code. One without a code of its own
// comes from the parsing of the command line.
func (a *app) report(err error) int {
	if err == nil {
		return ExitDone
	}
	var c *coded
	if !errors.As(err, &c) {
		a.complain("%v\nringside --help tells more", err)
		return ExitUsage
	}
	if c.err != nil {
		a.complain("%v", c.err)
	}
	return c.code
}

// complain writes to the error output, with the program's name in front.
func (a *app) complain(format string, args ...any) {
	text := fleet.CleanLines(fmt.Sprintf(format, args...))
	a.log.Warn(text)
	fmt.Fprintln(a.Err, "ringside: "+text)
}
