package swift

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// VersionView is one version of Swift and the nodes that run it.
type VersionView struct {
	Version string
	Nodes   []string
}

func (o *Overview) versions() {
	by := map[string][]string{}
	for _, n := range o.Nodes {
		if n.Facts != nil && n.Facts.Version.Known() {
			by[n.Facts.Version.Value] = append(by[n.Facts.Version.Value], n.Name)
		}
	}
	for v, nodes := range by {
		o.Versions = append(o.Versions, VersionView{v, nodes})
	}
	slices.SortFunc(o.Versions, func(a, b VersionView) int {
		return cmp.Or(len(b.Nodes)-len(a.Nodes), strings.Compare(a.Version, b.Version))
	})
}

// ClockView compares the clocks of the nodes with each other, and with ours.
type ClockView struct {
	Known  int           // nodes that told their time
	Ours   time.Duration // our clock minus that of most nodes
	Worst  *NodeView     // with the largest drift; nil when Known is 0
	Within time.Duration // how exactly drift is known: half of the slowest answer
}

// clocks judges the nodes' clocks by the median, so that our own clock being wrong
// does not make every node wrong.
func (o *Overview) clocks() {
	var skews []time.Duration
	for _, n := range o.Nodes {
		if n.Facts != nil && n.Facts.Clock.Known() && n.State == Up {
			skews = append(skews, n.Facts.Clock.Value.Skew)
			o.Clock.Within = max(o.Clock.Within, n.Facts.Clock.Value.Round/2)
		}
	}
	if o.Clock.Known = len(skews); len(skews) == 0 {
		return
	}
	slices.Sort(skews)
	var median time.Duration
	if len(skews) > 2 { // of two nobody knows which is right: ours decides
		median = skews[len(skews)/2]
	}
	o.Clock.Ours = -median
	for _, n := range o.Nodes {
		if n.Facts == nil || !n.Facts.Clock.Known() || n.State != Up {
			continue
		}
		n.Drift, n.DriftKnown = n.Facts.Clock.Value.Skew-median, true
		if o.Clock.Worst == nil || n.Drift.Abs() > o.Clock.Worst.Drift.Abs() {
			o.Clock.Worst = n
		}
	}
}

// QuarantineView is what the auditors put aside.
type QuarantineView struct {
	Known  int // nodes that told
	Total  int64
	New    int64       // since this process looked first
	Rising []*NodeView // nodes where something came, the most first
}

func (o *Overview) quarantine() {
	q := &o.Quarantine
	for _, n := range o.Nodes {
		if n.Facts == nil || !n.Facts.Quarantined.Known() {
			continue
		}
		v := n.Facts.Quarantined.Value
		q.Known++
		q.Total += v.Total()
		if v.New() > 0 {
			q.New += v.New()
			q.Rising = append(q.Rising, n)
		}
	}
	slices.SortStableFunc(q.Rising, func(a, b *NodeView) int {
		return cmp.Compare(b.Facts.Quarantined.Value.New(), a.Facts.Quarantined.Value.New())
	})
}

// AsyncView is the container updates that wait, as the cron jobs counted them.
type AsyncView struct {
	Known   int       // nodes that told
	Unknown int       // nodes with object servers that did not: swift-recon-cron is not installed, or they are silent
	Pending int64     // of the known
	Oldest  time.Time // the oldest of the counts
	Most    *NodeView // with the most pending; nil when nothing is
	Rising  int       // nodes where the last count is higher than the one before
}

func (o *Overview) async() {
	a := &o.Async
	for _, n := range o.Nodes {
		if !n.place.has(Object) {
			continue
		}
		if n.Facts == nil || !n.Facts.Async.Known() {
			a.Unknown++
			continue
		}
		v := n.Facts.Async.Value
		a.Known++
		a.Pending += v.Pending
		if !v.Counted.IsZero() && (a.Oldest.IsZero() || v.Counted.Before(a.Oldest)) {
			a.Oldest = v.Counted
		}
		if v.Pending > 0 && (a.Most == nil || v.Pending > a.Most.Facts.Async.Value.Pending) {
			a.Most = n
		}
		if !v.Earlier.IsZero() && v.Pending > v.Before {
			a.Rising++
		}
	}
}
