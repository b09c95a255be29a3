package home

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/screen"
)

// row is one line of a pane: what it shows and where it leads.
type row struct {
	key    string
	group  string // set: a heading, and nothing else
	target fleet.Target
	open   screen.Go // where enter leads
	sign   sign
	cells  []string // after the sign, by column
	strip  strip    // of an engine's containers, in place of the cell at stripCell
	why    string   // said below the list while the cursor is on it
	dim    bool
}

// sign is the state of a line; every one has a glyph and a word of its own.
type sign uint8

const (
	good sign = iota
	warn
	bad
	busy
	off
	unknown
)

func (s sign) look(t *kit.Theme) (string, kit.Style) {
	g := t.Glyph
	return [...]string{g.Good, g.Warn, g.Bad, g.Busy, g.Off, g.Unknown}[s],
		[...]kit.Style{t.Good, t.Warn, t.Bad, t.Busy, t.Off, t.Unknown}[s]
}

// strip counts containers by sign: one glyph each, the worst first, so that what
// is cut off on the right is well.
type strip [unknown + 1]int

// stripCell is the cell that shows a strip.
const stripCell = 4

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

// attention lists the problems: subject, what is wrong, since when.
func attention(s screen.Snapshot) []row {
	out := make([]row, len(s.Problems))
	for i, p := range s.Problems {
		r := row{key: p.ID, target: p.Subject, open: place(p.Subject), sign: warn,
			cells: []string{p.Subject.String(), p.Text, screen.Since(p.Since, s.Now)},
			why:   strings.Join(strings.Fields(p.Why), " ")}
		if p.Severity == impact.Critical {
			r.sign = bad
		}
		if p.Do != "" {
			r.why += "; " + p.Do
		}
		out[i] = r
	}
	return out
}

// place is where more is known about a target.
func place(t fleet.Target) screen.Go {
	g := screen.Go{Screen: "containers", Subject: t.Key()}
	if t.Kind == fleet.KindContainer {
		g.Open = "detail"
	}
	return g
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
			r.strip = n.strip
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

func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
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

// activity lists the newest runs: what, who, how it went, when.
func activity(s screen.Snapshot) []row {
	out := make([]row, 0, len(s.Runs))
	for _, r := range s.Runs {
		status, look := string(r.Status), runSigns[r.Status]
		switch {
		case r.Unfinished():
			status, look = "unfinished", warn
		case r.Alive && !r.Status.Final():
			done := 0
			for _, st := range r.Steps {
				if st.Status.Final() || st.Status == actions.Skipped {
					done++
				}
			}
			status, look = fmt.Sprintf("%d of %d", done, len(r.Steps)), busy
		}
		out = append(out, row{key: "run/" + r.ID, open: screen.Go{Screen: "runs", Subject: r.ID, Open: "detail"}, sign: look,
			cells: []string{r.Title, r.Actor.User, status, screen.Since(r.Created, s.Now)}, why: r.Error})
	}
	return out
}

var runSigns = map[actions.Status]sign{
	actions.Succeeded: good, actions.Failed: bad, actions.Cancelled: off, actions.Interrupted: warn,
	actions.RolledBack: off, actions.Running: busy, actions.Pending: busy,
}

// calm says in words that nothing is wrong, or what is not known yet.
func calm(s screen.Snapshot) string {
	unread, oldest := 0, time.Duration(0)
	for _, e := range s.Fleet.Engines {
		entry, _ := s.State.Entry("docker/" + e.Name)
		age, ok := entry.Age(s.Now)
		if !ok {
			unread++
			continue
		}
		oldest = max(oldest, age)
	}
	_, n := engines(s)
	of := fmt.Sprintf("%s on %s", count(n.all, "container"), count(len(s.Fleet.Engines), "engine"))
	switch {
	case len(s.Fleet.Engines) == 0:
		return "no engine is known; ringside init writes a starter file"
	case unread == len(s.Fleet.Engines):
		return "asking " + count(unread, "engine")
	case unread > 0:
		return fmt.Sprintf("nothing needs you so far; %s, %d still connecting", of, unread)
	}
	return fmt.Sprintf("nothing needs you; %s, all read within %s", of, within(oldest))
}

// within rounds an age up to a step, so that a quiet screen stays still.
func within(age time.Duration) string {
	for _, step := range []time.Duration{5 * time.Second, 15 * time.Second} {
		if age <= step {
			return kit.Age(step)
		}
	}
	return kit.Age(impact.StaleAfter)
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", one, "s")
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
