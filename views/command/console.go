package command

import (
	"context"
	"errors"
	"os"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/traffic"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/console"
	"ringside/views/containers"
	"ringside/views/home"
	"ringside/views/power"
	"ringside/views/registries"
	"ringside/views/runs"
	"ringside/views/screen"
	"ringside/views/services"
	"ringside/views/swift"
)

// closeLimit bounds the end of the sources; one that hangs then is left behind.
const closeLimit = 2 * time.Second

// console puts the parts together and shows the console. Nothing here waits for
// an engine, a BMC or the ledger.
func (a *app) console(ctx context.Context) error {
	if a.flags.noColor {
		os.Setenv("NO_COLOR", "1")
	}
	f, err := a.load()
	if err != nil {
		return err
	}
	keys, faults := keymap.New(keymap.Table, f.Keys)
	if len(faults) > 0 {
		return usage("%s: %w", source(f), errors.Join(faults...))
	}
	store := watch.NewStore()
	env := a.env(f, store.State, "console")
	runner := actions.NewRunner(env, a.registry, actions.Options{ReadOnly: a.flags.readOnly, Changed: store.Touch})
	var sources []watch.Source
	for _, e := range a.set.All() {
		sources = append(sources, e)
	}
	for _, c := range a.bmcs.All() {
		sources = append(sources, c)
	}
	for _, p := range a.proxies.All() {
		sources = append(sources, traffic.Source{Proxy: p})
	}
	for _, c := range a.clusters.All() {
		sources = append(sources, c)
	}
	for _, s := range a.registries.Syncs() {
		sources = append(sources, s)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if a.flags.logFile != "" {
		safe.Go("log of the sources", func() { a.logSources(ctx, store) })
	}
	set := watch.Run(ctx, store, sources...)
	list := containers.New(a.set, store.Touch)
	list.ReadOnly = a.flags.readOnly
	o := console.Options{
		Fleet: f, Store: store, Set: set, Env: env, Registry: a.registry, Runner: runner, Keys: keys,
		Screens: []screen.Screen{home.New(), power.New(a.bmcs), list, swift.New(), registries.New(), services.New(), runs.New()},
		ASCII:   a.flags.ascii, ReadOnly: a.flags.readOnly, Dark: dark(f.Theme),
		Version: a.version(), StateDir: a.stateDir(), Getenv: a.Getenv,
	}
	if a.demo != nil {
		o.Banner, o.Extra = "demo", a.demo.Extra
	}
	err = console.Run(ctx, o)
	if late := set.Close(closeLimit); late != nil {
		a.log.Error(late.Error())
	}
	return err
}

// dark is the theme that the configuration asks for, nil for the terminal's.
func dark(theme string) *bool {
	yes := theme == "dark"
	if !yes && theme != "light" {
		return nil
	}
	return &yes
}

// logSources writes down when a source stops to answer and when it is back.
func (a *app) logSources(ctx context.Context, store *watch.Store) {
	changed, stop := store.Subscribe()
	defer stop()
	failing := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		for e := range store.State().All() {
			switch {
			case e.Err != nil && !failing[e.Source]:
				a.log.Warn("source fails", "source", e.Source, "error", fleet.Clean(e.Err.Error()))
			case e.Err == nil && failing[e.Source]:
				a.log.Info("source answers again", "source", e.Source)
			}
			failing[e.Source] = e.Err != nil
		}
	}
}
