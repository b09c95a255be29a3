package power

import (
	"slices"
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
)

// item is one host in the list.
type item struct {
	hosts.Host
	place int    // in the fleet
	name  string // lower case, as the next two
	text  string // everywhere that a word of a filter is looked for
	tags  string

	asked   impact.Asked // what is asked for now
	asking  bool
	last    change // the last change of power
	changed bool   // there is one

	shown        bool   // the filter lets it through
	group, value string // computed by sorting.prepare
	first        int    // place of the first host of the group
	number       float64
}

// target is the host as actions take it.
func (it *item) target() fleet.Target { return impact.HostTarget(*it.Spec) }

// unasked says that the power changed and nobody asked for it.
func (it *item) unasked() bool { return it.changed && !it.last.failed && it.last.by == "" }

// model is what the screen shows: every host with a BMC in order, those that the
// filter lets through, and lines of them under headings.
type model struct {
	items   []*item // in the order of the fleet; an item's place is its index
	sorting sorting
	query   string
	filter  kit.Filter[*item]
	folded  map[string]bool

	all    []*item // sorted
	shown  []*item
	groups []group
	lines  []line
	tally  hosts.Tally // of all

	fleet *fleet.Fleet
}

// group is one heading with its items, a part of model.shown.
type group struct {
	name   string // "" for those that belong nowhere
	items  []*item
	tally  hosts.Tally
	folded bool
}

// line is a heading or a host.
type line struct {
	group *group // of the heading, nil for a host
	item  *item
}

func newModel() *model {
	return &model{sorting: sorting{order: orderNamed("fleet"), group: &groupings[0]}, folded: map[string]bool{}}
}

// refresh takes a new picture of the world. It says whether the hosts are others
// than before.
func (m *model) refresh(s screen.Snapshot) (others bool) {
	list := hosts.Read(s.Fleet, s.State, s.Now)
	others = m.fleet != s.Fleet
	if others {
		m.fleet = s.Fleet
		m.items = make([]*item, len(list))
		for i := range m.items {
			m.items[i] = &item{place: i}
		}
		m.all = slices.Clone(m.items)
	}
	by := byHost(s.Asked)
	for i := range list {
		m.items[i].load(&list[i], by[list[i].Spec.Name])
	}
	m.tally = hosts.CountAll(list)
	m.sort()
	return others
}

// load takes what is known of the host now.
func (it *item) load(h *hosts.Host, asked []impact.Asked) {
	same := it.name != "" && it.Status == h.Status && it.Facts == h.Facts
	it.Host = *h
	it.asked, it.asking = underWay(asked)
	it.last, it.changed = latest(h.Facts, asked)
	if same {
		return
	}
	it.name, it.tags = strings.ToLower(h.Spec.Name), strings.ToLower(strings.Join(h.Spec.Tags, " "))
	words := []string{it.name, h.Spec.Site, h.Spec.Rack, it.tags, h.Status.Word, h.Spec.BMC.Address}
	if h.Facts != nil {
		words = append(words, h.Facts.Driver, string(h.Facts.Health))
		words = append(words, h.Facts.Faults...)
	}
	it.text = strings.ToLower(strings.Join(words, "\x00"))
}

func (m *model) sort() {
	m.sorting.prepare(m.all)
	slices.SortFunc(m.all, m.sorting.compare)
	m.refilter()
}

// setQuery changes the filter.
func (m *model) setQuery(query string) {
	f, old := language.Parse(query), m.filter
	m.query, m.filter = query, f
	if f.Narrows(old) {
		m.keep(m.shown)
	} else {
		m.refilter()
	}
}

func (m *model) refilter() { m.keep(m.all) }

// keep shows those of a list that the filter lets through.
func (m *model) keep(of []*item) {
	m.shown = m.shown[:0] // not longer than what is read
	for _, it := range of {
		if it.shown = m.filter.Match(it); it.shown {
			m.shown = append(m.shown, it)
		}
	}
	m.arrange()
}

// arrange makes the lines of what is shown.
func (m *model) arrange() {
	m.lines, m.groups = m.lines[:0], m.groups[:0]
	if m.sorting.group.id == "none" {
		for _, it := range m.shown {
			m.lines = append(m.lines, line{item: it})
		}
		return
	}
	for from := 0; from < len(m.shown); {
		g := group{name: m.shown[from].group}
		to := from
		for ; to < len(m.shown) && m.shown[to].group == g.name; to++ {
			g.tally.Add(m.shown[to].Status)
		}
		g.items, g.folded = m.shown[from:to], m.folded[g.name]
		m.groups = append(m.groups, g)
		from = to
	}
	for i := range m.groups {
		g := &m.groups[i]
		m.lines = append(m.lines, line{group: g})
		if g.folded {
			continue
		}
		for _, it := range g.items {
			m.lines = append(m.lines, line{item: it})
		}
	}
}

// find returns a host by its name, nil when there is none.
func (m *model) find(name string) *item {
	for _, it := range m.items {
		if it.Spec != nil && it.Spec.Name == name {
			return it
		}
	}
	return nil
}

// powerNow is the power in words for people: what is asked for beside what is.
func (it *item) powerNow(arrow string, now time.Time) string {
	if !it.asking {
		return it.Status.Word
	}
	return it.Status.Word + " " + arrow + " " + verbs[it.asked.Verb] + " " + kit.Age(now.Sub(it.asked.At))
}

// verbs are the acts as a change in the list names them. Whether the power was cut
// or not is told by the run.
var verbs = map[bmc.Verb]string{bmc.TurnOn: "on", bmc.SoftOff: "off", bmc.ForceOff: "off", bmc.Cycle: "cycle", bmc.Reset: "reset"}

// whose names who is behind a change.
func whose(c change) string {
	if c.by == "" {
		return "nobody asked"
	}
	return c.by
}
