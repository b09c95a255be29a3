package docker

import (
	"context"
	"io"
	"time"

	"github.com/moby/moby/client"

	"ringside/backends/fleet/safe"
)

// shells are looked for in this order when no command is given.
var shells = []string{"/bin/bash", "/usr/bin/bash", "/bin/ash", "/bin/sh", "/usr/bin/sh"}

// Shell runs an interactive command in a container on a TTY until it ends, and
// returns its exit code. When ctx ends before, the connection is cut; the engine
// has no way to end the command with it. A Stdin with a method Cancel() bool (as
// cancelreader gives) is cancelled at the end, so that no key is swallowed.
func (e *Engine) Shell(ctx context.Context, id string, o ShellOptions) (exitCode int, err error) {
	cl, err := e.open()
	if err != nil {
		return 0, err
	}
	if err := e.checkID(id); err != nil {
		return 0, err
	}
	op := "open a shell in " + id
	cmd := o.Command
	if len(cmd) == 0 {
		sh, err := findShell(ctx, cl, id)
		if err != nil {
			return 0, e.fail(op, err)
		}
		cmd = []string{sh}
	}
	term := o.Term
	if term == "" {
		term = "xterm-256color"
	}
	x, err := cl.ExecCreate(ctx, id, client.ExecCreateOptions{
		TTY: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Env: []string{"TERM=" + term}, Cmd: cmd,
	})
	if err != nil {
		return 0, e.fail(op, err)
	}
	at, err := cl.ExecAttach(ctx, x.ID, client.ExecAttachOptions{TTY: true})
	if err != nil {
		return 0, e.fail(op, err)
	}
	defer at.Close()
	stop := context.AfterFunc(ctx, at.Close)
	defer stop()

	session, cancel := context.WithCancel(ctx)
	defer cancel()
	safe.Go("shell size", func() { followSize(session, cl, x.ID, o) })
	typed := make(chan struct{})
	safe.Go("shell input", func() {
		defer close(typed)
		_, _ = io.Copy(at.Conn, o.Stdin)
		_ = at.CloseWrite()
	})
	_, err = io.Copy(o.Stdout, at.Reader)
	cancel()
	at.Close()
	if c, ok := o.Stdin.(interface{ Cancel() bool }); ok && c.Cancel() {
		<-typed
	}
	if ctx.Err() != nil {
		return 0, e.fail(op, ctx.Err())
	}
	if err != nil {
		return 0, e.fail("shell in "+id, err)
	}
	return e.execResult(ctx, cl, x.ID, op)
}

// execResult waits for the exit code; the stream may end a moment before it is
// known.
func (e *Engine) execResult(ctx context.Context, cl *client.Client, exec, op string) (int, error) {
	for {
		r, err := cl.ExecInspect(ctx, exec, client.ExecInspectOptions{})
		if err != nil {
			return 0, e.fail(op, err)
		}
		if !r.Running {
			return r.ExitCode, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return 0, e.fail(op, err)
		}
	}
}

// followSize gives the terminal's size to the command, at first and after every
// change. The first is tried again until the command has started.
func followSize(ctx context.Context, cl *client.Client, exec string, o ShellOptions) {
	if o.Size == nil {
		return
	}
	set := func() error {
		w, h := o.Size()
		_, err := cl.ExecResize(ctx, exec, client.ExecResizeOptions{Width: uint(w), Height: uint(h)})
		return err
	}
	for range 100 {
		if set() == nil || pause(ctx, 20*time.Millisecond) != nil {
			break
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-o.Resized:
			if !ok {
				return
			}
			_ = set() // the command may just have ended
		}
	}
}

func findShell(ctx context.Context, cl *client.Client, id string) (string, error) {
	for _, sh := range shells {
		_, err := cl.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: sh})
		if err == nil {
			return sh, nil
		}
		if !IsNotFound(err) {
			return "", err
		}
	}
	// A container that is gone gives "not found" for every path as well.
	if _, err := cl.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); err != nil {
		return "", err
	}
	return "", &reason{why: "it has no shell: neither bash nor ash nor sh", hint: "its image holds the program only; name a command that it has"}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
