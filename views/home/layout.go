package home

// shelf is panes side by side.
type shelf struct {
	panes  []*pane
	widths []int
	height int

	least, want int
}

// Widths from which on two and three panes stand side by side.
const (
	twoAbreast   = 78
	threeAbreast = 180
)

// shelve puts panes on shelves w columns wide: whole ones alone, half ones beside
// each other as many as have room.
func shelve(panes []*pane, w int) []shelf {
	most := 1
	switch {
	case w >= threeAbreast:
		most = 3
	case w >= twoAbreast:
		most = 2
	}
	var out []shelf
	for _, p := range panes {
		last := len(out) - 1
		if p.half && last >= 0 && out[last].panes[0].half && len(out[last].panes) < most {
			out[last].panes = append(out[last].panes, p)
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
		least, want := p.height(mine)
		s.least, s.want = max(s.least, least), max(s.want, want)
	}
}

// arrange gives the shelves their heights, h lines in all. The first one, which is
// what needs a human, gets what it needs up to nearly half. Of the others those
// that come last give way first; what is left over goes to them in their order,
// and the rest to the last.
func arrange(shelves []shelf, h int) []shelf {
	if len(shelves) == 0 {
		return nil
	}
	first := &shelves[0]
	first.want = min(first.want, max(4, h*9/20))
	first.least = min(first.want, h)
	for n := len(shelves); n > 2 && total(shelves) > h; n-- {
		shelves = shelves[:n-1]
	}
	if over := total(shelves) - h; over > 0 {
		shelves[len(shelves)-1].least -= over
	}
	spare := h - total(shelves)
	for i := range shelves {
		s := &shelves[i]
		more := max(0, min(spare, s.want-s.least))
		s.height = s.least + more
		spare -= more
	}
	shelves[len(shelves)-1].height += spare
	return shelves
}

func total(shelves []shelf) (sum int) {
	for _, s := range shelves {
		sum += s.least
	}
	return sum
}
