package command

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/watch"
)

// hostChoice chooses hosts: by names and ranges, and by what they have in common.
type hostChoice struct {
	sites, racks, tags, except []string
	all                        bool
}

func (c *hostChoice) flags(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&c.sites, "site", nil, "only hosts at this `SITE` (may be given several times, as the next three)")
	f.StringSliceVar(&c.racks, "rack", nil, "only hosts in this `RACK`, or SITE/RACK")
	f.StringSliceVar(&c.tags, "tag", nil, "only hosts with this `TAG`; several: with all of them")
	f.StringArrayVar(&c.except, "except", nil, "not these `HOSTS`, named as the others")
	f.BoolVar(&c.all, "all", false, "all hosts that have a BMC")
	for name, of := range common {
		_ = cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return a.hostWords(func(h fleet.Host) []string { return of(h) }), cobra.ShellCompDirectiveNoFileComp
		})
	}
	cmd.ValidArgsFunction = a.completeHosts
}

// common is what hosts can have in common, as it is written before a colon.
var common = map[string]func(fleet.Host) []string{
	"site": func(h fleet.Host) []string { return []string{h.Site} },
	"rack": func(h fleet.Host) []string { return []string{h.Rack, h.Site + "/" + h.Rack} },
	"tag":  func(h fleet.Host) []string { return h.Tags },
}

// restricts reports whether a flag chooses.
func (c *hostChoice) restricts() bool { return len(c.sites)+len(c.racks)+len(c.tags) > 0 }

func (c *hostChoice) check(args []string) error {
	switch {
	case len(args) > 0 && c.all:
		return usage("name hosts, or choose all of them with --all, not both")
	case len(args) == 0 && !c.all && !c.restricts():
		return usage("which hosts? Name them (sw001, sw[001-040], tag:swift), or choose them with --site, --rack, --tag or --all")
	}
	return nil
}

func (c *hostChoice) targets(ctx context.Context, a *app, args []string) ([]fleet.Target, *watch.State, error) {
	picked, err := c.pick(a, args)
	if err != nil {
		return nil, nil, err
	}
	var out []fleet.Target
	for _, h := range picked {
		out = append(out, impact.HostTarget(h))
	}
	state, err := a.around(ctx, out)
	return out, state, err
}

// pick finds the hosts that are meant, in the order of the fleet, each once. One
// that was named must have a BMC.
func (c *hostChoice) pick(a *app, args []string) ([]fleet.Host, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	named, byName, err := findHosts(f, args)
	if err != nil {
		return nil, err
	}
	but, _, err := findHosts(f, c.except)
	if err != nil {
		return nil, err
	}
	for what, words := range map[string][]string{"site": c.sites, "rack": c.racks, "tag": c.tags} {
		for _, w := range words {
			if !slices.ContainsFunc(f.Hosts, func(h fleet.Host) bool { return slices.Contains(common[what](h), w) }) {
				return nil, usage("no host has the %s %q", what, w)
			}
		}
	}
	var out []fleet.Host
	for _, h := range f.Hosts {
		switch {
		case len(args) > 0 && !named[h.Name], but[h.Name], !c.fits(h):
		case h.BMC != nil:
			out = append(out, h)
		case byName[h.Name]:
			return nil, usage("%s has no BMC in the configuration: add bmc: to it", h.Name)
		}
	}
	if len(out) == 0 {
		return nil, usage("no host with a BMC is meant by that; nothing was started")
	}
	return out, nil
}

// fits reports whether a host has what the flags ask for.
func (c *hostChoice) fits(h fleet.Host) bool {
	one := func(words, of []string) bool {
		return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(of, w) })
	}
	for _, t := range c.tags {
		if !slices.Contains(h.Tags, t) {
			return false
		}
	}
	return one(c.sites, common["site"](h)) && one(c.racks, common["rack"](h))
}

// findHosts finds the hosts that arguments name; byName are those that were named
// themselves, and not by what they have in common with others.
func findHosts(f *fleet.Fleet, args []string) (found, byName map[string]bool, err error) {
	found, byName = map[string]bool{}, map[string]bool{}
	known := make(map[string]bool, len(f.Hosts))
	for _, h := range f.Hosts {
		known[h.Name] = true
	}
	for _, arg := range args {
		what, word, _ := strings.Cut(arg, ":")
		if of := common[what]; of != nil && word != "" {
			n := len(found)
			for _, h := range f.Hosts {
				if slices.Contains(of(h), word) {
					found[h.Name] = true
					n = -1
				}
			}
			if n >= 0 {
				return nil, nil, usage("no host has the %s %q", what, word)
			}
			continue
		}
		names, err := hostNames(known, arg)
		if err != nil {
			return nil, nil, err
		}
		for _, n := range names {
			found[n], byName[n] = true, true
		}
	}
	return found, byName, nil
}

// hostNames expands one argument: a name, a range in brackets, several of them
// with commas, or a range without brackets for shells that take those for their
// own: sw001-sw040.
func hostNames(known map[string]bool, arg string) ([]string, error) {
	if known[arg] {
		return []string{arg}, nil
	}
	if pattern, ok := betweenHosts(known, arg); ok {
		arg = pattern
	}
	names, err := fleet.Expand(arg)
	if err != nil {
		return nil, usage("hosts %q: %w", arg, err)
	}
	var unknown []string
	for _, n := range names {
		if !known[n] {
			unknown = append(unknown, n)
		}
	}
	if len(unknown) > 0 {
		return nil, usage("there is no host %s in the fleet%s", fleet.Fold(unknown), fleetOf(known))
	}
	return names, nil
}

// betweenHosts reads "sw001-sw040". Both ends must be hosts, and there must be one
// way only to read it.
func betweenHosts(known map[string]bool, arg string) (pattern string, ok bool) {
	for i := range len(arg) {
		if arg[i] != '-' || !known[arg[:i]] || !known[arg[i+1:]] {
			continue
		}
		p, fits := fleet.Between(arg[:i], arg[i+1:])
		if fits && ok {
			return "", false
		}
		if fits {
			pattern, ok = p, true
		}
	}
	return pattern, ok
}

// fleetOf says which hosts there are.
func fleetOf(known map[string]bool) string {
	if len(known) == 0 {
		return ", which has none"
	}
	const room = 120
	var names []string
	for n := range known {
		names = append(names, n)
	}
	if text := fleet.Fold(names); len(text) <= room {
		return ", which has " + text
	}
	return "; ringside power status shows all"
}

// around reads what lives where targets are, so that guards know what goes with
// them: engines, the services that run there, and for hosts the Swift clusters. What
// does not answer is told, and stops nobody: guards say that it is not known.
func (a *app) around(ctx context.Context, targets []fleet.Target) (*watch.State, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	store := watch.NewStore()
	var wg sync.WaitGroup
	engines := enginesOf(f, targets)
	for _, s := range servicesAt(f, targets, engines) {
		for _, e := range s.Engines { // who else may take the users
			if !slices.Contains(engines, e) {
				engines = append(engines, e)
			}
		}
		for _, p := range a.Proxies(s.Name) {
			wg.Add(1)
			safe.Go("read "+p.Name(), func() {
				defer wg.Done()
				store.Put(p.Read(ctx))
			})
		}
	}
	for _, name := range engines {
		e, _ := a.set.Engine(name)
		wg.Add(1)
		safe.Go("read "+e.Name(), func() {
			defer wg.Done()
			a.readEngine(ctx, e, store)
		})
	}
	if slices.ContainsFunc(targets, func(t fleet.Target) bool { return t.Kind == fleet.KindHost }) {
		a.readClusters(ctx, a.clusters.All(), store)
	}
	wg.Wait()
	state := store.State()
	for e := range state.All() {
		if e.Err != nil && (strings.HasPrefix(e.Source, "docker/") || strings.HasSuffix(e.Source, "/rings")) {
			a.complain("%v", e.Err)
		}
	}
	return state, ctx.Err()
}

// servicesAt finds the services that run on engines, where targets are what may take
// them away.
func servicesAt(f *fleet.Fleet, targets []fleet.Target, engines []string) (out []fleet.Service) {
	if !slices.ContainsFunc(targets, func(t fleet.Target) bool { return t.Kind == fleet.KindHost || t.Kind == fleet.KindContainer }) {
		return nil
	}
	for _, s := range f.Services {
		if slices.ContainsFunc(s.Engines, func(e string) bool { return slices.Contains(engines, e) }) {
			out = append(out, s)
		}
	}
	return out
}

// enginesOf names the engines on which targets live, and those that live on them,
// each once.
func enginesOf(f *fleet.Fleet, targets []fleet.Target) []string {
	var out []string
	hosts := map[string]bool{}
	for _, t := range targets {
		switch {
		case t.Kind == fleet.KindHost:
			hosts[t.Name] = true
		case t.Kind == fleet.KindSync: // deletes of its are tags
		case t.Kind == fleet.KindTag: // any engine may run an image
			for _, e := range f.Engines {
				if !slices.Contains(out, e.Name) {
					out = append(out, e.Name)
				}
			}
		case t.Scope != "" && !slices.Contains(out, t.Scope):
			out = append(out, t.Scope)
		}
	}
	for _, e := range f.Engines {
		if hosts[e.Host] && !slices.Contains(out, e.Name) {
			out = append(out, e.Name)
		}
	}
	return out
}

// completeHosts offers names, and what hosts have in common.
func (a *app) completeHosts(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if what, _, ok := strings.Cut(begun, ":"); ok && common[what] != nil {
		var out []cobra.Completion
		for _, w := range a.hostWords(common[what]) {
			out = append(out, what+":"+w)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	a.quiet()
	f, err := a.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := []cobra.Completion{"tag:", "rack:", "site:"}
	for _, h := range f.Hosts {
		if h.BMC != nil && !slices.Contains(args, h.Name) {
			out = append(out, cobra.CompletionWithDesc(h.Name, strings.TrimSpace(h.Site+" "+h.Rack)))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// hostWords lists what the hosts of the fleet have in common, each word once.
func (a *app) hostWords(of func(fleet.Host) []string) []string {
	a.quiet()
	f, err := a.load()
	if err != nil {
		return nil
	}
	var out []string
	for _, h := range f.Hosts {
		for _, w := range of(h) {
			if strings.Trim(w, "/") != "" {
				out = append(out, w)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
