package impact

import (
	"fmt"
	"time"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
)

// Answer is yes, no, or that nobody knows.
type Answer string

// Answers.
const (
	Yes       Answer = "yes"
	No        Answer = "no"
	Uncertain Answer = "unknown"
)

// Push is whether the next step may follow the last push of a ring. Swift moves one
// replica of a partition at a time: who pushes again before the last one has arrived
// and is replicated everywhere takes away the copies that were to be copied from.
type Push struct {
	Policy  *swift.PolicyView
	Pushed  time.Time // when our copy of the ring was written; zero when nobody knows
	Safe    Answer
	Because []string // of a No or Uncertain, the weightiest first
	Left    string   // what was not looked at, "" for nothing
	Done    int      // nodes whose last pass began after Pushed
	Nodes   int      // that have devices in the ring
}

// Pushes judges every ring of a cluster: every node and proxy has the same file as
// we, every node has replicated since, and the builder's min_part_hours are over
// where the builder is beside the rings. A node or proxy that does not tell makes the
// answer uncertain, never yes. It is pure.
func Pushes(o *swift.Overview) (out []Push) {
	for _, v := range o.Policies {
		p := Push{Policy: v, Pushed: v.Changed, Safe: Yes}
		if o.RingsErr != nil {
			p.say(Uncertain, "our copy of the rings cannot be read any more")
		}
		for _, look := range []func(*swift.Overview, *Push){sameEverywhere, replicatedSince, hoursOver} {
			look(o, &p)
		}
		out = append(out, p)
	}
	return out
}

// Settled is the answer for a whole cluster: that of its worst ring.
func Settled(pushes []Push) Answer {
	worst := Yes
	if len(pushes) == 0 {
		worst = Uncertain
	}
	for _, p := range pushes {
		if p.Safe == No || p.Safe == Uncertain && worst == Yes {
			worst = p.Safe
		}
	}
	return worst
}

// say adds a reason. What speaks against it comes before what nobody knows.
func (p *Push) say(a Answer, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a == No && p.Safe == Uncertain {
		p.Because = append([]string{text}, p.Because...)
	} else {
		p.Because = append(p.Because, text)
	}
	if p.Safe != No {
		p.Safe = a
	}
}

// sameEverywhere compares the ring file of all nodes and proxies.
func sameEverywhere(o *swift.Overview, p *Push) {
	names := (&cluster{o: o}).names
	silent := []string{}
	for i := range o.Files {
		a := &o.Files[i]
		if a.Name != p.Policy.Ring.Name {
			continue
		}
		right, what := a.Ours, "another ring than ours"
		if major := a.Majority(); major != nil && !a.OursDiffers() {
			right, what = major.MD5, "another ring"
		}
		var others []string
		for g := range a.Groups {
			if a.Groups[g].MD5 != right {
				others = append(others, a.Groups[g].Members...)
			}
		}
		if len(others) > 0 {
			p.say(No, "%s %s: %s", have(len(others)), what, some(names(others)))
		}
		if gone := append(append([]string(nil), a.Missing...), a.Unreadable...); len(gone) > 0 {
			p.say(No, "%s no ring that can be read: %s", have(len(gone)), some(names(gone)))
		}
		silent = append(silent, names(a.Unknown)...)
	}
	for _, x := range o.Proxies { // the agreement knows only those that tell
		if x.Facts == nil || !x.Facts.RingMD5.Known() || x.State == swift.Down {
			silent = append(silent, "proxy "+x.Address)
		}
	}
	if len(silent) > 0 {
		p.say(Uncertain, "%s: %s", many(len(silent), "does not tell its ring", "do not tell their rings"), some(silent))
	}
}

// replicatedSince asks every node of the ring for a pass that began after the push. A
// pass that was under way then worked by the old ring.
func replicatedSince(o *swift.Overview, p *Push) {
	r := p.Policy.Ring
	what := "replicated"
	if r.Quorum().Erasure() {
		what = "reconstructed"
	}
	if p.Pushed.IsZero() {
		p.say(Uncertain, "nobody knows when the ring was written")
		return
	}
	var not, silent []string
	for _, n := range o.Nodes {
		if !inRing(n, r.Name) {
			continue
		}
		p.Nodes++
		began, known := passBegan(n, r)
		switch {
		case !known:
			silent = append(silent, n.Label())
		case began.After(p.Pushed):
			p.Done++
		default:
			not = append(not, n.Label())
		}
	}
	if len(not) > 0 {
		p.say(No, "%s not %s since: %s", have(len(not)), what, some(not))
	}
	if len(silent) > 0 {
		p.say(Uncertain, "%s: %s", many(len(silent), "does not tell its last pass", "do not tell their last pass"), some(silent))
	}
}

func inRing(n *swift.NodeView, name string) bool {
	for _, d := range n.Devices {
		for _, m := range d.In {
			if m.Ring == name {
				return true
			}
		}
	}
	return false
}

// passBegan is when the last finished pass of a ring's daemon began. What a node told
// before it fell silent stays true.
func passBegan(n *swift.NodeView, r ring.Named) (time.Time, bool) {
	switch {
	case n.Facts == nil:
		return time.Time{}, false
	case r.Quorum().Erasure():
		s := n.Facts.Reconstruction
		return s.Value.Last.Add(-s.Value.Took), s.Known() && !s.Value.Last.IsZero()
	}
	s := n.Facts.Replication.Of(r.Kind)
	return s.Value.Last.Add(-s.Value.Took), s.Known() && !s.Value.Last.IsZero()
}

// hoursOver asks the builder.
func hoursOver(o *swift.Overview, p *Push) {
	b := p.Policy.Builder
	if b == nil {
		p.Left = "no builder is beside the rings: min_part_hours are not looked at"
		return
	}
	if wait := b.Wait(o.Now); wait > 0 {
		p.say(No, "min_part_hours (%d h) are over in %s", b.MinPartHours, about(wait))
	}
}

func have(n int) string { return many(n, "has", "have") }
