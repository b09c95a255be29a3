package swift

import (
	"fmt"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
	"ringside/views/screen"
)

// policyColumns are the columns of the table of the rings behind the name. Where there
// is no room the ones with a rank are left out, the highest rank first.
var policyColumns = []struct {
	title string
	w     int
	rank  int
	left  bool
	text  func(*kit.Theme, *swift.PolicyView) string
}{
	{"SCHEME", 12, 1, true, func(_ *kit.Theme, v *swift.PolicyView) string { return scheme(v.Ring) }},
	{"PARTS", 8, 2, false, func(_ *kit.Theme, v *swift.PolicyView) string { return fmt.Sprint(v.Ring.Partitions()) }},
	{"DISKS", 7, 3, false, func(_ *kit.Theme, v *swift.PolicyView) string { return fmt.Sprint(v.Devices.Total) }},
	{"DEGRADED", 12, 0, false, func(t *kit.Theme, v *swift.PolicyView) string { return figure(t, v.Figures, degraded, "") }},
	{"BELOW QUORUM", 14, 0, false, func(t *kit.Theme, v *swift.PolicyView) string { return figure(t, v.Figures, below, t.Warn) }},
	{"UNREADABLE", 12, 0, false, func(t *kit.Theme, v *swift.PolicyView) string { return figure(t, v.Figures, unreadable, t.Bad) }},
}

// figure is one of the three, in a style when there is any. What may be none is not
// painted as if it were there.
func figure(t *kit.Theme, f swift.Figures, of func(ring.Counts) int, style kit.Style) string {
	n := both(f, of)
	switch {
	case n[1] == 0:
		style = ""
	case n[0] == 0:
		style = t.Unknown
	}
	return style.Paint(span(n[0], n[1]))
}

// policyLines is the table of the rings: what is off in each of them.
func (p *page) policyLines(o *swift.Overview) {
	t, need, most := p.t, 4, 99 // sign and name
	name := 8
	for _, v := range o.Policies {
		name = max(name, min(24, kit.Width(v.Ring.Title())))
	}
	for _, c := range policyColumns {
		need += c.w
	}
	for rank := 3; rank > 0 && need+name > p.w; rank-- {
		for _, c := range policyColumns {
			if c.rank == rank {
				need, most = need-c.w, rank-1
			}
		}
	}
	name = max(6, min(name, p.w-need))
	line := func(sign, title string, cell func(i int) string) string {
		out := " " + sign + " " + kit.Fit(title, name, false, t.Glyph.Ellipsis) + " "
		for i, c := range policyColumns {
			if c.rank <= most {
				out += kit.Fit(cell(i), c.w, !c.left, "")
			}
		}
		return kit.Cut(out, p.w, "")
	}
	p.lines = append(p.lines, t.Dim.Paint(line(" ", "RING", func(i int) string { return policyColumns[i].title })))
	for _, v := range o.Policies {
		glyph, style := figureSign(v.Figures).look(t)
		p.lines = append(p.lines, line(style.Paint(glyph), v.Ring.Title(), func(i int) string { return policyColumns[i].text(t, v) }))
	}
	for _, text := range meanings(o) {
		p.dim(text)
	}
}

// scheme is how a ring keeps data: "3 replicas", "ec 4+2".
func scheme(n ring.Named) string {
	text := number(n.Replicas()) + " replicas"
	if n.Quorum().Erasure() {
		text = n.Quorum().String()
	}
	if n.Assumed {
		text += " ?" // no swift.conf tells
	}
	return text
}

// meanings say what the figures mean, as far as there are any: replicated writes go
// on through handoffs even with no primary on (facts/swift.md 6).
func meanings(o *swift.Overview) (out []string) {
	var below, erasure, lost, unsure bool
	for _, v := range o.Policies {
		f := v.Figures.AtMost
		ec := v.Ring.Quorum().Erasure()
		below = below || f.BelowQuorum > 0 && !ec
		erasure = erasure || f.BelowQuorum > 0 && ec
		lost = lost || f.Unreadable > 0
		unsure = unsure || !v.Figures.Exact()
	}
	if below {
		out = append(out, "below primary quorum: writes rely on handoffs")
	}
	if erasure {
		out = append(out, "below primary quorum, erasure code: writes may be refused")
	}
	if lost {
		out = append(out, "unreadable: too little is on, until the disks are back")
	}
	if unsure {
		out = append(out, "ranges: with what is unknown counted as on, and as off")
	}
	return out
}

// capacityLines are the room there is, and what is on its way.
func (p *page) capacityLines(o *swift.Overview, probe func() (string, sign)) {
	p.head("Capacity")
	k := o.Capacity
	if k.Size == 0 {
		p.dim("no disk has told its size yet")
	} else {
		text := fmt.Sprintf("%s of %s used (%s)", size(k.Used), size(k.Size), percent(float64(k.Used)/float64(k.Size)))
		if k.Unknown > 0 {
			text += fmt.Sprintf(", %s not known", plural(k.Unknown, "disk"))
		}
		p.plain("raw", text)
		if d := k.Fullest; d != nil {
			part, _ := d.Fullness()
			text, look := fmt.Sprintf("%s, %s", d.Label(), percent(part)), good
			if in, ok := d.Full(); ok && in < impact.FullWithin {
				text, look = text+", full in "+kit.Age(in)+" at its present pace", warn
			}
			if part >= impact.FullLimit {
				look = warn
			}
			p.fact(look, "fullest disk", text)
		}
		for _, r := range k.Policies {
			if r.First == nil {
				p.plain(r.Policy.Name, "not known")
				continue
			}
			text := fmt.Sprintf("%s of data fit in all, %s more until %s is full", size(r.Usable), size(r.Capacity.Free), r.First.Label())
			if r.PerHost > 0 {
				text += fmt.Sprintf("; each further node adds %s", size(r.PerHost))
			}
			p.plain(r.Policy.Name, text)
		}
	}
	if text, look := recovery(o.Recovery); text != "" {
		p.fact(look, "recovery", text)
	}
	p.head("API")
	p.api(o)
	if text, look := probe(); text != "" {
		p.fact(look, "test object", text)
	}
}

// recovery says what is on its way to where the rings want it, and how long that
// takes as far as that can honestly be said.
func recovery(r swift.Recovery) (string, sign) {
	if len(r.Filling)+len(r.Draining) == 0 {
		return "", good
	}
	var parts []string
	if n := len(r.Filling); n > 0 {
		parts = append(parts, plural(n, "disk")+" filling: "+few(labels(r.Filling), 3))
	}
	if n := len(r.Draining); n > 0 {
		parts = append(parts, plural(n, "disk")+" draining: "+few(labels(r.Draining), 3))
	}
	text := strings.Join(parts, ", ") + fmt.Sprintf("; about %s (%s) to move", plural(int(r.Parts), "partition"), size(r.Bytes))
	left, known := r.Left()
	switch {
	case r.Over == 0:
		return text + "; too early to say how fast", busy
	case known:
		return text + ", falling, about " + kit.Age(left) + " left at this pace", busy
	case r.Rate < 0:
		return text + ", rising", warn
	}
	return text + ", standing still", warn
}

func labels(list []*swift.DeviceView) []string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d.Label()
	}
	return out
}

func (p *page) api(o *swift.Overview) {
	a := o.API
	switch {
	case a == nil && o.APIErr != nil:
		p.fact(bad, "api", "does not answer: "+words(o.APIErr))
		return
	case a == nil && len(o.Cluster.Proxies) == 0:
		p.dim("no proxy is configured: proxies: in ringside.yaml")
		return
	case a == nil:
		p.dim("not read yet")
		return
	case o.APIErr != nil:
		p.fact(bad, "api", "no answer for "+screen.Since(o.APISince, o.Now)+": "+words(o.APIErr))
	}
	login := a.Account
	if login == "" {
		login = "without a login"
	}
	p.plain("account", login)
	if t := a.Totals; t.Known() {
		p.plain("holds", p.dot(plural(int(t.Value.Containers), "container"), plural(int(t.Value.Objects), "object"), size(t.Value.Bytes), "read "+screen.Since(t.At, o.Now)+" ago"))
	}
	if a.Insecure != "" {
		p.fact(warn, "not secure", a.Insecure)
	}
}

// words is an error in one clean line.
func words(err error) string { return strings.Join(strings.Fields(kit.Cut(err.Error(), 300, "")), " ") }
