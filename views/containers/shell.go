package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"

	"ringside/backends/docker"
	"ringside/views/kit"
	"ringside/views/screen"
)

// shellLimit ends a shell that was forgotten.
const shellLimit = 24 * time.Hour

// shellWanted is the yes to the question before a shell in production.
type shellWanted struct{ item *item }

// shellEnded is the end of a shell.
type shellEnded struct {
	name string
	code int
	err  error
}

// shell opens an interactive shell in one container, after a question where the
// container is in production: nothing that is typed there is a plan.
func (s *Screen) shell(items []*item) tea.Cmd {
	if len(items) == 0 {
		return toast(true, nothing)
	}
	it := items[0]
	switch {
	case s.ReadOnly:
		return toast(true, "ringside runs read-only: no shell is opened")
	case len(items) > 1:
		return toast(true, fmt.Sprintf("a shell opens in one container, and %d are chosen", len(items)))
	case it.src.entry.Err != nil:
		return toast(true, "engine "+it.src.spec.Name+" does not answer: "+why(it.src.entry.Err))
	case it.c.State != docker.Running:
		return toast(true, fmt.Sprintf("%s is %s: a shell needs a running container", it.c.Name, it.c.State))
	case it.c.Environment != "production":
		return s.runShell(it)
	}
	ask := kit.NewAsk("Shell in production", fmt.Sprintf("%s on %s serves production. What you type there is done at once: there is no plan, no guard and no record of it.",
		it.c.Name, it.src.spec.Name), "open the shell", "stay here")
	return screen.Send(screen.Overlay{Dialog: ask, Answer: func(result any) tea.Msg {
		if result == true {
			return shellWanted{it}
		}
		return nil
	}})
}

// runShell gives the terminal to the shell until it ends.
func (s *Screen) runShell(it *item) tea.Cmd {
	e, ok := s.engines(it.src.spec.Name)
	if !ok {
		return toast(true, "engine "+it.src.spec.Name+" is not in the fleet any more")
	}
	run := &shellRun{engine: e, id: it.c.ID, name: it.c.Name, where: it.src.spec.Name}
	return screen.Send(screen.Borrow{Run: tea.Exec(run, func(err error) tea.Msg { return shellEnded{run.name, run.code, err} })})
}

func (s *Screen) shellEnded(m shellEnded) tea.Cmd {
	switch {
	case m.err != nil:
		return toast(true, "no shell in "+m.name+": "+why(m.err))
	case m.code != 0:
		return toast(false, fmt.Sprintf("the shell in %s ended with exit code %d", m.name, m.code))
	}
	return toast(false, "the shell in "+m.name+" ended")
}

// shellRun is a shell while it has the terminal; it is a tea.ExecCommand.
type shellRun struct {
	engine          engine
	id, name, where string

	in   io.Reader
	out  io.Writer
	code int
}

func (r *shellRun) SetStdin(in io.Reader)   { r.in = in }
func (r *shellRun) SetStdout(out io.Writer) { r.out = out }
func (r *shellRun) SetStderr(io.Writer)     {} // a TTY has one stream

type file interface{ Fd() uintptr }

// Run puts the terminal into raw mode, so that every key goes to the shell, and
// back at the end.
func (r *shellRun) Run() error {
	in, isFile := r.in.(file)
	out, isScreen := r.out.(file)
	if !isFile || !isScreen || !term.IsTerminal(in.Fd()) || !term.IsTerminal(out.Fd()) {
		return errors.New("a shell needs a terminal on both sides, and ringside does not run on one")
	}
	fmt.Fprintf(r.out, "\r\nA shell in %s on %s. To leave it: exit, or ctrl+d.\r\n\r\n", r.name, r.where)
	before, err := term.MakeRaw(in.Fd())
	if err != nil {
		return fmt.Errorf("the terminal does not go into raw mode: %w", err)
	}
	defer func() { _ = term.Restore(in.Fd(), before) }()
	keys, err := cancelreader.NewReader(r.in)
	if err != nil {
		return fmt.Errorf("the keyboard cannot be read: %w", err)
	}
	defer keys.Close()

	ctx, cancel := context.WithTimeout(context.Background(), shellLimit)
	defer cancel()
	r.code, err = r.engine.Shell(ctx, r.id, docker.ShellOptions{
		Stdin: keys, Stdout: r.out, Resized: resizes(ctx),
		Size: func() (uint16, uint16) {
			w, h, err := term.GetSize(out.Fd())
			if err != nil {
				return 80, 24
			}
			return uint16(w), uint16(h)
		},
	})
	return err
}
