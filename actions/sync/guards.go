package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
)

// Guards returns the checks that concern registries.
func Guards(r Registries) []actions.Guard {
	return []actions.Guard{
		{Name: "running", Check: stillRun},
		{Name: "sync", Check: func(_ context.Context, env *actions.Env, p *actions.Plan) []actions.Finding {
			return comesBack(env, r, p)
		}},
	}
}

// takesAway are the tags that a plan takes away or gives to another image, with the
// digest that they lose.
func takesAway(p *actions.Plan) (gone, moved []fleet.Target) {
	for _, s := range p.Steps {
		switch {
		case s.Target.Kind != fleet.KindTag || p.Undo:
		case p.Kind == "tag.delete", p.Kind == "sync.run" && s.Stage == 1:
			gone = append(gone, s.Target)
		case p.Kind == "tag.copy":
			moved = append(moved, s.Target)
		}
	}
	return gone, moved
}

// stillRun names the containers that run a tag which goes away. They go on, but a
// new one on another host gets nothing: for production that blocks.
func stillRun(_ context.Context, env *actions.Env, p *actions.Plan) (out []actions.Finding) {
	gone, _ := takesAway(p)
	if len(gone) == 0 {
		return nil
	}
	users := map[string][]registry.Running{}
	for _, r := range impact.Running(env.State()) {
		if where, repository := registry.SplitImage(r.Image, env.Fleet.Registries); where != "" {
			key := where + "/" + repository + ":" + r.Tag
			users[key] = append(users[key], r)
		}
	}
	for _, t := range gone {
		var names []string
		level := actions.Warn
		for _, r := range users[t.String()] {
			names = append(names, r.Engine+"/"+r.Container)
			if r.Environment == "production" {
				level = actions.Block
			}
		}
		if names == nil {
			continue
		}
		slices.Sort(names)
		out = append(out, actions.Finding{Guard: "running", Level: level, Subject: t.String(),
			Text: fmt.Sprintf("is run by %s: they go on, but none can be made anew; deploy another tag first", few(names))})
	}
	return out
}

// comesBack tells that a sync brings a deleted tag back.
func comesBack(env *actions.Env, r Registries, p *actions.Plan) (out []actions.Finding) {
	if p.Kind != "tag.delete" || p.Undo {
		return nil
	}
	for _, t := range p.Targets {
		repository, tag, err := SplitTag(t.Name)
		if err != nil {
			continue
		}
		for _, spec := range env.Fleet.Syncs {
			s, ok := r.Sync(spec.Name)
			source, mine := spec.SourceName(repository)
			if !ok || spec.To != t.Scope || !mine || !s.Picks(source, tag) {
				continue
			}
			f := s.Latest()
			if f == nil {
				continue
			}
			if y, found := f.Find(source, tag); found && y.Source != "" {
				out = append(out, actions.Finding{Guard: "sync", Level: actions.Note, Subject: t.String(),
					Text: fmt.Sprintf("sync %s brings it back from %s: delete it there as well", spec.Name, spec.From)})
			}
		}
	}
	return out
}

// few names the first three.
func few(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}
