package containers

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"ringside/backends/docker"
	"ringside/views/screen/lists"
)

// order is one way to sort: by a text or by a number. What is not known comes
// last in both directions; equal ones are in the order of name, engine and ID.
type order struct {
	id, letter, title string
	down              bool // largest first, unless it is turned around
	live              bool // changes with every sample
	text              func(*item) string
	number            func(*item) float64 // NaN: not known
}

var orders = []order{
	{id: "attention", letter: "a", title: "attention: what needs a human first", number: func(it *item) float64 { return float64(it.rank) }},
	{id: "name", letter: "n", title: "name", text: func(it *item) string { return it.name }},
	{id: "state", letter: "t", title: "state", text: func(it *item) string { return string(it.c.State) }},
	{id: "health", letter: "l", title: "health", number: func(it *item) float64 { return float64(healthRank[it.c.Health]) }},
	{id: "project", letter: "p", title: "project and service", text: func(it *item) string { return projectService(it.c) }},
	{id: "site", letter: "s", title: "site", text: func(it *item) string { return it.c.Site }},
	{id: "engine", letter: "e", title: "engine", text: func(it *item) string { return it.src.spec.Name }},
	{id: "image", letter: "i", title: "image and tag", text: func(it *item) string { return imageName(it.c) }},
	{id: "uptime", letter: "u", title: "uptime, newest first", number: newest},
	{id: "restarts", letter: "r", title: "restarts", down: true, number: known(func(c *docker.Container) float64 { return float64(c.Restarts) })},
	{id: "cpu", letter: "c", title: "CPU", down: true, live: true, number: sampled(func(s *docker.Stats) float64 { return s.CPU })},
	{id: "memory", letter: "m", title: "memory", down: true, live: true, number: sampled(func(s *docker.Stats) float64 { return float64(s.Memory) })},
}

func orderNamed(id string) *order {
	return &orders[slices.IndexFunc(orders, func(o order) bool { return o.id == id })]
}

// attention ranks containers, what is worst first.
func attention(c *docker.Container) int {
	switch {
	case c.State == docker.Restarting:
		return 0
	case c.State == docker.Dead:
		return 1
	case c.State == docker.Running && c.Health == docker.Unhealthy:
		return 2
	case failed(c):
		return 3
	case c.State == docker.Paused:
		return 4
	case c.Health == docker.Starting && c.State == docker.Running:
		return 5
	case c.State == docker.Running:
		return 6
	}
	return 7
}

// failed says that a container ended with an error.
func failed(c *docker.Container) bool { return ended(c.State) && c.Known && (c.ExitCode != 0 || c.OOM) }

var healthRank = map[docker.Health]int{docker.Unhealthy: 0, docker.Starting: 1, docker.Healthy: 2, "": 3}

func newest(it *item) float64 {
	if !it.c.Known || !alive(it.c.State) || it.c.Started.IsZero() {
		return math.NaN()
	}
	return -float64(it.c.Started.Unix())
}

func known(value func(*docker.Container) float64) func(*item) float64 {
	return func(it *item) float64 {
		if !it.c.Known {
			return math.NaN()
		}
		return value(it.c)
	}
}

func sampled(value func(*docker.Stats) float64) func(*item) float64 {
	return func(it *item) float64 {
		st := it.src.stat(it.c.ID)
		if st == nil || !alive(it.c.State) {
			return math.NaN()
		}
		return value(st)
	}
}

// sorting compares items; prepare must have seen them.
type sorting struct {
	order   *order
	reverse bool // turned around against what the order does by itself
	group   *grouping
}

// descending says which way the order goes now.
func (s sorting) descending() bool { return s.order.down != s.reverse }

// prepare computes what compare looks at: an item is compared many times.
func (s sorting) prepare(items []*item) {
	for _, it := range items {
		it.group = s.group.of(it)
		if s.order.number != nil {
			it.number = s.order.number(it)
		} else {
			it.value = s.order.text(it)
		}
	}
}

func (s sorting) compare(a, b *item) int {
	if s.group.id != "none" {
		if c := lists.CompareTexts(a.group, b.group, false); c != 0 {
			return c
		}
	}
	c := 0
	if s.order.number != nil {
		c = lists.CompareNumbers(a.number, b.number, s.descending())
	} else {
		c = lists.CompareTexts(a.value, b.value, s.descending())
	}
	return cmp.Or(c, strings.Compare(a.name, b.name), strings.Compare(a.src.spec.Name, b.src.spec.Name), strings.Compare(a.c.ID, b.c.ID))
}

// grouping puts items under headings.
type grouping struct {
	id, none string // none: heading of those that belong nowhere
	of       func(*item) string
}

var groupings = []grouping{
	{"none", "", func(*item) string { return "" }},
	{"project", "no project", func(it *item) string { return it.c.Project }},
	{"engine", "", func(it *item) string { return it.src.spec.Name }},
	{"site", "no site", func(it *item) string { return it.c.Site }},
}
