package fleet

import (
	"cmp"
	"slices"
	"strings"
)

// Expand returns the names that a pattern stands for: "sw[001-003,7],db" is sw001
// sw002 sw003 sw7 db. Errors tell the part that is wrong.
func Expand(pattern string) ([]string, error) {
	all, err := expand(pattern)
	out := make([]string, len(all))
	for i, h := range all {
		out[i] = h.name
	}
	return out, err
}

// Fold is the way back from Expand: the shortest pattern we know for the names,
// each once and in the order of their numbers. "sw001 sw002 sw7" is
// "sw[001-002],sw7", "r1n1 r1n2 r2n1 r2n2" is "r[1-2]n[1-2]". Names that hold [ ]
// or a comma stand for themselves and cannot be expanded again.
func Fold(names []string) string {
	rows := make([]folded, 0, len(names))
	most := 0
	for _, n := range names {
		r := cut(n)
		rows = append(rows, r)
		most = max(most, len(r.numbers))
	}
	slices.SortFunc(rows, folded.compare)
	rows = slices.CompactFunc(rows, func(a, b folded) bool { return a.compare(b) == 0 })
	for i := most - 1; i >= 0; i-- {
		rows = foldAt(rows, i)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.String()
	}
	return strings.Join(out, ",")
}

// Between is the pattern of a range that is given by its ends, "sw[001-040]" for
// sw001 and sw040; ok is false when they differ in more than one number.
func Between(first, last string) (pattern string, ok bool) {
	a, b := cut(first), cut(last)
	if !slices.Equal(a.texts, b.texts) {
		return "", false
	}
	for i := range a.numbers {
		if a.numbers[i] == b.numbers[i] {
			continue
		}
		if ok {
			return "", false
		}
		a.numbers[i], ok = a.numbers[i]+"-"+b.numbers[i], true
	}
	return a.String(), ok
}

// folded is a pattern: texts around numbers, of which each is the inside of a
// bracket, or a number alone.
type folded struct {
	texts   []string // one more than numbers
	numbers []string
}

// cut cuts a name at its numbers. What Expand takes for no number is text.
func cut(name string) folded {
	r := folded{texts: []string{""}}
	for name != "" {
		n := len(name) - len(strings.TrimLeft(name, "0123456789"))
		if n > 0 && n <= 9 && !strings.ContainsAny(name, "[],") {
			r.numbers = append(r.numbers, name[:n])
			r.texts = append(r.texts, "")
			name = name[n:]
			continue
		}
		end := n + strings.IndexAny(name[n:]+"0", "0123456789")
		r.texts[len(r.texts)-1] += name[:end]
		name = name[end:]
	}
	return r
}

func (r folded) String() string {
	var b strings.Builder
	for i, t := range r.texts {
		b.WriteString(t)
		if i == len(r.numbers) {
			break
		}
		if n := r.numbers[i]; strings.ContainsAny(n, "-,") {
			b.WriteString("[" + n + "]")
		} else {
			b.WriteString(n)
		}
	}
	return b.String()
}

// compare orders by text, and where that is the same by number: sw9 before sw10.
func (a folded) compare(b folded) int {
	for i := range min(len(a.numbers), len(b.numbers)) {
		if c := cmp.Or(strings.Compare(a.texts[i], b.texts[i]), byNumber(a.numbers[i], b.numbers[i])); c != 0 {
			return c
		}
	}
	return cmp.Or(len(a.numbers)-len(b.numbers), slices.Compare(a.texts, b.texts))
}

// byNumber compares the first numbers of two brackets; of equal ones the shorter
// text comes first.
func byNumber(a, b string) int {
	x, _, _ := strings.Cut(strings.ReplaceAll(a, ",", "-"), "-")
	y, _, _ := strings.Cut(strings.ReplaceAll(b, ",", "-"), "-")
	return cmp.Or(numeral(x)-numeral(y), len(x)-len(y), strings.Compare(a, b))
}

func numeral(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// foldAt joins the patterns that differ in number i alone. They come in the order
// of their numbers, and the results are in the order of their first ones.
func foldAt(rows []folded, i int) []folded {
	var out []folded
	group := map[string]int{}
	parts := map[int][]string{}
	for _, r := range rows {
		if i >= len(r.numbers) {
			out = append(out, r)
			continue
		}
		key := strings.Join(r.texts, "\x00") + "\x01" + strings.Join(r.numbers[:i], "\x00") + "\x01" + strings.Join(r.numbers[i+1:], "\x00")
		at, known := group[key]
		if !known {
			at = len(out)
			group[key] = at
			out = append(out, r)
		}
		parts[at] = append(parts[at], r.numbers[i])
	}
	for at, list := range parts {
		r := out[at]
		r.numbers = slices.Clone(r.numbers)
		r.numbers[i] = inside(list)
		out[at] = r
	}
	return out
}

// inside writes rising numbers as the inside of a bracket: "001-003,7". A range
// keeps the digits of its first number, as Expand does.
func inside(list []string) string {
	var b strings.Builder
	for from := 0; from < len(list); {
		to := from
		for to+1 < len(list) && list[to+1] == pad(numeral(list[to])+1, len(list[from])) {
			to++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(list[from])
		if to > from {
			b.WriteString("-" + list[to])
		}
		from = to + 1
	}
	return b.String()
}
