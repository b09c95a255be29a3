package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
)

// acts makes a command of every action on a kind of target: its arguments become
// flags.
func (a *app) acts(takes string) []*cobra.Command {
	var out []*cobra.Command
	for _, x := range a.registry.All(takes) {
		out = append(out, a.actCommand(x))
	}
	return out
}

func (a *app) actCommand(x actions.Action) *cobra.Command {
	noun := strings.ToUpper(x.Takes)
	if x.Many {
		noun += "..."
	}
	word := lastWord(x) // the argument that may follow the target without its flag
	use := x.Verb + " " + noun
	if word != "" {
		use += " " + strings.ToUpper(word)
	}
	c := &cobra.Command{Use: use, Short: strings.TrimSuffix(x.Help, "."), GroupID: "act"}
	for _, arg := range x.Args {
		help := arg.Help
		if arg.Required {
			help += " (required)"
		}
		if arg.Flag {
			c.Flags().Bool(arg.Name, arg.Default == "true", help)
		} else {
			c.Flags().String(arg.Name, arg.Default, help)
		}
		_ = c.RegisterFlagCompletionFunc(arg.Name, cobra.NoFileCompletions)
	}
	p := &picking{}
	if x.Takes == fleet.KindContainer {
		p.flags(a, c, x.Many)
		c.ValidArgsFunction = a.completeContainers(x.Many)
	} else {
		c.Flags().BoolVar(&p.all, "all", false, "all engines")
		c.ValidArgsFunction = a.completeEngines
	}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		values := actions.Args{}
		for _, arg := range x.Args {
			if f := c.Flags().Lookup(arg.Name); f.Changed {
				values[arg.Name] = f.Value.String()
			}
		}
		if word != "" && values[word] == "" && len(args) == 2 {
			args, values[word] = args[:1], args[1]
		}
		if err := checkArgs(x, args, values); err != nil {
			return err
		}
		targets, state, err := a.targets(ctx, x, p, args)
		if err != nil {
			return err
		}
		return a.act(ctx, x, targets, state, values)
	})
	return c
}

// lastWord is the required argument of an action on one target, as in `rename
// CONTAINER NAME`.
func lastWord(x actions.Action) string {
	name := ""
	for _, arg := range x.Args {
		if arg.Required && !x.Many {
			if name != "" {
				return ""
			}
			name = arg.Name
		}
	}
	return name
}

// checkArgs finds mistakes of the command line before anything is read.
func checkArgs(x actions.Action, args []string, values actions.Args) error {
	if len(args) > 1 && !x.Many {
		return usage("%s takes one %s, %d were given", x.Verb, x.Takes, len(args))
	}
	for _, arg := range x.Args {
		v, given := values[arg.Name]
		if arg.Required && v == "" {
			return usage("%s needs --%s: %s", x.Verb, arg.Name, arg.Help)
		}
		if given && v != "" && arg.Check != nil {
			if err := arg.Check(v); err != nil {
				return usage("--%s %q: %w", arg.Name, v, err)
			}
		}
	}
	return nil
}

// targets finds what an action is meant for, and what guards may look at.
func (a *app) targets(ctx context.Context, x actions.Action, p *picking, args []string) ([]fleet.Target, *watch.State, error) {
	if err := p.check(args, true); err != nil {
		return nil, nil, err
	}
	if x.Takes == fleet.KindEngine {
		targets, err := a.engineTargets(args)
		return targets, &watch.State{}, err
	}
	w, err := a.lookForAct(ctx, p.reach(args))
	if err != nil {
		return nil, nil, err
	}
	list, err := p.pick(w, args)
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, usage("no container matches; nothing was started")
	}
	return containerTargets(list), w.state, nil
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

// engineTargets finds engines by name; none means all, which --all has said.
func (a *app) engineTargets(names []string) ([]fleet.Target, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	var out []fleet.Target
	for _, e := range f.Engines {
		if len(names) == 0 {
			out = append(out, impact.EngineTarget(e))
		}
	}
	for _, n := range names {
		e, ok := f.Engine(n)
		if !ok {
			return nil, usage("there is no engine %q; the fleet has %s", n, engineNames(f))
		}
		out = append(out, impact.EngineTarget(e))
	}
	if len(out) == 0 {
		return nil, usage("the fleet has no engine")
	}
	return out, nil
}

// act builds the plan and carries it out.
func (a *app) act(ctx context.Context, x actions.Action, targets []fleet.Target, state *watch.State, values actions.Args) error {
	f, err := a.load()
	if err != nil {
		return err
	}
	env := a.env(f, func() *watch.State { return state }, "command")
	if a.flags.readOnly {
		return actions.ErrReadOnly
	}
	if err := a.usable(ctx); err != nil {
		return err
	}
	plan, err := a.registry.Build(ctx, env, x.ID, targets, values)
	if errors.Is(err, actions.ErrNothingToDo) {
		a.complain("%v", err)
		return a.results(skipped(targets))
	}
	if err != nil {
		return err
	}
	return a.carryOut(ctx, env, job{plan: plan, asked: targets})
}

// usable reports early that the ledger cannot be opened: nothing would start.
func (a *app) usable(ctx context.Context) error {
	if _, err := a.open().get(ctx); err != nil {
		return fmt.Errorf("nothing was started: %w", err)
	}
	return nil
}
