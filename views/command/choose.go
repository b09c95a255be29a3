package command

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
)

// chooser is how the targets of one kind are named on the command line.
type chooser interface {
	// flags adds the flags that choose, and the completion of names.
	flags(a *app, c *cobra.Command)
	// check refuses what cannot be meant, before anything is read.
	check(args []string) error
	// targets finds what is meant, and reads what guards look at.
	targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error)
}

// choosers by the kind of target that an action takes.
var choosers = map[string]func(actions.Action) chooser{
	fleet.KindCluster:   func(actions.Action) chooser { return clusterChoice{} },
	fleet.KindContainer: func(x actions.Action) chooser { return &containerChoice{many: x.Many} },
	fleet.KindEngine:    func(actions.Action) chooser { return &engineChoice{} },
	fleet.KindHost:      func(actions.Action) chooser { return &hostChoice{} },
	fleet.KindService:   func(actions.Action) chooser { return &serviceChoice{} },
	fleet.KindSync:      func(actions.Action) chooser { return &syncChoice{} },
	fleet.KindTag:       func(actions.Action) chooser { return tagChoice{} },
}

// containerChoice chooses containers.
type containerChoice struct {
	picking
	many bool
}

func (c *containerChoice) flags(a *app, cmd *cobra.Command) {
	c.picking.flags(a, cmd, c.many)
	cmd.ValidArgsFunction = a.completeContainers(c.many)
}

func (c *containerChoice) check(args []string) error { return c.picking.check(args, true) }

func (c *containerChoice) targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	w, err := a.lookForAct(ctx, c.reach(args))
	if err != nil {
		return nil, nil, err
	}
	list, err := c.pick(w, args)
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, usage("no container matches; nothing was started")
	}
	targets := containerTargets(list)
	if slices.ContainsFunc(list, func(c *docker.Container) bool { return c.Labels[fleet.LabelService] != "" }) {
		state, err := a.around(ctx, targets) // what users have is known by the proxies
		return targets, state, err
	}
	return targets, w.state, nil
}

// lookForAct is look for commands that change something. A name is unambiguous,
// and a filter complete, only when every engine that was asked has answered.
func (a *app) lookForAct(ctx context.Context, engines []string) (*world, error) {
	w, err := a.look(ctx, engines)
	if err != nil {
		return nil, err
	}
	if w.failed > 0 {
		return nil, exit(ExitFailed, "nothing was started, since not every engine has answered: name containers as ENGINE/NAME, or the engines with --engine")
	}
	return w, nil
}

func containerTargets(list []*docker.Container) []fleet.Target {
	var out []fleet.Target
	for _, c := range list {
		out = append(out, impact.ContainerTarget(c))
	}
	return out
}

// engineChoice chooses engines.
type engineChoice struct{ all bool }

func (c *engineChoice) flags(a *app, cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.all, "all", false, "all engines")
	cmd.ValidArgsFunction = a.completeEngines
}

func (c *engineChoice) check(args []string) error {
	switch {
	case len(args) > 0 && c.all:
		return usage("name engines, or choose all of them with --all, not both")
	case len(args) == 0 && !c.all:
		return usage("which engines? Name them, or choose all of them with --all")
	}
	return nil
}

func (c *engineChoice) targets(_ context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	f, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	var out []fleet.Target
	for _, e := range f.Engines {
		if c.all {
			out = append(out, impact.EngineTarget(e))
		}
	}
	for _, n := range args {
		e, ok := f.Engine(n)
		if !ok {
			return nil, nil, usage("there is no engine %q; the fleet has %s", n, engineNames(f))
		}
		out = append(out, impact.EngineTarget(e))
	}
	if len(out) == 0 {
		return nil, nil, usage("the fleet has no engine")
	}
	return out, &watch.State{}, nil
}

// clusterChoice chooses one Swift cluster.
type clusterChoice struct{}

func (clusterChoice) flags(a *app, cmd *cobra.Command) { cmd.ValidArgsFunction = a.completeClusters }

func (clusterChoice) check(args []string) error {
	if len(args) == 0 {
		return usage("which cluster? Name it")
	}
	return nil
}

func (clusterChoice) targets(_ context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	picked, err := a.pickClusters(args[0])
	if err != nil {
		return nil, nil, err
	}
	return []fleet.Target{impact.ClusterTarget(picked[0].Spec())}, &watch.State{}, nil
}
