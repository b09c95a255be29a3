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
	lack   []string // registries that are known not to have it
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
	for _, image := range images {
		name, repository := registry.SplitImage(image, env.Fleet.Registries)
		inRegistry(state, name, repository, func(tag string, has bool) {
			if has {
				once(&at(tag).in, name)
			} else {
				once(&at(tag).lack, name)
			}
		})
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
		if tagSyntax.MatchString(tag) && len(o.in)+len(o.on) > 0 {
			out = append(out, actions.Choice{Value: tag, Note: o.note()})
		}
	}
	slices.SortFunc(out, func(a, b actions.Choice) int { return match.Tags(b.Value, a.Value) })
	return out
}

// inRegistry tells of the tags of a repository that syncs have seen whether a registry
// has them. What could not be read is not told.
func inRegistry(state *watch.State, name, repository string, tell func(tag string, has bool)) {
	if name == "" {
		return
	}
	for _, f := range impact.Syncs(state) {
		for _, r := range f.Repositories {
			for _, t := range r.Tags {
				if f.From.Registry == name && r.Name == repository && (t.Source != "" || t.State == registry.Extra) {
					tell(t.Name, t.Source != "")
				}
				if f.To.Registry == name && r.Target == repository && (t.Target != "" || t.State == registry.Gone) {
					tell(t.Name, t.Target != "")
				}
			}
		}
	}
}

// note says where a tag is, and which of the service's registries lack it.
func (o *offered) note() string {
	parts, lack := slices.Clone(o.colour), slices.DeleteFunc(o.lack, func(r string) bool { return slices.Contains(o.in, r) })
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
