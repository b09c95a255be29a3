package swift

import (
	"fmt"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
)

// ringLines is the page of the ring files: of each one what it is, and who has which
// version of it.
func (p *page) ringLines(o *swift.Overview, f *ringFigures) {
	from := ""
	if o.Rings != nil {
		from = "read from " + o.Rings.From
		if !o.RingsAt.IsZero() {
			from += ", looked at " + screen.Since(o.RingsAt, o.Now) + " ago"
		}
		p.dim(from)
		for _, b := range o.Rings.Broken {
			p.fact(bad, b.Name, b.Why)
		}
		for _, n := range o.Rings.Notices {
			p.fact(warn, "note", n)
		}
	}
	pushes := map[string]impact.Push{}
	for _, x := range impact.Pushes(o) {
		pushes[x.Policy.Ring.Name] = x
	}
	for i := range o.Files {
		a := &o.Files[i]
		if x, ok := pushes[a.Name]; ok {
			p.ringHead(o, x, f)
		} else {
			p.head(a.Name)
		}
		p.groups(o, a)
	}
}

func (p *page) ringHead(o *swift.Overview, push impact.Push, f *ringFigures) {
	v := push.Policy
	r := v.Ring
	title := r.Name
	if r.Title() != r.Name {
		title += " (" + r.Title() + ")"
	}
	if r.Version() > 0 {
		title += fmt.Sprintf(" v%d", r.Version())
	}
	p.head(title)
	parts := []string{fmt.Sprintf("%d partitions", r.Partitions()), scheme(r), plural(v.Devices.Total, "device")}
	if x, ok := f.known[r.Ring]; ok {
		parts = append(parts, "balance "+number(x.balance)+"%", "dispersion "+number(x.dispersion)+"%")
	} else {
		parts = append(parts, "balance and dispersion are worked out")
	}
	if !v.Changed.IsZero() {
		parts = append(parts, "written "+screen.Since(v.Changed, o.Now)+" ago")
	}
	if push.Nodes > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d nodes have replicated since", push.Done, push.Nodes))
	}
	if n := r.NextPartPower(); n > 0 {
		parts = append(parts, fmt.Sprintf("partition power goes to %d", n))
	}
	p.hang("   ", p.dot(parts...), "")
	text, look := mayFollow(push)
	p.fact(look, "next push", text)
}

// mayFollow says whether the next push of a ring may follow.
func mayFollow(push impact.Push) (text string, look sign) {
	switch push.Safe {
	case impact.Yes:
		text, look = "may follow: the same ring everywhere, replicated since on every node", good
		if push.Left != "" {
			text += "; " + push.Left
		}
	case impact.No:
		text, look = "must wait: "+strings.Join(push.Because, "; "), warn
	default:
		text, look = "unknown: "+strings.Join(push.Because, "; "), unsure
	}
	return text, look
}

// groups are who has the same file, the majority first.
func (p *page) groups(o *swift.Overview, a *swift.Agreement) {
	if len(a.Groups) == 0 && len(a.Missing)+len(a.Unreadable) == 0 {
		p.fact(unsure, "nobody", "has told yet")
		return
	}
	for i := range a.Groups {
		g := &a.Groups[i]
		look, note := good, "the majority"
		switch {
		case i > 0:
			look, note = warn, behind(g)
		case len(a.Groups) == 1:
			note = "all who told"
		}
		parts := []string{short(g.MD5)}
		if g.Version > 0 {
			parts = append(parts, fmt.Sprintf("v%d", g.Version))
		}
		parts = append(parts, note)
		if g.MD5 == a.Ours {
			parts = append(parts, "ours")
		}
		text := p.dot(parts...)
		if i > 0 {
			text += ": " + few(memberLabels(o, g.Members), 12)
		}
		p.fact(look, members(g.Members), text)
	}
	for _, x := range []struct {
		look  sign
		list  []string
		words string
	}{{bad, a.Missing, "need it and have none"}, {bad, a.Unreadable, "have it and cannot read it"}, {unsure, a.Unknown, "did not tell"}} {
		if len(x.list) > 0 {
			p.fact(x.look, members(x.list), x.words+": "+few(memberLabels(o, x.list), 12))
		}
	}
	if a.OursDiffers() {
		p.fact(warn, "our copy", short(a.Ours)+" is not what most have: the figures of this screen follow our copy")
	}
}

// members counts nodes and proxies: "118 nodes", "1 node, 1 proxy".
func members(list []string) string {
	proxies := 0
	for _, m := range list {
		if strings.HasPrefix(m, "proxy ") {
			proxies++
		}
	}
	switch nodes := len(list) - proxies; {
	case proxies == 0:
		return plural(nodes, "node")
	case nodes == 0:
		return plural(proxies, "proxy")
	default:
		return fmt.Sprintf("%d + %s", nodes, plural(proxies, "proxy"))
	}
}

// short is enough of a digest to tell files apart.
func short(md5 string) string { return kit.Cut(md5, 8, "") }
