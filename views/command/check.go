package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/keymap"
)

// checkLimit bounds the check of one target.
const checkLimit = 5 * time.Second

// checkRow is what the check of one thing said.
type checkRow struct {
	Kind   string  `json:"kind"` // file, keys, ledger, credential, engine, service, bmc, cluster, cluster api
	Name   string  `json:"name"`
	OK     bool    `json:"ok"`
	Detail string  `json:"detail"`
	Took   float64 `json:"took_seconds"`
}

func (a *app) check() *cobra.Command {
	return &cobra.Command{Use: "check", Short: "Test the configuration and every target in it", Args: cobra.NoArgs,
		Long: `Test the configuration and every target in it, side by side, each with a time
limit of its own (--read-timeout, default 5s). Nothing is changed. The exit code is
3 when a target fails, and 2 when the file is not valid.`,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			f, err := a.load()
			if err != nil {
				return err
			}
			for _, n := range f.Notices { // what discovery could not use
				a.complain("%s", n)
			}
			rows := a.checkAll(ctx, f)
			shown := rows
			if a.flags.output == "table" {
				shown = foldChecks(rows)
			}
			if err := emit(a, shown, a.checkColumns()); err != nil {
				return err
			}
			failed := 0
			for _, r := range rows {
				if !r.OK {
					failed++
				}
			}
			if failed > 0 {
				return exit(ExitFailed, "%d of %d checks failed", failed, len(rows))
			}
			return nil
		})}
}

// checkAll checks everything side by side.
func (a *app) checkAll(ctx context.Context, f *fleet.Fleet) []checkRow {
	type test struct {
		kind, name string
		do         func(context.Context) (string, error)
	}
	tests := []test{
		{"file", source(f), func(context.Context) (string, error) {
			return counts(f), a.some(f)
		}},
		{"keys", "", func(context.Context) (string, error) {
			_, faults := keymap.New(keymap.Table, f.Keys)
			return fmt.Sprintf("%d of your own", len(f.Keys)), errors.Join(faults...)
		}},
		{"ledger", a.ledgerPath(), func(ctx context.Context) (string, error) {
			_, err := a.open().Locks(ctx)
			return "can be read and written", err
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(f.Credentials)) {
		tests = append(tests, test{"credential", name, func(ctx context.Context) (string, error) {
			_, err := f.Credentials[name].Secret(ctx)
			return "its secret can be read", err
		}})
	}
	for _, spec := range f.Engines {
		tests = append(tests, test{"engine", spec.Name, func(ctx context.Context) (string, error) {
			e, _ := a.set.Engine(spec.Name)
			version, api, err := e.Ping(ctx)
			return fmt.Sprintf("Docker %s, API %s, %s", version, api, address(spec)), why(err)
		}})
	}
	for _, s := range f.Services {
		tests = append(tests, test{"service", s.Name, func(ctx context.Context) (string, error) { return a.checkService(ctx, s) }})
	}
	for _, c := range a.bmcs.All() {
		tests = append(tests, test{"bmc", c.Host().Name, func(ctx context.Context) (string, error) {
			f, err := c.Status(ctx)
			if err != nil {
				return "", whyBMC(err)
			}
			return describe(f), nil
		}})
	}
	for _, c := range a.clusters.All() {
		tests = append(tests, test{"cluster", c.Spec().Name, func(ctx context.Context) (string, error) { return a.checkCluster(ctx, f, c) }})
		if len(c.Spec().Proxies) > 0 || c.Spec().Auth != nil {
			tests = append(tests, test{"cluster api", c.Spec().Name, func(ctx context.Context) (string, error) {
				api, err := c.Ping(ctx)
				if err != nil {
					return "", why(err)
				}
				return apiDetail(api), nil
			}})
		}
	}
	for _, r := range a.registries.Registries() {
		tests = append(tests, test{"registry", r.Spec().Name, func(ctx context.Context) (string, error) {
			if err := r.Ping(ctx); err != nil {
				return "", whyRegistry(err)
			}
			return strings.TrimSuffix(r.Spec().Address+", "+r.Insecure(), ", "), nil
		}})
	}
	rows := make([]checkRow, len(tests))
	turn := make(chan struct{}, sweepParallel) // a thousand BMCs at once would be too many packets for a switch
	var wg sync.WaitGroup
	for i, t := range tests {
		wg.Add(1)
		safe.Go("check "+t.kind, func() {
			defer wg.Done()
			if t.kind == "bmc" {
				turn <- struct{}{}
				defer func() { <-turn }()
			}
			ctx, cancel := a.limited(ctx, checkLimit)
			defer cancel()
			began := time.Now()
			detail, err := t.do(ctx)
			if err != nil {
				detail = strings.ReplaceAll(err.Error(), "\n", "; ") // of joined errors
			}
			rows[i] = checkRow{t.kind, t.name, err == nil, fleet.Clean(detail), time.Since(began).Seconds()}
		})
	}
	wg.Wait()
	return rows
}

// checkCluster reads the rings and asks every node and proxy once.
func (a *app) checkCluster(ctx context.Context, f *fleet.Fleet, c *swift.Cluster) (string, error) {
	store := watch.NewStore()
	if err := c.Sweep(ctx, store.Put); err != nil {
		return "", why(err)
	}
	o := impact.Cluster(f, c.Spec(), store.State(), time.Now(), nil)
	nodes, devices := o.NodeCount(), o.DeviceCount()
	detail := fmt.Sprintf("%s from %s, %d of %d nodes and %d of %d devices up", count(len(o.Policies), "ring"), o.Rings.From,
		nodes.Up, nodes.Total, devices.Up, devices.Total)
	var wrong []string
	for _, n := range o.Nodes {
		if n.State != swift.Up {
			wrong = append(wrong, n.Label()+": "+n.Why)
		}
	}
	for _, b := range o.Rings.Broken {
		wrong = append(wrong, b.Name+": "+b.Why)
	}
	if len(wrong) > 0 {
		return "", errors.New(detail + "; " + few(wrong))
	}
	return detail, nil
}

// apiDetail is what a proxy said, for people.
func apiDetail(api *swift.API) string {
	text := "Swift " + cmp.Or(api.Version, "(version not told)") + " at " + api.URL
	if api.Login != "" {
		text += fmt.Sprintf(", %s, account %s", api.Login, api.Account)
	}
	if api.Insecure != "" {
		text += ", " + api.Insecure
	}
	return text
}

// whyRegistry leaves the registry's name out of an error.
func whyRegistry(err error) error {
	var e *registry.Error
	if !errors.As(err, &e) {
		return err
	}
	text := e.Op + ": " + e.Why
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return errors.New(text)
}

// count is "1 engine", "2 engines".
func count(n int, what string) string {
	stem, y := strings.CutSuffix(what, "y")
	switch {
	case n == 1:
	case y:
		what = stem + "ies"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// counts says how much a fleet has of everything: engines and hosts in any case.
func counts(f *fleet.Fleet) string {
	text := count(len(f.Engines), "engine") + ", " + count(len(f.Hosts), "host")
	for _, c := range []struct {
		n    int
		what string
	}{{len(f.Clusters), "cluster"}, {len(f.Registries), "registry"}, {len(f.Syncs), "sync"}, {len(f.Services), "service"}} {
		if c.n > 0 {
			text += ", " + count(c.n, c.what)
		}
	}
	return text
}

// some is an error for a fleet of nothing.
func (a *app) some(f *fleet.Fleet) error {
	if len(f.Engines)+len(a.bmcs.All())+len(f.Clusters)+len(f.Registries) == 0 {
		return errors.New("there is nothing to watch: no configuration with hosts that have a BMC, no Docker context, no DOCKER_HOST, no local socket and no ring file in " + swift.Usual)
	}
	return nil
}

// describe is what a BMC that can be read says.
func describe(f *bmc.Facts) string {
	text := f.Driver
	if f.Suite > 0 {
		text += fmt.Sprintf(", cipher suite %d", f.Suite)
	}
	if f.Insecure != "" {
		text += ", not verified: " + f.Insecure
	}
	return text
}

// whyBMC leaves the host's name out of an error, which stands in front of it.
func whyBMC(err error) error {
	var e *bmc.Error
	if !errors.As(err, &e) {
		return err
	}
	text := string(e.Trouble) + ": " + e.Why
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return errors.New(text)
}

// foldChecks puts the BMCs that are well and alike on one line, with the longest
// time of theirs.
func foldChecks(rows []checkRow) []checkRow {
	var out []checkRow
	at, names := map[string]int{}, map[int][]string{}
	for _, r := range rows {
		if r.Kind != "bmc" || !r.OK {
			out = append(out, r)
			continue
		}
		i, known := at[r.Detail]
		if !known {
			i = len(out)
			at[r.Detail] = i
			out = append(out, r)
		}
		out[i].Took = max(out[i].Took, r.Took)
		names[i] = append(names[i], r.Name)
	}
	const room = 60
	for i, list := range names {
		if out[i].Name = fleet.Fold(list); len(out[i].Name) > room {
			out[i].Name = count(len(list), "BMC")
		}
	}
	return out
}

// why leaves the engine's name out of an error, which stands in front of it.
func why(err error) error {
	var e *docker.Error
	var s *swift.Error
	switch {
	case errors.As(err, &s):
		e = &docker.Error{Op: s.Op, Why: s.Why, Hint: s.Hint}
	case !errors.As(err, &e):
		return err
	}
	text := e.Op + ": " + e.Why
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return errors.New(text)
}

func source(f *fleet.Fleet) string {
	if f.File == "" {
		return "(discovered)"
	}
	return f.File
}

func address(e fleet.Engine) string {
	if e.Context != "" {
		return "context " + e.Context
	}
	return e.Address
}

func (a *app) checkColumns() []column[checkRow] {
	g := a.glyphs()
	return []column[checkRow]{
		{title: "CHECK", cell: func(r checkRow) cell {
			if r.OK {
				return cell{g.Good + " well", good}
			}
			return cell{g.Bad + " fails", bad}
		}},
		{title: "KIND", cell: text(func(r checkRow) string { return r.Kind })},
		{title: "NAME", cell: text(func(r checkRow) string { return r.Name })},
		{title: "TOOK", right: true, cell: text(func(r checkRow) string { return fmt.Sprintf("%.0fms", r.Took*1000) })},
		{title: "DETAIL", flex: true, cell: text(func(r checkRow) string { return r.Detail })},
	}
}

func (a *app) initFile() *cobra.Command {
	return &cobra.Command{Use: "init [FILE]", Short: "Write what was found as a commented ringside.yaml; never overwrites", Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(_ context.Context, args []string) error {
			path := fleet.FileName
			if len(args) == 1 {
				path = args[0]
			}
			f := a.discover()
			if a.demo != nil {
				f = a.demo.Fleet
			}
			text := fleet.Starter(f)
			if a.flags.dryRun {
				if _, err := a.Out.Write(text); err != nil {
					return err
				}
				return said(ExitPlanned)
			}
			if err := fleet.WriteNew(path, text); errors.Is(err, fs.ErrExist) {
				return usage("%w", err)
			} else if err != nil {
				return fmt.Errorf("nothing was written: %w", err)
			}
			a.printf("wrote %s with %s; ringside check tests it\n", path, count(len(f.Engines), "engine"))
			for _, n := range f.Notices {
				a.complain("%s", n)
			}
			return nil
		})}
}
