package deploy

import (
	"fmt"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/match"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// offered is what is known of one tag of a service's image.
type offered struct {
	in     []string // registries that have it
	on     []string // engines that run it
	colour []string // of the service itself: "blue is live"
}

// choices offers the tags that are known, the newest version first: those that the
// registries have as far as a sync reads them, and those that run anywhere.
func choices(env *actions.Env, targets []fleet.Target) (out []actions.Choice) {
	s, err := service.Find(env, targets[0])
	if err != nil || env.State == nil {
		return nil
	}
	images := []string{s.Image}
	for _, image := range s.Images {
		if !slices.Contains(images, image) {
			images = append(images, image)
		}
	}
	slices.Sort(images[1:])
	tags := map[string]*offered{}
	at := func(tag string) *offered {
		if tags[tag] == nil {
			tags[tag] = &offered{}
		}
		return tags[tag]
	}
	state := env.State()
	var read []string // registries of the service that are known at all
	for _, image := range images {
		name, repository := registry.SplitImage(image, env.Fleet.Registries)
		for _, tag := range inRegistry(state, name, repository) {
			once(&at(tag).in, name)
			once(&read, name)
		}
	}
	for _, f := range watch.Latest[*docker.Facts](state) {
		for _, c := range f.Containers {
			if release := impact.ReleaseOf(c); slices.ContainsFunc(images, func(i string) bool { return release.Image == i+":"+release.Version }) {
				once(&at(release.Version).on, f.Engine)
			}
		}
	}
	for _, svc := range impact.Services(env.Fleet, state) {
		if svc.Name != s.Name {
			continue
		}
		for _, c := range fleet.Colours {
			if r, _ := svc.Colour(c).Release(); r.Version != "" {
				word := "in " + string(c)
				if svc.Live == c {
					word = "live"
				}
				once(&at(r.Version).colour, word)
			}
		}
	}
	for tag, o := range tags {
		if tagSyntax.MatchString(tag) {
			out = append(out, actions.Choice{Value: tag, Note: o.note(read)})
		}
	}
	slices.SortFunc(out, func(a, b actions.Choice) int { return match.Tags(b.Value, a.Value) })
	return out
}

// inRegistry lists the tags of a repository that a sync has seen in a registry.
func inRegistry(state *watch.State, name, repository string) (out []string) {
	if name == "" {
		return nil
	}
	for _, f := range impact.Syncs(state) {
		for _, r := range f.Repositories {
			for _, t := range r.Tags {
				source := f.From.Registry == name && r.Name == repository && t.Source != ""
				target := f.To.Registry == name && r.Target == repository && t.Target != ""
				if source || target {
					out = append(out, t.Name)
				}
			}
		}
	}
	return out
}

// note says where a tag is, and which of the service's registries lack it.
func (o *offered) note(read []string) string {
	parts := slices.Clone(o.colour)
	var lack []string
	for _, r := range read {
		if !slices.Contains(o.in, r) {
			lack = append(lack, r)
		}
	}
	switch {
	case len(lack) > 0:
		parts = append(parts, "not in "+strings.Join(lack, ", "))
	case len(o.in) > 0:
		parts = append(parts, "in "+strings.Join(o.in, ", "))
	}
	if n := len(o.on); n > 0 {
		text := "runs on " + o.on[0]
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func once(list *[]string, s string) {
	if !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}
