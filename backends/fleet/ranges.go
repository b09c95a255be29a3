package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxHosts is how many hosts a fleet may have, and how many names a range.
const MaxHosts = 100_000

// numbered is a name and the number in it: that of the last range, or the last
// run of digits of a name without one. Digits is "" when there is none.
type numbered struct{ name, digits string }

// expand returns the names that a pattern stands for, in its order:
// "sw[001-003,7]" is sw001 sw002 sw003 sw7, "r[1-2]n[1-2]" is r1n1 r1n2 r2n1 r2n2,
// and patterns can be joined by commas. A number keeps the digits of the first
// end of its range. Errors tell the part that is wrong.
func expand(pattern string) ([]numbered, error) {
	parts, err := splitPattern(pattern)
	if err != nil {
		return nil, err
	}
	var out []numbered
	for _, p := range parts {
		names, err := expandOne(p, MaxHosts-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	if len(out) == 1 {
		return out, nil
	}
	seen := make(map[string]struct{}, len(out))
	for _, h := range out {
		if _, twice := seen[h.name]; twice {
			return nil, fmt.Errorf("%q is in the range twice", h.name)
		}
		seen[h.name] = struct{}{}
	}
	return out, nil
}

// splitPattern cuts a pattern at the commas outside of brackets.
func splitPattern(pattern string) ([]string, error) {
	var parts []string
	from, open := 0, false
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '[' && open:
			return nil, fmt.Errorf("a [ inside of another [")
		case c == ']' && !open:
			return nil, fmt.Errorf("a ] without its [")
		case c == '[' || c == ']':
			open = c == '['
		case c == ',' && !open:
			parts = append(parts, pattern[from:i])
			from = i + 1
		}
	}
	if open {
		return nil, fmt.Errorf("a [ without its ]")
	}
	parts = append(parts, pattern[from:])
	if slices.Contains(parts, "") {
		return nil, fmt.Errorf("a name is missing")
	}
	return parts, nil
}

func expandOne(pattern string, room int) ([]numbered, error) {
	before, rest, ranged := strings.Cut(pattern, "[")
	out := []numbered{{before, lastDigits(before)}}
	for ranged {
		inside, after, _ := strings.Cut(rest, "]")
		var between string
		between, rest, ranged = strings.Cut(after, "[")
		numbers, err := expandNumbers(inside, room/len(out))
		if err != nil {
			return nil, err
		}
		next := make([]numbered, 0, len(out)*len(numbers))
		for _, h := range out {
			for _, n := range numbers {
				next = append(next, numbered{h.name + n + between, n})
			}
		}
		out = next
	}
	if len(out) > room {
		return nil, fmt.Errorf("more than %d names", MaxHosts)
	}
	return out, nil
}

// expandNumbers expands the inside of a bracket, "001-003,7", to at most room numbers.
func expandNumbers(inside string, room int) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(inside, ",") {
		lo, hi, ranged := strings.Cut(part, "-")
		if !ranged {
			hi = lo
		}
		from, err := number(lo, part)
		if err != nil {
			return nil, err
		}
		to, err := number(hi, part)
		switch {
		case err != nil:
			return nil, err
		case to < from:
			return nil, fmt.Errorf("[%s] runs backwards", part)
		case len(hi) < len(lo) || hi[0] == '0' && len(hi) != len(lo):
			return nil, fmt.Errorf("[%s] has a different number of digits at its ends", part)
		case to-from >= room-len(out):
			return nil, fmt.Errorf("more than %d names", MaxHosts)
		}
		for n := from; n <= to; n++ {
			out = append(out, pad(n, len(lo)))
		}
	}
	return out, nil
}

// number reads an end of a range: one to nine digits.
func number(digits, part string) (int, error) {
	if n := len(digits); n == 0 || n > 9 || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("[%s] is no range of numbers of up to 9 digits", part)
	}
	return strconv.Atoi(digits)
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	if len(s) >= width {
		return s
	}
	return "000000000"[:width-len(s)] + s
}

func lastDigits(s string) string {
	_, digits, _ := cutDigits(s)
	return digits
}

// cutDigits cuts a name around its last run of digits.
func cutDigits(s string) (before, digits, after string) {
	end := strings.LastIndexAny(s, "0123456789") + 1
	begin := end
	for begin > 0 && s[begin-1] >= '0' && s[begin-1] <= '9' {
		begin--
	}
	return s[:begin], s[begin:end], s[end:]
}
