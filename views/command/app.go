package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/charmbracelet/x/term"

	"ringside/actions"
	"ringside/actions/container"
	"ringside/actions/deploy"
	"ringside/actions/ledger"
	"ringside/actions/power"
	"ringside/actions/swap"
	plans "ringside/actions/swift"
	syncs "ringside/actions/sync"
	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/registry"
	"ringside/backends/swift"
	"ringside/backends/traffic"
	"ringside/backends/watch"
)

// app is one command line while it runs.
type app struct {
	Options
	flags globals
	log   *slog.Logger

	// terminal reports whether a stream is one that a human sits at.
	terminal func(stream any) bool

	demo       *Demo  // nil outside of a demo
	demoDir    string // where a demo keeps its ledger
	fleet      *fleet.Fleet
	set        *docker.Set
	bmcs       *bmc.Set
	proxies    *traffic.Set
	clusters   *swift.Set
	registries *registry.Set
	ledger     *pending
	closers    []func() error
	registry   *actions.Registry
}

// globals are the flags that every command has.
type globals struct {
	config, output, reason, override, logFile string
	dryRun, yes, readOnly, ascii, noColor     bool
	readTimeout                               time.Duration
}

func newApp(o Options) *app {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Err == nil {
		o.Err = os.Stderr
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	a := &app{Options: o, log: slog.New(slog.DiscardHandler), terminal: isTerminal}
	a.registry = actions.NewRegistry(slices.Concat(actions.Guards(), container.Guards(), power.Guards(), syncs.Guards(registriesOf{a}))...)
	a.registry.Add(container.Actions(a)...)
	a.registry.Add(power.Actions(a)...)
	a.registry.Add(plans.Actions(clustersOf{a})...)
	a.registry.Add(deploy.Actions(a, registriesOf{a})...)
	a.registry.Add(swap.Actions(a)...)
	a.registry.Add(syncs.Actions(registriesOf{a})...)
	return a
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// Engine finds an engine of the fleet that was loaded; the actions are declared
// before any fleet is.
func (a *app) Engine(name string) (*docker.Engine, bool) {
	if a.set == nil {
		return nil, false
	}
	return a.set.Engine(name)
}

// Controller finds the BMC of a host of the fleet that was loaded.
func (a *app) Controller(host string) (power.Controller, bool) {
	if a.bmcs == nil {
		return nil, false
	}
	return a.bmcs.Controller(host)
}

// clustersOf finds the Swift clusters of the fleet that was loaded.
type clustersOf struct{ *app }

func (a clustersOf) Cluster(name string) (plans.Cluster, bool) {
	if a.clusters == nil {
		return nil, false
	}
	return a.clusters.Cluster(name)
}

// version is what was built: given by the release, or by the go command.
func (a *app) version() string {
	if a.Version != "" {
		return a.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "built from source"
	}
	return info.Main.Version
}

// load reads the fleet: of the demo, of the configuration, or what is found.
func (a *app) load() (*fleet.Fleet, error) {
	if a.fleet != nil {
		return a.fleet, nil
	}
	f, err := a.find()
	if err != nil {
		return nil, err
	}
	a.fleet = f
	if a.registries, err = registry.NewSet(f); err != nil {
		return nil, usage("%w", err)
	}
	a.set = docker.NewSet(f.Engines)
	a.bmcs = bmc.NewSet(f)
	a.proxies = traffic.NewSet(f.Services)
	a.closers = append(a.closers, a.set.Close, a.bmcs.Close, a.registries.Close)
	a.clusters = swift.NewSet(f)
	a.log.Info("fleet", "file", f.File, "engines", len(f.Engines), "hosts", len(f.Hosts), "clusters", len(f.Clusters), "registries", len(f.Registries))
	return f, nil
}

func (a *app) find() (*fleet.Fleet, error) {
	if a.demo != nil {
		return a.demo.Fleet, nil
	}
	path, found, err := fleet.Find(a.flags.config, a.Getenv)
	if err != nil {
		return nil, usage("%w", err)
	}
	if !found {
		return a.discover(), nil
	}
	f, err := fleet.Load(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	return f, nil
}

func (a *app) discover() *fleet.Fleet {
	engines, notices := docker.Discover(a.Getenv)
	return &fleet.Fleet{Engines: engines, Clusters: swift.Discover(swift.Usual, a.Getenv), Notices: notices}
}

// stateDir is where crash reports go: beside the user's ledger, also those of a demo,
// whose own directory is gone when somebody looks for them.
func (a *app) stateDir() string {
	path := ledger.Path(a.Getenv)
	if path == "" {
		return ""
	}
	return filepath.Dir(path)
}

func (a *app) ledgerPath() string {
	if a.demo != nil {
		return filepath.Join(a.demoDir, "ledger.db")
	}
	return ledger.Path(a.Getenv)
}

// open begins to open the ledger, once; nobody waits for it before it is used.
func (a *app) open() *pending {
	if a.ledger == nil {
		a.ledger = openLater(a.ledgerPath())
		a.closers = append(a.closers, a.ledger.Close)
	}
	return a.ledger
}

// env is what actions and guards use; face is "console" or "command".
func (a *app) env(f *fleet.Fleet, state func() *watch.State, face string) *actions.Env {
	return &actions.Env{Fleet: f, State: state, Ledger: a.open(), Actor: ledger.Self(face), Now: time.Now}
}

// close ends what the command opened, the last first.
func (a *app) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return withCode(errors.Join(errs...))
}

// startLog directs everything that is logged, by us and by libraries, into the
// file of --log, and away from the terminal without one.
func (a *app) startLog() error {
	if a.flags.logFile != "" {
		f, err := os.OpenFile(a.flags.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return usage("--log: %w", err)
		}
		a.closers = append([]func() error{f.Close}, a.closers...)
		a.log = slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	slog.SetDefault(a.log)
	a.log.Info("start", "version", a.version(), "pid", os.Getpid())
	return nil
}

// printf writes to the output. A reader that is gone, as with `| head`, ends the
// command by its signal; other errors show at the next write.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.Out, format, args...) }

// limited bounds a read that no engine and no BMC should take longer for.
func (a *app) limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if a.flags.readTimeout > 0 {
		limit = a.flags.readTimeout
	}
	return context.WithTimeout(ctx, limit)
}
