package command

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/traffic"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/screen"
	view "ringside/views/services"
)

// Proxies are the proxies of a service of the fleet that was loaded.
func (a *app) Proxies(name string) []*traffic.Proxy {
	if a.proxies == nil {
		return nil
	}
	return a.proxies.Proxies(name)
}

// services is the command `services` with what looks, and settle.
func (a *app) services() *cobra.Command {
	c := group("services", "Services: which colour is live, what is in the other, what was done", "service", "s")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(grouped("look", a.servicesList(), a.servicesShow(), a.servicesHistory())...)
	c.AddCommand(a.serviceActs("service.settle")...)
	return c
}

// releases are the commands that change what users get: deploy, swap, rollback, retire.
func (a *app) releases() []*cobra.Command {
	return a.serviceActs("service.deploy", "service.swap", "service.rollback", "service.retire")
}

func (a *app) serviceActs(ids ...string) (out []*cobra.Command) {
	for _, id := range ids {
		x, _ := a.registry.Get(id)
		out = append(out, a.actCommand(x))
	}
	return out
}

// serviceChoice chooses one service, and waits until nobody else works on it.
type serviceChoice struct{ wait time.Duration }

func (c *serviceChoice) flags(a *app, cmd *cobra.Command) {
	cmd.Flags().DurationVar(&c.wait, "wait", 0, "how long to wait for another run on the service, such as 10m")
	_ = cmd.RegisterFlagCompletionFunc("wait", cobra.NoFileCompletions)
	cmd.ValidArgsFunction = a.completeServices
}

func (c *serviceChoice) check(args []string) error {
	if len(args) == 0 {
		return usage("which service? ringside services list shows them")
	}
	return nil
}

func (c *serviceChoice) targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	list, err := a.namedServices(args)
	if err != nil {
		return nil, nil, err
	}
	if c.wait > 0 && !a.flags.dryRun {
		if err := a.waitFor(ctx, list[0], c.wait); err != nil {
			return nil, nil, err
		}
	}
	return []fleet.Target{list[0].Target()}, &watch.State{}, nil
}

// waitPace is the pause between two looks at who works on a service.
const waitPace = time.Second

// waitFor waits until no other run holds a service, here or on another machine.
func (a *app) waitFor(ctx context.Context, s fleet.Service, limit time.Duration) error {
	f, err := a.load()
	if err != nil {
		return err
	}
	env := a.env(f, func() *watch.State { return nil }, "command")
	over := time.Now().Add(limit)
	told := ""
	for {
		holder, err := service.Busy(ctx, env, a, s)
		switch {
		case err != nil:
			return err
		case holder == "":
			return nil
		case time.Now().After(over):
			return exit(ExitBlocked, "%s is still held after %v: %s; nothing was started", s.Name, limit, holder)
		case holder != told:
			a.complain("waiting for %s: %s", s.Name, holder)
			told = holder
		}
		t := time.NewTimer(waitPace)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// namedServices finds services by name; none means all.
func (a *app) namedServices(names []string) ([]fleet.Service, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	if len(f.Services) == 0 {
		return nil, usage("the configuration names no service; ringside init shows how one looks")
	}
	if len(names) == 0 {
		return f.Services, nil
	}
	var out []fleet.Service
	for _, n := range names {
		s, ok := f.Service(n)
		if !ok {
			var all []string
			for _, s := range f.Services {
				all = append(all, s.Name)
			}
			return nil, usage("there is no service %q; the fleet has %s", n, few(all))
		}
		out = append(out, s)
	}
	return out, nil
}

func (a *app) completeServices(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	f, err := a.load()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, s := range f.Services {
		out = append(out, cobra.CompletionWithDesc(s.Name, strings.TrimSpace(s.Environment+" "+s.Image)))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// rateGap is the time between the two looks of which rates are made.
const rateGap = 300 * time.Millisecond

// readServices reads services side by side. With rates, proxies are looked at twice.
func (a *app) readServices(ctx context.Context, names []string, rates bool) ([]impact.Service, []actions.Hold, error) {
	list, err := a.namedServices(names)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	if rates {
		var wg sync.WaitGroup
		for _, s := range list {
			for _, p := range a.proxies.Proxies(s.Name) {
				wg.Add(1)
				safe.Go("look at "+p.Name(), func() { defer wg.Done(); p.Read(ctx) })
			}
		}
		wg.Wait()
		time.Sleep(rateGap)
	}
	out := make([]impact.Service, len(list))
	var wg sync.WaitGroup
	for i, s := range list {
		wg.Add(1)
		safe.Go("read "+s.Name, func() {
			defer wg.Done()
			out[i] = service.Look(ctx, a, s)
		})
	}
	wg.Wait()
	holds, err := a.open().Holds(ctx)
	if err != nil {
		a.complain("%v", err) // only how long a rollback is kept is not known then
	}
	return out, holds, nil
}

func (a *app) servicesList() *cobra.Command {
	return &cobra.Command{Use: "list [SERVICE...]", Aliases: []string{"ls", "status"}, Short: "List services with both colours",
		ValidArgsFunction: a.completeServices,
		RunE: a.run(func(ctx context.Context, args []string) error {
			list, holds, err := a.readServices(ctx, args, true)
			if err != nil {
				return err
			}
			rows := view.Rows(list, holds, time.Now())
			if err := emit(a, rows, a.serviceColumns()); err != nil {
				return err
			}
			return a.incomplete(rows)
		})}
}

// incomplete is the end of a command that could not read everything.
func (a *app) incomplete(rows []view.Row) error {
	code := ExitDone
	for _, r := range rows {
		if r.Error != "" {
			a.complain("%s: %s", r.Service, r.Error)
			code = ExitFailed
		}
	}
	return said(code)
}

var healthStyles = map[string]kit.Style{"healthy": good, "running": good, "starting": warn, "unhealthy": bad, "missing": bad, "stopped": bad, "unknown": dim}

func (a *app) serviceColumns() []column[view.Row] {
	g, now := a.glyphs(), time.Now()
	return []column[view.Row]{
		{title: "SERVICE", cell: text(func(r view.Row) string { return r.Service })},
		{title: "LIVE", cell: func(r view.Row) cell {
			switch {
			case r.Live == "":
				return cell{g.Unknown + " not known", bad}
			case !r.Settled:
				return cell{g.Warn + " " + r.Live + ", not settled", warn}
			}
			return cell{g.Good + " " + r.Live, bold}
		}},
		{title: "VERSION", flex: true, cell: text(func(r view.Row) string { return orDigest(r.Version, r.Digest) })},
		{title: "HEALTH", cell: func(r view.Row) cell { return cell{r.Health, healthStyles[r.Health]} }},
		{title: "OPEN", right: true, drop: 3, cell: text(func(r view.Row) string { return orNothing(r.Sessions) })},
		{title: "RPS", right: true, drop: 2, cell: text(func(r view.Row) string { return perSecond(r.Requests) })},
		{title: "ERRORS", right: true, drop: 4, cell: func(r view.Row) cell {
			if r.Errors != nil && *r.Errors > 0 {
				return cell{perSecond(r.Errors), bad}
			}
			return cell{text: perSecond(r.Errors)}
		}},
		{title: "OTHER", cell: func(r view.Row) cell {
			if r.Other == "" {
				return cell{}
			}
			style := map[string]kit.Style{"ready": good, "held": good, "not ready": bad, "unknown": dim, "empty": dim}[r.OtherState]
			return cell{g.Off + " " + r.Other + " " + r.OtherState, style}
		}},
		{title: "VERSION", flex: true, cell: text(func(r view.Row) string { return orDigest(r.OtherVersion, r.OtherDigest) })},
		{title: "HELD", right: true, drop: 1, cell: text(func(r view.Row) string {
			if r.HeldUntil == nil {
				return ""
			}
			return kit.Age(r.HeldUntil.Sub(now))
		})},
	}
}

func orDigest(version, digest string) string {
	if version != "" {
		return version
	}
	return service.Short(digest)
}

func orNothing(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func perSecond(f *float64) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%.1f", *f)
}

func (a *app) servicesShow() *cobra.Command {
	return &cobra.Command{Use: "show SERVICE", Short: "Show the containers and proxies of a service", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeServices,
		RunE: a.run(func(ctx context.Context, args []string) error {
			list, holds, err := a.readServices(ctx, args, false)
			if err != nil {
				return err
			}
			now := time.Now()
			if a.flags.output != "table" {
				if err := emit[view.Part](a, view.Parts(list[0], holds, now), nil); err != nil {
					return err
				}
			} else {
				a.printService(list[0], holds, now)
			}
			return a.incomplete(view.Rows(list, holds, now))
		})}
}

// printService prints containers and proxies as two tables.
func (a *app) printService(s impact.Service, holds []actions.Hold, now time.Time) {
	var containers, proxies []view.Part
	for _, p := range view.Parts(s, holds, now) {
		if p.Type == "proxy" {
			proxies = append(proxies, p)
		} else {
			containers = append(containers, p)
		}
	}
	_ = emit(a, containers, a.partColumns(now)) // a reader that is gone shows at the next write
	a.printf("\n")
	_ = emit(a, proxies, a.proxyColumns())
}

func (a *app) partColumns(now time.Time) []column[view.Part] {
	g := a.glyphs()
	return []column[view.Part]{
		{title: "COLOUR", cell: func(p view.Part) cell {
			switch {
			case p.Live:
				return cell{g.Good + " " + p.Colour + " live", bold}
			case p.Replaced:
				return cell{g.Off + " " + p.Colour + " replaced", dim}
			}
			return cell{g.Off + " " + p.Colour, dim}
		}},
		{title: "ENGINE", cell: text(func(p view.Part) string { return p.Engine })},
		{title: "CONTAINER", flex: true, cell: text(func(p view.Part) string { return p.Name })},
		{title: "VERSION", cell: text(func(p view.Part) string { return orDigest(p.Version, p.Digest) })},
		{title: "STATE", cell: func(p view.Part) cell { return cell{p.State, stateStyles[p.State]} }},
		{title: "HEALTH", cell: func(p view.Part) cell { return cell{p.Health, healthStyles[p.Health]} }},
		{title: "ADDRESS", drop: 2, cell: text(func(p view.Part) string { return p.Address })},
		{title: "BY", drop: 3, cell: text(func(p view.Part) string { return p.By })},
		{title: "AGE", right: true, drop: 1, cell: text(func(p view.Part) string {
			if p.Created == nil {
				return ""
			}
			return screen.Since(*p.Created, now)
		})},
		{title: "HELD", right: true, cell: text(func(p view.Part) string {
			if p.HeldUntil == nil {
				return ""
			}
			return kit.Age(p.HeldUntil.Sub(now))
		})},
	}
}

func (a *app) proxyColumns() []column[view.Part] {
	g := a.glyphs()
	return []column[view.Part]{
		{title: "PROXY", cell: text(func(p view.Part) string { return p.Name })},
		{title: "KIND", cell: text(func(p view.Part) string { return p.Kind })},
		{title: "LIVE", cell: func(p view.Part) cell {
			if p.Error != "" {
				return cell{g.Unknown + " no answer", bad}
			}
			return cell{p.LiveIs, bold}
		}},
		{title: "KEPT", cell: func(p view.Part) cell {
			if p.Error == "" && !p.Settled {
				return cell{g.Warn + " " + p.KeptIs, bad}
			}
			return cell{p.KeptIs, dim}
		}},
		{title: "BLUE", right: true, cell: text(func(p view.Part) string { return orNothing(p.Blue) })},
		{title: "GREEN", right: true, cell: text(func(p view.Part) string { return orNothing(p.Green) })},
		{title: "NOTES", flex: true, drop: 1, cell: text(func(p view.Part) string { return p.Notes })},
	}
}

func (a *app) servicesHistory() *cobra.Command {
	c := &cobra.Command{Use: "history [SERVICE]", Short: "List deploys, swaps and rollbacks, newest first", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeServices}
	limit := c.Flags().Int("limit", 50, "at most so many; 0: all")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		list, err := a.namedServices(args)
		if err != nil {
			return err
		}
		ctx, cancel := a.limited(ctx, readLimit)
		defer cancel()
		var runs []actions.RunRecord
		for _, s := range list {
			some, err := a.open().Runs(ctx, actions.RunQuery{Limit: *limit, Target: s.Target().Key()})
			if err != nil {
				return err
			}
			runs = append(runs, some...)
		}
		rows := view.History(runs)
		if *limit > 0 && len(rows) > *limit {
			rows = rows[:*limit]
		}
		return emit(a, rows, a.historyColumns())
	})
	return c
}

func (a *app) historyColumns() []column[view.Event] {
	now := time.Now()
	return []column[view.Event]{
		{title: "RUN", cell: text(func(e view.Event) string { return e.Run })},
		{title: "SERVICE", cell: text(func(e view.Event) string { return e.Service })},
		{title: "WHAT", cell: text(func(e view.Event) string { return e.What })},
		{title: "STATUS", cell: func(e view.Event) cell { return cell{a.statusGlyph(e.Status) + " " + e.Status, statusStyle(e.Status)} }},
		{title: "FROM", cell: text(func(e view.Event) string { return strings.TrimSpace(e.From + " " + e.Was) })},
		{title: "TO", cell: text(func(e view.Event) string { return strings.TrimSpace(e.To + " " + orDigest(e.Version, e.Digest)) })},
		{title: "WHO", cell: text(func(e view.Event) string { return e.User })},
		{title: "AGE", right: true, cell: text(func(e view.Event) string { return screen.Since(e.Created, now) })},
		{title: "ERROR", flex: true, drop: 1, cell: text(func(e view.Event) string { return e.Error })},
	}
}
