package containers

import (
	"slices"
	"strings"

	"ringside/backends/docker"
	"ringside/views/kit"
)

// language is what the list's filter understands.
var language = kit.Language[*item]{
	Text: func(it *item) string { return it.text },
	Name: func(it *item) string { return it.name },
	Fields: []kit.FilterField[*item]{
		{Name: "name", Match: within(func(c *docker.Container) string { return c.Name })},
		{Name: "state", Match: begins(func(c *docker.Container) string { return string(c.State) })},
		{Name: "health", Match: begins(func(c *docker.Container) string {
			if c.Health == "" {
				return "none"
			}
			return string(c.Health)
		})},
		{Name: "engine", Match: func(it *item, text string) bool { return contains(it.src.spec.Name, text) }},
		{Name: "site", Match: within(func(c *docker.Container) string { return c.Site })},
		{Name: "env", Match: within(func(c *docker.Container) string { return c.Environment })},
		{Name: "project", Match: within(func(c *docker.Container) string { return c.Project })},
		{Name: "service", Match: within(func(c *docker.Container) string { return c.Service })},
		{Name: "image", Match: within(func(c *docker.Container) string { return c.Image + ":" + c.Tag })},
		{Name: "tag", Match: within(func(c *docker.Container) string { return c.Tag })},
		{Name: "digest", Match: within(func(c *docker.Container) string { return c.Digest })},
		{Name: "id", Match: begins(func(c *docker.Container) string { return c.ID })},
		{Name: "port", Match: within(func(c *docker.Container) string { return portList(c.Ports) })},
		{Name: "network", Match: func(it *item, text string) bool {
			return slices.ContainsFunc(it.c.Networks, func(n string) bool { return contains(n, text) })
		}},
		{Name: "label", Match: hasLabel, Jumps: true},
	},
}

func contains(s, text string) bool { return strings.Contains(strings.ToLower(s), text) }

func within(value func(*docker.Container) string) func(*item, string) bool {
	return func(it *item, text string) bool { return contains(value(it.c), text) }
}

// begins is for values of which one holds another, as unhealthy does healthy.
func begins(value func(*docker.Container) string) func(*item, string) bool {
	return func(it *item, text string) bool { return strings.HasPrefix(strings.ToLower(value(it.c)), text) }
}

func hasLabel(it *item, text string) bool {
	key, value, exact := strings.Cut(text, "=")
	for k, v := range it.c.Labels {
		k = strings.ToLower(k)
		if exact && k == key && contains(v, value) || !exact && strings.Contains(k, key) {
			return true
		}
	}
	return false
}
