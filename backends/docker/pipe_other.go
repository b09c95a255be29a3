//go:build !windows

package docker

import (
	"context"
	"net"
)

func dialPipe(context.Context, string) (net.Conn, error) {
	return nil, &reason{why: "named pipes exist on Windows only", hint: "use unix, tcp or ssh"}
}
