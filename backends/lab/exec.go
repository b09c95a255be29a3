package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"

	"ringside/backends/fleet/safe"
)

// execution is a command in a running container. The engine's lock guards it.
type execution struct {
	id        string
	container *instance
	request   container.ExecCreateRequest
	life      int // of the container, in which it began
	begun     bool
	running   bool
	exitCode  int
	pid       int
	height    int
	width     int
}

func (e *Engine) createExec(a *answer, r *http.Request, c *instance) {
	var req container.ExecCreateRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Cmd) == 0 {
		a.fail(http.StatusBadRequest, "No exec command specified")
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if status, message := whyNoExec(c); status != 0 {
		a.fail(status, message)
		return
	}
	e.serial++
	x := &execution{id: e.hexID("exec", strconv.Itoa(e.serial)), container: c, request: req, height: 24, width: 80}
	if s := req.ConsoleSize; s != nil {
		x.height, x.width = int(s[0]), int(s[1])
	}
	e.execs[x.id] = x
	e.emit(c, "exec_create: "+strings.Join(req.Cmd, " "), map[string]string{"execID": x.id})
	a.json(http.StatusCreated, container.ExecCreateResponse{ID: x.id})
}

func whyNoExec(c *instance) (status int, message string) {
	switch {
	case c.state == paused:
		return http.StatusConflict, "Container " + c.id + " is paused, unpause the container before exec"
	case c.state == restarting:
		return http.StatusConflict, "Container " + c.id + " is restarting, wait until the container is running"
	case c.state != running:
		return http.StatusConflict, "Container " + c.id + " is not running"
	}
	return 0, ""
}

func (e *Engine) startExec(a *answer, r *http.Request) {
	var req container.ExecStartRequest
	_ = json.NewDecoder(r.Body).Decode(&req) // an empty body is the default
	e.mu.Lock()
	x, status, message := e.begin(r.PathValue("id"), req)
	e.mu.Unlock()
	if status != 0 {
		a.fail(status, message)
		return
	}
	if req.Detach {
		a.WriteHeader(http.StatusOK)
		if s := a.serving; s.enter() {
			safe.Go("lab exec", func() {
				defer s.wg.Done()
				e.session(s.ctx, x, strings.NewReader(""), io.Discard, func() {})
			})
		}
		return
	}
	contentType := "application/vnd.docker.multiplexed-stream"
	if x.request.Tty || a.api < 42 {
		contentType = "application/vnd.docker.raw-stream"
	}
	conn, input, release, err := a.hijack(contentType)
	if err != nil {
		a.fail(http.StatusInternalServerError, err.Error())
		return
	}
	defer release()
	// The request's own context ends when the client closes its half of the
	// connection, which is no reason to stop.
	ctx := a.serving.ctx
	output := execWriter{e, ctx, conn, x.request.Tty}
	e.session(ctx, x, input, output, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	if cw, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = cw.CloseWrite()
	}
}

// begin marks an execution as running. The lock is held.
func (e *Engine) begin(id string, req container.ExecStartRequest) (x *execution, status int, message string) {
	x = e.execs[id]
	if x == nil {
		return nil, http.StatusNotFound, "No such exec instance: " + id
	}
	if status, message := whyNoExec(x.container); status != 0 {
		return nil, status, message
	}
	if x.begun {
		return nil, http.StatusConflict, "Error: Exec command " + id + " has already run"
	}
	if s := req.ConsoleSize; s != nil {
		x.height, x.width = int(s[0]), int(s[1])
	}
	x.begun, x.running, x.pid, x.life = true, true, e.nextPID(), x.container.life
	e.emit(x.container, "exec_start: "+strings.Join(x.request.Cmd, " "), map[string]string{"execID": x.id})
	return x, 0, ""
}

// session runs the command. The end of the container interrupts its reading.
func (e *Engine) session(ctx context.Context, x *execution, input io.Reader, output io.Writer, interrupt func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Add(1)
	safe.Go("lab exec", func() {
		defer watching.Done()
		e.untilDeath(ctx, x.container, x.life)
		cancel()
		interrupt()
	})
	code := newShell(ctx, e, x, input, output).command(x.request.Cmd)
	e.mu.Lock()
	if x.container.life != x.life {
		code = 137
	}
	x.running, x.exitCode, x.pid = false, code, 0
	e.emit(x.container, "exec_die", map[string]string{"execID": x.id, "exitCode": strconv.Itoa(code)})
	e.mu.Unlock()
	cancel()
	watching.Wait()
}

// untilDeath waits for the end of the container's given life, or of ctx.
func (e *Engine) untilDeath(ctx context.Context, c *instance, life int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c.life == life {
		changed := c.change()
		e.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			e.mu.Lock()
			return
		}
		e.mu.Lock()
	}
}

func (e *Engine) resizeExec(a *answer, r *http.Request) {
	q := r.URL.Query()
	height, err := strconv.Atoi(q.Get("h"))
	width, err2 := strconv.Atoi(q.Get("w"))
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.execs[r.PathValue("id")]
	switch {
	case x == nil:
		a.fail(http.StatusNotFound, "No such exec instance: "+r.PathValue("id"))
	case err != nil || err2 != nil:
		a.fail(http.StatusBadRequest, "invalid size")
	case !x.running:
		a.fail(http.StatusConflict, "exec process is not running")
	default:
		x.height, x.width = height, width
		a.WriteHeader(http.StatusOK)
	}
}

func (e *Engine) inspectExec(a *answer, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.execs[r.PathValue("id")]
	if x == nil {
		a.fail(http.StatusNotFound, "No such exec instance: "+r.PathValue("id"))
		return
	}
	v := container.ExecInspectResponse{
		ID: x.id, Running: x.running, ContainerID: x.container.id, Pid: x.pid,
		OpenStdin: x.request.AttachStdin, OpenStdout: x.request.AttachStdout, OpenStderr: x.request.AttachStderr,
		ProcessConfig: &container.ExecProcessConfig{Tty: x.request.Tty, Entrypoint: x.request.Cmd[0], Arguments: x.request.Cmd[1:]},
	}
	if x.begun && !x.running {
		v.ExitCode = &x.exitCode
	}
	a.json(http.StatusOK, v)
}

// execWriter writes a command's output: from a terminal raw, with CR LF as a
// terminal's driver makes them; otherwise in frames. It stalls with the engine.
type execWriter struct {
	engine *Engine
	ctx    context.Context
	conn   net.Conn
	tty    bool
}

func (w execWriter) Write(p []byte) (int, error) {
	if err := w.engine.wrong.stall(w.ctx); err != nil {
		return 0, err
	}
	s := string(p)
	if w.tty {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
	}
	if err := writeFrame(w.conn, stdout, s, w.tty); err != nil {
		return 0, fmt.Errorf("exec output: %w", err)
	}
	return len(p), nil
}
