package kit

import (
	"cmp"
	"slices"
)

const (
	gutter      = 2 // cursor and mark
	leastColumn = 4 // to which a column that stays may be cut
)

// arrange gives the columns their widths: those of priority 0 and as many others
// as fit at their least width, then room up to Want in order, the rest to Flex.
// Once columns are scrolled away, the others come in their order.
func (t *Table) arrange() {
	if t.layout != nil && t.laidW == t.w && t.laidN == len(t.Columns) {
		return
	}
	t.laidW, t.laidN = t.w, len(t.Columns)
	order := make([]int, len(t.Columns))
	for i := range order {
		order[i] = i
	}
	if t.skip == 0 {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Columns[a].Priority, t.Columns[b].Priority) })
	}
	room := t.w - gutter + 1 // the first column has no space before it
	width := make([]int, len(t.Columns))
	for _, i := range order {
		c := t.Columns[i]
		least := max(1, c.Min)
		if c.Priority == 0 {
			least = min(least, leastColumn)
		}
		if t.skipped(i) || least+1 > room {
			continue
		}
		width[i] = min(max(1, c.Min), room-1)
		room -= width[i] + 1
	}
	t.layout = t.layout[:0]
	flex := -1
	for i, c := range t.Columns {
		if width[i] == 0 {
			continue
		}
		if more := min(c.Want-width[i], room); more > 0 {
			width[i] += more
			room -= more
		}
		if c.Flex && flex < 0 {
			flex = len(t.layout)
		}
		t.layout = append(t.layout, placed{i, width[i]})
	}
	if flex >= 0 {
		t.layout[flex].width += max(0, room)
	}
}

// skipped reports whether a column is scrolled away. The first one never is.
func (t *Table) skipped(column int) bool { return column > 0 && column <= t.skip }

// fits reports whether all columns have room when skip of them are scrolled away.
func (t *Table) fits(skip int) bool {
	need := gutter - 1
	for i, c := range t.Columns {
		if i == 0 || i > skip {
			need += max(1, c.Min) + 1
		}
	}
	return need <= t.w
}
