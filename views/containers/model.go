package containers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/views/kit"
)

// item is one container in the list.
type item struct {
	c   *docker.Container
	src *source
	// Of src.items only; lower case.
	name string
	text string // everywhere that a word of a filter is looked for
	rank uint8  // of attention

	group, value string // computed by sorting.prepare
	number       float64
}

func newItem(c *docker.Container, src *source) *item {
	text := strings.ToLower(strings.Join([]string{c.Name, c.Image + ":" + c.Tag, c.Project + "/" + c.Service,
		src.spec.Name, c.Site, string(c.State), string(c.Health)}, "\x00"))
	return &item{c: c, src: src, text: text, name: text[:strings.IndexByte(text, 0)], rank: uint8(attention(c))}
}

// target is the container as actions take it.
func (it *item) target() fleet.Target {
	return fleet.Target{Kind: fleet.KindContainer, Scope: it.src.spec.Name, ID: it.c.ID, Name: it.c.Name,
		Site: it.c.Site, Environment: it.c.Environment}
}

// part is a source with its items. It lives as long as the engine is in the
// fleet, so that items can point to it while its entry and facts are replaced.
type part struct {
	source
	items []*item
	fresh bool // its items are not in model.all yet
}

// model is what the list shows: every container in order, those that the filter
// lets through, and lines of them under headings. It is changed by steps: new
// facts of one engine sort that engine's items only, and a letter of a filter
// sorts nothing.
type model struct {
	parts   []*part
	sorting sorting
	query   string
	filter  kit.Filter[*item]
	folded  map[string]bool

	all    []*item
	shown  []*item
	groups []group
	lines  []line
	tally  tally // of shown
}

// group is one heading with its items, a part of model.shown.
type group struct {
	name   string // "" for those that belong nowhere
	items  []*item
	tally  tally
	folded bool
}

// line is a heading or a container.
type line struct {
	group *group // of the heading, nil for a container
	item  *item
}

func newModel() *model {
	return &model{sorting: sorting{order: orderNamed("name"), group: &groupings[0]}, folded: map[string]bool{}}
}

// refresh takes a new picture of the world.
func (m *model) refresh(f *fleet.Fleet, state *watch.State) {
	old := map[string]*part{}
	for _, p := range m.parts {
		old[p.spec.Name] = p
	}
	m.parts = m.parts[:0]
	changed, sampled, silenced := false, false, false
	for _, e := range f.Engines {
		p := old[e.Name]
		if p == nil {
			p = &part{}
		}
		delete(old, e.Name)
		facts, stats, silent := p.facts, p.stats, p.entry.Err != nil
		p.source = readSource(state, e)
		if p.facts != facts {
			p.load()
			changed = true
		}
		sampled = sampled || p.stats != stats
		silenced = silenced || silent != (p.entry.Err != nil)
		m.parts = append(m.parts, p)
	}
	for _, p := range old {
		p.items, p.fresh, changed = nil, true, true
	}
	switch {
	case sampled && m.sorting.order.live:
		m.sort()
	case changed:
		m.merge()
	case silenced:
		m.recount()
	}
}

// load makes the items of new facts and keeps those whose container is the same.
func (p *part) load() {
	old := p.items
	p.items, p.fresh = nil, true
	if p.facts == nil {
		return
	}
	p.items = make([]*item, len(p.facts.Containers))
	for i, c := range p.facts.Containers { // both are sorted by name, then ID
		for len(old) > 0 && old[0].c != c && cmp.Or(strings.Compare(old[0].c.Name, c.Name), strings.Compare(old[0].c.ID, c.ID)) < 0 {
			old = old[1:]
		}
		if len(old) > 0 && old[0].c == c {
			p.items[i] = old[0]
		} else {
			p.items[i] = newItem(c, &p.source)
		}
	}
}

// sort puts everything in order anew, as after another order was chosen.
func (m *model) sort() {
	for _, p := range m.parts {
		p.fresh = true
	}
	m.merge()
}

// merge sorts the items of the fresh parts into the others, which are in order.
func (m *model) merge() {
	var fresh []*item
	kept := map[*source]bool{}
	for _, p := range m.parts {
		if p.fresh {
			fresh = append(fresh, p.items...)
		}
		kept[&p.source] = !p.fresh
		p.fresh = false
	}
	m.sorting.prepare(fresh)
	slices.SortFunc(fresh, m.sorting.compare)
	all := make([]*item, 0, len(m.all)+len(fresh))
	var last *source
	var keep bool
	for _, it := range m.all {
		if it.src != last {
			last, keep = it.src, kept[it.src]
		}
		if !keep {
			continue
		}
		for len(fresh) > 0 && m.sorting.compare(fresh[0], it) < 0 {
			all, fresh = append(all, fresh[0]), fresh[1:]
		}
		all = append(all, it)
	}
	m.all = append(all, fresh...)
	m.refilter()
}

// setQuery changes the filter.
func (m *model) setQuery(query string) {
	f, old := language.Parse(query), m.filter
	m.query, m.filter = query, f
	if f.Narrows(old) {
		n := len(m.shown)
		m.shown = slices.DeleteFunc(m.shown, func(it *item) bool { return !f.Match(it) })
		if len(m.shown) < n {
			m.arrange()
		}
		return
	}
	m.refilter()
}

func (m *model) refilter() {
	m.shown = m.shown[:0]
	for _, it := range m.all {
		if m.filter.Match(it) {
			m.shown = append(m.shown, it)
		}
	}
	m.arrange()
}

// arrange makes the lines of what is shown.
func (m *model) arrange() {
	m.lines, m.groups = m.lines[:0], m.groups[:0]
	defer m.recount()
	if m.sorting.group.id == "none" {
		for _, it := range m.shown {
			m.lines = append(m.lines, line{item: it})
		}
		return
	}
	for from := 0; from < len(m.shown); {
		to := from + 1
		for to < len(m.shown) && m.shown[to].group == m.shown[from].group {
			to++
		}
		name := m.shown[from].group
		m.groups = append(m.groups, group{name: name, items: m.shown[from:to], folded: m.folded[name]})
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

// recount counts the groups and the whole, after anything changed.
func (m *model) recount() {
	m.tally = count(m.shown)
	for i := range m.groups {
		m.groups[i].tally = count(m.groups[i].items)
	}
}

// tally counts containers by what they mean to a human.
type tally [len(tallyWords)]int

var tallyWords = [...]string{"up", "unhealthy", "restarting", "failed", "paused", "ended", "stale"}

// tallyOf is the place in a tally by the rank of attention.
var tallyOf = [...]int{2, 3, 1, 3, 4, 0, 0, 5}

const tallyStale = 6

func count(items []*item) (t tally) {
	for _, it := range items {
		if it.src.entry.Err != nil {
			t[tallyStale]++
		} else {
			t[tallyOf[it.rank]]++
		}
	}
	return t
}

// text says "3 up · 1 unhealthy".
func (t tally) text(bullet string) string {
	var parts []string
	for i, n := range t {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, tallyWords[i]))
		}
	}
	return strings.Join(parts, " "+bullet+" ")
}

// find returns the item with a container's ID, nil when there is none.
func (m *model) find(id string) *item {
	for _, it := range m.all {
		if it.c.ID == id {
			return it
		}
	}
	return nil
}

// silent lists the engines that do not answer, with their reasons.
func (m *model) silent(now time.Time) (out []string) {
	for _, p := range m.parts {
		age, stale := p.stale(now)
		if !stale {
			continue
		}
		word := "stale"
		if p.facts == nil {
			word = "not reached for"
		}
		out = append(out, fmt.Sprintf("%s %s %s: %s", p.spec.Name, word, kit.Age(age), why(p.entry.Err)))
	}
	return out
}

// why is an error without the engine's name, which is said beside it.
func why(err error) string {
	var e *docker.Error
	if !errors.As(err, &e) {
		return fleet.Clean(err.Error())
	}
	if e.Hint != "" {
		return e.Why + " (" + e.Hint + ")"
	}
	return e.Why
}
