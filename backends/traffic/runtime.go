package traffic

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"ringside/backends/fleet"
)

const (
	commandLimit = 5 * time.Second // of one command of HAProxy's runtime API
	maxAnswer    = 8 << 20         // bytes of its answer: `show stat` of some thousand servers
)

// command sends one command to HAProxy's runtime API and returns the answer
// without the empty line at its end. Each command has a connection of its own, which
// HAProxy closes after the answer (management guide, "Unix Socket commands").
func (h *haproxy) command(ctx context.Context, text string) (string, error) {
	if strings.ContainsAny(text, "\n;") {
		return "", &reason{why: "a name holds a character that would end the command"}
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	network := "tcp"
	if strings.Contains(h.Socket, "/") {
		network = "unix"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, h.Socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, text+"\n"); err != nil {
		return "", said(ctx, err)
	}
	b, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return "", said(ctx, err)
	case len(b) > maxAnswer:
		return "", errors.New("the answer is longer than 8 MiB")
	}
	return strings.TrimRight(string(b), "\n"), nil
}

// said prefers why a connection was given up over how that looked.
func said(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// tell sends a command that answers nothing when it worked.
func (h *haproxy) tell(ctx context.Context, text string) error {
	out, err := h.command(ctx, text)
	if err == nil && strings.TrimSpace(out) != "" {
		err = &reason{why: "HAProxy refused: " + strings.TrimSpace(fleet.Clean(out))}
	}
	return err
}
