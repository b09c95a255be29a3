package impact

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ringside/backends/fleet"
)

// foldFrom is how many hosts of a rack or site must have the same problem so that
// it is told once.
const foldFrom = 4

// grouping says over what a rule folds.
type grouping uint8

const (
	byRack grouping = iota // a rack, or its site
	bySite
)

// crowd collects the problems of hosts, and tells as one what many have in common.
type crowd struct {
	found []one
	hosts map[spot]int // that have a BMC
}

// spot is a rack, or with an empty rack a site.
type spot struct{ site, rack string }

// one is a rule that holds for one host.
type one struct {
	*host
	rule  hostRule
	kind  string
	quiet string // why it is on hold, "" when it is not
}

func (c *crowd) count(h fleet.Host) {
	if c.hosts == nil {
		c.hosts = map[spot]int{}
	}
	c.hosts[spot{h.Site, ""}]++
	if h.Rack != "" {
		c.hosts[spot{h.Site, h.Rack}]++
	}
}

func (c *crowd) add(l *host, r hostRule, quiet string) {
	if quiet != "" {
		if r.severity < Critical {
			return
		}
		r.severity = Warning
	}
	o := one{host: l, rule: r, quiet: quiet}
	if r.kind != nil {
		o.kind = r.kind(l)
	}
	c.found = append(c.found, o)
}

// same is what the hosts of one problem share.
type same struct {
	rule, kind, quiet string
	severity          Severity
	spot
}

// problems folds what was found: by rack, by site where more than two racks have
// it, and by site what is left over in racks where few have it.
func (c *crowd) problems() []Problem {
	groups := map[same][]one{}
	var order []same
	add := func(k same, o one) {
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], o)
	}
	racks, wide := map[same]int{}, map[same]int{}
	for _, o := range c.found {
		k := o.same()
		if racks[k]++; k.rack != "" && racks[k] == foldFrom {
			wide[k.atSite()]++
		}
	}
	for _, o := range c.found {
		k := o.same()
		if o.rule.by == bySite || racks[k] < foldFrom || wide[k.atSite()] > 2 {
			k = k.atSite()
		}
		add(k, o)
	}
	var out []Problem
	for _, k := range order {
		list := groups[k]
		if len(list) >= foldFrom || len(list) > 1 && list[0].rule.by == bySite {
			out = append(out, c.fold(k, list))
			continue
		}
		for _, o := range list {
			out = append(out, o.problem())
		}
	}
	return out
}

// same is what a problem of a host shares with others of its rack.
func (o one) same() same {
	return same{o.rule.name, o.kind, o.quiet, o.rule.severity, spot{o.Site, o.Rack}}
}

// atSite is what it shares with others of its site.
func (k same) atSite() same { k.rack = ""; return k }

// problem is that of one host.
func (o one) problem() Problem {
	return Problem{ID: "bmc/" + o.rule.name + "/" + o.Name, Severity: o.rule.severity, System: "bmc", Subject: HostTarget(o.Host),
		Text: o.rule.text(o.host) + held(o.quiet), Why: o.rule.why(o.host), Do: o.rule.do, Since: o.rule.since(o.host)}
}

// fold is the problem of many hosts. When it is every BMC of a rack or site that
// cannot be reached, something between us and them is broken.
func (c *crowd) fold(k same, list []one) Problem {
	first := list[0]
	names := make([]string, len(list))
	since := first.rule.since(first.host)
	for i, o := range list {
		names[i] = o.Name
		since = earlier(since, o.rule.since(o.host))
	}
	text := fmt.Sprintf("%d %s", len(list), first.rule.many(first.host))
	p := Problem{ID: fmt.Sprintf("bmc/%s/%s/%s/%s", k.rule, k.kind, k.site, k.rack), Severity: k.severity, System: "bmc", Since: since, Do: first.rule.do}
	if k.rule == "unreachable" && len(list) == c.hosts[k.spot] {
		text = "all " + text
		if k.quiet == "" {
			p.Severity = Critical
		}
	}
	p.Subject, p.Text = k.target(names), text+k.where()+held(k.quiet)
	p.Why = fleet.Fold(names) + "; the first: " + first.rule.why(first.host)
	return p
}

// target is the rack or site. Hosts without a site are named.
func (s spot) target(names []string) fleet.Target {
	switch {
	case s.rack != "":
		return fleet.Target{Kind: fleet.KindRack, Scope: s.site, Name: s.rack, Site: s.site}
	case s.site != "":
		return fleet.Target{Kind: fleet.KindSite, Name: s.site, Site: s.site}
	}
	return fleet.Target{Kind: fleet.KindSite, Name: fleet.Fold(names)}
}

func (s spot) where() string {
	switch {
	case s.rack != "":
		return " in rack " + s.rack
	case s.site != "":
		return " at " + s.site
	}
	return ""
}

func held(why string) string {
	if why == "" {
		return ""
	}
	return " (on hold: " + why + ")"
}

// earlier is the earlier of two times, of which zero is not known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return cmp.Or(a, b)
	}
	return slices.MinFunc([]time.Time{a, b}, time.Time.Compare)
}
