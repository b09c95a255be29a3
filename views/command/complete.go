package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
)

// completeLimit bounds what a completion may take: a shell that hangs on tab is
// worse than one that offers less.
const completeLimit = 800 * time.Millisecond

// completeContainers offers names, as ENGINE/NAME where two engines have the same
// or an engine was begun with.
func (a *app) completeContainers(many bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if !many && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		a.quiet()
		if a.flags.readTimeout == 0 || a.flags.readTimeout > completeLimit {
			a.flags.readTimeout = completeLimit
		}
		w, err := a.look(c.Context(), nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list := w.containers()
		times := map[string]int{}
		for _, x := range list {
			times[x.Name]++
		}
		var out []cobra.Completion
		for _, x := range list {
			name := x.Name
			if times[name] > 1 || strings.Contains(begun, "/") {
				name = x.Engine + "/" + name
			}
			if !slices.Contains(args, name) {
				out = append(out, cobra.CompletionWithDesc(name, x.Engine+" "+string(x.State)))
			}
		}
		slices.Sort(out)
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeEngines offers the engines of the fleet, without asking them anything.
func (a *app) completeEngines(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	f, err := a.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, e := range f.Engines {
		if !slices.Contains(args, e.Name) {
			out = append(out, cobra.CompletionWithDesc(e.Name, strings.TrimSpace(e.Site+" "+e.Environment)))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeHoldable offers what a hold can be on.
func (a *app) completeHoldable(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	hosts, end := a.completeHosts(c, args, begun)
	if what, _, ok := strings.Cut(begun, ":"); ok && common[what] != nil {
		return hosts, end
	}
	engines, _ := a.completeEngines(c, args, begun)
	containers, _ := a.completeContainers(true)(c, args, begun)
	return slices.Concat(hosts, engines, containers), end
}

func (a *app) completeRuns(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	ctx, cancel := context.WithTimeout(context.Background(), completeLimit)
	defer cancel()
	list, err := a.open().Runs(ctx, actions.RunQuery{Limit: 50})
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, r := range list {
		out = append(out, cobra.CompletionWithDesc(r.ID, string(r.Status)+" "+r.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func (a *app) completeHolds(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	ctx, cancel := context.WithTimeout(context.Background(), completeLimit)
	defer cancel()
	list, err := a.open().Holds(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, h := range list {
		out = append(out, cobra.CompletionWithDesc(h.Target.String(), h.Why))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
