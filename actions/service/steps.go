package service

import (
	"context"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// stopLimit is how long a stop may take: the container's own grace period is not
// known, and the engine keeps to it.
const stopLimit = 3 * time.Minute

// get reads a container; nil when it is gone.
func get(ctx context.Context, e *docker.Engine, t fleet.Target) (*docker.Container, error) {
	ref := t.ID
	if ref == "" {
		ref = t.Name
	}
	c, err := e.Get(ctx, ref)
	if docker.IsNotFound(err) {
		return nil, nil
	}
	return c, err
}

func runs(c *docker.Container) bool {
	return c != nil && (c.State == docker.Running || c.State == docker.Paused || c.State == docker.Restarting)
}

// Stop stops a container that is there, once its colour has drained; the way back
// starts it again.
func Stop(w World, e *docker.Engine, s fleet.Service, c fleet.Colour, t fleet.Target, name string) actions.Step {
	return actions.Step{
		Target: t, Name: name, Timeout: stopLimit + s.Drain,
		Done: func(ctx context.Context) (bool, error) {
			c, err := get(ctx, e, t)
			if err != nil || !runs(c) {
				return err == nil, err
			}
			return false, actions.Observed(string(c.State))
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			if err := Drain(ctx, pr, w.Proxies(s.Name), c, s.Drain); err != nil {
				return err
			}
			return e.Stop(ctx, t.ID, nil)
		},
		Undo: func(ctx context.Context, pr actions.Progress) error {
			err := e.Start(ctx, t.ID)
			if docker.IsNotFound(err) {
				pr.Log("it was removed in the meantime")
				return nil
			}
			return err
		},
		Undone: func(ctx context.Context) (bool, error) {
			c, err := get(ctx, e, t)
			return err == nil && (c == nil || runs(c)), err
		},
	}
}

// Remove removes a container by force.
func Remove(e *docker.Engine, t fleet.Target, name string) actions.Step {
	return actions.Step{
		Target: t, Name: name, Final: "the container is removed; its image stays",
		Done: func(ctx context.Context) (bool, error) {
			c, err := get(ctx, e, t)
			if err != nil || c == nil {
				return err == nil, err
			}
			return false, actions.Observed(fmt.Sprintf("it is %s", c.State))
		},
		Do: func(ctx context.Context, _ actions.Progress) error {
			err := e.Remove(ctx, t.ID, true, false)
			if docker.IsNotFound(err) {
				return nil
			}
			return err
		},
	}
}
