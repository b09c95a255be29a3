package containers

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"ringside/backends/docker"
	"ringside/views/kit"
)

// shortSecret is the length below which a secret's value is masked in its own
// place only: "1" or "true" would be masked all over the text.
const shortSecret = 6

// masked is what stands in the place of a secret.
func (d *detail) masked() string {
	if d.s.look.Theme.Glyph.H == kit.ASCII.H {
		return "********"
	}
	return "••••••••"
}

// environment lists the variables, secrets masked until they are asked for.
func (d *detail) environment() []string {
	if d.facts == nil {
		return d.waiting()
	}
	theme := d.s.look.Theme
	hidden := 0
	var out []string
	for _, v := range d.facts.Env {
		value := v.Value
		switch {
		case v.Secret && !d.reveal:
			hidden++
			value = theme.Warn.Paint(d.masked())
		case !v.Secret:
			value = d.mask(value)
		}
		out = append(out, theme.Dim.Paint(v.Name+"=")+value)
	}
	switch {
	case len(out) == 0:
		return []string{theme.Dim.Paint("no variables")}
	case hidden > 0:
		out = append(out, "", theme.Dim.Paint("masked: "+strconv.Itoa(hidden)+"; v shows them"))
	case d.reveal:
		out = append(out, "", theme.Warn.Paint("secrets are shown; v masks them"))
	}
	return out
}

// mask hides the values of secret variables wherever else they appear, as in a
// command line.
func (d *detail) mask(text string) string {
	if d.reveal || d.facts == nil {
		return text
	}
	for _, v := range d.facts.Env {
		if v.Secret && len(v.Value) >= shortSecret {
			text = strings.ReplaceAll(text, v.Value, d.masked())
		}
	}
	return text
}

// maskJSON hides secrets in the engine's indented JSON, where a variable is a
// string of its own on a line of its own: "NAME=value", and a label is a field:
// "name": "value".
func maskJSON(text string, env []docker.EnvVar, labels map[string]string, mask string) string {
	names := map[string]bool{}
	for _, v := range env {
		if v.Secret {
			names[quoted(v.Name)] = true
		}
	}
	fields := map[string]bool{}
	for k, v := range labels {
		if docker.NamedSecret(k, v) {
			fields[quoted(k)] = true
		}
	}
	if len(names)+len(fields) == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, " ")
		rest, ok := strings.CutPrefix(body, `"`)
		if !ok {
			continue
		}
		end := `"`
		if strings.HasSuffix(body, ",") {
			end = `",`
		}
		indent := line[:len(line)-len(body)]
		if name, _, ok := strings.Cut(rest, "="); ok && names[name] {
			lines[i] = indent + `"` + name + "=" + mask + end
		}
		if name, _, ok := strings.Cut(rest, `": "`); ok && fields[name] {
			lines[i] = indent + `"` + name + `": "` + mask + end
		}
	}
	text = strings.Join(lines, "\n")
	for _, v := range env {
		if v.Secret && len(v.Value) >= shortSecret {
			text = strings.ReplaceAll(text, quoted(v.Value), mask)
		}
	}
	return text
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
