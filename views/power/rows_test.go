package power

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/impact"
)

func TestRowsSayWhatIsKnown(t *testing.T) {
	w := newWorld()
	rows := map[string]Row{}
	for _, r := range Rows(w.store.State(), w.fleet, w.asked, w.now) {
		rows[r.Host] = r
	}
	if len(rows) != 41 {
		t.Errorf("%d rows, want the 41 hosts that have a BMC", len(rows))
	}
	for host, part := range map[string]string{
		"sw001":                   `"power":"on","last_power":null,"requested":"","requested_by":"","health":"ok","faults":[],"driver":"ipmi","unverified":"","was":"","changed":null,"changed_by":null,"age_seconds":12,"trouble":"","error":""`,
		"sw002":                   `"tags":["swift","proxy"],"power":"off"`,
		"sw003":                   `"was":"on","changed":"2026-11-23T11:20:00Z","changed_by":"tanaka"`,
		"sw004":                   `"power":"turning_off"`,
		"sw005":                   `"power":"unknown","last_power":null`,
		"sw006":                   `"health":"critical","faults":["main power fault","cooling fault"]`,
		"sw008":                   `"driver":"redfish","unverified":"tls: {skip_verify: true}"`,
		"sw010":                   `"power":"unknown","last_power":"on"`,
		"sw011":                   `"trouble":"wrong password","error":"bmc sw011: read power: user oncall is refused (check credentials.bmc)"`,
		"sw013":                   `"power":"on","last_power":null,"requested":"soft","requested_by":"aoi"`,
		"東京-踏み台-with-a-long-name": `"power":"unknown","last_power":null,"requested":"","requested_by":"","health":"","faults":[],"driver":"","unverified":"","was":"","changed":null,"changed_by":null,"age_seconds":null,"trouble":"not read yet"`,
	} {
		if got := rows[host].JSON(); !json.Valid([]byte(got)) || !strings.Contains(got, part) {
			t.Errorf("%s is\n%s\nwithout\n%s", host, got, part)
		}
	}
	if by := rows["sw002"].ChangedBy; by == nil || *by != "" {
		t.Errorf("sw002 was switched by %v, want nobody", by)
	}
	// A power that cannot be read now is never off, whatever it was.
	w.put("sw020", func(f *bmc.Facts) { f.Power = bmc.Off })
	w.fail("sw020", bmc.Silent, "no answer", "")
	for _, r := range Rows(w.store.State(), w.fleet, nil, w.now) {
		if r.Host == "sw020" && (r.Power != "unknown" || *r.LastPower != "off") {
			t.Errorf("a silent host is %q, was %q", r.Power, *r.LastPower)
		}
	}
}

// Who is behind a change: the run that asked for that power at that time.
func TestWhoAsked(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	off := func(from, to int) impact.Asked {
		a := impact.Asked{Host: "h", Want: bmc.Off, Verb: bmc.SoftOff, By: "aoi", Run: "r", At: at(from)}
		if to > from {
			a.Until = at(to)
		}
		return a
	}
	cycle := off(0, 5)
	cycle.Verb, cycle.Want = bmc.Cycle, bmc.On
	on := off(0, 5)
	on.Verb, on.Want = bmc.TurnOn, bmc.On
	for name, c := range map[string]struct {
		asked   impact.Asked
		changed int
		want    string
	}{
		"during the run":      {off(0, 5), 3, "aoi"},
		"while it goes on":    {off(0, 0), 300, "aoi"},
		"noticed soon after":  {off(0, 5), 6, "aoi"},
		"long after":          {off(0, 5), 20, ""},
		"before it":           {off(0, 5), -2, ""},
		"on was asked for":    {on, 3, ""},
		"a cycle goes by off": {cycle, 3, "aoi"},
	} {
		got, ok := changeOf(&bmc.Facts{Power: bmc.Off, Was: bmc.On, Changed: at(c.changed)}, []impact.Asked{c.asked})
		if !ok || got.by != c.want {
			t.Errorf("%s: %+v, want by %q", name, got, c.want)
		}
	}
	if _, ok := changeOf(&bmc.Facts{Power: bmc.Off}, nil); ok {
		t.Error("a host found off has changed")
	}
	failed := off(0, 5)
	failed.Failed = true
	if c, ok := latest(&bmc.Facts{Power: bmc.On}, []impact.Asked{failed}); !ok || !c.failed || c.to != "off" {
		t.Errorf("a failure is told as %+v", c)
	}
	if c, _ := latest(&bmc.Facts{Power: bmc.Off, Changed: at(9)}, []impact.Asked{failed}); c.failed {
		t.Error("a failure hides the change after it")
	}
}

func TestFilter(t *testing.T) {
	w := newWorld()
	m := newModel()
	m.refresh(w.snapshot())
	for query, want := range map[string]string{
		"state:off":                   "sw002 sw003",
		"state:on rack:r01 !sw00":     "",
		"state:on sw[006-009]":        "sw006 sw007 sw008 sw009",
		"state:turning":               "sw004",
		"state:silent":                "sw010",
		"state:wrong":                 "sw011",
		"state:unreadable":            "sw011 sw012",
		"state:faulty":                "sw006 sw007",
		"state:critical":              "sw006",
		"state:not":                   "東京-踏み台-with-a-long-name",
		"health:warn":                 "sw007",
		"fault:cooling":               "sw006",
		"tag:proxy site:tokyo":        "sw002",
		"driver:redfish":              "sw008",
		"bmc:192.0.2":                 "東京-踏み台-with-a-long-name",
		"by:nobody":                   "sw002",
		"by:tanaka":                   "sw003",
		"env:prod sw0 site:toky ~s17": "sw017",
		"踏み台":                         "東京-踏み台-with-a-long-name",
		"wrong":                       "sw011",
	} {
		m.setQuery("")
		m.setQuery(query)
		if got := shownNames(m); got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
}

func shownNames(m *model) string {
	var names []string
	for _, it := range m.shown {
		names = append(names, it.Spec.Name)
	}
	return strings.Join(names, " ")
}

func TestOrders(t *testing.T) {
	w := newWorld()
	m := newModel()
	m.refresh(w.snapshot())
	for _, c := range []struct {
		order, group string
		reverse      bool
		want         string
	}{
		{"fleet", "none", false, "sw001 sw002"},
		{"fleet", "none", true, "東京-踏み台-with-a-long-name sw040"},
		{"attention", "none", false, "sw015 sw002 sw006 sw010 sw011 sw012 sw005 sw007 sw004"},
		{"host", "none", true, "東京-踏み台-with-a-long-name sw040"},
		{"health", "none", false, "sw006 sw007 sw001"},
		{"change", "none", false, "sw015 sw002 sw003 sw001"},
		{"read", "none", true, "sw001"},
		{"driver", "none", true, "sw008 sw001"},
		{"fleet", "rack", false, "sw001 sw002"},
		{"fleet", "rack", true, "sw008 sw007"}, // groups keep their order,
		{"fleet", "tag", false, "sw001 sw003"}, // swift, then swift proxy
	} {
		m.sorting.order, m.sorting.reverse = orderNamed(c.order), c.reverse
		m.sorting.group = &groupings[slices.IndexFunc(groupings, func(g grouping) bool { return g.id == c.group })]
		m.sort()
		if got := shownNames(m); !strings.HasPrefix(got, c.want) {
			t.Errorf("by %s (reverse %v, groups by %s): %q, want %q first", c.order, c.reverse, c.group, got, c.want)
		}
	}
}

// What is built up by changes is the same as what is built at once.
func TestModelGrowsAsItIsBuilt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	w := newWorld()
	m := newModel()
	for i := range 300 {
		switch rnd.IntN(4) {
		case 0, 1:
			name := w.fleet.Hosts[rnd.IntN(40)].Name
			w.put(name, func(f *bmc.Facts) { f.Power = []bmc.Power{bmc.On, bmc.Off, bmc.Unknown}[rnd.IntN(3)] })
		case 2:
			m.setQuery([]string{"", "s", "sw", "sw0", "!sw01", "state:on", "state:of", "sw[001-0", "sw[001-010]"}[rnd.IntN(9)])
		case 3:
			m.sorting = sorting{order: &orders[rnd.IntN(len(orders))], reverse: rnd.IntN(2) == 0, group: &groupings[rnd.IntN(len(groupings))]}
			m.sort()
		}
		m.refresh(w.snapshot())
		fresh := newModel()
		fresh.sorting, fresh.query, fresh.filter = m.sorting, m.query, m.filter
		fresh.refresh(w.snapshot())
		if got, want := shownNames(m), shownNames(fresh); got != want || len(m.lines) != len(fresh.lines) || m.tally != fresh.tally {
			t.Fatalf("step %d, filter %q, by %s: %q, want %q", i, m.query, m.sorting.order.id, got, want)
		}
	}
}

var nan = math.NaN()
