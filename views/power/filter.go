package power

import (
	"slices"
	"strings"

	"ringside/backends/bmc"
	"ringside/views/kit"
	"ringside/views/screen/hosts"
)

// language is what the list's filter understands, host ranges included.
var language = kit.Language[*item]{
	Text: func(it *item) string { return it.text },
	Name: func(it *item) string { return it.name },
	Fields: []kit.FilterField[*item]{
		{Name: "host", Match: func(it *item, text string) bool { return strings.Contains(it.name, text) }},
		{Name: "state", Match: hasState},
		{Name: "health", Match: func(it *item, text string) bool { return strings.HasPrefix(healthWord(it), text) }},
		{Name: "fault", Match: func(it *item, text string) bool {
			return it.Facts != nil && slices.ContainsFunc(it.Facts.Faults, func(f string) bool { return contains(f, text) })
		}},
		{Name: "site", Match: func(it *item, text string) bool { return contains(it.Spec.Site, text) }},
		{Name: "rack", Match: func(it *item, text string) bool { return contains(it.Spec.Rack, text) }},
		{Name: "env", Match: func(it *item, text string) bool { return contains(it.Spec.Environment, text) }},
		{Name: "tag", Match: func(it *item, text string) bool {
			return slices.ContainsFunc(it.Spec.Tags, func(t string) bool { return contains(t, text) })
		}},
		{Name: "driver", Match: func(it *item, text string) bool { return it.Facts != nil && contains(it.Facts.Driver, text) }},
		{Name: "bmc", Match: func(it *item, text string) bool { return contains(it.Spec.BMC.Address, text) }},
		{Name: "by", Match: func(it *item, text string) bool { return it.changed && contains(whose(it.last), text) }},
	},
	Special: func(word string) func(*item) bool {
		match := hosts.Ranges(word)
		if match == nil {
			return nil
		}
		return func(it *item) bool { return match(it.name) }
	},
}

func contains(s, text string) bool { return strings.Contains(strings.ToLower(s), text) }

// hasState takes the words of the list, and those of its counts: state:silent,
// state:wrong, state:unreadable, state:faulty. "on" is not the beginning of
// another state, as one would think of state:o.
func hasState(it *item, text string) bool {
	if text == "faulty" || text == "critical" {
		return it.Status.Health != "" && (text == "faulty" || it.Status.Health == bmc.Critical)
	}
	return strings.HasPrefix(strings.ToLower(it.Status.Word), text) || strings.HasPrefix(hosts.Word(it.Status.Kind), text)
}

// healthWord is what the BMC says of the health: ok, warning, critical, faulty
// when it only names faults, none when it says nothing.
func healthWord(it *item) string {
	switch {
	case it.Facts == nil:
		return "unknown"
	case it.Facts.Health != "":
		return string(it.Facts.Health)
	case len(it.Facts.Faults) > 0:
		return "faulty"
	}
	return "none"
}
