package swift

import (
	"cmp"
	"slices"
	"strings"
)

// Agreement is who has which version of a file that must be the same everywhere: a
// ring, or swift.conf. Members are nodes by address and proxies as "proxy ADDRESS".
type Agreement struct {
	Name       string // "object-1", "swift.conf"
	Ours       string // MD5 of our own copy, "" when we have none
	Groups     []Group
	Missing    []string // need the file and have none; swift-recon calls that a match
	Unreadable []string // have it and cannot read it
	Unknown    []string // did not tell
}

// Group is the members that have the same file.
type Group struct {
	MD5     string
	Version int // of the ring; 0 when that file is not known
	Members []string
	// Behind is how many versions it is behind the majority's, when both are known;
	// negative when it is ahead. A change of the builder is one version.
	Behind int
}

// Majority is the file that most members have; nil when nobody told.
func (a Agreement) Majority() *Group {
	if len(a.Groups) == 0 {
		return nil
	}
	return &a.Groups[0]
}

// OursDiffers reports that our own copy is not what most members have.
func (a Agreement) OursDiffers() bool {
	return a.Ours != "" && len(a.Groups) > 0 && a.Groups[0].MD5 != a.Ours
}

// agreements compares the rings and swift.conf of all nodes and proxies. A node
// needs the rings in which it has devices; a proxy needs all.
func (o *Overview) agreements() {
	nodes := o.Rings.frameOf(o.Cluster).nodes
	for _, r := range o.Rings.Rings {
		a := Agreement{Name: r.Name, Ours: r.File().MD5}
		by := map[string][]string{}
		for i, n := range o.Nodes {
			a.take(by, n.Name, slices.Contains(nodes[i].rings, r.Name), n.ringMD5(r.Name))
		}
		for _, p := range o.Proxies {
			if p.Facts != nil && p.Facts.RingMD5.Known() && p.State != Down {
				a.take(by, "proxy "+p.Address, true, sumOf(p.Facts.RingMD5, r.Name))
			}
		}
		a.group(by, o.Rings.Versions[r.Name])
		o.Files = append(o.Files, a)
	}
	a := Agreement{Name: confName, Ours: o.Rings.ConfMD5}
	by := map[string][]string{}
	for _, n := range o.Nodes {
		s := sum{}
		if n.Facts != nil && n.State == Up && n.Facts.SwiftConf.Known() {
			s = sum{n.Facts.SwiftConf.Value, true, true}
		}
		a.take(by, n.Name, true, s)
	}
	for _, p := range o.Proxies {
		if p.Facts != nil && p.Facts.SwiftConf.Known() && p.State != Down {
			a.take(by, "proxy "+p.Address, true, sum{p.Facts.SwiftConf.Value, true, true})
		}
	}
	a.group(by, nil)
	o.Files = append(o.Files, a)
	o.markNodes()
}

// sum is what a member says of one file: whether it told, has it, and its MD5.
type sum struct {
	md5       string
	told, has bool
}

func sumOf(s Seen[map[string]string], name string) sum {
	md5, has := s.Value[name]
	return sum{md5, true, has}
}

func (n *NodeView) ringMD5(name string) sum {
	if n.Facts == nil || n.State != Up || !n.Facts.RingMD5.Known() {
		return sum{}
	}
	return sumOf(n.Facts.RingMD5, name)
}

func (a *Agreement) take(by map[string][]string, member string, needed bool, s sum) {
	switch {
	case !s.told && needed:
		a.Unknown = append(a.Unknown, member)
	case !s.told, !s.has && !needed:
	case !s.has:
		a.Missing = append(a.Missing, member)
	case s.md5 == "":
		a.Unreadable = append(a.Unreadable, member)
	default:
		by[s.md5] = append(by[s.md5], member)
	}
}

// group orders the groups: the largest first, of equal ones ours, then the newest.
func (a *Agreement) group(by map[string][]string, versions map[string]int) {
	for md5, members := range by {
		a.Groups = append(a.Groups, Group{MD5: md5, Version: versions[md5], Members: members})
	}
	ours := func(g Group) int {
		if g.MD5 == a.Ours {
			return 0
		}
		return 1
	}
	slices.SortFunc(a.Groups, func(x, y Group) int {
		return cmp.Or(len(y.Members)-len(x.Members), ours(x)-ours(y), y.Version-x.Version, strings.Compare(x.MD5, y.MD5))
	})
	for i := range a.Groups {
		if g := &a.Groups[i]; g.Version > 0 && a.Groups[0].Version > 0 {
			g.Behind = a.Groups[0].Version - g.Version
		}
	}
}

// markNodes notes at each node what it has that others do not.
func (o *Overview) markNodes() {
	for _, a := range o.Files {
		odd := map[string]bool{}
		for i, g := range a.Groups {
			for _, m := range g.Members {
				odd[m] = odd[m] || i > 0
			}
		}
		for _, m := range append(slices.Clone(a.Missing), a.Unreadable...) {
			odd[m] = true
		}
		for _, n := range o.Nodes {
			switch {
			case !odd[n.Name]:
			case a.Name == confName:
				n.ConfDiffers = true
			default:
				n.StaleRings = append(n.StaleRings, a.Name)
			}
		}
	}
}
