package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/fleet"
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
	choice := choosers[x.Takes](x)
	choice.flags(a, c)
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
		if err := choice.check(args); err != nil {
			return err
		}
		targets, state, err := choice.targets(ctx, a, args)
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
