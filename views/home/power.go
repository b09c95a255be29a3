package home

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
)

// powerPane is the map of all hosts, and below it those that are not as they
// should be or on their way somewhere.
var powerPane = system{
	name: "Power", half: true, why: true, good: 4,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 10, Want: 14}, {Min: 18, Want: 24, Flex: true}, {Title: "PLACE", Min: 10, Want: 14, Priority: 2}, {Min: 4, Want: 4, Right: true, Priority: 1}},
	read: func(s screen.Snapshot) content {
		list := hosts.Read(s.Fleet, s.State, s.Now)
		if len(list) == 0 {
			return content{none: true}
		}
		tally := hosts.CountAll(list)
		asked := underWay(s.Asked)
		c := content{more: notable(list, asked, s.Now), notes: tally.Notes, open: screen.Go{Screen: "power"}, chart: newHostMap(list, asked)}
		c.census = census{source: "BMC", all: len(list), things: count(len(list), "host")}
		for _, h := range list {
			c.census.add(h.Entry, s.Now)
		}
		return c
	},
}

// hostMap is the map of the hosts as a chart.
type hostMap struct {
	heat *kit.HeatMap
}

func newHostMap(list []hosts.Host, asked map[string]impact.Asked) hostMap {
	m := &kit.HeatMap{Cursor: -1}
	m.Sign = func(i int) kit.HeatSign {
		if _, changing := asked[list[i].Spec.Name]; changing {
			return hosts.Turning.Look(m.Theme)
		}
		return list[i].Status.Look(m.Theme)
	}
	m.Count = func(g int) string { return hosts.Count(list, m.Things(g)).Text(m.Theme) }
	m.SetGroups(hosts.Groups(list))
	return hostMap{m}
}

func (m hostMap) need(w int) (least, want int) { return m.heat.Need(w) }

func (m hostMap) draw(t *kit.Theme, w, most int) []string {
	m.heat.Theme = t
	m.heat.Lay(w, most)
	return m.heat.Lines()
}

// notableMost is how many hosts the pane lists below the map.
const notableMost = 6

// underWay is what is asked of hosts now, by host.
func underWay(all []impact.Asked) map[string]impact.Asked {
	out := map[string]impact.Asked{}
	for _, a := range all {
		if a.Until.IsZero() {
			out[a.Host] = a
		}
	}
	return out
}

// notable lists the hosts that are worth a line, those that change first. One that
// is off is not: it may be meant so, and where it is not it is a problem.
func notable(list []hosts.Host, asked map[string]impact.Asked, now time.Time) []row {
	var out []row
	ranks := map[string]int{}
	for _, h := range list {
		a, changing := asked[h.Spec.Name]
		look, rank, what := judge(h)
		since := h.Entry.Since
		if changing {
			look, rank, since = busy, 0, a.At
			what = string(a.Want) + " asked by " + a.By
		}
		if what == "" {
			continue
		}
		r := row{key: "host/" + h.Spec.Name, target: impact.HostTarget(*h.Spec), sign: look, why: whyOf(h)}
		r.open = place(r.target)
		r.cells = []string{h.Spec.Name, what, strings.TrimSpace(h.Spec.Site + " " + h.Spec.Rack), screen.Since(since, now)}
		ranks[r.key] = rank
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b row) int { return cmp.Compare(ranks[a.key], ranks[b.key]) })
	return out[:min(len(out), notableMost)]
}

// judge says what is notable of a host, in the order of importance; "" for nothing.
func judge(h hosts.Host) (look sign, rank int, what string) {
	switch {
	case h.Status.Kind == hosts.Unreadable:
		return bad, 2, h.Status.Word
	case h.Status.Kind == hosts.Silent:
		return unknown, 3, h.Status.Word
	case h.Status.Health == bmc.Critical:
		return bad, 1, "health critical"
	case h.Status.Health != "":
		return warn, 1, "health " + string(h.Status.Health)
	case h.Status.Kind == hosts.Turning:
		return busy, 0, h.Status.Word
	}
	return good, 0, ""
}

// whyOf is why a host cannot be read, or its faults.
func whyOf(h hosts.Host) string {
	switch {
	case h.Entry.Err != nil:
		return strings.Join(strings.Fields(h.Entry.Err.Error()), " ")
	case h.Facts != nil:
		return strings.Join(h.Facts.Faults, ", ")
	}
	return ""
}
