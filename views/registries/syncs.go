package registries

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
	"ringside/views/screen/syncs"
)

// pair is one sync in the list.
type pair struct{ syncs.Sync }

func (p *pair) Key() string { return p.Spec.Name }

type pairList = lists.List[*Screen, *pair]

var pairKind lists.Kind[*Screen, *pair]

func init() { // set here, since the functions lead back to it
	pairKind = lists.Kind[*Screen, *pair]{
		Empty: "no sync is known: name registries and syncs in ringside.yaml", Columns: pairColumns, Orders: pairOrders, Counts: countPairs, Foot: pairFoot,
		Old: func(_ *Screen, p *pair) bool {
			return p.Facts != nil && !p.Status.Current() && p.Status.Kind != syncs.Unread
		},
		Language: kit.Language[*pair]{
			Text: func(p *pair) string {
				return strings.ToLower(strings.Join([]string{p.Spec.Name, p.Spec.From, p.Spec.To, p.Status.Word, p.Spec.Environment}, "\x00"))
			},
			Name: func(p *pair) string { return strings.ToLower(p.Spec.Name) },
			Fields: []kit.FilterField[*pair]{
				{Name: "from", Match: func(p *pair, text string) bool { return strings.Contains(strings.ToLower(p.Spec.From), text) }},
				{Name: "to", Match: func(p *pair, text string) bool { return strings.Contains(strings.ToLower(p.Spec.To), text) }},
				{Name: "state", Match: func(p *pair, text string) bool { return strings.Contains(p.Status.Word, text) }},
			},
		},
	}
}

// counted is a column of how many tags are in a state.
func counted(key, title string, priority int, of func(registry.Counts) int) lists.Column[*Screen, *pair] {
	return lists.Column[*Screen, *pair]{Column: kit.Column{Key: key, Title: title, Min: len(title), Want: len(title), Right: true, Priority: priority},
		Cell: func(s *Screen, p *pair) kit.Cell {
			if p.Facts == nil {
				return kit.Cell{Text: s.look.Theme.Glyph.Unknown, Style: s.look.Theme.Dim}
			}
			n := of(p.Facts.Counts)
			if n > 0 && key != "extra" && key != "equal" {
				return kit.Cell{Text: fmt.Sprint(n), Style: s.look.Theme.Warn}
			}
			return kit.Cell{Text: fmt.Sprint(n)}
		}}
}

var pairColumns = []lists.Column[*Screen, *pair]{
	{Column: kit.Column{Key: "state", Title: "STATE", Min: 10, Want: 14}, Cell: func(s *Screen, p *pair) kit.Cell {
		glyph, style := p.Status.Look(s.look.Theme)
		if p.Status.Kind == syncs.Equal {
			style = ""
		}
		return kit.Cell{Text: glyph + " " + p.Status.Word, Style: style}
	}},
	{Column: kit.Column{Key: "sync", Title: "SYNC", Min: 8, Want: 12, Flex: true}, Cell: func(s *Screen, p *pair) kit.Cell { return kit.Cell{Text: p.Spec.Name} }},
	{Column: kit.Column{Title: "  FROM, TO", Min: 19, Want: 20}, Cell: func(s *Screen, p *pair) kit.Cell {
		if p.Insecure() != "" {
			return kit.Cell{Text: s.look.Theme.Glyph.Warn + " " + s.route(p), Style: s.look.Theme.Warn}
		}
		return kit.Cell{Text: "  " + s.route(p)}
	}},
	counted("missing", "MISSING", 0, func(c registry.Counts) int { return c.Missing }),
	counted("moved", "MOVED", 0, func(c registry.Counts) int { return c.Moved }),
	counted("unknown", "UNKNOWN", 3, func(c registry.Counts) int { return c.Unknown }),
	counted("extra", "EXTRA", 4, func(c registry.Counts) int { return c.Extra }),
	counted("equal", "EQUAL", 5, func(c registry.Counts) int { return c.Equal }),
	{Column: kit.Column{Title: "THROUGHPUT", Min: 10, Want: 30, Priority: 1}, Cell: func(s *Screen, p *pair) kit.Cell {
		return kit.Cell{Text: s.flow(p, s.flowWidth()), Style: s.look.Theme.Busy}
	}},
	{Column: kit.Column{Key: "matched", Title: "MATCHED", Min: 7, Want: 7, Right: true, Priority: 1}, Cell: func(s *Screen, p *pair) kit.Cell {
		if p.Facts == nil || p.Facts.LastMatch.IsZero() {
			return kit.Cell{Text: s.look.Theme.Glyph.Unknown, Style: s.look.Theme.Dim}
		}
		return kit.Cell{Text: "<" + kit.Age(screen.Within(s.snap.Now.Sub(p.Facts.LastMatch)))}
	}},
	{Column: kit.Column{Key: "read", Title: "READ", Min: 5, Want: 5, Right: true}, Cell: func(s *Screen, p *pair) kit.Cell { return readCell(s, p.Entry.At) }},
}

// route is "tokyo → shanghai".
func (s *Screen) route(p *pair) string {
	return p.Spec.From + " " + s.look.Theme.Glyph.Arrow + " " + p.Spec.To
}

// flowWidth is the room for the throughput: a figure, and beside it how it went.
func (s *Screen) flowWidth() int {
	if s.w >= 120 {
		return 30
	}
	return 10
}

// flow is how fast a sync moves, with its last samples where there is room; "" when
// nothing does, or when another process does it.
func (s *Screen) flow(p *pair, w int) string {
	rate, ok := p.Rate()
	if !ok {
		return ""
	}
	text := syncs.Speed(rate)
	if room := w - kit.Width(text) - 1; room >= 4 {
		return s.look.Theme.Sparkline(p.Activity.History, min(room, len(p.Activity.History)), 0) + " " + text
	}
	return text
}

var pairOrders = []lists.Order[*pair]{
	{ID: "fleet", Letter: "f", Title: "as configured", Number: func(*pair) float64 { return 0 }},
	{ID: "state", Letter: "s", Title: "state, what needs a human first", Number: func(p *pair) float64 { return float64(pairRank[p.Status.Kind]) }},
	{ID: "sync", Letter: "n", Title: "name", Text: func(p *pair) string { return p.Spec.Name }},
	{ID: "missing", Letter: "m", Title: "how many are missing, most first", Number: byCount(func(c registry.Counts) int { return c.Missing })},
	{ID: "moved", Letter: "v", Title: "how many have moved, most first", Number: byCount(func(c registry.Counts) int { return c.Moved })},
	{ID: "matched", Letter: "l", Title: "last full match, the oldest first", Number: func(p *pair) float64 {
		if p.Facts == nil || p.Facts.LastMatch.IsZero() {
			return math.NaN()
		}
		return float64(p.Facts.LastMatch.Unix())
	}},
	{ID: "read", Letter: "g", Title: "age of the comparison, oldest first", Number: func(p *pair) float64 {
		if p.Entry.At.IsZero() {
			return math.NaN()
		}
		return float64(p.Entry.At.Unix())
	}},
}

var pairRank = [...]int{syncs.Unreadable: 0, syncs.Stale: 1, syncs.Behind: 2, syncs.Unsure: 3, syncs.Moving: 4, syncs.Unread: 5, syncs.Equal: 6}

func byCount(of func(registry.Counts) int) func(*pair) float64 {
	return func(p *pair) float64 {
		if p.Facts == nil {
			return math.NaN()
		}
		return -float64(of(p.Facts.Counts))
	}
}

func countPairs(s *Screen, all []*pair) string {
	var n [syncs.Equal + 1]int
	for _, p := range all {
		n[p.Status.Kind]++
	}
	return tallies(s.look.Theme, len(all), []tally{{bad, n[syncs.Unreadable], "not to be read"}, {warn, n[syncs.Behind], "behind"}, {warn, n[syncs.Stale], "stale"},
		{unsure, n[syncs.Unsure] + n[syncs.Unread], "not known"}, {busy, n[syncs.Moving], "syncing"}, {good, n[syncs.Equal], "equal"}})
}

func pairFoot(s *Screen, p *pair) (string, kit.Style) {
	t := s.look.Theme
	if p.Entry.Err != nil {
		return p.Spec.Name + ": " + oneLine(p.Entry.Err), t.Warn
	}
	if why := p.Insecure(); why != "" {
		return p.Spec.Name + " is not verified: " + why, t.Warn
	}
	return p.Spec.Name + ": " + strings.Join(patterns(p), " "+t.Glyph.Bullet+" "), t.Dim
}

// patterns say what belongs to a sync and when it runs.
func patterns(p *pair) (out []string) {
	out = append(out, strings.Join(p.Spec.Repositories, " "))
	if len(p.Spec.Tags) > 0 {
		out = append(out, "tags "+strings.Join(p.Spec.Tags, " "))
	}
	if len(p.Spec.Platforms) > 0 {
		out = append(out, strings.Join(p.Spec.Platforms, " "))
	}
	switch {
	case p.Spec.Every > 0:
		out = append(out, "every "+kit.Age(p.Spec.Every)+" by sync run --watch")
	case p.Spec.Schedule != "":
		out = append(out, "at "+p.Spec.Schedule+" by sync run --watch")
	default:
		out = append(out, "on demand")
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// oneLine is an error in one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
