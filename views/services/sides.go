package services

import (
	"fmt"
	"math"
	"strings"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/traffic"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// sideName is the columns of the names on the left of two colours.
const sideName = 10

// sides writes values of both colours side by side, blue on the left always: who
// comes back finds them where they were.
type sides struct {
	*kit.Sheet
	w int // of one side
}

// put adds a line; a value may bring styles of its own.
func (s sides) put(name string, blue, green string) {
	t := s.Theme
	s.Lines = append(s.Lines, t.Dim.Paint(kit.Fit(name, sideName, false, t.Glyph.Ellipsis))+" "+
		kit.Fit(blue, s.w, false, t.Glyph.Ellipsis)+"  "+kit.Cut(green, s.w, t.Glyph.Ellipsis))
}

// both adds a line of what a function says of each colour.
func (s sides) both(name string, of func(*impact.ColourState) string, blue, green *impact.ColourState) {
	s.put(name, of(blue), of(green))
}

// colours puts both colours side by side.
func (d *detail) colours(sheet *kit.Sheet, w int) {
	t, it, now := sheet.Theme, d.it, d.s.snap.Now
	s := sides{sheet, max(8, (w-sideName-3)/2)}
	blue, green := &it.svc.Blue, &it.svc.Green
	gates := releases.Gates(d.s.snap.Runs)
	s.both("", d.role, blue, green)
	release := func(name string, of func(impact.Release) string) {
		s.both(name, func(c *impact.ColourState) string {
			r, same := c.Release()
			switch {
			case c.Empty():
				return t.Dim.Paint(none)
			case !same && (name == "version" || name == "digest"):
				return t.Bad.Paint(t.Glyph.Bad + " differs: " + of(r))
			}
			return orNone(of(r))
		}, blue, green)
	}
	release("version", func(r impact.Release) string { return r.Version })
	release("digest", func(r impact.Release) string {
		if r.Digest == "" {
			return t.Unknown.Paint(t.Glyph.Unknown)
		}
		return "sha256 " + service.Short(r.Digest)
	})
	release("deployed", func(r impact.Release) string { return strings.TrimSpace(screen.Since(r.At, now) + " ago " + r.By) })
	release("run", func(r impact.Release) string { return r.Run })
	s.both("gate", func(c *impact.ColourState) string {
		r, _ := c.Release()
		return d.gate(c, gates[r.Run])
	}, blue, green)
	s.both("health", func(c *impact.ColourState) string {
		if word := Health(c); word != "missing" || it.Live == string(c.Colour) {
			return health1(t, word)
		}
		return t.Dim.Paint(none)
	}, blue, green)
	for i, e := range it.Engines {
		s.both("  "+e, func(c *impact.ColourState) string { return d.place(c.Places[i]) }, blue, green)
	}
	s.both("open", func(c *impact.ColourState) string {
		if c.Sessions < 0 {
			return t.Unknown.Paint(t.Glyph.Unknown)
		}
		return fmt.Sprintf("%d requests and streams", c.Sessions)
	}, blue, green)
	d.rates(s, "requests", t.Busy, func(r traffic.Rate) float64 { return r.Requests })
	d.rates(s, "errors", t.Bad, func(r traffic.Rate) float64 { return r.Errors })
	for _, c := range []*impact.ColourState{blue, green} {
		if c.Migration() {
			told(sheet, w, "", t.Warn, t.Glyph.Warn+" "+string(c.Colour)+" came with a contract migration: what ran before it may not work any more")
		}
	}
}

// role says what a colour is just now.
func (d *detail) role(c *impact.ColourState) string {
	t, it := d.s.look.Theme, d.it
	name := string(c.Colour)
	switch {
	case it.Live == "":
		return t.Unknown.Paint(t.Glyph.Unknown + " " + name)
	case it.Live == name:
		return t.Good.Paint(t.Glyph.Good+" "+name) + t.Strong.Paint(" live")
	}
	state := it.OtherState
	if it.HeldUntil != nil {
		state = fmt.Sprintf("held %s for a rollback", kit.Age(it.HeldUntil.Sub(d.s.snap.Now)))
	}
	return t.Off.Paint(t.Glyph.Off+" "+name) + " " + state
}

// gate says how a release did at its gate, as far as the runs tell.
func (d *detail) gate(c *impact.ColourState, g releases.Gate) string {
	t := d.s.look.Theme
	switch {
	case c.Empty():
		return t.Dim.Paint(none)
	case g.Status == "":
		return t.Dim.Paint("not among the newest runs")
	case g.Previews > 0:
		return fmt.Sprintf("%s, %d previews", g.Status, g.Previews)
	}
	return string(g.Status)
}

// healthSign is the glyph of a health by its word.
func healthSign(t *kit.Theme, word string) string {
	switch word {
	case "healthy", "running":
		return t.Glyph.Good
	case "starting":
		return t.Glyph.Busy
	case "unhealthy", "missing":
		return t.Glyph.Bad
	case "stopped", "":
		return t.Glyph.Off
	}
	return t.Glyph.Unknown
}

func health1(t *kit.Theme, word string) string {
	style := healthStyle(t, word)
	if style == "" {
		style = t.Good
	}
	return style.Paint(healthSign(t, word) + " " + orNone(word))
}

// place is a colour on one engine.
func (d *detail) place(p impact.Place) string {
	t := d.s.look.Theme
	word := health(p)
	switch {
	case p.Err != nil:
		return t.Unknown.Paint(t.Glyph.Unknown) + " no answer"
	case !p.Known:
		return t.Unknown.Paint(t.Glyph.Unknown) + " not read yet"
	case p.Container == nil:
		return t.Dim.Paint(none)
	case word == "stopped" && p.Container.State != docker.Exited:
		word = string(p.Container.State)
	}
	more := ""
	if n := len(p.Others); n > 0 {
		more = t.Dim.Paint(fmt.Sprintf(" +%d older", n))
	}
	return healthStyle(t, health(p)).Paint(healthSign(t, health(p))+" "+word) + " " + p.Container.Name + more
}

// sparkStep is the time of one column of a sparkline.
const sparkStep = 2 * time.Second

// rates adds a line of a rate of both colours, on one scale, with its past.
func (d *detail) rates(s sides, name string, style kit.Style, of func(traffic.Rate) float64) {
	t := s.Theme
	width := max(0, min(30, s.w-8))
	past := map[fleet.Colour][]float64{}
	top := 0.0
	for _, c := range fleet.Colours {
		past[c] = series(d.it.svc.Proxies, c, width, of)
		for _, n := range past[c] {
			top = max(top, zeroNaN(n))
		}
	}
	s.both(name, func(c *impact.ColourState) string {
		if !c.Rate.Known {
			return t.Unknown.Paint(t.Glyph.Unknown)
		}
		paint := t.Text
		if n := of(c.Rate); n > 0 {
			paint = style
		}
		line := ""
		if top > 0 {
			line = t.Dim.Paint(t.Sparkline(past[c.Colour], width, top))
		}
		return paint.Paint(kit.Fit(perSecond(of(c.Rate))+"/s", 7, false, "")) + " " + line
	}, &d.it.svc.Blue, &d.it.svc.Green)
}

func zeroNaN(n float64) float64 {
	if math.IsNaN(n) {
		return 0
	}
	return n
}

// series is a rate over time, n steps up to the newest sample, over all proxies; NaN
// where one of them does not know. A sample holds for the time since the one before.
func series(proxies []impact.ProxyState, c fleet.Colour, n int, of func(traffic.Rate) float64) []float64 {
	var end time.Time
	for _, p := range proxies {
		if p.Rates == nil || len(p.Rates.Past) == 0 {
			return nil
		}
		if at := p.Rates.Past[len(p.Rates.Past)-1].At; at.After(end) {
			end = at
		}
	}
	out := make([]float64, n)
	for i := range out {
		at := end.Add(-time.Duration(n-1-i) * sparkStep)
		for _, p := range proxies {
			out[i] += rateAt(p.Rates.Past, c, at, of)
		}
	}
	return out
}

func rateAt(past []traffic.Sample, c fleet.Colour, at time.Time, of func(traffic.Rate) float64) float64 {
	last := past[len(past)-1]
	if at.After(last.At) && at.Sub(last.At) < sparkStep { // this proxy is read a moment later than another
		at = last.At
	}
	for i := len(past) - 1; i >= 0; i-- {
		s := past[i]
		if !at.After(s.At) && at.After(s.At.Add(-s.Over)) {
			if r := s.Rate(c); r.Known {
				return of(r)
			}
			break
		}
	}
	return math.NaN()
}

// proxies tells of each proxy what it has live, what it keeps, and what a switch
// costs.
func (d *detail) proxies(s *kit.Sheet, w int) {
	t, now := s.Theme, d.s.snap.Now
	s.Head("Proxies, in the order in which they are switched")
	for _, p := range d.it.svc.Proxies {
		name := t.Strong.Paint(p.Name)
		if p.Kind != p.Name {
			name += t.Dim.Paint(" " + p.Kind)
		}
		v := p.View
		switch {
		case v == nil && p.Err == nil:
			s.Text(t.Unknown.Paint(t.Glyph.Unknown) + " " + name + "  not read yet")
			continue
		case v == nil:
			s.Text(t.Bad.Paint(t.Glyph.Bad) + " " + name)
			told(s, w, "    ", t.Bad, p.Err.Error())
			continue
		}
		glyph, says := t.Good.Paint(t.Glyph.Good), string(v.Live)+" live ("+v.LiveName+")"
		if v.Live == "" {
			glyph, says = t.Bad.Paint(t.Glyph.Bad), v.LiveName+": "+v.Why
		}
		kept := "keeps the same"
		switch {
		case !v.Keeps:
			kept = "what it keeps cannot be seen"
		case !v.Agrees():
			glyph, kept = t.Warn.Paint(t.Glyph.Warn), t.Warn.Paint("keeps "+orName(v.Kept, v.KeptName)+" for its next start; K makes it follow")
		}
		right := t.Dim.Paint(" <" + kit.Age(screen.Within(max(0, now.Sub(p.At)))))
		if p.Err != nil {
			right = t.Warn.Paint(" " + screen.Since(p.At, now) + " ago")
			glyph = t.Warn.Paint(t.Glyph.Stale)
		}
		s.Text(kit.Join(glyph+" "+name+"  "+says+", "+kept, right, w, t.Glyph.Ellipsis))
		for _, c := range fleet.Colours {
			if ok, why := v.Side(c).Ready(); !ok {
				told(s, w, "    ", t.Warn, string(c)+": "+why)
			}
		}
		if v.Leaving > 0 {
			s.Dim(fmt.Sprintf("    %d old processes finish their connections", v.Leaving))
		}
		for _, n := range v.Notes {
			told(s, w, "    ", t.Dim, n)
		}
		if v.Insecure != "" {
			told(s, w, "    ", t.Warn, v.Insecure)
		}
		if p.Err != nil {
			told(s, w, "    ", t.Warn, "does not answer now: "+p.Err.Error())
		}
	}
}

// told adds a text on as many lines as it takes.
func told(s *kit.Sheet, w int, indent string, style kit.Style, text string) {
	for _, l := range kit.Wrap(text, max(10, w-len(indent))) {
		s.Text(indent + style.Paint(l))
	}
}

func orName(c fleet.Colour, name string) string {
	if c != "" {
		return string(c)
	}
	return name
}

// timeline is what was done with the service, newest first.
func (d *detail) timeline(s *kit.Sheet, w int) {
	t, now := s.Theme, d.s.snap.Now
	s.Head("What was done, newest first")
	n := 0
	watched := map[string]string{}
	for i := range d.s.snap.Runs {
		watched[d.s.snap.Runs[i].ID] = releases.Watched(&d.s.snap.Runs[i])
	}
	for _, e := range History(d.s.snap.Runs) {
		if e.Service != d.it.Service {
			continue
		}
		n++
		glyph, style := stepSign(t, actions.Status(e.Status))
		what := e.What
		if e.To != "" {
			what += " " + strings.TrimSpace(e.To+" "+version(e.Version, e.Digest))
		}
		if e.Was != "" {
			what += t.Dim.Paint(" was " + e.Was)
		}
		right := " " + e.User + " " + screen.Since(e.Created, now)
		if e.Ended != nil {
			right = " " + kit.Age(e.Ended.Sub(e.Created)) + " long," + right
		}
		s.Text(kit.Join(style.Paint(glyph)+" "+what, t.Dim.Paint(right), w, t.Glyph.Ellipsis))
		switch {
		case e.Error != "":
			told(s, w, "    ", style, e.Error)
		case e.Status != string(actions.Succeeded):
			s.Dim("    " + e.Status)
		}
		if text := watched[e.Run]; text != "" {
			told(s, w, "    ", t.Dim, text)
		}
		if e.Reason != "" {
			told(s, w, "    ", t.Dim, "because: "+e.Reason)
		}
	}
	if n == 0 {
		s.Dim("nothing among the newest runs")
	}
}
