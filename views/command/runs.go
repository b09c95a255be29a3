package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/runs"
	"ringside/views/screen"
)

// runs is the command `runs`.
func (a *app) runs() *cobra.Command {
	c := group("runs", "What was done: history, resume, roll back", "run")
	c.AddCommand(a.runsList(), a.runsShow(),
		a.runsAgain("resume RUN", "Go on with a run that did not reach its end", false),
		a.runsAgain("rollback RUN", "Take back what a run did, as far as it can be", true))
	return c
}

func (a *app) runsList() *cobra.Command {
	c := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List runs: those going on, the unfinished, then the newest", Args: cobra.NoArgs}
	limit := c.Flags().Int("limit", 50, "at most so many; 0: all")
	unfinished := c.Flags().Bool("unfinished", false, "only runs that were left half way")
	filter := c.Flags().String("filter", "", "`QUERY`: words, ~fuzzy, !not, user: host: status: kind: id:")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		ctx, cancel := a.limited(ctx, readLimit)
		defer cancel()
		list, err := a.open().Runs(ctx, actions.RunQuery{Limit: *limit, Unfinished: *unfinished})
		if err != nil {
			return err
		}
		rows := slices.DeleteFunc(runs.Rows(list, time.Now()), func(r runs.Row) bool { return !runs.Match(r, *filter) })
		return emit(a, rows, a.runColumns())
	})
	return c
}

func (a *app) runColumns() []column[runs.Row] {
	now := time.Now()
	return []column[runs.Row]{
		{title: "RUN", cell: text(func(r runs.Row) string { return r.ID })},
		{title: "STATUS", cell: func(r runs.Row) cell {
			s := r.Status
			if r.Unfinished {
				s = "unfinished"
			}
			return cell{a.statusGlyph(s) + " " + s, statusStyle(s)}
		}},
		{title: "WHAT", flex: true, cell: text(func(r runs.Row) string { return r.Title })},
		{title: "STEPS", right: true, cell: text(func(r runs.Row) string { return fmt.Sprintf("%d/%d", r.Ended, r.Steps) })},
		{title: "WHO", cell: text(func(r runs.Row) string { return r.User })},
		{title: "AGE", right: true, cell: text(func(r runs.Row) string { return screen.Since(r.Created, now) })},
	}
}

func (a *app) statusGlyph(s string) string {
	g := a.glyphs()
	switch s {
	case string(actions.Succeeded):
		return g.Good
	case string(actions.Failed):
		return g.Bad
	case string(actions.Running):
		return g.Busy
	case string(actions.Interrupted), "unfinished":
		return g.Warn
	}
	return g.Off
}

func statusStyle(s string) kit.Style {
	if s == "unfinished" {
		return warn
	}
	return resultStyle(s)
}

func (a *app) runsShow() *cobra.Command {
	return &cobra.Command{Use: "show RUN", Short: "Show a run with its steps and their output", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRuns,
		Long: `Show a run with its steps and their output. With --output json or yaml the steps
are listed.`,
		RunE: a.run(func(ctx context.Context, args []string) error {
			ctx, cancel := a.limited(ctx, readLimit)
			defer cancel()
			r, err := a.open().Run(ctx, args[0])
			if err != nil {
				return usage("%w", err)
			}
			if a.flags.output != "table" {
				return emit[runs.Step](a, runs.Steps(r, time.Now()), nil)
			}
			theme := &kit.Theme{Glyph: a.glyphs()}
			if a.colours() {
				theme.Good, theme.Warn, theme.Bad, theme.Busy, theme.Dim, theme.Off, theme.Strong = good, warn, bad, warn, dim, dim, bold
			}
			for _, line := range runs.Describe(theme, r, time.Now()) {
				a.printf("%s\n", line)
			}
			return nil
		})}
}

// runsAgain makes `resume` and `rollback`: the plan is rebuilt from the record,
// checked anew, and confirmed as any other.
func (a *app) runsAgain(use, short string, undo bool) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRuns,
		RunE: a.run(func(ctx context.Context, args []string) error {
			if a.flags.readOnly {
				return actions.ErrReadOnly
			}
			if err := a.usable(ctx); err != nil {
				return err
			}
			rec, err := a.open().Run(ctx, args[0])
			if err != nil {
				return usage("%w", err)
			}
			if rec.Alive && !rec.Status.Final() {
				return exit(ExitBlocked, "run %s is going on: %s on %s (pid %d) runs it; nothing was started", rec.ID, rec.Actor.User, rec.Actor.Host, rec.Actor.PID)
			}
			state, err := a.around(ctx, rec.Targets)
			if err != nil {
				return err
			}
			env := a.env(a.fleet, func() *watch.State { return state }, "command")
			plan, err := a.registry.Rebuild(ctx, env, rec, undo)
			if err != nil {
				return err
			}
			return a.carryOut(ctx, env, job{plan: plan, run: rec.ID, undo: undo})
		})}
}
