package registries

import (
	"math"
	"slices"
	"strings"
	"time"

	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
)

type tagList = lists.List[*Screen, *tag]

var tagKind lists.Kind[*Screen, *tag]

func init() { // set here, since the functions lead back to it
	tagKind = lists.Kind[*Screen, *tag]{
		Empty: "no tag is known so far: a sync tells which ones there are", Columns: tagColumns(nil), Orders: tagOrders, Counts: countTags, Foot: tagFoot,
		Old:      (*Screen).outdated,
		Language: kit.Language[*tag]{Text: tagText, Name: func(t *tag) string { return strings.ToLower(t.name) }, Fields: tagFields, Special: digestWord},
	}
}

// tagColumns are the columns of the list with one for each registry between.
func tagColumns(at []string) []lists.Column[*Screen, *tag] {
	type column = lists.Column[*Screen, *tag]
	out := []column{
		{Column: kit.Column{Key: "state", Title: "STATE", Min: 9, Want: 9}, Cell: func(s *Screen, t *tag) kit.Cell {
			c := t.sign().cell(s.look.Theme, string(t.state))
			if s.outdated(t) { // the line is dim, and says so without colour too
				c.Text = s.look.Theme.Glyph.Stale + " " + string(t.state)
			}
			return c
		}},
		{Column: kit.Column{Key: "tag", Title: "TAG", Min: 16, Want: 26, Flex: true}, Cell: func(s *Screen, t *tag) kit.Cell { return kit.Cell{Text: t.name} }},
	}
	for i, name := range at {
		out = append(out, column{Column: kit.Column{Title: "  " + strings.ToUpper(name), Min: 10, Want: 12, Priority: max(0, i-1)}, // two at least
			Cell: func(s *Screen, t *tag) kit.Cell { return digestCell(s, t, i) }})
	}
	return append(out,
		column{Column: kit.Column{Key: "runs", Title: "  RUNS", Min: 17, Want: 18}, Cell: runsCell},
		column{Column: kit.Column{Key: "since", Title: "SINCE", Min: 5, Want: 5, Right: true, Priority: 1}, Cell: func(s *Screen, t *tag) kit.Cell {
			if t.state == registry.Equal && t.older { // it was never seen otherwise
				return kit.Cell{}
			}
			return kit.Cell{Text: sinceText(t.since, t.older, s.snap.Now), Style: s.look.Theme.Dim}
		}},
		column{Column: kit.Column{Key: "read", Title: "READ", Min: 4, Want: 5, Right: true, Priority: 2}, Cell: func(s *Screen, t *tag) kit.Cell {
			return readCell(s, t.checked())
		}},
		column{Column: kit.Column{Key: "sync", Title: "SYNC", Min: 8, Want: 12, Priority: 4}, Cell: func(s *Screen, t *tag) kit.Cell {
			return kit.Cell{Text: t.syncs(), Style: s.look.Theme.Dim}
		}},
		column{Column: kit.Column{Title: "ON", Min: 12, Want: 36, Priority: 3}, Cell: func(s *Screen, t *tag) kit.Cell {
			return kit.Cell{Text: strings.Join(t.engines(), " "), Style: s.look.Theme.Dim}
		}})
}

var tagOrders = []lists.Order[*tag]{
	{ID: "attention", Letter: "a", Title: "attention: what needs a human first", Number: (*tag).attention},
	{ID: "tag", Letter: "n", Title: "repository and tag, versions by precedence", Number: func(*tag) float64 { return 0 }},
	{ID: "state", Letter: "s", Title: "state, the worst first", Number: func(t *tag) float64 { return float64(rank(t.state)) }},
	{ID: "runs", Letter: "r", Title: "run by most", Number: func(t *tag) float64 {
		if len(t.Running) == 0 {
			return math.NaN()
		}
		return -float64(len(t.Running))
	}},
	{ID: "since", Letter: "c", Title: "the last change first", Number: func(t *tag) float64 {
		if t.since.IsZero() {
			return math.NaN()
		}
		return -float64(t.since.Unix())
	}},
	{ID: "read", Letter: "g", Title: "age of the comparison, oldest first", Number: func(t *tag) float64 {
		if at := t.checked(); !at.IsZero() {
			return float64(at.Unix())
		}
		return math.NaN()
	}},
	{ID: "sync", Letter: "y", Title: "sync", Text: func(t *tag) string { return t.syncs() }},
}

var tagFields = []kit.FilterField[*tag]{
	{Name: "repo", Match: func(t *tag, text string) bool { return strings.Contains(strings.ToLower(t.Repository), text) }},
	{Name: "tag", Match: func(t *tag, text string) bool { return strings.HasPrefix(strings.ToLower(t.Tag), text) }},
	{Name: "state", Match: func(t *tag, text string) bool {
		return strings.HasPrefix(string(t.state), text) || strings.HasPrefix("behind", text) && behind(t.state)
	}},
	{Name: "sync", Match: func(t *tag, text string) bool {
		return slices.ContainsFunc(t.In, func(in registry.In) bool { return strings.Contains(strings.ToLower(in.Sync.Sync), text) })
	}},
	{Name: "runs", Match: func(t *tag, text string) bool {
		return slices.ContainsFunc(t.Running, func(r registry.Run) bool {
			return strings.HasPrefix(string(r.State), text) || strings.HasPrefix(r.Environment, text)
		})
	}},
	{Name: "on", Match: func(t *tag, text string) bool {
		return slices.ContainsFunc(t.Running, func(r registry.Run) bool {
			return strings.Contains(strings.ToLower(r.Engine+"/"+r.Container), text)
		})
	}},
	{Name: "digest", Match: (*tag).has},
}

func countTags(s *Screen, all []*tag) string {
	n := map[registry.State]int{}
	lost, old := 0, 0
	for _, t := range all {
		n[t.state]++
		if t.runs.gone > 0 {
			lost++
		} else if t.runs.moved > 0 {
			old++
		}
	}
	return tallies(s.look.Theme, len(all), []tally{{bad, lost, "gone but run"}, {warn, old, "run old"},
		{warn, n[registry.Gone], "missing"}, {warn, n[registry.Moved], "moved"}, {unsure, n[registry.Unknown], "unknown"}, {off, n[registry.Extra], "extra"}, {good, n[registry.Equal], "equal"}})
}

// tagFoot says in words what the line shows in signs.
func tagFoot(s *Screen, t *tag) (string, kit.Style) {
	theme := s.look.Theme
	style := theme.Dim
	if look := t.sign(); look == warn || look == bad || look == unsure || t.runs.gone+t.runs.moved > 0 {
		style = theme.Warn
	}
	var parts []string
	if len(t.In) == 0 {
		parts = append(parts, t.nobody())
	}
	for _, in := range t.In {
		text := in.Sync.Sync + ": " + sentence(in)
		if s.old[in.Sync.Sync] {
			text += ", as of " + screen.Since(in.Repository.Checked, s.snap.Now) + " ago"
		}
		parts = append(parts, text)
	}
	var names []string
	for _, r := range t.Running {
		if r.State != registry.Runs { // what is odd comes first
			names = append(names, r.Engine+"/"+r.Container+" "+runWords[r.State])
		}
	}
	for _, r := range t.Running {
		if r.State == registry.Runs {
			names = append(names, r.Engine+"/"+r.Container)
		}
	}
	if len(names) > 0 {
		parts = append(parts, "run by "+few(names, 3))
	}
	return t.name + ": " + strings.Join(parts, " "+theme.Glyph.Bullet+" "), style
}

// runWords say how what runs compares with its registry.
var runWords = map[registry.RunState]string{registry.Runs: "(the same)", registry.RunsMoved: "(another image)", registry.RunsGone: "(gone there)", registry.RunsOther: "(not known)"}

// sentence says how a tag is, in words.
func sentence(in registry.In) string {
	switch in.State {
	case registry.Equal:
		return "the same on both sides"
	case registry.Gone:
		return in.Sync.To.Registry + " does not have it"
	case registry.Moved:
		return in.Sync.To.Registry + " has another image than " + in.Sync.From.Registry
	case registry.Extra:
		return "only " + in.Sync.To.Registry + " has it"
	}
	return "not known: " + in.Why
}

// readCell is the age of what is known, in steps as long as it is fresh.
func readCell(s *Screen, at time.Time) kit.Cell {
	if at.IsZero() {
		return kit.Cell{Text: s.look.Theme.Glyph.Unknown, Style: s.look.Theme.Dim}
	}
	return kit.Cell{Text: "<" + kit.Age(screen.Within(s.snap.Now.Sub(at))), Style: s.look.Theme.Dim}
}
