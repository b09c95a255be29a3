package services

import (
	"fmt"
	"math"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
	"ringside/views/screen/releases"
)

// kind is the list of services.
var kind = lists.Kind[*Screen, *item]{
	Empty:   "no service is configured: ringside init shows how one looks, docs/services.md what the proxy must be like",
	Columns: columns, Orders: orders, Language: language, Counts: counts, Foot: foot, ShowOrder: true,
	Old: func(*Screen, *item) bool { return false },
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func (s *Screen) sortMenu() tea.Cmd {
	return screen.Send(screen.Overlay{Dialog: s.list.SortMenu(), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return orderPicked{it.ID}
		}
		return nil
	}})
}

var orders = []lists.Order[*item]{
	{ID: "fleet", Letter: "f", Title: "fleet: as configured", Number: func(it *item) float64 { return float64(it.place) }},
	{ID: "attention", Letter: "a", Title: "attention: what needs a human first", Number: func(it *item) float64 { return float64(attention(it)) }},
	{ID: "service", Letter: "n", Title: "name", Text: func(it *item) string { return strings.ToLower(it.Service) }},
	{ID: "live", Letter: "l", Title: "version that is live", Text: func(it *item) string { return it.Version }},
	{ID: "health", Letter: "h", Title: "health", Text: func(it *item) string { return it.Health }},
	{ID: "sessions", Letter: "s", Title: "sessions, most first", Number: func(it *item) float64 { return down(it.Sessions) }},
	{ID: "requests", Letter: "r", Title: "requests a second, most first", Number: func(it *item) float64 { return down(it.Requests) }},
	{ID: "errors", Letter: "e", Title: "errors a second, most first", Number: func(it *item) float64 { return down(it.Errors) }},
	{ID: "deployed", Letter: "d", Title: "deployed, newest first", Number: func(it *item) float64 {
		if it.Deployed == nil {
			return math.NaN()
		}
		return -float64(it.Deployed.Unix())
	}},
	{ID: "held", Letter: "u", Title: "held until, soonest first", Number: func(it *item) float64 {
		if it.HeldUntil == nil {
			return math.NaN()
		}
		return float64(it.HeldUntil.Unix())
	}},
}

// down makes the largest come first.
func down[T int | float64](n *T) float64 {
	if n == nil {
		return math.NaN()
	}
	return -float64(*n)
}

// language is what the filter of the list understands.
var language = kit.Language[*item]{
	Text: func(it *item) string { return it.text },
	Name: func(it *item) string { return strings.ToLower(it.Service) },
	Fields: []kit.FilterField[*item]{
		{Name: "service", Match: func(it *item, text string) bool { return contains(it.Service, text) }},
		{Name: "live", Match: func(it *item, text string) bool { return strings.HasPrefix(it.Live, text) }},
		{Name: "version", Match: func(it *item, text string) bool { return contains(it.Version, text) || contains(it.OtherVersion, text) }},
		{Name: "health", Match: func(it *item, text string) bool { return strings.HasPrefix(it.Health, text) }},
		{Name: "other", Match: func(it *item, text string) bool { return strings.HasPrefix(it.OtherState, text) }},
		{Name: "env", Match: func(it *item, text string) bool { return contains(it.Environment, text) }},
		{Name: "engine", Match: func(it *item, text string) bool { return anyHas(it.Engines, text) }},
		{Name: "proxy", Match: func(it *item, text string) bool { return anyHas(it.Proxies, text) }},
		{Name: "by", Match: func(it *item, text string) bool { return contains(it.By, text) }},
	},
}

func contains(s, text string) bool { return strings.Contains(strings.ToLower(s), text) }

func anyHas(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return contains(s, text) })
}

// counts are how many services are how.
func counts(s *Screen, all []*item) string {
	t := s.look.Theme
	well, undecided, unread, ill, kept, busy, left, half := 0, 0, 0, 0, 0, 0, 0, 0
	for _, it := range all {
		switch {
		case it.unread():
			unread++
		case it.Live == "":
			undecided++
		case it.Health == "unhealthy" || it.Health == "stopped" || it.Health == "missing":
			ill++
		case it.Health != "unknown":
			well++
		}
		if it.Live != "" && !it.Settled {
			half++
		}
		if it.OtherState == "held" {
			kept++
		}
		if it.underWay() {
			busy++
		} else if it.going != nil {
			left++
		}
	}
	var out []string
	add := func(n int, glyph string, style kit.Style, word string) {
		if n > 0 {
			out = append(out, style.Paint(glyph)+fmt.Sprintf(" %d %s", n, word))
		}
	}
	add(undecided, t.Glyph.Bad, t.Bad, "not decided")
	add(ill, t.Glyph.Bad, t.Bad, "not well")
	add(half, t.Glyph.Warn, t.Warn, "not settled")
	add(left, t.Glyph.Warn, t.Warn, "left half way")
	add(busy, t.Glyph.Busy, t.Busy, "being changed")
	add(unread, t.Glyph.Unknown, t.Unknown, "not read yet")
	add(well, t.Glyph.Good, t.Good, "live and well")
	add(kept, t.Glyph.Off, t.Off, "can be rolled back")
	return strings.Join(out, " "+t.Glyph.Bullet+" ")
}

// foot says of the service under the cursor what its line has no room for: what goes
// wrong, what is done with it now, or where it is.
func foot(s *Screen, it *item) (text string, style kit.Style) {
	t := s.look.Theme
	switch {
	case it.Error != "":
		text, style = it.Error, t.Warn
	case it.going != nil:
		text, style = releases.InShort(it.going, s.snap.Now)+", by "+it.going.Actor.User, t.Busy
	case !it.Settled:
		text, style = "a proxy keeps something else for its next start than it has live; K makes it follow", t.Warn
	default:
		style = t.Text
		text = strings.Join([]string{version(it.Digest, ""), "on " + strings.Join(it.Engines, " "), "behind " + strings.Join(it.Proxies, " "), it.Environment}, " "+t.Glyph.Bullet+" ")
	}
	return it.Service + ": " + text, style
}
