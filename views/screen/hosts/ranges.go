package hosts

import (
	"strconv"
	"strings"
)

// span is a pattern of host names as fleet files have them, "sw[001-040,77]" or
// "r[1-2]n[01-10]", cut into text and numbers by turns. It matches names without
// listing what it stands for, so that it costs the same for ten hosts or a million.
type span struct {
	text    []string
	numbers [][]bounds // between the texts
	open    bool       // the last bracket is not closed yet: what is before it counts
}

// bounds are an inclusive range of numbers written with at least so many digits.
type bounds struct{ from, to, digits int }

// Ranges makes the test of a name for a word of a filter that has a bracket; nil for
// other words. While it is typed it matches what its finished part does, so that the
// list does not flicker. Names and word are in lower case.
func Ranges(word string) func(name string) bool {
	if !strings.Contains(word, "[") {
		return nil
	}
	var all []span
	for _, p := range splitNames(word) {
		all = append(all, parseSpan(p))
	}
	return func(name string) bool {
		for i := range all {
			if all[i].match(name) {
				return true
			}
		}
		return false
	}
}

// splitNames cuts at the commas outside of brackets.
func splitNames(word string) (parts []string) {
	from, inside := 0, false
	for i := range len(word) {
		switch c := word[i]; {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == ',' && !inside:
			parts = append(parts, word[from:i])
			from = i + 1
		}
	}
	if from < len(word) {
		parts = append(parts, word[from:])
	}
	return parts
}

func parseSpan(pattern string) span {
	var s span
	for {
		text, rest, ranged := strings.Cut(pattern, "[")
		s.text = append(s.text, text)
		if !ranged {
			return s
		}
		inside, after, closed := strings.Cut(rest, "]")
		if !closed {
			s.open = true
			return s
		}
		var list []bounds
		for part := range strings.SplitSeq(inside, ",") {
			lo, hi, ok := strings.Cut(part, "-")
			if !ok {
				hi = lo
			}
			from, err := strconv.Atoi(lo)
			to, bad := strconv.Atoi(hi)
			if err == nil && bad == nil && len(lo) <= 9 && len(hi) <= 9 {
				list = append(list, bounds{from, to, len(lo)})
			}
		}
		s.numbers = append(s.numbers, list)
		pattern = after
	}
}

func (s *span) match(name string) bool {
	for i, text := range s.text {
		rest, ok := strings.CutPrefix(name, text)
		if !ok {
			return false
		}
		name = rest
		if i == len(s.numbers) {
			break
		}
		n := 0
		for n < len(name) && name[n] >= '0' && name[n] <= '9' {
			n++
		}
		if !within(name[:n], s.numbers[i]) {
			return false
		}
		name = name[n:]
	}
	return name == "" || s.open
}

func within(digits string, list []bounds) bool {
	if digits == "" || len(digits) > 9 {
		return false
	}
	v, _ := strconv.Atoi(digits)
	for _, b := range list {
		padded := len(digits) == b.digits || len(digits) > b.digits && digits[0] != '0'
		if v >= b.from && v <= b.to && padded {
			return true
		}
	}
	return false
}
