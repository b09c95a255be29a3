package lists

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"ringside/views/kit"
)

// Order is one way to sort: by a text or by a number. What is not known ("", NaN)
// comes last in both directions; equal ones are in the order of Load.
type Order[T Thing] struct {
	ID, Letter, Title string
	Text              func(T) string
	Number            func(T) float64
}

// ranked is a thing with what it is sorted by.
type ranked[T Thing] struct {
	it     T
	place  int
	text   string
	number float64
}

func (l *List[S, T]) sort() {
	for i := range l.sorted {
		r := &l.sorted[i]
		if l.order.Number != nil {
			r.number = l.order.Number(r.it)
		} else {
			r.text = l.order.Text(r.it)
		}
	}
	slices.SortFunc(l.sorted, func(a, b ranked[T]) int {
		c := 0
		if l.order.Number != nil {
			c = CompareNumbers(a.number, b.number, l.reverse)
		} else {
			c = CompareTexts(a.text, b.text, l.reverse)
		}
		return cmp.Or(c, a.place-b.place)
	})
	l.all = l.all[:0]
	for _, r := range l.sorted {
		l.all = append(l.all, r.it)
	}
	l.keep(l.all)
}

// CompareNumbers compares for an order, down the largest first. NaN, what is not
// known, comes last in both directions.
func CompareNumbers(a, b float64, down bool) int {
	switch na, nb := math.IsNaN(a), math.IsNaN(b); {
	case na && nb:
		return 0
	case na:
		return 1
	case nb:
		return -1
	case down:
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// CompareTexts compares as CompareNumbers does; "" is not known.
func CompareTexts(a, b string, down bool) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	case down:
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// SortMenu offers the orders; SortBy takes the ID of the one picked.
func (l *List[S, T]) SortMenu() *kit.Menu {
	items := make([]kit.Item, len(l.kind.Orders))
	for i, o := range l.kind.Orders {
		items[i] = kit.Item{ID: o.ID, Key: o.Letter, Title: o.Title}
	}
	return kit.NewMenu("Sort by", items, kit.MenuOptions{Selected: l.order.ID})
}

// Changed says that what an order of that ID goes by is another than at Load.
func (l *List[S, T]) Changed(id string) {
	if l.order.ID == id {
		l.sort()
	}
}

// SortBy sorts by an order of that ID.
func (l *List[S, T]) SortBy(id string) {
	i := slices.IndexFunc(l.kind.Orders, func(o Order[T]) bool { return o.ID == id })
	if i < 0 {
		return
	}
	l.order, l.reverse = &l.kind.Orders[i], false
	l.table.Sort, l.table.Reverse = id, false
	l.sort()
}
