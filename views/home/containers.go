package home

import (
	"fmt"
	"strings"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/screen"
)

// containersPane is the engines with their containers, and below them those in
// trouble.
var containersPane = system{
	name: "Containers", heading: true, why: true, half: true, good: 6,
	columns: []kit.Column{
		{Min: 1, Want: 1}, {Title: "ENGINE", Min: 14, Want: 22, Flex: true}, {Title: "SITE", Min: 8, Want: 10, Priority: 3},
		{Title: "UP", Min: 5, Want: 9, Right: true}, {Title: "TROUBLE", Min: 12, Want: 13}, {Title: "CONTAINERS", Min: 24, Want: 60, Priority: 5}, {Title: "VERSION", Min: 8, Want: 9, Priority: 2},
		{Title: "SIZE", Min: 11, Want: 11, Priority: 4}, {Title: "AGE", Min: 4, Want: 4, Right: true, Priority: 1}},
	read: func(s screen.Snapshot) content {
		rows, n := engines(s)
		c := content{rows: rows, more: worst(s), census: engineCensus(s, n), empty: nothingKnown, open: screen.Go{Screen: "containers"}}
		c.none = len(s.Fleet.Engines) == 0 && len(s.Fleet.Hosts) > 0
		up := fmt.Sprintf("%d of %d up", n.up, n.all)
		c.notes = says(up)
		if n.unhealthy > 0 {
			c.notes = says(fmt.Sprintf("%s, %d unhealthy", up, n.unhealthy), up)
		}
		return c
	},
}

// engineCensus counts what is watched and how old what is known of it is.
func engineCensus(s screen.Snapshot, n tally) census {
	c := census{source: "engine", all: len(s.Fleet.Engines)}
	if c.all > 0 {
		c.things = fmt.Sprintf("%s on %s", count(n.all, "container"), count(c.all, "engine"))
	}
	for _, e := range s.Fleet.Engines {
		entry, _ := s.State.Entry("docker/" + e.Name)
		c.add(entry, s.Now)
	}
	return c
}

// strip counts containers by sign: one glyph each, the worst first, so that what
// is cut off on the right is well.
type strip [unknown + 1]int

var stripOrder = []sign{bad, warn, busy, unknown, off, good}

// text is at most w columns wide.
func (s strip) text(t *kit.Theme, w int) string {
	var b strings.Builder
	for _, sign := range stripOrder {
		glyph, style := sign.look(t)
		n := min(s[sign], w)
		b.WriteString(style.Paint(strings.Repeat(glyph, n)))
		w -= n
	}
	return b.String()
}

// tally counts the containers of one engine, or of all.
type tally struct {
	up, all, unhealthy int
	strip              strip
}

func (t *tally) add(c *docker.Container) {
	t.all++
	if c.State == docker.Running || c.State == docker.Paused {
		t.up++
	}
	if c.State == docker.Running && c.Health == docker.Unhealthy {
		t.unhealthy++
	}
	t.strip[signOf(c)]++
}

func signOf(c *docker.Container) sign {
	switch {
	case c.State == docker.Dead, c.Health == docker.Unhealthy, c.Known && c.OOM && c.State == docker.Exited:
		return bad
	case c.State == docker.Restarting:
		return warn
	case c.State == docker.Paused, c.State == docker.Removing:
		return busy
	case c.State == docker.Running:
		return good
	}
	return off
}

// engines lists the engines in the order of the fleet: name, site, containers
// up, trouble, a strip of the containers, version, size, age of what is known.
func engines(s screen.Snapshot) ([]row, tally) {
	var total tally
	troubled := map[string]int{}
	for _, p := range s.Problems {
		if p.Subject.Kind == fleet.KindContainer {
			troubled[p.Subject.Scope]++
		}
	}
	out := make([]row, 0, len(s.Fleet.Engines))
	for _, e := range s.Fleet.Engines {
		target := impact.EngineTarget(e)
		r := row{key: target.Key(), target: target, open: place(target)}
		entry, read := s.State.Entry("docker/" + e.Name)
		facts, _ := entry.Facts.(*docker.Facts)
		var n tally
		version, size, up := "", "", ""
		if facts != nil {
			for _, c := range facts.Containers {
				n.add(c)
			}
			total.up, total.all, total.unhealthy = total.up+n.up, total.all+n.all, total.unhealthy+n.unhealthy
			r.drawn = drawn{4, n.strip.text}
			version, up = facts.Version, fmt.Sprintf("%d/%d", n.up, n.all)
			if facts.CPUs > 0 {
				size = fmt.Sprintf("%d cpu %s", facts.CPUs, bytes(facts.Memory))
			}
		}
		trouble, age := "", ""
		switch {
		case !read:
			r.sign, trouble = unknown, "connecting"
		case entry.Err != nil:
			r.sign, trouble, r.dim = bad, "no answer", true
			r.why = strings.Join(strings.Fields(entry.Err.Error()), " ")
			age = screen.Since(firstOf(entry.At, entry.Since), s.Now)
		case impact.Stale(entry, s.Now):
			r.sign, trouble, r.dim = warn, "silent", true
			age = screen.Since(entry.At, s.Now)
		case troubled[e.Name] > 0:
			r.sign, trouble = warn, fmt.Sprintf("%d in trouble", troubled[e.Name])
		}
		if facts != nil && facts.Insecure != "" && r.why == "" {
			r.why = "not verified: " + facts.Insecure
		}
		r.cells = []string{e.Name, e.Site, up, trouble, "", version, size, age}
		out = append(out, r)
	}
	return out, total
}

// worstMost is how many containers in trouble the pane lists below the engines.
const worstMost = 5

// worst lists the containers that problems are about, in their order, below a
// heading, in the columns of engines.
func worst(s screen.Snapshot) []row {
	byID := map[string]*docker.Container{}
	var out []row
	for _, p := range s.Problems {
		if p.Subject.Kind != fleet.KindContainer {
			continue
		}
		if len(out) == 0 {
			out = append(out, row{key: "worst", group: "in trouble"})
			for _, f := range watch.Latest[*docker.Facts](s.State) {
				for _, c := range f.Containers {
					byID[c.ID] = c
				}
			}
		}
		c := byID[p.Subject.ID]
		if c == nil || len(out) > worstMost {
			continue
		}
		r := row{key: p.Subject.Key(), target: p.Subject, open: place(p.Subject), sign: warn, why: p.Text}
		if p.Severity == impact.Critical {
			r.sign = bad
		}
		state := string(c.State)
		if c.State == docker.Running && c.Health == docker.Unhealthy {
			state = string(docker.Unhealthy)
		}
		r.cells = []string{p.Subject.String(), c.Site, "", state, "", c.Tag, "", screen.Since(p.Since, s.Now)}
		out = append(out, r)
	}
	return out
}

// bytes is a size in binary units with at most three digits: 31G, 512M.
func bytes(n int64) string {
	units := "BKMGTP"
	f, u := float64(n), 0
	for f >= 1000 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	return fmt.Sprintf("%.0f%c", f, units[u])
}
