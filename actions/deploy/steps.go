package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// pullLimit bounds one pull: gigabytes over a slow line.
const pullLimit = 30 * time.Minute

// on is a deploy on one engine.
type on struct {
	*docker.Engine
	*deployment
	env   *actions.Env
	s     fleet.Service
	p     params
	place place
}

func (o on) name() string { return service.Container(o.s.Name, o.p.Colour, o.p.Run) }

// target is the new container; its steps form one lane.
func (o on) target() fleet.Target {
	return service.ContainerTarget(o.s, o.place.Engine, "", o.name())
}

// pinned is the image by its digest.
func (o on) pinned() string { return o.place.Repository + "@" + o.p.Release.Digest }

func (o on) steps() []actions.Step {
	steps := []actions.Step{o.pull(), o.create()}
	for _, t := range o.place.Leftovers {
		st := service.Remove(o.Engine, t, "remove "+t.String()+", which an earlier deploy left")
		steps = append(steps, stays(st)) // a rollback brings the holder before this run back, and not that before it
	}
	for i := range steps {
		steps[i].Stage, steps[i].Target = stagePrepare, o.target()
	}
	begin := len(steps)
	for _, t := range o.place.Stop {
		steps = append(steps, service.Stop(o.World, o.Engine, o.s, o.p.Colour, t, "stop "+t.String()+", whose place it takes"))
	}
	steps = append(steps, o.start(), o.healthy())
	for i := begin; i < len(steps); i++ {
		steps[i].Stage, steps[i].Target = stageStart, o.target()
	}
	return steps
}

// pull fetches the image by its digest. It stays when the deploy is rolled back: an
// image does no harm, and is there for the next attempt.
func (o on) pull() actions.Step {
	return stays(actions.Step{
		Name: fmt.Sprintf("get %s on %s", o.ref(), o.place.Engine), Timeout: pullLimit,
		Done: func(ctx context.Context) (bool, error) {
			img, err := o.ImageOf(ctx, o.pinned())
			if docker.IsNotFound(err) {
				return false, actions.Observed("the engine does not have the image")
			}
			if err != nil {
				return false, err
			}
			return true, o.stamped(img)
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			if _, err := o.Pull(ctx, o.pinned(), layers(pr)); err != nil {
				return fmt.Errorf("%w%s", err, fullDisk(err))
			}
			img, err := o.ImageOf(ctx, o.pinned())
			if err == nil {
				err = o.stamped(img)
			}
			return err
		},
	})
}

// stays makes a step whose effect a rollback leaves as it is, since nothing depends on
// it.
func stays(s actions.Step) actions.Step {
	s.Final = ""
	s.Undo = func(context.Context, actions.Progress) error { return nil }
	s.Undone = func(context.Context) (bool, error) { return true, nil }
	return s
}

// stamped refuses an image that turned out to be meant for another environment. What
// was known when the plan was made was judged then, and may have been overridden.
func (o on) stamped(img docker.ImageFacts) error {
	stamp := img.Labels[fleet.LabelEnvironment]
	if why := misplaced(stamp, o.s.Environment); stamp != "" && stamp != o.p.Stamp && why != "" {
		return fmt.Errorf("%s: plan it again, where this can be overridden", why)
	}
	return nil
}

func fullDisk(err error) string {
	if strings.Contains(err.Error(), "no space left") {
		return ": make room on the engine's disk (docker image prune), then resume the run"
	}
	return ""
}

// ref names the image for people.
func (o on) ref() string {
	if o.p.Release.Version != "" {
		return o.place.Repository + ":" + o.p.Release.Version
	}
	return o.place.Repository + " " + service.Short(o.p.Release.Digest)
}

// create makes the container. Its name holds the run, so that a run that goes on
// finds its own and no other.
func (o on) create() actions.Step {
	return actions.Step{
		Name: "create " + o.target().String(),
		Done: func(ctx context.Context) (bool, error) {
			c, err := o.mine(ctx)
			if err != nil || c == nil {
				return false, err
			}
			spec, err := o.spec(ctx)
			if err != nil {
				return true, nil // it was made as it was described then
			}
			for _, n := range spec.NetworkNames() {
				if !slices.Contains(c.Networks, n) {
					return false, actions.Observed("it is not in network " + n)
				}
			}
			return true, nil
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			spec, err := o.spec(ctx)
			if err != nil {
				return err
			}
			_, warnings, err := o.Create(ctx, o.name(), spec)
			for _, w := range warnings {
				pr.Log("the engine warns: %s", w)
			}
			if err != nil && !docker.IsConflict(err) {
				return fmt.Errorf("%w%s", err, fullDisk(err))
			}
			c, err := o.mine(ctx)
			if err != nil || c == nil {
				return err
			}
			return o.Attach(ctx, c, spec)
		},
		Undo: func(ctx context.Context, _ actions.Progress) error {
			err := o.Remove(ctx, o.name(), true, true)
			if docker.IsNotFound(err) {
				return nil
			}
			return err
		},
		Undone: func(ctx context.Context) (bool, error) {
			c, err := o.mine(ctx)
			return err == nil && c == nil, err
		},
	}
}

// mine reads the container of this run; nil when there is none.
func (o on) mine(ctx context.Context) (*docker.Container, error) {
	c, err := o.Get(ctx, o.name())
	if docker.IsNotFound(err) {
		return nil, nil
	}
	return c, err
}

// spec is the container as the Compose file describes it, with what makes it one of
// this run. A file that changed since the plan was confirmed is not followed.
func (o on) spec(ctx context.Context) (docker.Spec, error) {
	spec, err := Describe(ctx, o.s, o.place.Engine, o.p.Colour)
	if err != nil {
		return spec, err
	}
	if spec.Sum(o.p.Run) != o.place.Sum {
		return spec, fmt.Errorf("%s, or a variable in it, has changed since the plan was made: roll the run back and deploy again", o.s.Compose.File)
	}
	spec = spec.Clone()
	spec.Config.Image = o.place.Repository + "@" + o.p.Release.Digest
	if v := o.p.Release.Version; v != "" {
		spec.Config.Image = o.place.Repository + ":" + v + "@" + o.p.Release.Digest
	}
	for k, v := range map[string]string{fleet.LabelService: o.s.Name, fleet.LabelColour: string(o.p.Colour), fleet.LabelRun: o.p.Run,
		fleet.LabelImage: o.p.Release.Image, fleet.LabelBy: o.p.Release.By} {
		spec.SetLabel(k, v)
	}
	if o.p.Migration {
		spec.SetLabel(fleet.LabelMigration, fleet.MigrationContract)
	}
	return spec, nil
}

// start starts the container. One that ended at once was started: why it ended is the
// next step's affair. A run that goes on starts it again.
func (o on) start() actions.Step {
	started := false // one lane, no race
	return actions.Step{
		Name: "start " + o.target().String(), Timeout: 2*time.Minute + o.s.Drain,
		Done: func(ctx context.Context) (bool, error) {
			c, err := o.mine(ctx)
			switch {
			case err != nil:
				return false, err
			case c == nil:
				return false, actions.Observed("the container is gone")
			case c.State != docker.Running && !started:
				return false, actions.Observed(fmt.Sprintf("it is %s", c.State))
			}
			return true, nil
		},
		Do: func(ctx context.Context, _ actions.Progress) error {
			err := o.Start(ctx, o.name())
			started = err == nil
			return err
		},
		Undo: func(ctx context.Context, pr actions.Progress) error {
			if err := service.Drain(ctx, pr, o.Proxies(o.s.Name), o.p.Colour, o.s.Drain); err != nil {
				return err
			}
			err := o.Stop(ctx, o.name(), nil)
			if docker.IsNotFound(err) {
				return nil
			}
			return err
		},
		Undone: func(ctx context.Context) (bool, error) {
			c, err := o.mine(ctx)
			return err == nil && (c == nil || c.State != docker.Running && c.State != docker.Restarting), err
		},
	}
}

// healthy waits until the container is well.
func (o on) healthy() actions.Step {
	return service.Check(actions.Step{Name: o.target().String() + " is healthy", Timeout: o.s.Gate.Within + 10*time.Second},
		func(ctx context.Context, _ actions.Progress) error {
			return service.Healthy(ctx, o.Engine, o.name(), o.s.Gate.Within)
		})
}

// layers adds the bytes of all layers up.
func layers(pr actions.Progress) func(docker.PullProgress) {
	type amount struct{ done, total int64 }
	by := map[string]amount{}
	return func(u docker.PullProgress) {
		if u.Layer == "" || u.Total == 0 {
			return
		}
		by[u.Layer] = amount{u.Current, u.Total}
		var sum amount
		for _, a := range by {
			sum.done, sum.total = sum.done+a.done, sum.total+a.total
		}
		pr.Amount(sum.done, sum.total, "bytes")
	}
}
