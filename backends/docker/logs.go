package docker

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/moby/moby/client"
)

// Logs reads a container's log and hands over its lines in the order in which
// they end. It returns nil at the end of the log, and when ctx is done while
// following. Neither stream chosen means both.
func (e *Engine) Logs(ctx context.Context, id string, o LogOptions, line func(LogLine)) error {
	cl, err := e.open()
	if err != nil {
		return err
	}
	if err := e.checkID(id); err != nil {
		return err
	}
	op := "read the log of " + id
	in, err := cl.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return e.fail(op, err)
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
		if o.Follow && ctx.Err() != nil {
			return nil
		}
		return e.fail(op, err)
	}
	defer r.Close()
	read := demux
	if in.Container.Config != nil && in.Container.Config.Tty {
		read = raw
	}
	err = read(r, line)
	if o.Follow && ctx.Err() != nil {
		return nil
	}
	return e.fail(op, err)
}

// unix writes a moment as the API wants it, "" for the zero time.
func unix(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}
