package docker

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/moby/moby/client"

	"ringside/backends/fleet/safe"
)

// Logs reads a container's log and hands over its lines in the order in which
// they end. It returns nil at the end of the log, and when ctx is done while
// following. Neither stream chosen means both.
//
// A stream that is followed says nothing while the container says nothing, so an
// engine that died without a word would look the same: it is asked for a sign of
// life from time to time, and following ends with an error when none comes.
func (e *Engine) Logs(ctx context.Context, id string, o LogOptions, line func(LogLine)) error {
	cl, err := e.open()
	if err != nil {
		return err
	}
	if err := e.checkID(id); err != nil {
		return err
	}
	asked := ctx
	if o.Follow {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		defer cancel(nil)
		safe.Go("sign of life of "+e.Name(), func() { e.expectLife(ctx, cl, cancel) })
	}
	op := "read the log of " + id
	in, err := cl.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return e.fail(op, cause(ctx, err))
	}
	both := !o.Stdout && !o.Stderr
	tail := "all"
	if o.Tail > 0 {
		tail = strconv.Itoa(o.Tail)
	}
	r, err := cl.ContainerLogs(ctx, id, client.ContainerLogsOptions{
		ShowStdout: o.Stdout || both, ShowStderr: o.Stderr || both,
		Since: unix(o.Since), Until: unix(o.Until), Tail: tail,
		Follow: o.Follow, Timestamps: true,
	})
	if err != nil {
		if o.Follow && asked.Err() != nil {
			return nil
		}
		return e.fail(op, cause(ctx, err))
	}
	defer r.Close()
	read := demux
	if in.Container.Config != nil && in.Container.Config.Tty {
		read = raw
	}
	err = read(r, line)
	if o.Follow && asked.Err() != nil {
		return nil
	}
	return e.fail(op, cause(ctx, err))
}

// Pace at which an engine whose log is followed is asked for a sign of life.
const (
	lifePause = 3 * time.Second
	lifeLimit = 5 * time.Second
)

// expectLife ends a read when the engine does not answer any more.
func (e *Engine) expectLife(ctx context.Context, cl *client.Client, cancel context.CancelCauseFunc) {
	for pause(ctx, lifePause) == nil {
		limited, done := context.WithTimeout(ctx, lifeLimit)
		_, err := cl.Ping(limited, client.PingOptions{})
		done()
		if err != nil && ctx.Err() == nil {
			cancel(e.fail("follow the log", err))
			return
		}
	}
}

// unix writes a moment as the API wants it, "" for the zero time.
func unix(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}
