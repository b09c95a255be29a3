package containers

import (
	"slices"
	"strings"

	"ringside/backends/docker"
)

// filter is a query over containers: words, ~fuzzy, !not, field:value, separated
// by spaces; a container must match all of them. The empty filter matches all.
type filter struct {
	terms   []clause
	unknown []string // words with a colon whose first part is no field
}

type clause struct {
	not   bool
	fuzzy bool
	field *field // nil: the usual places
	text  string // lower case
}

// field is what a query can name. Match gets lower-case text that is not empty.
type field struct {
	name  string
	match func(it *item, text string) bool
}

var fields = []field{
	{"name", within(func(c *docker.Container) string { return c.Name })},
	{"state", begins(func(c *docker.Container) string { return string(c.State) })},
	{"health", begins(func(c *docker.Container) string {
		if c.Health == "" {
			return "none"
		}
		return string(c.Health)
	})},
	{"engine", func(it *item, text string) bool { return contains(it.src.spec.Name, text) }},
	{"site", within(func(c *docker.Container) string { return c.Site })},
	{"env", within(func(c *docker.Container) string { return c.Environment })},
	{"project", within(func(c *docker.Container) string { return c.Project })},
	{"service", within(func(c *docker.Container) string { return c.Service })},
	{"image", within(func(c *docker.Container) string { return c.Image + ":" + c.Tag })},
	{"tag", within(func(c *docker.Container) string { return c.Tag })},
	{"digest", within(func(c *docker.Container) string { return c.Digest })},
	{"id", begins(func(c *docker.Container) string { return c.ID })},
	{"port", within(func(c *docker.Container) string { return portList(c.Ports) })},
	{"network", func(it *item, text string) bool {
		return slices.ContainsFunc(it.c.Networks, func(n string) bool { return contains(n, text) })
	}},
	{"label", hasLabel},
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

// fieldNames is the list for people who named another one.
func fieldNames() string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return strings.Join(names, " ")
}

func parseFilter(query string) filter {
	var f filter
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		var t clause
		word, t.not = strings.CutPrefix(word, "!")
		word, t.fuzzy = strings.CutPrefix(word, "~")
		t.text = word
		if name, value, ok := strings.Cut(word, ":"); ok && name != "" && !t.fuzzy {
			if i := slices.IndexFunc(fields, func(f field) bool { return f.name == name }); i >= 0 {
				t.field, t.text = &fields[i], value
			} else {
				f.unknown = append(f.unknown, name) // looked for as it stands: web:1.9 is a word too
			}
		}
		if t.text != "" {
			f.terms = append(f.terms, t)
		}
	}
	return f
}

func (f filter) match(it *item) bool {
	for _, t := range f.terms {
		if t.match(it) == t.not {
			return false
		}
	}
	return true
}

func (t clause) match(it *item) bool {
	switch {
	case t.field != nil:
		return t.field.match(it, t.text)
	case t.fuzzy:
		return subsequence(it.name, t.text)
	}
	return strings.Contains(it.text, t.text)
}

// subsequence says whether the letters of text are in s in their order: what a
// fuzzy finder takes for a match, without the ranking, since the list keeps its
// own order.
func subsequence(s, text string) bool {
	for _, r := range text {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+1:] // the rest of a longer rune matches no rune
	}
	return true
}

// narrows says that everything that f matches, g matched too, as after one more
// letter: only what is shown needs to be looked at.
func (f filter) narrows(g filter) bool {
	n := len(g.terms)
	if len(f.terms) < n {
		return false
	}
	if n == 0 {
		return true
	}
	if !slices.Equal(f.terms[:n-1], g.terms[:n-1]) {
		return false
	}
	a, b := f.terms[n-1], g.terms[n-1]
	same := a.field == b.field && a.fuzzy == b.fuzzy && a.not == b.not
	label := a.field != nil && a.field.name == "label" // "=" changes what it means
	return a == b || same && !a.not && !label && strings.HasPrefix(a.text, b.text)
}
