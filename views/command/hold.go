package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/screen"
)

// holdRow is one hold as data.
type holdRow struct {
	Target string     `json:"target"`
	Kind   string     `json:"kind"`
	Engine string     `json:"engine"`
	Name   string     `json:"name"`
	By     string     `json:"by"`
	Why    string     `json:"why"`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"` // null: until it is released
	Key    string     `json:"key"`
}

var holdColumns = []column[holdRow]{
	{title: "TARGET", cell: text(func(r holdRow) string { return r.Target })},
	{title: "BY", cell: text(func(r holdRow) string { return r.By })},
	{title: "WHY", flex: true, cell: text(func(r holdRow) string { return r.Why })},
	{title: "UNTIL", cell: text(func(r holdRow) string {
		if r.Until == nil {
			return "released"
		}
		return when(r.Until)
	})},
	{title: "AGE", right: true, cell: text(func(r holdRow) string { return screen.Since(r.Since, time.Now()) })},
}

func holdRows(list []actions.Hold) []holdRow {
	var out []holdRow
	for _, h := range list {
		r := holdRow{Target: h.Target.String(), Kind: h.Target.Kind, Engine: h.Target.Engine(), Name: h.Target.Name, By: h.By, Why: h.Why, Since: h.Since, Key: h.Target.Key()}
		if h.Target.Kind == fleet.KindEngine {
			r.Engine = h.Target.Name
		}
		if !h.Until.IsZero() {
			r.Until = &h.Until
		}
		out = append(out, r)
	}
	return out
}

// hold is the command `hold`: leave this alone.
func (a *app) hold() *cobra.Command {
	c := group("hold", "Holds: targets that plans must leave alone", "holds")
	c.AddCommand(a.holdAdd(), a.holdList(), a.holdRelease())
	return c
}

func (a *app) holdList() *cobra.Command {
	return &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List holds", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			ctx, cancel := a.limited(ctx, readLimit)
			defer cancel()
			list, err := a.open().Holds(ctx)
			if err != nil {
				return err
			}
			return emit(a, holdRows(list), holdColumns)
		})}
}

func (a *app) holdAdd() *cobra.Command {
	c := &cobra.Command{Use: "add TARGET... --reason WHY", Short: "Block plans for hosts, engines, containers, racks or sites", Args: cobra.MinimumNArgs(1),
		Long: `Block plans until the hold is released or its time is over: for containers; for
engines and hosts, with all that is on them; for rack:RACK and site:SITE, with all
that is in them. Hosts are named as for ringside power: sw001, sw[001-040], tag:swift.
Where an engine and a host have one name, host:NAME and engine:NAME tell them apart.
--reason is required.`,
		ValidArgsFunction: a.completeHoldable}
	for_ := c.Flags().Duration("for", 0, "how long, such as 2h (default: until it is released)")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if a.flags.reason == "" {
			return usage("hold add needs --reason WHY: whoever meets the hold wants to know")
		}
		if *for_ < 0 {
			return usage("--for %v is in the past", *for_)
		}
		targets, err := a.holdTargets(ctx, args)
		if err != nil {
			return err
		}
		now := time.Now()
		var list []actions.Hold
		for _, t := range targets {
			h := actions.Hold{Target: t, By: ledger.Self("command").User, Why: a.flags.reason, Since: now}
			if *for_ > 0 {
				h.Until = now.Add(*for_)
			}
			list = append(list, h)
		}
		return a.changeHolds(ctx, list, func(ctx context.Context, h actions.Hold) error { return a.open().Hold(ctx, h) })
	})
	return c
}

// holdTargets finds racks, sites, engines and hosts in the fleet, and asks engines
// for the containers.
func (a *app) holdTargets(ctx context.Context, args []string) ([]fleet.Target, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	var out []fleet.Target
	var rest []string
	for _, arg := range args {
		found, err := inFleet(f, arg)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			rest = append(rest, arg)
		}
		out = append(out, found...)
	}
	if len(rest) == 0 {
		return out, nil
	}
	p := &picking{}
	w, err := a.lookForAct(ctx, p.reach(rest))
	if err != nil {
		return nil, err
	}
	picked, err := p.pick(w, rest)
	return append(out, containerTargets(picked)...), err
}

// inFleet finds what an argument names without asking an engine; nothing when it
// can only be a container.
func inFleet(f *fleet.Fleet, arg string) ([]fleet.Target, error) {
	what, name, _ := strings.Cut(arg, ":")
	switch what {
	case "site", "rack":
		return places(f, what, name)
	case "engine":
		e, ok := f.Engine(name)
		if !ok {
			return nil, usage("there is no engine %q; the fleet has %s", name, engineNames(f))
		}
		return []fleet.Target{impact.EngineTarget(e)}, nil
	}
	e, isEngine := f.Engine(arg)
	known := make(map[string]fleet.Host, len(f.Hosts))
	for _, h := range f.Hosts {
		known[h.Name] = h
	}
	_, isHost := known[arg]
	switch {
	case isEngine && isHost:
		return nil, usage("%q is an engine and a host: say engine:%[1]s or host:%[1]s", arg)
	case isEngine:
		return []fleet.Target{impact.EngineTarget(e)}, nil
	case isHost, what == "host", what == "tag", strings.Contains(arg, "["):
	default:
		return nil, nil
	}
	found, _, err := findHosts(f, []string{strings.TrimPrefix(arg, "host:")})
	var out []fleet.Target
	for _, h := range f.Hosts {
		if found[h.Name] {
			out = append(out, impact.HostTarget(h))
		}
	}
	return out, err
}

// places finds a site, or the racks of a name: RACK, or SITE/RACK.
func places(f *fleet.Fleet, what, name string) ([]fleet.Target, error) {
	var out []fleet.Target
	for _, h := range f.Hosts {
		t := fleet.Target{Kind: fleet.KindRack, Scope: h.Site, Name: h.Rack, Site: h.Site}
		if what == "site" {
			t = fleet.Target{Kind: fleet.KindSite, Name: h.Site, Site: h.Site}
		}
		if slices.Contains(common[what](h), name) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, e := range f.Engines { // a site may have engines and no host
		t := fleet.Target{Kind: fleet.KindSite, Name: e.Site, Site: e.Site}
		if what == "site" && e.Site == name && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	switch len(out) {
	case 0:
		return nil, usage("nothing of the fleet has the %s %q", what, name)
	case 1:
		return out, nil
	}
	var names []string
	for _, t := range out {
		names = append(names, "rack:"+t.String())
	}
	return nil, usage("several sites have a rack %q: say which, as %s", name, strings.Join(names, " or "))
}

func (a *app) holdRelease() *cobra.Command {
	return &cobra.Command{Use: "release TARGET...", Short: "Release holds, by the target's name, ENGINE/NAME or key", Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeHolds,
		RunE: a.run(func(ctx context.Context, args []string) error {
			limited, cancel := a.limited(ctx, readLimit)
			defer cancel()
			all, err := a.open().Holds(limited)
			if err != nil {
				return err
			}
			var list []actions.Hold
			for _, arg := range args {
				var found []actions.Hold
				for _, h := range all {
					if arg == h.Target.String() || arg == h.Target.Name || arg == h.Target.Key() {
						found = append(found, h)
					}
				}
				switch len(found) {
				case 0:
					return usage("there is no hold on %q; ringside hold list shows all", arg)
				case 1:
					list = append(list, found[0])
				default:
					var names []string
					for _, h := range found {
						names = append(names, h.Target.String())
					}
					return usage("%q is ambiguous: %s", arg, strings.Join(names, ", "))
				}
			}
			return a.changeHolds(ctx, list, func(ctx context.Context, h actions.Hold) error { return a.open().Release(ctx, h.Target.Key()) })
		})}
}

// changeHolds writes or releases holds and prints them.
func (a *app) changeHolds(ctx context.Context, list []actions.Hold, change func(context.Context, actions.Hold) error) error {
	if a.flags.readOnly {
		return actions.ErrReadOnly
	}
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	for i, h := range list {
		if a.flags.dryRun {
			continue
		}
		if err := change(ctx, h); err != nil {
			return fmt.Errorf("%s: %w; %d of %d holds were changed", h.Target, err, i, len(list))
		}
	}
	if err := emit(a, holdRows(list), holdColumns); err != nil || !a.flags.dryRun {
		return err
	}
	return said(ExitPlanned)
}
