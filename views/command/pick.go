package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ringside/backends/docker"
	"ringside/views/containers"
)

// picking is how containers are chosen on the command line.
type picking struct {
	filter  string
	engines []string
	all     bool
}

func (p *picking) flags(a *app, c *cobra.Command, many bool) {
	f := c.Flags()
	f.StringSliceVar(&p.engines, "engine", nil, "only containers of this `ENGINE` (may be given several times)")
	_ = c.RegisterFlagCompletionFunc("engine", a.completeEngines)
	if !many {
		return
	}
	f.StringVar(&p.filter, "filter", "", "`QUERY` as in the console: words, ~fuzzy, !not, field:value")
	f.BoolVar(&p.all, "all", false, "all containers")
	_ = c.RegisterFlagCompletionFunc("filter", cobra.NoFileCompletions)
}

// reach says which engines have to be read for the arguments: those that are
// named, if every argument names one.
func (p *picking) reach(args []string) []string {
	if len(p.engines) > 0 {
		return p.engines
	}
	var names []string
	for _, arg := range args {
		engine, _, ok := strings.Cut(arg, "/")
		if !ok {
			return nil
		}
		if !slices.Contains(names, engine) {
			names = append(names, engine)
		}
	}
	return names
}

// check refuses what cannot be meant, before anything is read. Commands that act
// want the choice to be said.
func (p *picking) check(args []string, act bool) error {
	ways := 0
	for _, given := range []bool{len(args) > 0, p.filter != "", p.all} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return usage("name containers, or choose them with --filter or --all, not both")
	case ways == 0 && act:
		return usage("which containers? Name them (NAME, ENGINE/NAME or the beginning of an ID), or choose them with --filter QUERY or --all")
	}
	return nil
}

// lookAndPick reads the engines that may have the containers, and finds these.
func (a *app) lookAndPick(ctx context.Context, p *picking, args []string) (*world, []*docker.Container, error) {
	w, err := a.look(ctx, p.reach(args))
	if err != nil {
		return nil, nil, err
	}
	picked, err := p.pick(w, args)
	return w, picked, err
}

// pick finds the containers that are meant, each once.
func (p *picking) pick(w *world, args []string) ([]*docker.Container, error) {
	all := w.containers()
	if len(args) == 0 {
		match, err := containers.Matcher(p.filter)
		if err != nil {
			return nil, usage("--filter: %w", err)
		}
		return slices.DeleteFunc(all, func(c *docker.Container) bool { return !match(c) }), nil
	}
	var out []*docker.Container
	for _, arg := range args {
		c, err := resolve(all, arg)
		if c == nil && err == nil && w.failed > 0 {
			err = exit(ExitFailed, "no engine that answered has a container %q", arg)
		} else if c == nil && err == nil {
			err = usage("there is no container %q%s", arg, alike(all, arg[strings.IndexByte(arg, '/')+1:]))
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out, nil
}

// resolve finds the one container that an argument names: by its name, or by the
// beginning of its ID. nil: there is none.
func resolve(all []*docker.Container, arg string) (*docker.Container, error) {
	engine, name, qualified := strings.Cut(arg, "/")
	if !qualified {
		engine, name = "", arg
	}
	var named, byID []*docker.Container
	for _, c := range all {
		switch {
		case qualified && c.Engine != engine:
		case c.Name == name:
			named = append(named, c)
		case name != "" && strings.HasPrefix(c.ID, name):
			byID = append(byID, c)
		}
	}
	found := named
	if len(found) == 0 {
		found = byID
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, nil
	}
	return nil, usage("%q is ambiguous: %s; say which, as ENGINE/NAME or by more of the ID", arg, few(titles(found)))
}

// alike offers names that hold the one that was not found.
func alike(all []*docker.Container, name string) string {
	var near []string
	for _, c := range all {
		if name != "" && strings.Contains(c.Name, name) {
			near = append(near, c.Engine+"/"+c.Name)
		}
	}
	if len(near) == 0 {
		return "; ringside containers list shows all"
	}
	return "; did you mean " + few(near) + "?"
}

func titles(list []*docker.Container) []string {
	var out []string
	for _, c := range list {
		t := c.Engine + "/" + c.Name
		for _, other := range list {
			if other != c && other.Engine == c.Engine && other.Name == c.Name {
				t = fmt.Sprintf("%s (%.12s)", t, c.ID)
			}
		}
		out = append(out, t)
	}
	return out
}

// few names at most six.
func few(names []string) string {
	const most = 6
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
