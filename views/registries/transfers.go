package registries

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen/syncs"
)

// transferLines is the page of what is on its way: every sync that moves, its runs,
// the tags that are being copied and their blobs.
func (s *Screen) transferLines(w int) []string {
	g := &page{t: s.look.Theme, w: w}
	for _, p := range s.pairs.All() {
		if len(p.Progress.Runs) > 0 || p.Flowing {
			s.moving(g, p)
		}
	}
	if len(g.lines) == 0 {
		g.dim("nothing is on its way; y on a sync brings what its target is behind")
		for _, p := range s.pairs.All() {
			if p.Activity != nil {
				g.plain(p.Spec.Name, fmt.Sprintf("%s sent since this console was started", syncs.Size(p.Activity.Sent)))
			}
		}
	}
	return g.lines
}

func (s *Screen) moving(g *page, p *pair) {
	t := s.look.Theme
	if len(g.lines) > 0 {
		g.lines = append(g.lines, "")
	}
	head := " " + t.Busy.Paint(t.Glyph.Busy) + " " + t.Strong.Paint(p.Spec.Name) + "  " + s.route(p)
	if rate, ok := p.Rate(); ok {
		head += "  " + syncs.Speed(rate)
		if n := min(len(p.Activity.History), g.w-kit.Width(head)-3); n >= 4 {
			head += " " + t.Busy.Paint(t.Sparkline(p.Activity.History, n, 0))
		}
	}
	g.line(head)
	if len(p.Progress.Runs) > 0 {
		share, known := p.Progress.Share()
		g.line("   " + s.bar(share, known) + "  " + s.howFar(p.Progress))
	}
	for _, r := range p.Progress.Runs {
		g.line("   " + t.Dim.Paint(r.Title+", "+s.whose(r)+", run "+r.ID))
		s.tagLines(g, p, r)
	}
	if p.Flowing {
		s.blobLines(g, p.Activity)
	} else {
		g.dim("no blob moves now that is seen from here; of a run of another process only the tags are")
	}
}

// barWidth is the width of a bar, without its figure.
func (s *Screen) barWidth() int {
	if s.w >= 120 {
		return 30
	}
	return 12
}

// figure is the width of the figure behind a bar.
const figure = 5

// bar is a share with its figure; one that nobody knows has neither.
func (s *Screen) bar(share float64, known bool) string {
	t, w := s.look.Theme, s.barWidth()
	if !known {
		return t.Unknown.Paint(t.Bar(math.NaN(), w)) + kit.Fit(t.Glyph.Unknown, figure, true, "")
	}
	return t.Busy.Paint(t.Bar(share, w)) + fmt.Sprintf(" %3.0f%%", math.Floor(share*100))
}

// tagLines are the steps of a run that are under way or failed.
func (s *Screen) tagLines(g *page, p *pair, r *actions.RunRecord) {
	for _, x := range r.Steps {
		if x.Target.Scope != p.Spec.To {
			continue
		}
		name := kit.Fit(x.Target.Name, max(10, min(40, g.w-s.barWidth()-figure-30)), false, g.t.Glyph.Ellipsis)
		switch {
		case x.Status == actions.Failed:
			g.line("   " + g.t.Bad.Paint(g.t.Glyph.Bad+" "+name+" "+x.Error))
		case x.Status == actions.Running && x.Total > 0:
			g.line("   " + s.bar(float64(x.Done)/float64(x.Total), true) + "  " + name + " " + syncs.Size(x.Done) + " of " + syncs.Size(x.Total))
		case x.Status == actions.Running:
			g.line("   " + s.bar(0, false) + "  " + name + " reading its manifests")
		}
	}
}

// blobRank puts first what moves.
var blobRank = map[registry.TransferState]int{registry.Sending: 0, registry.Retrying: 1, registry.Waiting: 2, registry.Checking: 3}

// blobLines are the blobs on the way, what moves first and then the oldest: what is
// sent has a bar, the others say what they wait for.
func (s *Screen) blobLines(g *page, a *registry.Activity) {
	t := s.look.Theme
	list := slices.Clone(a.Transfers)
	slices.SortStableFunc(list, func(a, b registry.Transfer) int { return cmp.Compare(blobRank[a.State], blobRank[b.State]) })
	sending := 0
	for _, x := range list {
		if x.State == registry.Sending {
			sending++
		}
	}
	for i, x := range list {
		if i == 0 {
			g.line("   " + t.Dim.Paint(kit.Fit("BLOBS", s.barWidth()+figure+2, false, "")+kit.Fit("", 9, false, "")+kit.Fit("SIZE", 9, true, "")+"  OF"))
		}
		bar, style, left := strings.Repeat(" ", s.barWidth()+figure), t.Dim, ""
		switch x.State {
		case registry.Sending:
			bar, style = s.bar(share(x), true), t.Busy
			if a.Rate > 0 { // they share the line
				left = "  " + kit.Age(time.Duration(float64(x.Size-x.Done)*float64(sending)/a.Rate*float64(time.Second))) + " left"
			}
		case registry.Retrying:
			style = t.Warn
		}
		g.line("   " + bar + "  " + style.Paint(kit.Fit(string(x.State), 9, false, "")) + kit.Fit(syncs.Size(x.Size), 9, true, "") + "  " +
			short(x.Digest) + " " + x.Repository + ":" + x.Tag + t.Dim.Paint(left))
	}
}

func share(x registry.Transfer) float64 {
	if x.Size <= 0 {
		return 0
	}
	return float64(x.Done) / float64(x.Size)
}
