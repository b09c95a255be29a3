package swift

import (
	"fmt"
	"slices"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/screen"
)

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
