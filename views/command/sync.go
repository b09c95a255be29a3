package command

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/runs"
)

// compareLimit bounds the comparison of one sync; --read-timeout changes it.
const compareLimit = 5 * time.Minute

// sync is the command `sync`.
func (a *app) sync() *cobra.Command {
	c := group("sync", "Registries kept the same: how far behind, bring what is missing", "syncs")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"}, &cobra.Group{ID: "set", Title: "Set up:"})
	c.AddCommand(grouped("look", a.syncStatus(), a.syncHistory())...)
	c.AddCommand(a.syncActs()...)
	c.AddCommand(grouped("set", a.syncImport())...)
	return c
}

// syncActs are the actions on syncs; `run` can keep going.
func (a *app) syncActs() []*cobra.Command {
	out := a.acts(fleet.KindSync)
	for _, c := range out {
		if c.Name() == "run" {
			a.keepGoing(c)
		}
	}
	return out
}

// pickSyncs returns the syncs that are named, or all.
func (a *app) pickSyncs(names []string) ([]*registry.Sync, error) {
	f, err := a.load()
	switch {
	case err != nil:
		return nil, err
	case len(f.Syncs) == 0:
		return nil, usage("the fleet has no sync: name registries and syncs in ringside.yaml (ringside sync import reads a configuration of regsync)")
	case len(names) == 0:
		return a.registries.Syncs(), nil
	}
	var out []*registry.Sync
	for _, n := range names {
		s, ok := a.registries.Sync(n)
		if !ok {
			return nil, usage("there is no sync %q; the fleet has %s", n, few(syncNames(f)))
		}
		out = append(out, s)
	}
	return out, nil
}

func syncNames(f *fleet.Fleet) []string {
	var names []string
	for _, s := range f.Syncs {
		names = append(names, s.Name)
	}
	return names
}

// syncRow is one sync as data.
type syncRow struct {
	Sync        string  `json:"sync"`
	From        string  `json:"from"`
	To          string  `json:"to"`
	Environment string  `json:"environment"`
	Reachable   bool    `json:"reachable"`
	Tags        *int    `json:"tags"`
	Equal       *int    `json:"equal"`
	Missing     *int    `json:"missing"`
	Moved       *int    `json:"moved"`
	Extra       *int    `json:"extra"`
	Unknown     *int    `json:"unknown"`
	Requests    int     `json:"requests"` // that the comparison took
	Took        float64 `json:"took_seconds"`
	Unverified  string  `json:"unverified"` // why a connection is not verified
	Trouble     string  `json:"trouble"`
	Error       string  `json:"error"`
}

// syncTagRow is one tag that is not the same on both sides.
type syncTagRow struct {
	Sync       string `json:"sync"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	State      string `json:"state"` // equal, missing, moved, extra, unknown
	Source     string `json:"source_digest"`
	Target     string `json:"target_digest"`
	Name       string `json:"target_repository"`
	Error      string `json:"error"`
}

func (a *app) syncStatus() *cobra.Command {
	c := &cobra.Command{Use: "status [SYNC...]", Short: "Compare registries: what is missing, moved or too much at the target",
		Long: `Compare the registries of syncs now, by one HEAD per side and tag, and print a line
per sync, then the tags that are not the same. With --output json or yaml the syncs
are listed, or the tags with --tags. The exit code is 3 when a registry cannot be
read, or one of its tags; a lag does not change it.`,
		ValidArgsFunction: a.completeSyncs}
	tags := c.Flags().Bool("tags", false, "list every tag, also those that are equal")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		picked, err := a.pickSyncs(args)
		if err != nil {
			return err
		}
		rows, all, failed := a.compare(ctx, picked)
		switch {
		case *tags:
			err = emit(a, all, a.syncTagColumns())
		case a.flags.output != "table":
			err = emit(a, rows, nil)
		default:
			err = emit(a, rows, a.syncColumns())
			different := slices.DeleteFunc(all, func(r syncTagRow) bool { return r.State == string(registry.Equal) })
			if err == nil && len(different) > 0 {
				a.printf("\n")
				err = emit(a, different, a.syncTagColumns())
			}
		}
		if err != nil {
			return err
		}
		if failed {
			return said(ExitFailed)
		}
		return ctx.Err()
	})
	return c
}

// compare compares syncs side by side. What cannot be read is told.
func (a *app) compare(ctx context.Context, picked []*registry.Sync) (rows []syncRow, tags []syncTagRow, failed bool) {
	rows = make([]syncRow, len(picked))
	all := make([][]syncTagRow, len(picked))
	var wg sync.WaitGroup
	for i, s := range picked {
		wg.Add(1)
		safe.Go("compare "+s.Name(), func() {
			defer wg.Done()
			ctx, cancel := a.limited(ctx, compareLimit)
			defer cancel()
			began := time.Now()
			f, err := s.Compare(ctx)
			a.log.Info("compare", "sync", s.Spec().Name, "took", time.Since(began), "error", err)
			rows[i], all[i] = syncRows(s, f, err, time.Since(began))
		})
	}
	wg.Wait()
	for i, r := range rows {
		if r.Error != "" {
			a.complain("%s", r.Error)
		}
		failed = failed || !r.Reachable || *r.Unknown > 0
		tags = append(tags, all[i]...)
	}
	return rows, tags, failed
}

func syncRows(s *registry.Sync, f *registry.Facts, err error, took time.Duration) (r syncRow, tags []syncTagRow) {
	spec := s.Spec()
	r = syncRow{Sync: spec.Name, From: spec.From, To: spec.To, Environment: spec.Environment, Took: took.Seconds()}
	for _, reg := range []*registry.Registry{s.From(), s.To()} {
		if why := reg.Insecure(); why != "" {
			r.Unverified = strings.TrimPrefix(r.Unverified+"; "+reg.Spec().Name+": "+why, "; ")
		}
	}
	if err != nil {
		r.Error, r.Trouble = fleet.Clean(err.Error()), string(registry.TroubleOf(err))
		return r, nil
	}
	n := f.Counts
	sum := n.Tags()
	r.Reachable, r.Requests = true, f.Requests
	r.Tags, r.Equal, r.Missing, r.Moved, r.Extra, r.Unknown = &sum, &n.Equal, &n.Missing, &n.Moved, &n.Extra, &n.Unknown
	for _, repository := range f.Repositories {
		for _, t := range repository.Tags {
			tags = append(tags, syncTagRow{spec.Name, repository.Name, t.Name, string(t.State), t.Source, t.Target, repository.Target, fleet.Clean(t.Why)})
		}
	}
	return r, tags
}

// maybe is a count that may not be known.
func maybe[T any](title string, of func(T) *int, wrong kit.Style) column[T] {
	return column[T]{title: title, right: true, cell: func(r T) cell {
		n := of(r)
		switch {
		case n == nil:
			return cell{"?", dim}
		case *n > 0:
			return cell{fmt.Sprint(*n), wrong}
		}
		return cell{text: fmt.Sprint(*n)}
	}}
}

func (a *app) syncColumns() []column[syncRow] {
	g := a.glyphs()
	return []column[syncRow]{
		{title: "SYNC", cell: text(func(r syncRow) string { return r.Sync })},
		{title: "FROM", drop: 2, cell: text(func(r syncRow) string { return r.From })},
		{title: "TO", drop: 2, cell: text(func(r syncRow) string { return r.To })},
		{title: "STATUS", cell: func(r syncRow) cell {
			switch {
			case !r.Reachable:
				return cell{g.Bad + " " + r.Trouble, bad}
			case *r.Missing+*r.Moved > 0:
				return cell{fmt.Sprintf("%s %d behind", g.Warn, *r.Missing+*r.Moved), warn}
			case *r.Unknown > 0:
				return cell{g.Unknown + " not all read", warn}
			}
			return cell{g.Good + " equal", good}
		}},
		maybe("EQUAL", func(r syncRow) *int { return r.Equal }, ""),
		maybe("MISSING", func(r syncRow) *int { return r.Missing }, warn),
		maybe("MOVED", func(r syncRow) *int { return r.Moved }, warn),
		maybe("EXTRA", func(r syncRow) *int { return r.Extra }, dim),
		maybe("UNKNOWN", func(r syncRow) *int { return r.Unknown }, warn),
		{title: "TOOK", drop: 1, right: true, cell: text(func(r syncRow) string { return fmt.Sprintf("%.0fms", r.Took*1000) })},
	}
}

var tagStyles = map[string]kit.Style{string(registry.Equal): good, string(registry.Gone): warn, string(registry.Moved): warn, string(registry.Extra): dim, string(registry.Unknown): warn}

func (a *app) syncTagColumns() []column[syncTagRow] {
	return []column[syncTagRow]{
		{title: "SYNC", drop: 2, cell: text(func(r syncTagRow) string { return r.Sync })},
		{title: "TAG", flex: true, cell: text(func(r syncTagRow) string { return r.Repository + ":" + r.Tag })},
		{title: "STATE", cell: func(r syncTagRow) cell { return cell{r.State, tagStyles[r.State]} }},
		{title: "SOURCE", drop: 1, cell: text(func(r syncTagRow) string { return registry.Short(r.Source) })},
		{title: "TARGET", drop: 1, cell: text(func(r syncTagRow) string { return registry.Short(r.Target) })},
		{title: "ERROR", flex: true, drop: 3, cell: text(func(r syncTagRow) string { return r.Error })},
	}
}

func (a *app) syncHistory() *cobra.Command {
	c := &cobra.Command{Use: "history [SYNC]", Short: "List the runs of syncs, the newest first", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeSyncs}
	limit := c.Flags().Int("limit", 50, "at most so many; 0: all")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		q := actions.RunQuery{Limit: *limit, Kind: "sync.run"}
		if len(args) == 1 {
			picked, err := a.pickSyncs(args)
			if err != nil {
				return err
			}
			q.Target = impact.SyncTarget(a.fleet, picked[0].Spec()).Key()
		}
		ctx, cancel := a.limited(ctx, readLimit)
		defer cancel()
		list, err := a.open().Runs(ctx, q)
		if err != nil {
			return err
		}
		return emit(a, runs.Rows(list, time.Now()), a.runColumns())
	})
	return c
}

func (a *app) syncImport() *cobra.Command {
	return &cobra.Command{Use: "import FILE", Short: "Print what a configuration of regsync says as a part of ringside.yaml", Args: cobra.ExactArgs(1),
		Long: `Read a configuration of regclient's regsync and print its registries and syncs for
ringside.yaml. What has no counterpart is told on the error output. Passwords are
never taken over.`,
		RunE: a.run(func(_ context.Context, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return usage("%w", err)
			}
			defer file.Close()
			f, notices, err := registry.ImportRegsync(file)
			if err != nil {
				return usage("%s: %w", args[0], err)
			}
			for _, n := range notices {
				a.complain("%s", n)
			}
			_, err = a.Out.Write(fleet.Registries(f))
			return err
		})}
}

// syncChoice chooses syncs.
type syncChoice struct {
	all bool
	cmd *cobra.Command
}

func (c *syncChoice) flags(a *app, cmd *cobra.Command) {
	c.cmd = cmd
	cmd.Flags().BoolVar(&c.all, "all", false, "all syncs")
	cmd.ValidArgsFunction = a.completeSyncs
}

func (c *syncChoice) check(args []string) error {
	switch {
	case len(args) > 0 && c.all:
		return usage("name syncs, or choose all of them with --all, not both")
	case len(args) == 0 && !c.all:
		return usage("which syncs? Name them, or choose all of them with --all")
	}
	return nil
}

func (c *syncChoice) targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	picked, err := a.pickSyncs(args)
	if err != nil {
		return nil, nil, err
	}
	extra := c.cmd.Flags().Lookup("delete-extra")
	state, err := a.whatRuns(ctx, extra != nil && extra.Value.String() == "true")
	return syncTargets(a.fleet, picked), state, err
}

// whatRuns reads every engine when tags may be deleted that something runs.
func (a *app) whatRuns(ctx context.Context, deletes bool) (*watch.State, error) {
	if !deletes {
		return &watch.State{}, nil
	}
	return a.around(ctx, []fleet.Target{{Kind: fleet.KindTag}})
}

func syncTargets(f *fleet.Fleet, picked []*registry.Sync) (out []fleet.Target) {
	for _, s := range picked {
		out = append(out, impact.SyncTarget(f, s.Spec()))
	}
	return out
}

// completeSyncs offers the names of syncs.
func (a *app) completeSyncs(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	f, err := a.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, s := range f.Syncs {
		if !slices.Contains(args, s.Name) {
			out = append(out, cobra.CompletionWithDesc(s.Name, s.From+" to "+s.To))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
