package home

// shelf is panes side by side.
type shelf struct {
	panes  []*pane
	widths []int
	height int

	least, good, want int // heights: to be of any use, to be shown well, to show all
}

// leastHeight is the least height of any pane: its frame and two lines in it.
const leastHeight = 4

// Widths from which on two and three panes stand side by side.
const (
	twoAbreast   = 78
	threeAbreast = 180
)

// shelve puts panes on shelves w columns wide: whole ones alone, half ones beside
// each other as many as have room, and what fills a gap beside the last of them.
func shelve(panes []*pane, w int) []shelf {
	most := 1
	switch {
	case w >= threeAbreast:
		most = 3
	case w >= twoAbreast:
		most = 2
	}
	var out []shelf
	room := func(i int) bool { return i >= 0 && out[i].panes[0].half && len(out[i].panes) < most }
	for _, p := range panes {
		at := len(out) - 1
		for p.fills && at > 0 && !room(at) { // a whole one may stand below the gap
			at--
		}
		if room(at) && (p.half || p.fills && at > 0 && out[at-1].panes[0].half) {
			out[at].panes = append(out[at].panes, p)
		} else {
			out = append(out, shelf{panes: []*pane{p}})
		}
	}
	for i := range out {
		out[i].measure(w)
	}
	return out
}

// measure shares the width and asks the panes how high they are.
func (s *shelf) measure(w int) {
	n := len(s.panes)
	for i, p := range s.panes {
		mine := w*(i+1)/n - w*i/n
		s.widths = append(s.widths, mine)
		good, want := p.height(mine)
		s.least, s.good, s.want = leastHeight, max(s.good, good), max(s.want, want)
	}
}

// arrange gives the shelves their heights, h lines in all, and leaves out those
// that have no room. The first one, which is what needs a human, gets what it needs
// up to nearly half. One that can be spared makes room so that the others are shown
// well; otherwise all are shown as small as they can be before one is left out, the
// last one first. What is left over is shared in their order.
func arrange(shelves []shelf, h int) []shelf {
	if len(shelves) == 0 {
		return nil
	}
	first := &shelves[0]
	first.want = min(first.want, max(4, h*9/20))
	first.good = first.want
	first.least = min(first.want, 4)
	for n := len(shelves); n > 2 && shelves[n-1].panes[0].spare && total(shelves, toGood) > h; n-- {
		shelves = shelves[:n-1]
	}
	for n := len(shelves); n > 1 && total(shelves, toBe) > h; n-- {
		shelves = shelves[:n-1]
	}
	left := h
	for i := range shelves {
		shelves[i].height = min(shelves[i].least, left)
		left -= shelves[i].height
	}
	for _, size := range []func(shelf) int{toGood, toAll} {
		for i := range shelves {
			more := max(0, min(left, size(shelves[i])-shelves[i].height))
			shelves[i].height += more
			left -= more
		}
	}
	shelves[len(shelves)-1].height += left
	return shelves
}

func toBe(s shelf) int   { return s.least }
func toGood(s shelf) int { return s.good }
func toAll(s shelf) int  { return s.want }

func total(shelves []shelf, size func(shelf) int) (sum int) {
	for _, s := range shelves {
		sum += size(s)
	}
	return sum
}
