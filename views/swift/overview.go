package swift

import (
	"fmt"
	"slices"
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
func (p *page) capacityLines(o *swift.Overview, c *check) {
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
	if text, look := c.line(o.Now); text != "" {
		p.fact(look, "check", text)
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

// alarm is the pair that destroys data: a swift.conf of its own, and a quarantine
// that rises (facts/swift.md 8). It comes before everything else.
func (p *page) alarm(o *swift.Overview) {
	var names []string
	for _, n := range o.Quarantine.Rising {
		if n.ConfDiffers {
			names = append(names, n.Label())
		}
	}
	if len(names) > 0 {
		p.fact(bad, "STOP", few(names, 6)+": swift.conf differs and the quarantine rises. A wrong hash suffix makes auditors put every object aside: stop the auditors there now, then compare swift.conf")
	}
}

// factLines are what is compared with what should be, one line each.
func (p *page) factLines(o *swift.Overview) {
	p.nodeFacts(o)
	p.diskFacts(o)
	p.fileFacts(o)
	p.replicationFacts(o)
	q := o.Quarantine
	switch {
	case q.Known == 0:
		p.fact(unsure, "quarantine", "not known")
	case q.New > 0:
		p.fact(bad, "quarantine", fmt.Sprintf("%d, of them %d since this console looked first: %s", q.Total, q.New, few(nodeLabels(q.Rising), 4)))
	default:
		p.fact(good, "quarantine", fmt.Sprintf("%d, none new%s", q.Total, of(q.Known, len(o.Nodes))))
	}
	p.asyncFact(o)
	c := o.Clock
	switch {
	case c.Known == 0 || c.Worst == nil:
		p.fact(unsure, "clocks", "not known")
	case c.Worst.Drift.Abs() > impact.DriftLimit:
		p.fact(warn, "clocks", fmt.Sprintf("%s is off by %s", c.Worst.Label(), drift(c.Worst.Drift)))
	default:
		p.fact(good, "clocks", fmt.Sprintf("within %s of each other%s", strings.TrimLeft(drift(c.Worst.Drift.Abs()), "+"), of(c.Known, len(o.Nodes))))
	}
	if c.Ours.Abs() > impact.DriftLimit {
		p.fact(warn, "our clock", "is off by "+drift(c.Ours)+" against most nodes")
	}
	p.versions(o)
}

// of says how many told, when that is not all.
func of(known, all int) string {
	if known == all {
		return ""
	}
	return fmt.Sprintf(", %d/%d told", known, all)
}

func nodeLabels(list []*swift.NodeView) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Label()
	}
	return out
}

func (p *page) nodeFacts(o *swift.Overview) {
	c := o.NodeCount()
	look := good
	text := fmt.Sprintf("%d of %d up", c.Up, c.Total)
	var named []string
	for _, n := range o.Nodes {
		if n.State == swift.Up {
			continue
		}
		named = append(named, strings.TrimSpace(n.Label()+" "+nodeWord(n)+" "+screen.Since(n.Since, o.Now)))
	}
	switch {
	case o.NobodyAnswers:
		look, text = unsure, "nobody answers: that looks like the network of this machine"
	case c.Down > 0:
		look = bad
	case c.Unknown > 0:
		look = unsure
	}
	if len(named) > 0 && !o.NobodyAnswers {
		text += ": " + several(named, 4)
	}
	p.fact(look, "nodes", text)
	if len(o.Proxies) == 0 {
		return
	}
	c = o.ProxyCount()
	look, text = good, fmt.Sprintf("%d of %d up", c.Up, c.Total)
	for _, x := range o.Proxies {
		if x.State != swift.Up {
			look = bad
			if x.State == swift.Unknown {
				look = unsure
			}
			text += "; " + x.Address + ": " + x.Why
		}
	}
	p.fact(look, "proxies", text)
}

func (p *page) diskFacts(o *swift.Overview) {
	c := o.DeviceCount()
	look, text := good, fmt.Sprintf("%d of %d up", c.Up, c.Total)
	var named []string
	for _, d := range o.Devices {
		switch d.State {
		case swift.Unmounted, swift.Faulty, swift.Absent:
			look = bad
			named = append(named, d.Label()+" "+string(d.State))
		}
	}
	if len(named) > 0 {
		text += ": " + several(named, 4)
	}
	if c.Down > len(named) {
		text += fmt.Sprintf(", %d on silent nodes", c.Down-len(named))
		look = max(look, warn)
	}
	if c.Unknown > 0 {
		text += fmt.Sprintf(", %d unknown", c.Unknown)
		if look == good {
			look = unsure
		}
	}
	if o.MountCheckOff {
		text += "; no disk is mounted anywhere, so unmounted means nothing here"
	}
	p.fact(look, "disks", text)
	var strays []string
	for _, s := range o.Strays {
		if !harmless(s) {
			strays = append(strays, s.Node.Label()+"/"+s.Name)
		}
	}
	if len(strays) > 0 {
		p.fact(warn, "strays", few(strays, 4)+": beside the disks, and in no ring")
	}
}

// harmless is what file systems make by themselves.
func harmless(s swift.Stray) bool { return s.Name == "lost+found" && !s.Mounted }

// fileFacts say in one line for the rings and one for swift.conf who agrees.
func (p *page) fileFacts(o *swift.Overview) {
	var wrong []string
	unread := 0
	for i := range o.Files {
		a := &o.Files[i]
		unread = max(unread, len(a.Unknown))
		if a.Name == confName {
			continue
		}
		if text := disagreement(o, a); text != "" {
			wrong = append(wrong, a.Name+": "+text)
		}
	}
	note := ""
	if unread > 0 {
		note = fmt.Sprintf(", %d did not tell", unread)
	}
	switch {
	case len(o.Files) == 0:
		return
	case len(wrong) > 0:
		p.fact(warn, "rings", strings.Join(wrong, "; ")+note)
	default:
		p.fact(good, "rings", "the same everywhere"+note)
	}
	i := slices.IndexFunc(o.Files, func(a swift.Agreement) bool { return a.Name == confName })
	if i < 0 {
		return
	}
	if text := disagreement(o, &o.Files[i]); text != "" {
		p.fact(warn, confName, text+note)
	} else {
		p.fact(good, confName, "the same everywhere"+note)
	}
}

// disagreement says who does not have what most have; "" when all who told agree.
func disagreement(o *swift.Overview, a *swift.Agreement) string {
	var parts []string
	for i := range a.Groups {
		if i == 0 {
			continue
		}
		g := &a.Groups[i]
		parts = append(parts, few(memberLabels(o, g.Members), 3)+" "+behind(g))
	}
	if n := len(a.Missing); n > 0 {
		parts = append(parts, few(memberLabels(o, a.Missing), 3)+" missing")
	}
	if n := len(a.Unreadable); n > 0 {
		parts = append(parts, few(memberLabels(o, a.Unreadable), 3)+" unreadable")
	}
	if a.OursDiffers() {
		parts = append(parts, "our own copy is not the one that most have")
	}
	return strings.Join(parts, ", ")
}

// behind says how a group's file compares with that of most.
func behind(g *swift.Group) string {
	switch {
	case g.Behind > 0:
		return plural(g.Behind, "version") + " behind"
	case g.Behind < 0:
		return plural(-g.Behind, "version") + " ahead"
	}
	return "with another file"
}

// memberLabels names nodes by their hosts.
func memberLabels(o *swift.Overview, members []string) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m
		if n, ok := o.Node(m); ok {
			out[i] = n.Label()
		}
	}
	return out
}

func (p *page) replicationFacts(o *swift.Overview) {
	for _, r := range o.Replication {
		name := "repl " + string(r.Kind)
		if r.Erasure {
			name = "reconstruct"
		}
		if r.Known == 0 {
			p.fact(unsure, name, "not known"+never(r))
			continue
		}
		look, text := good, fmt.Sprintf("oldest pass %s ago (%s)", screen.Since(r.OldestAt, o.Now), r.Oldest.Label())
		if o.Now.Sub(r.OldestAt) > impact.PassLimit {
			look = warn
		}
		if r.Failing > 0 {
			text += fmt.Sprintf(", failures on %s", plural(r.Failing, "node"))
		}
		p.fact(look, name, text+of(r.Known, r.Nodes)+never(r))
	}
	if list := accused(o); len(list) > 0 {
		v := list[0]
		name := v.Address
		if v.Node != nil {
			name = v.Node.Label()
		}
		text := fmt.Sprintf("%s/%s looks well, and replication to it fails for %s", name, v.Device, plural(v.Reporters, "node"))
		if n := len(list) - 1; n > 0 {
			text += ", and so for " + plural(n, "further disk")
		}
		p.fact(warn, "accused", text)
	}
}

// accused are the disks that others fail to replicate to although nothing else is
// wrong with them.
func accused(o *swift.Overview) (out []swift.Victim) {
	for _, v := range o.Victims {
		well := true
		if v.Node != nil {
			well = v.Node.State == swift.Up
			for _, d := range v.Node.Devices {
				well = well && (d.Name != v.Device || d.State == swift.DeviceOK)
			}
		}
		if well {
			out = append(out, v)
		}
	}
	return out
}

func never(r swift.ReplicationView) string {
	if r.Never == 0 {
		return ""
	}
	return fmt.Sprintf(", never ran or cache broken on %s", plural(r.Never, "node"))
}

func (p *page) asyncFact(o *swift.Overview) {
	a := o.Async
	if a.Known == 0 {
		p.fact(unsure, "async", "not known: is swift-recon-cron installed?")
		return
	}
	look, text := good, fmt.Sprintf("%d pending", a.Pending)
	if a.Most != nil {
		text += fmt.Sprintf(", most on %s (%d)", a.Most.Label(), a.Most.Facts.Async.Value.Pending)
	}
	if a.Rising > 0 {
		look, text = warn, text+fmt.Sprintf(", rising on %s", plural(a.Rising, "node"))
	}
	if !a.Oldest.IsZero() {
		text += ", oldest count " + screen.Since(a.Oldest, o.Now) + " old"
	}
	p.fact(look, "async", text+of(a.Known, a.Known+a.Unknown))
}

func (p *page) versions(o *swift.Overview) {
	switch len(o.Versions) {
	case 0:
		p.fact(unsure, "version", "not known")
	case 1:
		p.fact(good, "version", "Swift "+o.Versions[0].Version+" everywhere")
	default:
		var parts []string
		for _, v := range o.Versions {
			parts = append(parts, fmt.Sprintf("%s on %d", v.Version, len(v.Nodes)))
		}
		p.fact(warn, "version", "Swift "+strings.Join(parts, ", "))
	}
}

// words is an error in one clean line.
func words(err error) string { return strings.Join(strings.Fields(kit.Cut(err.Error(), 300, "")), " ") }
