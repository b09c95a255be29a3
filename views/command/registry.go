package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	syncs "ringside/actions/sync"
	"ringside/backends/fleet"
	"ringside/backends/fleet/match"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// registriesOf finds the registries of the fleet that was loaded; the actions are
// declared before any fleet is.
type registriesOf struct{ *app }

func (r registriesOf) Sync(name string) (*registry.Sync, bool) {
	if r.registries == nil {
		return nil, false
	}
	return r.registries.Sync(name)
}

func (r registriesOf) Registry(name string) (*registry.Registry, bool) {
	if r.registries == nil {
		return nil, false
	}
	return r.registries.Registry(name)
}

// registryCommand is the command `registry`.
func (a *app) registryCommand() *cobra.Command {
	c := group("registry", "Container registries: tags and digests, copy, delete", "registries")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(grouped("look", a.registryList(), a.registryTags(), a.registryDigest())...)
	c.AddCommand(a.acts(fleet.KindTag)...)
	return c
}

// registryRow is one registry as data.
type registryRow struct {
	Registry    string  `json:"registry"`
	Address     string  `json:"address"`
	Site        string  `json:"site"`
	Environment string  `json:"environment"`
	Reachable   bool    `json:"reachable"`
	Unverified  string  `json:"unverified"`
	Answer      float64 `json:"answer_seconds"`
	Trouble     string  `json:"trouble"`
	Error       string  `json:"error"`
}

func (a *app) registryList() *cobra.Command {
	return &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List registries and whether they answer", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			f, err := a.load()
			if err != nil {
				return err
			}
			rows := make([]registryRow, len(f.Registries))
			var wg sync.WaitGroup
			for i, r := range a.registries.Registries() {
				wg.Add(1)
				safe.Go("ping "+r.Spec().Name, func() {
					defer wg.Done()
					ctx, cancel := a.limited(ctx, readLimit)
					defer cancel()
					began := time.Now()
					err := r.Ping(ctx)
					s := r.Spec()
					rows[i] = registryRow{Registry: s.Name, Address: s.Address, Site: s.Site, Environment: s.Environment, Reachable: err == nil,
						Unverified: r.Insecure(), Answer: time.Since(began).Seconds(), Trouble: string(registry.TroubleOf(err))}
					if err != nil {
						rows[i].Error = fleet.Clean(err.Error())
					}
				})
			}
			wg.Wait()
			if err := emit(a, rows, a.registryColumns()); err != nil {
				return err
			}
			for _, r := range rows {
				if !r.Reachable {
					a.complain("%s", r.Error)
				}
			}
			if slices.ContainsFunc(rows, func(r registryRow) bool { return !r.Reachable }) {
				return said(ExitFailed)
			}
			return nil
		})}
}

func (a *app) registryColumns() []column[registryRow] {
	g := a.glyphs()
	return []column[registryRow]{
		{title: "REGISTRY", cell: text(func(r registryRow) string { return r.Registry })},
		{title: "SITE", drop: 1, cell: text(func(r registryRow) string { return r.Site })},
		{title: "ADDRESS", flex: true, cell: text(func(r registryRow) string { return r.Address })},
		{title: "STATUS", cell: func(r registryRow) cell {
			if !r.Reachable {
				return cell{g.Bad + " " + r.Trouble, bad}
			}
			return cell{g.Good + " well", good}
		}},
		{title: "UNVERIFIED", flex: true, drop: 2, cell: func(r registryRow) cell { return cell{r.Unverified, warn} }},
	}
}

// tagRow is one tag of a registry as data.
type tagRow struct {
	Registry   string   `json:"registry"`
	Repository string   `json:"repository"`
	Tag        string   `json:"tag"`
	Digest     string   `json:"digest"`
	Platforms  []string `json:"platforms"`
	Bytes      *int64   `json:"bytes"`
}

var tagColumns = []column[tagRow]{
	{title: "TAG", flex: true, cell: text(func(r tagRow) string { return r.Repository + ":" + r.Tag })},
	{title: "DIGEST", cell: text(func(r tagRow) string { return r.Digest })},
	{title: "PLATFORMS", drop: 1, flex: true, cell: text(func(r tagRow) string { return strings.Join(r.Platforms, " ") })},
	{title: "SIZE", drop: 1, right: true, cell: text(func(r tagRow) string {
		if r.Bytes == nil {
			return ""
		}
		return size(*r.Bytes)
	})},
}

// size writes bytes for people.
func size(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// place finds the registry that "REGISTRY/REPOSITORY…" names, and the rest.
func (a *app) place(text string) (*registry.Registry, string, error) {
	f, err := a.load()
	if err != nil {
		return nil, "", err
	}
	if len(f.Registries) == 0 {
		return nil, "", usage("the fleet has no registry: name one under registries: in ringside.yaml")
	}
	name, rest, ok := strings.Cut(text, "/")
	r, known := a.registries.Registry(name)
	if !ok || !known {
		var names []string
		for _, r := range f.Registries {
			names = append(names, r.Name)
		}
		return nil, "", usage("%q does not begin with a registry: write REGISTRY/REPOSITORY; the fleet has %s", text, few(names))
	}
	return r, rest, nil
}

func (a *app) registryTags() *cobra.Command {
	c := &cobra.Command{Use: "tags REGISTRY/REPOSITORY", Short: "List the tags of a repository", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRegistries}
	digests := c.Flags().Bool("digests", false, "with their digests, by one HEAD for every tag")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		r, repository, err := a.place(args[0])
		if err != nil {
			return err
		}
		ctx, cancel := a.limited(ctx, compareLimit)
		defer cancel()
		tags, err := r.Tags(ctx, repository)
		if err != nil {
			return err
		}
		slices.SortFunc(tags, match.Tags)
		rows := make([]tagRow, len(tags))
		for i, t := range tags {
			rows[i] = tagRow{Registry: r.Spec().Name, Repository: repository, Tag: t}
		}
		if *digests {
			found, err := r.Digests(ctx, repository, tags)
			if err != nil {
				return err
			}
			for i := range rows {
				rows[i].Digest = found[rows[i].Tag]
			}
		}
		return emit(a, rows, tagColumns)
	})
	return c
}

func (a *app) registryDigest() *cobra.Command {
	c := &cobra.Command{Use: "digest REGISTRY/REPOSITORY:TAG...", Short: "Print what tags point to", Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeRegistries}
	long := c.Flags().Bool("long", false, "with platforms and size, which reads the manifests")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		var rows []tagRow
		failed := false
		for _, arg := range args {
			row, err := a.describe(ctx, arg, *long)
			if err != nil && codeOf(err) == ExitUsage {
				return err
			}
			if err != nil {
				a.complain("%v", err)
				failed = true
				continue
			}
			rows = append(rows, row)
		}
		if err := emit(a, rows, tagColumns); err != nil {
			return err
		}
		if failed {
			return said(ExitFailed)
		}
		return nil
	})
	return c
}

func (a *app) describe(ctx context.Context, arg string, long bool) (tagRow, error) {
	r, rest, err := a.place(arg)
	if err != nil {
		return tagRow{}, err
	}
	repository, tag, err := syncs.SplitTag(rest)
	if err != nil {
		return tagRow{}, usage("%w", err)
	}
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	row := tagRow{Registry: r.Spec().Name, Repository: repository, Tag: tag}
	if !long {
		row.Digest, err = r.Digest(ctx, repository, tag)
		return row, err
	}
	d, err := r.Describe(ctx, repository, tag)
	row.Digest, row.Platforms, row.Bytes = d.Digest, d.Platforms, &d.Size
	return row, err
}

// tagChoice names tags: REGISTRY/REPOSITORY:TAG.
type tagChoice struct{}

func (tagChoice) flags(a *app, cmd *cobra.Command) { cmd.ValidArgsFunction = a.completeRegistries }

func (tagChoice) check(args []string) error {
	if len(args) == 0 {
		return usage("which tag? Write REGISTRY/REPOSITORY:TAG")
	}
	return nil
}

func (tagChoice) targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	var out []fleet.Target
	for _, arg := range args {
		r, rest, err := a.place(arg)
		if err != nil {
			return nil, nil, err
		}
		repository, tag, err := syncs.SplitTag(rest)
		if err != nil {
			return nil, nil, usage("%w", err)
		}
		t := impact.TagTarget(r.Spec(), repository, tag)
		if registry.IsDigest(tag) {
			t.Name = repository + "@" + tag
		}
		out = append(out, t)
	}
	state, err := a.around(ctx, out)
	return out, state, err
}

// completeRegistries offers the names of registries, to be followed by a path.
func (a *app) completeRegistries(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	f, err := a.load()
	if err != nil || strings.Contains(begun, "/") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, r := range f.Registries {
		out = append(out, r.Name+"/")
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
