package docker

import (
	"context"
	"os"
	"strings"

	"github.com/docker/go-units"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// Space returns the bytes that are free where the engine keeps its images; known is
// false when nobody tells: the Engine API does not, except for some storage drivers,
// and only an engine on this machine can be looked at.
func (e *Engine) Space(ctx context.Context) (free int64, known bool, err error) {
	cl, err := e.open()
	if err != nil {
		return 0, false, err
	}
	r, err := cl.Info(ctx, client.InfoOptions{})
	if err != nil {
		return 0, false, e.fail("read the engine's facts", err)
	}
	for _, row := range r.Info.DriverStatus {
		if row[0] == "Data Space Available" || row[0] == "Space Available" {
			if n, err := units.FromHumanSize(row[1]); err == nil {
				return n, true, nil
			}
		}
	}
	host, _ := os.Hostname()
	if !strings.HasPrefix(e.spec.Address, "unix://") || fleet.Clean(r.Info.Name) != host {
		return 0, false, nil
	}
	free, known = freeAt(r.Info.DockerRootDir)
	return free, known, nil
}
