package containers

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ringside/backends/docker"
	"ringside/backends/fleet"
)

func TestRowsSayWhatIsKnown(t *testing.T) {
	w := newWorld()
	rows := map[string]Row{}
	var names []string
	for _, r := range Rows(w.store.State(), w.fleet, w.now) {
		rows[r.Name] = r
		names = append(names, r.Name)
	}
	if names[len(names)-1] != "web-green" || len(names) != 9 {
		t.Errorf("rows are %q, want engines in the order of the fleet", names)
	}
	want := map[string]string{ // parts of each row's JSON
		"web-blue": `"restarts":0,"policy":"always","cpu_percent":3.4,"memory_bytes":513802240,"memory_limit_bytes":536870912,` +
			`"ports":"127.0.0.1:9000->9000/tcp, 8080->80/tcp, 443/tcp","age_seconds":12,"stale":false,"error":""`,
		"api":     `"health":"unhealthy","exit_code":null,"created":"2026-11-21T12:00:00Z","started":"2026-11-23T09:00:00Z","finished":null,"uptime_seconds":10812,"restarts":3`,
		"migrate": `"state":"exited","health":"","exit_code":1,"created":"2026-11-21T12:00:00Z","started":"2026-11-23T09:00:00Z","finished":"2026-11-23T11:56:00Z","uptime_seconds":null`,
		"nobody-inspected-this-one-with-a-very-long-name": `"started":null,"finished":null,"uptime_seconds":null,"restarts":null,"policy":null,"cpu_percent":null,"memory_bytes":null,"memory_limit_bytes":null,"ports":""`,
		"web-green": `"cpu_percent":null,"memory_bytes":null,"memory_limit_bytes":null,"ports":"","age_seconds":12,"stale":true,"error":"engine shanghai-1: list containers: no answer in time (is the network cut?)"`,
	}
	for name, part := range want {
		if got := rows[name].JSON(); !json.Valid([]byte(got)) || !strings.Contains(got, part) {
			t.Errorf("%s is\n%s\nwithout\n%s", name, got, part)
		}
	}
}

func TestShortForms(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 1023: "1023B", 1024: "1.0K", 10 << 10: "10K", 1023 << 10: "1.0M", 490 << 20: "490M", 1 << 40: "1.0T"} {
		if got := size(n); got != want || len(got) > 5 {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	for p, want := range map[float64]string{0: "0.0", 9.94: "9.9", 9.96: "10", 249.6: "250"} {
		if got := percent(p); got != want {
			t.Errorf("percent(%v) = %q, want %q", p, got, want)
		}
	}
}

func TestFilter(t *testing.T) {
	w := newWorld()
	m := newModel()
	m.refresh(w.fleet, w.store.State())
	for query, want := range map[string]string{
		"":                           "api cron migrate nobody-inspected-this-one-with-a-very-long-name web-blue web-green worker 注文-サービス 🚀-launcher",
		"web":                        "migrate web-blue web-green", // migrate runs the image of web
		"web tokyo":                  "migrate web-blue",
		"WEB !green":                 "migrate web-blue",
		"~wbl":                       "web-blue",
		"!~e":                        "api cron 注文-サービス",
		"health:healthy":             "web-blue web-green",
		"health:un":                  "api",
		"health:none state:run":      "nobody-inspected-this-one-with-a-very-long-name 注文-サービス 🚀-launcher",
		"!state:running":             "cron migrate worker",
		"engine:tokyo-2":             "cron worker",
		"site:shang":                 "web-green",
		"env:prod image:api":         "api",
		"label:tier=front":           "web-blue",
		"label:tier=back":            "",
		"label:example":              "web-blue",
		"port:8080":                  "web-blue",
		"project:注文":                 "注文-サービス",
		"service:cron":               "cron",
		"web:1.9.2":                  "web-green", // an image, no field
		"id:" + idOf("cron")[:8]:     "cron",
		"state:":                     "api cron migrate nobody-inspected-this-one-with-a-very-long-name web-blue web-green worker 注文-サービス 🚀-launcher",
		"digest:0123 tag: network:x": "",
	} {
		m.setQuery("")
		m.setQuery(query)
		if got := shownNames(m); got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
	if f := language.Parse("colour:blue web:1 x"); !slices.Equal(f.Unknown, []string{"colour", "web"}) {
		t.Errorf("unknown fields are %q", f.Unknown)
	}
}

func shownNames(m *model) string {
	var names []string
	for _, it := range m.shown {
		names = append(names, it.c.Name)
	}
	return strings.Join(names, " ")
}

func TestOrders(t *testing.T) {
	w := newWorld()
	m := newModel()
	m.refresh(w.fleet, w.store.State())
	for _, c := range []struct {
		order, group string
		reverse      bool
		want         string // the names it begins with
	}{
		{"attention", "none", false, "worker api migrate"},
		{"cpu", "none", false, "api web-blue cron"}, // unknown ones last
		{"cpu", "none", true, "web-blue api cron"},
		{"memory", "none", false, "web-blue api"},
		{"restarts", "none", false, "api cron migrate"},
		{"uptime", "none", false, "api web-blue web-green"},
		{"name", "none", true, "🚀-launcher 注文-サービス worker"},
		{"engine", "none", false, "web-green api migrate"},
		{"image", "none", false, "api nobody-inspected-this-one-with-a-very-long-name cron"},
		{"state", "none", false, "cron migrate worker"},
		{"health", "none", false, "api web-blue"},
		{"name", "engine", false, "web-green api migrate"},
		{"name", "project", true, "🚀-launcher worker web-green"}, // groups keep their order
		{"name", "site", false, "web-green api"},
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
	random := func() []*docker.Container {
		var list []*docker.Container
		for range rnd.IntN(30) {
			list = append(list, container(string(rune('a'+rnd.IntN(26)))+string(rune('a'+rnd.IntN(26))), "x", "1", func(c *docker.Container) {
				c.Restarts = rnd.IntN(3)
				c.Project = []string{"", "p", "q"}[rnd.IntN(3)]
			}))
		}
		slices.SortFunc(list, func(a, b *docker.Container) int { return strings.Compare(a.Name, b.Name) })
		return slices.CompactFunc(list, func(a, b *docker.Container) bool { return a.Name == b.Name })
	}
	for i := range 300 {
		engines := w.fleet.Engines
		switch rnd.IntN(6) {
		case 0, 1, 2:
			w.put(engines[rnd.IntN(len(engines))].Name, random()...)
		case 3: // an engine leaves the fleet, or all are back
			f := *w.fleet
			f.Engines = newWorld().fleet.Engines[rnd.IntN(3):]
			w.fleet = &f
		case 4:
			m.setQuery([]string{"", "a", "ab", "!a", "!ab", "~a", "project:p", "label:x"}[rnd.IntN(8)])
		case 5:
			m.sorting = sorting{order: &orders[rnd.IntN(len(orders))], reverse: rnd.IntN(2) == 0, group: &groupings[rnd.IntN(len(groupings))]}
			m.sort()
		}
		m.refresh(w.fleet, w.store.State())
		fresh := newModel()
		fresh.sorting, fresh.query, fresh.filter = m.sorting, m.query, m.filter
		fresh.refresh(w.fleet, w.store.State())
		if got, want := shownNames(m), shownNames(fresh); got != want || len(m.lines) != len(fresh.lines) || m.tally != fresh.tally {
			t.Fatalf("step %d, filter %q, by %s: %q, want %q", i, m.query, m.sorting.order.id, got, want)
		}
	}
}

func TestTargetKeepsItsIdentity(t *testing.T) {
	w := newWorld()
	m := newModel()
	m.refresh(w.fleet, w.store.State())
	got := m.find(idOf("api")).target()
	want := fleet.Target{Kind: "container", Scope: "tokyo-1", ID: idOf("api"), Name: "api", Site: "tokyo", Environment: "production"}
	if got != want {
		t.Errorf("target is %+v, want %+v", got, want)
	}
}
