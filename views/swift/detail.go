package swift

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// detail is one node: everything that it said, each with its age.
type detail struct {
	s     *Screen
	name  string // address in the rings
	label string
	node  *swift.NodeView // nil: the rings have it no more
	page  *kit.TextPane
	query string
}

func newDetail(s *Screen, n *swift.NodeView) *detail {
	d := &detail{s: s, name: n.Name, label: n.Label(), node: n, page: kit.NewTextPane()}
	d.page.SetWrap(true)
	d.restyle()
	return d
}

func (d *detail) restyle() {
	d.page.Restyle(d.s.look.Theme)
	d.refresh()
}

// refresh takes a new picture.
func (d *detail) refresh() {
	d.node = nil
	if d.s.o != nil {
		d.node, _ = d.s.o.Node(d.name)
	}
	if d.s.w <= 0 || d.s.h <= 0 {
		return
	}
	d.page.Resize(d.s.w, max(1, d.s.h-2))
	p := &page{t: d.s.look.Theme, w: d.s.w}
	if d.node == nil {
		p.dim("the rings do not have this node any more")
	} else {
		p.nodeLines(d.s.o, d.node)
	}
	lines := p.lines
	if d.query != "" {
		f := lineFilter.Parse(d.query)
		lines = slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !f.Match(l) })
	}
	d.page.SetLines(lines)
}

var lineFilter = kit.Language[string]{Text: strings.ToLower, Name: strings.ToLower}

func (d *detail) do(id keymap.ID) tea.Cmd {
	if move, ok := textMoves[id]; ok {
		move(d.page)
		return nil
	}
	switch id {
	case keymap.Search:
		d.s.prompt.Open(d.s.look.Theme, kit.PromptOptions{Title: "only", Hint: "words  ~fuzzy  !not", Value: d.query, Live: d.only,
			Enter: func(q string) (tea.Cmd, error) { d.only(q); return nil, nil },
			Esc:   func() { d.only("") }})
	case keymap.Copy:
		return screen.Send(screen.Copy{What: "the page of " + d.label, Text: d.page.Text()})
	}
	return nil
}

func (d *detail) only(query string) {
	d.query = query
	d.page.Jump(false)
	d.refresh()
}

// back takes the filter away.
func (d *detail) back() bool {
	had := d.query != ""
	d.only("")
	return had
}

func (d *detail) view() string {
	t, s := d.s.look.Theme, d.s
	head := " " + t.Strong.Paint(d.label)
	if n := d.node; n != nil {
		glyph, style := [...]sign{good, bad, unsure}[stateIndex(n.State)].look(t)
		head = " " + style.Paint(glyph+" "+nodeWord(n)) + "  " + t.Strong.Paint(d.label)
	}
	foot := " " + d.page.Position()
	if d.query != "" {
		foot += "  only " + d.query
	}
	return kit.Join(head, t.Dim.Paint(d.name+" "), s.w, t.Glyph.Ellipsis) + "\n" + d.page.View() + "\n" + s.prompt.Line(t, s.w, t.Dim.Paint(kit.Fit(foot, s.w, false, t.Glyph.Ellipsis)))
}

func stateIndex(s swift.State) int {
	return map[swift.State]int{swift.Up: 0, swift.Down: 1, swift.Unknown: 2}[s]
}

// nodeLines is everything that is known of a node.
func (p *page) nodeLines(o *swift.Overview, n *swift.NodeView) {
	now := o.Now
	it := &node{NodeView: n, files: filesOf(o)[n.Name]}
	for _, d := range n.Devices {
		if d.State == swift.DeviceOK {
			it.ok++
		}
	}
	it.pass, it.passed = oldestPass(n.Facts)
	if n.State != swift.Up {
		since := ""
		if !n.Since.IsZero() {
			since = ", for " + screen.Since(n.Since, now)
		}
		p.fact(map[bool]sign{true: bad, false: unsure}[n.State == swift.Down], string(n.State), n.Why+since)
	} else if why := suspicion(it, now); why != "" {
		p.fact(warn, "look at", why)
	}
	host := n.Host
	if host == "" {
		host = "none of the fleet has this address"
	}
	p.plain("host", host)
	p.plain("place", zone(n))
	f := n.Facts
	if f == nil {
		p.dim("it has told nothing yet")
	} else {
		p.plain("read", screen.Since(n.At, now)+" ago")
		p.servers(f)
	}
	p.head("Disks")
	p.diskTable(n, now)
	if f == nil {
		return
	}
	p.head("Replication")
	for _, k := range swift.Kinds {
		r := f.Replication.Of(k)
		p.seen(string(k), r.At, r.Why(), now, func() (string, sign) { return passWords(r.Value, now) })
	}
	if r := f.Reconstruction; r.Known() {
		p.seen("reconstruct", r.At, "", now, func() (string, sign) {
			return "ended " + screen.Since(r.Value.Last, now) + " ago, took " + kit.Age(r.Value.Took), late(r.Value.Last, now)
		})
	}
	p.head("Files")
	p.files(o, n, f, now)
	p.head("Health")
	p.health(n, f, now)
}

// seen adds an answer with its age, or why there is none.
func (p *page) seen(name string, at time.Time, why string, now time.Time, text func() (string, sign)) {
	if why != "" {
		p.fact(unsure, name, why)
		return
	}
	words, look := text()
	p.fact(look, name, words+"  ("+screen.Since(at, now)+")")
}

func late(last, now time.Time) sign {
	if now.Sub(last) > impact.PassLimit {
		return warn
	}
	return good
}

func passWords(r swift.Replication, now time.Time) (string, sign) {
	text := "ended " + screen.Since(r.Last, now) + " ago, took " + kit.Age(r.Took)
	look := late(r.Last, now)
	if r.Failure > 0 {
		look = warn
		text += fmt.Sprintf(", %d of %d failed", r.Failure, r.Attempted)
		if n := len(r.Failing); n > 0 {
			text += " (with " + few(slices.Sorted(maps.Keys(r.Failing)), 3) + ")"
		}
	}
	if r.Synced > 0 {
		text += fmt.Sprintf(", %d sent", r.Synced)
	}
	return text, look
}

func (p *page) servers(f *swift.Node) {
	for _, s := range f.Servers {
		name, look, text := fmt.Sprintf("port %d", s.Port), good, s.Up.Value
		if s.Up.Err != nil {
			look, text = bad, words(s.Up.Err)
		} else if text == "" {
			look, text = unsure, "not asked yet"
		}
		p.fact(look, name, text+"  ("+kinds(s.Kinds)+")")
	}
}

func (p *page) diskTable(n *swift.NodeView, now time.Time) {
	for _, v := range n.Devices {
		d := &disk{DeviceView: v}
		d.suspect = diskSuspicion(d)
		parts := []string{diskWord(d)}
		if part, ok := v.Fullness(); ok {
			parts = append(parts, fmt.Sprintf("%s of %s", percent(part), size(v.Usage.Size)))
		}
		parts = append(parts, "weight "+number(v.Weight), plural(v.Parts, "replica"))
		if !v.UsedAt.IsZero() {
			parts = append(parts, "read "+screen.Since(v.UsedAt, now)+" ago")
		}
		text := p.dot(parts...)
		if d.suspect != "" {
			text += ": " + d.suspect
		}
		p.fact(diskSign(d), v.Name, text)
	}
}

// files are the node's rings and swift.conf against those of most.
func (p *page) files(o *swift.Overview, n *swift.NodeView, f *swift.Node, now time.Time) {
	for i := range o.Files {
		a := &o.Files[i]
		at := f.RingMD5.At
		if a.Name == confName {
			at = f.SwiftConf.At
		}
		look, text := unsure, "did not tell"
		for j := range a.Groups {
			if g := &a.Groups[j]; slices.Contains(g.Members, n.Name) {
				look, text = good, "that of most, "+short(g.MD5)
				if j > 0 {
					look, text = warn, behind(g)+", "+short(g.MD5)
				}
				text += "  (" + screen.Since(at, now) + ")"
			}
		}
		switch {
		case slices.Contains(a.Missing, n.Name):
			look, text = bad, "missing"
		case slices.Contains(a.Unreadable, n.Name):
			look, text = bad, "the node cannot read it"
		case look == unsure && a.Name != confName && !needs(n, a.Name):
			continue
		}
		p.fact(look, a.Name, text)
	}
}

// needs reports whether a node has devices in a ring.
func needs(n *swift.NodeView, ring string) bool {
	return slices.ContainsFunc(n.Devices, func(d *swift.DeviceView) bool {
		return slices.ContainsFunc(d.In, func(m swift.Member) bool { return m.Ring == ring })
	})
}

func (p *page) health(n *swift.NodeView, f *swift.Node, now time.Time) {
	p.seen("quarantine", f.Quarantined.At, f.Quarantined.Why(), now, func() (string, sign) {
		q := f.Quarantined.Value
		text := fmt.Sprintf("%d accounts, %d containers, %d objects", q.Accounts, q.Containers, q.Objects)
		if q.New() > 0 {
			return text + fmt.Sprintf("; %d since this console looked first", q.New()), bad
		}
		return text, good
	})
	p.seen("async", f.Async.At, f.Async.Why(), now, func() (string, sign) {
		a := f.Async.Value
		text := fmt.Sprintf("%d pending", a.Pending)
		if !a.Counted.IsZero() {
			text += ", counted " + screen.Since(a.Counted, now) + " ago"
		}
		if !a.Earlier.IsZero() {
			text += fmt.Sprintf(", %d before", a.Before)
		}
		return text, good
	})
	p.seen("clock", f.Clock.At, f.Clock.Why(), now, func() (string, sign) {
		if !n.DriftKnown {
			return "against ours " + drift(f.Clock.Value.Skew), good
		}
		look := good
		if n.Drift.Abs() > impact.DriftLimit {
			look = warn
		}
		return drift(n.Drift) + " against most nodes", look
	})
	p.seen("load", f.Load.At, f.Load.Why(), now, func() (string, sign) {
		return fmt.Sprintf("%.1f %.1f %.1f", f.Load.Value.One, f.Load.Value.Five, f.Load.Value.Fifteen), good
	})
	if f.Memory.Known() {
		p.seen("memory", f.Memory.At, "", now, func() (string, sign) {
			return size(f.Memory.Value.Available) + " of " + size(f.Memory.Value.Total) + " available", good
		})
	}
	if f.Sockets.Known() {
		p.seen("sockets", f.Sockets.At, "", now, func() (string, sign) {
			return fmt.Sprintf("%d in use, %d waiting, %d orphans", f.Sockets.Value.InUse, f.Sockets.Value.TimeWait, f.Sockets.Value.Orphan), good
		})
	}
	if f.DriveErrors.Known() {
		look := good
		if f.DriveErrors.Value > 0 {
			look = warn
		}
		p.fact(look, "drive audit", fmt.Sprintf("%d errors", f.DriveErrors.Value))
	}
	p.seen("version", f.Version.At, f.Version.Why(), now, func() (string, sign) { return "Swift " + f.Version.Value, good })
}
