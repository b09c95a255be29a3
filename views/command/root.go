package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
)

// handler is what a command does. Its context ends when a signal asks to cancel.
type handler func(ctx context.Context, args []string) error

// root makes the tree of commands. Without a command the console starts.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringside",
		Short: "A ringside seat to your fleet",
		Long: `A ringside seat to your fleet: the power of every host and every container of
every Docker Engine, live, in one console, and the same from the command line.

Without a command the console opens. Every change is a plan that is checked,
confirmed and recorded first; --dry-run shows it and changes nothing.`,
		Version: a.version(), SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.begin() },
		RunE:              func(c *cobra.Command, _ []string) error { return withCode(a.console(c.Context())) },
	}
	root.SetArgs(a.Args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	a.globalFlags(root)
	root.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Look and act:"}, &cobra.Group{ID: "set", Title: "Set up:"})
	root.AddCommand(grouped("look", a.status(), a.swift())...)
	root.AddCommand(grouped("act", a.power(), a.containers(), a.engines(), a.services())...)
	root.AddCommand(grouped("act", a.releases()...)...)
	root.AddCommand(grouped("act", a.sync(), a.registryCommand(), a.runs(), a.hold())...)
	root.AddCommand(grouped("set", a.initFile(), a.check(), a.schema(), a.demoCommand())...)
	root.SetCompletionCommandGroupID("set")
	root.SetHelpCommandGroupID("look")
	root.AddCommand(a.versionCommand(), a.man(root))
	root.AddCommand(topics()...)
	return root
}

func grouped(id string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = id
	}
	return commands
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.flags.config, "config", "", "configuration `FILE` (default: $RINGSIDE_CONFIG, ./ringside.yaml, then the user's own)")
	f.StringVarP(&a.flags.output, "output", "o", "table", "table, json or yaml")
	f.BoolVar(&a.flags.dryRun, "dry-run", false, "show the plan and change nothing; exit 1 when there is something to change")
	f.BoolVarP(&a.flags.yes, "yes", "y", false, "do not ask")
	f.StringVar(&a.flags.reason, "reason", "", "`WHY`, recorded; needed with --yes where the console has a word typed")
	f.StringVar(&a.flags.override, "override", "", "`WHY` a guard that blocks is overridden, recorded")
	f.BoolVar(&a.flags.readOnly, "read-only", false, "refuse every change")
	f.BoolVar(&a.flags.ascii, "ascii", false, "no line drawing and no other signs than ASCII")
	f.BoolVar(&a.flags.noColor, "no-color", false, "no colours (as with NO_COLOR)")
	f.StringVar(&a.flags.logFile, "log", "", "append what ringside does to `FILE`, as JSON lines without secrets")
	f.DurationVar(&a.flags.readTimeout, "read-timeout", 0, "how long an engine or a BMC may take to answer (default 10s; 5s for check)")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"reason", "override", "read-timeout"} {
		_ = root.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// begin checks the flags that every command has.
func (a *app) begin() error {
	if !slices.Contains(formats, a.flags.output) {
		return usage("--output %q: it must be one of %s", a.flags.output, strings.Join(formats, ", "))
	}
	return a.startLog()
}

// run makes a command's function: its context ends by a signal, and its errors
// have exit codes.
func (a *app) run(h handler) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		a.log.Info("command", "command", c.CommandPath())
		ctx := a.watchSignals(c.Context())
		err := h(ctx, args)
		if ctx.Err() != nil && c.Context().Err() == nil && err != nil && codeOf(err) != ExitCancelled {
			err = exit(ExitCancelled, "%w: %w", context.Cause(ctx), err)
		}
		return withCode(err)
	}
}

// group is a command that only holds others.
func group(use, short string, aliases ...string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Aliases: aliases, RunE: func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ""
		c.SuggestionsMinimumDistance = 2
		if s := c.SuggestionsFor(args[0]); len(s) > 0 {
			hint = fmt.Sprintf("; did you mean %q?", s[0])
		}
		return usage("%s has no command %q%s", c.CommandPath(), args[0], hint)
	}}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) {
		a.printf("ringside version %s\n", a.version())
	}}
}

func (a *app) schema() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Print the JSON Schema of ringside.yaml, for editors", Args: cobra.NoArgs,
		RunE: a.run(func(context.Context, []string) error {
			_, err := a.Out.Write(fleet.Schema())
			return err
		})}
}
