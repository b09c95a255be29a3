package services

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// item is one service of the list.
type item struct {
	Row
	svc   *impact.Service
	place int                // in the fleet
	text  string             // lower case: where a word of a filter is looked for
	going *actions.RunRecord // the run that works on it, or that was left half way; nil: none
	gate  releases.Gate      // of what is in the colour that is not live
}

func (it *item) target() fleet.Target { return it.svc.Target() }
func (it *item) key() string          { return it.target().Key() }

// underWay says that a process works on the service now.
func (it *item) underWay() bool { return it.going != nil && it.going.Alive }

// read is when the oldest proxy of the service was read; zero when one never was.
func (it *item) read() (oldest time.Time) {
	for i, p := range it.svc.Proxies {
		if p.At.IsZero() {
			return time.Time{}
		}
		if i == 0 || p.At.Before(oldest) {
			oldest = p.At
		}
	}
	return oldest
}

// model is every service, and those that the filter shows in their order.
type model struct {
	items   []*item // in the order of the fleet
	shown   []*item
	query   string
	filter  kit.Filter[*item]
	order   *order
	reverse bool
}

func newModel() *model { return &model{order: &orders[0]} }

func (m *model) refresh(s screen.Snapshot) {
	rows := Rows(s.Services, s.Holds, s.Now)
	runs := releases.Going(s.Runs)
	gates := releases.Gates(s.Runs)
	m.items = make([]*item, len(rows))
	for i := range rows {
		svc := &s.Services[i]
		it := &item{svc: svc, Row: rows[i], place: i}
		it.going = runs[it.key()]
		if svc.Live != "" {
			r, _ := svc.Colour(svc.Live.Other()).Release()
			it.gate = gates[r.Run]
		}
		it.text = strings.ToLower(strings.Join(append([]string{svc.Name, svc.Environment, rows[i].Live, rows[i].Version, rows[i].Health, rows[i].Other,
			rows[i].OtherState, rows[i].OtherVersion, rows[i].By, rows[i].Error}, append(rows[i].Engines, rows[i].Proxies...)...), "\x00"))
		m.items[i] = it
	}
	m.arrange()
}

func (m *model) setQuery(query string) {
	m.query, m.filter = query, language.Parse(query)
	m.arrange()
}

func (m *model) sortBy(o *order, reverse bool) {
	m.order, m.reverse = o, reverse
	m.arrange()
}

// arrange filters and sorts. What is not known comes last in both directions.
func (m *model) arrange() {
	m.shown = m.shown[:0]
	for _, it := range m.items {
		if m.filter.Match(it) {
			m.shown = append(m.shown, it)
		}
	}
	slices.SortStableFunc(m.shown, func(a, b *item) int {
		c := m.order.compare(a, b, m.reverse)
		return cmp.Or(c, cmp.Compare(a.place, b.place))
	})
}

func (m *model) find(key string) *item {
	for _, it := range m.items {
		if it.key() == key {
			return it
		}
	}
	return nil
}

// order is one way to sort: by a text or by a number.
type order struct {
	id, letter, title string
	text              func(*item) string
	number            func(*item) float64 // NaN: not known
}

var orders = []order{
	{id: "fleet", letter: "f", title: "fleet: as configured", number: func(it *item) float64 { return float64(it.place) }},
	{id: "attention", letter: "a", title: "attention: what needs a human first", number: func(it *item) float64 { return float64(attention(it)) }},
	{id: "service", letter: "n", title: "name", text: func(it *item) string { return strings.ToLower(it.Service) }},
	{id: "live", letter: "l", title: "version that is live", text: func(it *item) string { return it.Version }},
	{id: "health", letter: "h", title: "health", text: func(it *item) string { return it.Health }},
	{id: "sessions", letter: "s", title: "sessions, most first", number: func(it *item) float64 { return down(it.Sessions) }},
	{id: "requests", letter: "r", title: "requests a second, most first", number: func(it *item) float64 { return down(it.Requests) }},
	{id: "errors", letter: "e", title: "errors a second, most first", number: func(it *item) float64 { return down(it.Errors) }},
	{id: "deployed", letter: "d", title: "deployed, newest first", number: func(it *item) float64 {
		if it.Deployed == nil {
			return math.NaN()
		}
		return -float64(it.Deployed.Unix())
	}},
	{id: "held", letter: "u", title: "held until, soonest first", number: func(it *item) float64 {
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

func orderNamed(id string) *order {
	return &orders[slices.IndexFunc(orders, func(o order) bool { return o.id == id })]
}

func (o *order) compare(a, b *item, reverse bool) int {
	c, known := 0, 0
	if o.number != nil {
		x, y := o.number(a), o.number(b)
		known = unknownLast(math.IsNaN(x), math.IsNaN(y))
		c = cmp.Compare(x, y)
	} else {
		x, y := o.text(a), o.text(b)
		known = unknownLast(x == "", y == "")
		c = strings.Compare(x, y)
	}
	switch {
	case known != 0:
		return known
	case reverse:
		return -c
	}
	return c
}

func unknownLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// attention ranks services, what is worst first.
func attention(it *item) int {
	switch {
	case it.unread():
		return 6
	case it.Live == "":
		return 0
	case it.Health == "unhealthy" || it.Health == "stopped" || it.Health == "missing":
		return 1
	case !it.Settled:
		return 2
	case it.going != nil && !it.underWay():
		return 3
	case it.Error != "":
		return 4
	case it.Errors != nil && *it.Errors > 0:
		return 5
	case it.underWay():
		return 7
	}
	return 8
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
