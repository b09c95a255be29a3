package traffic

import (
	"fmt"
	"slices"
	"strings"
)

// exchange gives a text that names the addresses of one colour those of the other,
// in their order, and leaves all else as it is. The text must name all addresses of
// from, each once, and none of to.
func exchange(text string, from, to []string) (string, error) {
	if len(from) != len(to) {
		return "", fmt.Errorf("it has %d addresses of one colour, and the other colour has %d", len(from), len(to))
	}
	type place struct{ at, which int }
	var places []place
	for i, a := range from {
		at := named(text, a)
		if len(at) != 1 {
			return "", fmt.Errorf("it names %s %d times, not once", a, len(at))
		}
		places = append(places, place{at[0], i})
	}
	slices.SortFunc(places, func(a, b place) int { return b.at - a.at }) // from the end, so that places stay
	for _, p := range places {
		text = text[:p.at] + to[p.which] + text[p.at+len(from[p.which]):]
	}
	return text, nil
}

// named finds an address in a text where no longer one holds it: 10.0.0.1:80 is not
// in 10.0.0.1:8080, nor in 110.0.0.1:80. Comment lines do not count.
func named(text, address string) (at []int) {
	for from := 0; address != ""; {
		i := strings.Index(text[from:], address)
		if i < 0 {
			break
		}
		i += from
		end := i + len(address)
		line := strings.LastIndexByte(text[:i], '\n') + 1
		inside := i > 0 && partOf(text[i-1]) || end < len(text) && partOf(text[end])
		if !inside && !strings.HasPrefix(strings.TrimSpace(text[line:i]), "#") {
			at = append(at, i)
		}
		from = i + 1
	}
	return at
}

// partOf says whether a character next to an address makes it part of a longer one.
func partOf(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.:@/-", c) >= 0
}
