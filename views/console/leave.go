package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"ringside/actions"
	"ringside/backends/fleet/safe"
)

// How long the parts of leaving may take. A terminal that is gone (SIGHUP) or
// stopped (ctrl-s) takes no more bytes, and Bubble Tea would wait for it for ever.
const (
	leaveTime  = 1500 * time.Millisecond
	resetTime  = 200 * time.Millisecond
	settleTime = actions.DefaultStepTimeout + 5*time.Second
)

// attend waits for the end of the program, whatever it is, and sees to it that
// the terminal is restored and the runs have come to a safe point.
func attend(ctx context.Context, p *tea.Program, done <-chan error, crash *crash, tty *terminal, r Runner) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)

	var err error
	select {
	case err = <-done:
		switch {
		case errors.Is(err, tea.ErrProgramPanic):
			err = &CrashError{Where: "the terminal library", Value: "see above"}
		case err != nil:
			err = fmt.Errorf("%w: the terminal is gone: %w", ErrInterrupted, err)
		}
	case s := <-signals:
		err = fmt.Errorf("%w by %s", ErrInterrupted, s)
		settled := interrupt(r)
		end(p, done, tty)
		return settle(r, settled, signals, err)
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
		end(p, done, tty)
	case <-crash.done:
		end(p, done, tty)
	}
	if crash.happened() {
		err = crash.err
	}
	return settle(r, interrupt(r), signals, err)
}

// interrupt asks the runner to come to a safe point; the channel tells when.
func interrupt(r Runner) <-chan error {
	settled := make(chan error, 1)
	safe.Go("interrupt runs", func() {
		ctx, cancel := context.WithTimeout(context.Background(), settleTime)
		defer cancel()
		settled <- r.Interrupt(ctx)
	})
	return settled
}

// settle waits for the runs; a second signal ends the waiting.
func settle(r Runner, settled <-chan error, signals <-chan os.Signal, err error) error {
	if r.Busy() {
		safe.Go("notice", func() { // the terminal may be gone: nobody waits for this line
			fmt.Fprintln(os.Stderr, "ringside: waiting for the running steps to come to a safe point; ctrl+c leaves at once")
		})
	}
	select {
	case e := <-settled:
		if e != nil {
			return errors.Join(err, fmt.Errorf("some runs did not come to a safe point; \"ringside runs list\" shows them: %w", e))
		}
	case <-signals:
		return errors.Join(err, fmt.Errorf("%w: runs were left in the middle of a step; \"ringside runs list\" shows them", ErrInterrupted))
	}
	return err
}

// end asks the program to leave, and restores the terminal without it when its
// output is stuck.
func end(p *tea.Program, done <-chan error, tty *terminal) {
	safe.Go("quit", func() { p.Quit() })
	select {
	case <-done:
	case <-time.After(leaveTime):
		tty.restore()
	}
}

// terminal remembers the state of the terminal before the program.
type terminal struct {
	in, out *os.File
	state   *term.State
}

func saveTerminal(o Options) *terminal {
	if o.In != nil || o.Out != nil {
		return &terminal{}
	}
	t := &terminal{in: os.Stdin, out: os.Stdout}
	t.state, _ = term.GetState(t.in.Fd()) // no state: nothing to restore
	return t
}

// reset leaves the alternate screen and turns off what the program turned on:
// bracketed paste, focus reports, mouse, key protocols, styles; and it shows the
// cursor again.
const reset = "\x1b[?2026l\x1b[?2004l\x1b[?1004l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[>4m\x1b[<u\x1b[m\x1b[?1049l\x1b[?25h"

func (t *terminal) restore() {
	if t.in == nil {
		return
	}
	if t.state != nil {
		_ = term.Restore(t.in.Fd(), t.state)
	}
	written := make(chan struct{})
	safe.Go("reset terminal", func() {
		_, _ = t.out.WriteString(reset + "\r\n")
		close(written)
	})
	select {
	case <-written:
	case <-time.After(resetTime):
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(f.Fd()) }

// oneLine makes an error fit for a line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
