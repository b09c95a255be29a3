package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/watch"
	"ringside/views/containers"
	"ringside/views/kit"
)

// containers is the command `containers` with what looks and what acts.
func (a *app) containers() *cobra.Command {
	c := group("containers", "Containers of all engines: list, look, act", "container", "c")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(grouped("look", a.list(), a.show(), a.logs())...)
	c.AddCommand(a.acts(fleet.KindContainer)...)
	return c
}

func (a *app) list() *cobra.Command {
	c := &cobra.Command{Use: "list [CONTAINER...]", Aliases: []string{"ls"}, Short: "List containers of all engines"}
	p := &picking{}
	p.flags(a, c, true)
	stats := c.Flags().Bool("stats", false, "measure CPU and memory as well, for one second")
	c.ValidArgsFunction = a.completeContainers(true)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := p.check(args, false); err != nil {
			return err
		}
		w, picked, err := a.lookAndPick(ctx, p, args)
		if err != nil {
			return err
		}
		if *stats {
			a.sample(ctx, w, picked)
		}
		if err := emit(a, containerRows(w, picked), a.containerColumns(*stats)); err != nil {
			return err
		}
		return w.partial()
	})
	return c
}

// containerRows are the rows of the containers that were picked.
func containerRows(w *world, picked []*docker.Container) []containers.Row {
	keep := make(map[string]bool, len(picked))
	for _, c := range picked {
		keep[c.Engine+"/"+c.ID] = true
	}
	return slices.DeleteFunc(containers.Rows(w.state, w.fleet, time.Now()), func(r containers.Row) bool { return !keep[r.Engine+"/"+r.ID] })
}

// sampleGap is the time between the two polls of a measurement.
const sampleGap = time.Second

// sample measures the picked containers of every engine side by side.
func (a *app) sample(ctx context.Context, w *world, picked []*docker.Container) {
	store := watch.NewStore()
	for e := range w.state.All() {
		store.Put(fleet.Reading{Source: e.Source, At: e.At, Facts: e.Facts})
	}
	ids := map[string][]string{}
	for _, c := range picked {
		if c.State == docker.Running {
			ids[c.Engine] = append(ids[c.Engine], c.ID)
		}
	}
	done := make(chan struct{})
	for name, list := range ids {
		e, _ := a.set.Engine(name)
		safe.Go("sample "+name, func() {
			defer func() { done <- struct{}{} }()
			ctx, cancel := a.limited(ctx, readLimit+sampleGap)
			defer cancel()
			facts, err := e.Sample(ctx, list, sampleGap)
			if err != nil {
				a.complain("%v", err)
				return
			}
			store.Put(fleet.Reading{Source: e.Name() + "/stats", At: time.Now(), Facts: facts})
		})
	}
	for range ids {
		<-done
	}
	w.state = store.State()
}

var stateStyles = map[string]kit.Style{
	"running": good, "restarting": warn, "paused": warn, "exited": dim, "created": dim, "dead": bad, "removing": dim,
}

func (a *app) containerColumns(stats bool) []column[containers.Row] {
	out := []column[containers.Row]{
		{title: "ENGINE", cell: text(func(r containers.Row) string { return r.Engine })},
		{title: "PROJECT", drop: 3, cell: text(func(r containers.Row) string { return strings.Trim(r.Project+"/"+r.Service, "/") })},
		{title: "NAME", cell: text(func(r containers.Row) string { return r.Name })},
		{title: "IMAGE", flex: true, cell: text(func(r containers.Row) string { return strings.TrimSuffix(r.Image+":"+r.Tag, ":") })},
		{title: "STATE", cell: func(r containers.Row) cell {
			state := r.State
			if r.ExitCode != nil {
				state = fmt.Sprintf("%s (%d)", state, *r.ExitCode)
			}
			return cell{a.stateGlyph(r) + " " + state, stateStyles[r.State]}
		}},
		{title: "HEALTH", cell: func(r containers.Row) cell {
			return cell{r.Health, map[string]kit.Style{"healthy": good, "unhealthy": bad, "starting": warn}[r.Health]}
		}},
		{title: "UP", right: true, cell: text(func(r containers.Row) string {
			if r.Uptime == nil {
				return ""
			}
			return kit.Age(time.Duration(*r.Uptime) * time.Second)
		})},
		{title: "RST", right: true, drop: 1, cell: text(func(r containers.Row) string {
			if r.Restarts == nil || *r.Restarts == 0 {
				return ""
			}
			return fmt.Sprint(*r.Restarts)
		})},
	}
	if stats {
		out = append(out,
			column[containers.Row]{title: "CPU", right: true, cell: text(func(r containers.Row) string {
				if r.CPU == nil {
					return ""
				}
				return fmt.Sprintf("%.1f%%", *r.CPU)
			})},
			column[containers.Row]{title: "MEMORY", right: true, cell: text(func(r containers.Row) string {
				if r.Memory == nil {
					return ""
				}
				return fmt.Sprintf("%.0fM", float64(*r.Memory)/(1<<20))
			})})
	}
	return append(out, column[containers.Row]{title: "PORTS", flex: true, drop: 2, cell: text(func(r containers.Row) string { return r.Ports })})
}

func (a *app) stateGlyph(r containers.Row) string {
	g := a.glyphs()
	signs := map[string]string{"running": g.Good, "restarting": g.Busy, "paused": g.Paused, "exited": g.Off, "created": g.Off, "dead": g.Bad, "removing": g.Busy}
	switch sign := signs[r.State]; {
	case r.State == "running" && r.Health == "unhealthy":
		return g.Bad
	case sign != "":
		return sign
	}
	return g.Unknown
}
