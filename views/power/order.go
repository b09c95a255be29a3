package power

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"ringside/backends/bmc"
	"ringside/views/screen/hosts"
	"ringside/views/screen/lists"
)

// order is one way to sort: by a text or by a number. What is not known comes
// last in both directions; equal ones are in the order of the fleet.
type order struct {
	id, letter, title string
	text              func(*item) string
	number            func(*item) float64 // NaN: not known
}

var orders = []order{
	{id: "fleet", letter: "f", title: "fleet: as configured, site by site", number: func(it *item) float64 { return float64(it.place) }},
	{id: "attention", letter: "a", title: "attention: what needs a human first", number: func(it *item) float64 { return float64(attention(it)) }},
	{id: "host", letter: "n", title: "name", text: func(it *item) string { return it.name }},
	{id: "power", letter: "p", title: "power", text: func(it *item) string { return it.Status.Word }},
	{id: "health", letter: "l", title: "health, worst first", number: func(it *item) float64 { return healthRank[it.Status.Health] }},
	{id: "change", letter: "c", title: "last change, newest first", number: func(it *item) float64 {
		if !it.changed {
			return math.NaN()
		}
		return -float64(it.last.at.Unix())
	}},
	{id: "site", letter: "s", title: "site", text: func(it *item) string { return it.Spec.Site }},
	{id: "rack", letter: "r", title: "rack", text: func(it *item) string { return it.Spec.Rack }},
	{id: "tags", letter: "t", title: "tags", text: func(it *item) string { return it.tags }},
	{id: "driver", letter: "d", title: "driver", text: func(it *item) string {
		if it.Facts == nil {
			return ""
		}
		return it.Facts.Driver
	}},
	{id: "read", letter: "g", title: "age of the reading, oldest first", number: func(it *item) float64 {
		if it.Entry.At.IsZero() {
			return math.NaN()
		}
		return float64(it.Entry.At.Unix())
	}},
}

func orderNamed(id string) *order {
	return &orders[slices.IndexFunc(orders, func(o order) bool { return o.id == id })]
}

var healthRank = map[bmc.Health]float64{bmc.Critical: 0, bmc.Warning: 1, "": 2}

// attention ranks hosts, what is worst first.
func attention(it *item) int {
	switch {
	case it.changed && it.last.failed:
		return 0
	case it.unasked():
		return 1
	case it.Status.Health == bmc.Critical:
		return 2
	}
	rank := [...]int{hosts.On: 9, hosts.Off: 8, hosts.Turning: 6, hosts.Unknown: 5, hosts.Silent: 3, hosts.Unreadable: 4, hosts.Unread: 7}[it.Status.Kind]
	if it.Status.Health == bmc.Warning {
		rank = min(rank, 5)
	}
	return rank
}

// sorting compares items; prepare must have seen them.
type sorting struct {
	order   *order
	reverse bool
	group   *grouping
}

// prepare computes what compare looks at: an item is compared many times. Items
// are all there are: a group comes where its first host is in the fleet.
func (s sorting) prepare(items []*item) {
	first := map[string]int{}
	for _, it := range items {
		it.group = s.group.of(it)
		if at, ok := first[it.group]; !ok || it.place < at {
			first[it.group] = it.place
		}
	}
	for _, it := range items {
		it.first = first[it.group]
		if s.order.number != nil {
			it.number = s.order.number(it)
		} else {
			it.value = s.order.text(it)
		}
	}
}

func (s sorting) compare(a, b *item) int {
	if a.group != b.group {
		return cmp.Compare(a.first, b.first)
	}
	c := 0
	if s.order.number != nil {
		c = lists.CompareNumbers(a.number, b.number, s.reverse)
	} else {
		c = lists.CompareTexts(a.value, b.value, s.reverse)
	}
	return cmp.Or(c, cmp.Compare(a.place, b.place))
}

// grouping puts items under headings.
type grouping struct {
	id, none string // none: heading of those that belong nowhere
	of       func(*item) string
}

var groupings = []grouping{
	{"none", "", func(*item) string { return "" }},
	{"site", "no site", func(it *item) string { return it.Spec.Site }},
	{"rack", "no rack", func(it *item) string {
		if it.Spec.Rack == "" {
			return ""
		}
		return strings.TrimSpace(it.Spec.Site + " " + it.Spec.Rack)
	}},
	{"tag", "no tag", func(it *item) string { return it.tags }},
}
