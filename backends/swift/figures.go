package swift

import (
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/swift/ring"
)

// PolicyView is one ring and what is off in it. Off and Maybe are of this ring: a
// device is off when its node is down, when the server of its kind does not answer
// there, or when the disk is unmounted, faulty or absent. Maybe are the devices that
// nobody can tell about.
type PolicyView struct {
	Ring    ring.Named
	Changed time.Time // when our copy of the ring file was written
	Off     ring.Off
	Maybe   ring.Off
	Devices Count
	At      []*DeviceView // by the ring's device id; nil for a removed one
	Builder *ring.Builder // nil when there is none beside the ring files

	Figures Figures
}

// Figures are what is left of a ring's partitions. AtLeast counts the unknown
// devices as on, AtMost as off; they are equal when nothing is unknown.
type Figures struct{ AtLeast, AtMost ring.Counts }

// Exact reports whether nothing is unknown.
func (f Figures) Exact() bool { return f.AtLeast == f.AtMost }

// Memo keeps the figures of the Join before: they only change with the rings and
// with what is off. It may be used by one Join at a time.
type Memo struct {
	mu    sync.Mutex
	known map[memoKey]memoEntry
}

type memoKey struct {
	ring *ring.Ring
	most bool
}

type memoEntry struct {
	off    ring.Off
	quorum ring.Quorum
	counts ring.Counts
	used   bool
}

// whatIf is the ring's, out of the memo when it was asked before.
func (m *Memo) whatIf(r ring.Named, off ring.Off, most bool) ring.Counts {
	if m == nil {
		return r.WhatIf(off, r.Quorum())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := memoKey{r.Ring, most}
	e, ok := m.known[k]
	if !ok || e.quorum != r.Quorum() || !slices.Equal(e.off, off) {
		e = memoEntry{off: slices.Clone(off), quorum: r.Quorum(), counts: r.WhatIf(off, r.Quorum())}
	}
	e.used = true
	if m.known == nil {
		m.known = map[memoKey]memoEntry{}
	}
	m.known[k] = e
	return e.counts
}

// sweep forgets rings that were not asked for since the last sweep.
func (m *Memo) sweep() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, e := range m.known {
		if !e.used {
			delete(m.known, k)
			continue
		}
		e.used = false
		m.known[k] = e
	}
}

func (o *Overview) policies(memo *Memo) {
	views := map[string]*PolicyView{}
	for _, r := range o.Rings.Rings {
		p := &PolicyView{Ring: r, Changed: o.Rings.Changed[r.Name], Off: r.NewOff(), Maybe: r.NewOff(), Builder: o.Rings.Builders[r.Name]}
		views[r.Name] = p
		o.Policies = append(o.Policies, p)
	}
	for _, d := range o.Devices {
		for _, m := range d.In {
			p := views[m.Ring]
			if m.ID >= len(p.At) {
				p.At = append(p.At, make([]*DeviceView, m.ID+1-len(p.At))...)
			}
			p.At[m.ID] = d
			s := d.StateIn(m)
			p.Devices.add(s)
			switch s {
			case Down:
				p.Off.Add(m.ID)
			case Unknown:
				p.Maybe.Add(m.ID)
			}
		}
	}
	for _, p := range o.Policies {
		p.Figures = p.figures(p.Off, p.Maybe, memo)
	}
	memo.sweep()
}

func (p *PolicyView) figures(off, maybe ring.Off, memo *Memo) Figures {
	f := Figures{AtLeast: memo.whatIf(p.Ring, off, false)}
	if f.AtMost = f.AtLeast; maybe.Len() > 0 {
		all := slices.Clone(off)
		all.Merge(maybe)
		f.AtMost = memo.whatIf(p.Ring, all, true)
	}
	return f
}

// StateIn is the state of a device for one of its rings: the disk may be well and
// the server of this kind down.
func (d *DeviceView) StateIn(m Member) State {
	s := d.State.up()
	if s != Up || d.Node.Facts == nil {
		return s
	}
	for _, server := range d.Node.Facts.Servers {
		if server.Port == m.Port && server.Up.Err != nil {
			switch TroubleOf(server.Up.Err) {
			case Silent, Refused, Other:
				return Down
			}
			return Unknown
		}
	}
	return s
}

// Selection is what an operator asks about: nodes by address or host name, devices
// as NODE/DEVICE, zones.
type Selection struct {
	Nodes   []string
	Devices []string
	Zones   []Zone
}

// Zone is a zone of a region.
type Zone struct{ Region, Zone int }

// WhatIf is the effect of taking a selection down on one ring: the figures now, and
// then. What is down already is in both.
type WhatIf struct {
	Policy    *PolicyView
	Now, Then Figures
	Devices   int // of this ring that would go down in addition
}

// WhatIf says what becomes of every ring when a selection goes down in addition to
// what is down. Unknown names the words of the selection that mean nothing here.
func (o *Overview) WhatIf(s Selection) (out []WhatIf, unknown []string) {
	chosen, unknown := o.choose(s)
	for _, p := range o.Policies {
		off, maybe := slices.Clone(p.Off), slices.Clone(p.Maybe)
		w := WhatIf{Policy: p, Now: p.Figures}
		for _, d := range chosen {
			for _, m := range d.In {
				if m.Ring == p.Ring.Name && !off.Has(m.ID) {
					off.Add(m.ID)
					maybe.Remove(m.ID)
					w.Devices++
				}
			}
		}
		w.Then = p.figures(off, maybe, nil)
		out = append(out, w)
	}
	return out, unknown
}

// choose finds the devices of a selection, each once.
func (o *Overview) choose(s Selection) (chosen []*DeviceView, unknown []string) {
	seen := map[*DeviceView]bool{}
	take := func(list []*DeviceView) {
		for _, d := range list {
			if !seen[d] {
				seen[d] = true
				chosen = append(chosen, d)
			}
		}
	}
	for _, name := range s.Nodes {
		list := o.NodesOf(name)
		if n, ok := o.Node(name); ok && len(list) == 0 {
			list = []*NodeView{n}
		}
		if len(list) == 0 {
			unknown = append(unknown, name)
		}
		for _, n := range list {
			take(n.Devices)
		}
	}
	for _, name := range s.Devices {
		node, device, _ := cutLast(name, "/")
		found := false
		for _, d := range o.Devices {
			if d.Name == device && (d.Node.Name == canonical(node) || d.Node.Host == node && node != "") {
				take([]*DeviceView{d})
				found = true
			}
		}
		if !found {
			unknown = append(unknown, name)
		}
	}
	for _, z := range s.Zones {
		for _, n := range o.Nodes {
			if n.Region == z.Region && n.Zone == z.Zone {
				take(n.Devices)
			}
		}
	}
	return chosen, unknown
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
