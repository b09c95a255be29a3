package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// act runs one change of a container.
func (e *Engine) act(id, verb string, do func(*client.Client) error) error {
	cl, err := e.open()
	if err != nil {
		return err
	}
	if err := e.checkID(id); err != nil {
		return err
	}
	return e.fail(verb+" container "+id, do(cl))
}

// Start starts a container; one that runs already is no error.
func (e *Engine) Start(ctx context.Context, id string) error {
	return e.act(id, "start", func(cl *client.Client) error {
		_, err := cl.ContainerStart(ctx, id, client.ContainerStartOptions{})
		return err
	})
}

// Stop stops a container: its stop signal, and SIGKILL after timeout (nil: as the
// container or the engine has it). It returns when the container has stopped.
func (e *Engine) Stop(ctx context.Context, id string, timeout *time.Duration) error {
	return e.act(id, "stop", func(cl *client.Client) error {
		_, err := cl.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: seconds(timeout)})
		return err
	})
}

// Restart stops, as Stop does, and starts again.
func (e *Engine) Restart(ctx context.Context, id string, timeout *time.Duration) error {
	return e.act(id, "restart", func(cl *client.Client) error {
		_, err := cl.ContainerRestart(ctx, id, client.ContainerRestartOptions{Timeout: seconds(timeout)})
		return err
	})
}

// seconds rounds up: 500 ms must not become "kill at once".
func seconds(d *time.Duration) *int {
	if d == nil {
		return nil
	}
	n := int((*d + time.Second - 1) / time.Second)
	return &n
}

// Kill sends a signal ("" is SIGKILL).
func (e *Engine) Kill(ctx context.Context, id, signal string) error {
	return e.act(id, "kill", func(cl *client.Client) error {
		_, err := cl.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: signal})
		return err
	})
}

// Pause freezes a container.
func (e *Engine) Pause(ctx context.Context, id string) error {
	return e.act(id, "pause", func(cl *client.Client) error {
		_, err := cl.ContainerPause(ctx, id, client.ContainerPauseOptions{})
		return err
	})
}

// Unpause lets a frozen container go on.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	return e.act(id, "unpause", func(cl *client.Client) error {
		_, err := cl.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

// Remove removes a container; force kills it first, volumes removes its anonymous
// volumes as well. One that is being removed already, as when whoever asked for it
// died, is no error: it may still be there for a moment.
func (e *Engine) Remove(ctx context.Context, id string, force, volumes bool) error {
	return e.act(id, "remove", func(cl *client.Client) error {
		_, err := cl.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: force, RemoveVolumes: volumes})
		if errdefs.IsConflict(err) && says("is already in progress")(err) {
			return nil
		}
		return err
	})
}

// Rename gives a container a new name.
func (e *Engine) Rename(ctx context.Context, id, name string) error {
	if err := e.checkID(name); err != nil {
		return err
	}
	return e.act(id, "rename", func(cl *client.Client) error {
		_, err := cl.ContainerRename(ctx, id, client.ContainerRenameOptions{NewName: name})
		return err
	})
}

// Update changes limits. The engine takes 0 for "leave as it is" and has no way
// to take a limit away, so 0 becomes all that the host has, and a warning says so.
// When memory is raised past the swap limit, swap keeps its size.
func (e *Engine) Update(ctx context.Context, id string, c LimitChange) (warnings []string, err error) {
	err = e.act(id, "change limits of", func(cl *client.Client) error {
		in, err := cl.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if err != nil {
			return err
		}
		var now, r container.Resources
		if in.Container.HostConfig != nil {
			now = in.Container.HostConfig.Resources
		}
		if c.Memory != nil && *c.Memory > 0 {
			r.Memory, r.MemorySwap = *c.Memory, swapLimit(now, *c.Memory)
		}
		if c.NanoCPUs != nil && *c.NanoCPUs > 0 {
			r.NanoCPUs = *c.NanoCPUs
		}
		liftCPU := c.NanoCPUs != nil && *c.NanoCPUs == 0 && nanoCPUs(now) > 0
		liftMemory := c.Memory != nil && *c.Memory == 0 && now.Memory > 0
		if liftCPU || liftMemory {
			host, err := cl.Info(ctx, client.InfoOptions{})
			if err != nil {
				return err
			}
			if liftCPU {
				r.NanoCPUs = int64(host.Info.NCPU) * 1e9
				warnings = append(warnings, fmt.Sprintf("the engine cannot take a CPU limit away: it is now %d cores, all that the host has", host.Info.NCPU))
			}
			if liftMemory {
				// The engine ignores a swap limit of -1 here: a large one does the same.
				r.Memory = host.Info.MemTotal
				r.MemorySwap = swapLimit(container.Resources{MemorySwap: min(now.MemorySwap, 0)}, r.Memory)
				warnings = append(warnings, fmt.Sprintf("the engine cannot take a memory limit away: it is now %d MiB, all that the host has", host.Info.MemTotal>>20))
			}
		}
		if r.Memory == 0 && r.NanoCPUs == 0 {
			return nil // nothing would change
		}
		out, err := cl.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: &r})
		warnings = append(warnings, cleanAll(out.Warnings)...)
		return err
	})
	return warnings, err
}

// swapLimit returns the swap limit that goes with a new memory limit. It counts
// memory and swap together and may never be below memory; -1 is unlimited.
func swapLimit(now container.Resources, memory int64) int64 {
	switch {
	case now.MemorySwap < 0:
		return -1
	case now.MemorySwap > 0 && now.Memory > 0:
		return memory + max(0, now.MemorySwap-now.Memory)
	}
	return 2 * memory // the engine's own default
}

// Image returns the ID of an image on the engine and its repository digests.
func (e *Engine) Image(ctx context.Context, ref string) (id string, digests []string, err error) {
	cl, err := e.open()
	if err != nil {
		return "", nil, err
	}
	name, err := imageName(ref)
	if err != nil {
		return "", nil, e.fail("find image", err)
	}
	img, err := cl.ImageInspect(ctx, name)
	if err != nil {
		return "", nil, e.fail("find image "+fleet.Clean(ref), err)
	}
	return fleet.Clean(img.ID), cleanAll(img.RepoDigests), nil
}
