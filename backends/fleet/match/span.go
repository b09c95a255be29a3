package match

import (
	"fmt"
	"strings"
)

// span is a range of versions: alternatives, each a list of bounds that all hold.
type span struct {
	any [][]bound
	pre bool // it names a pre-release, so pre-releases are meant too
}

type bound struct {
	op string // one of < <= > >= = !=
	v  Version
}

func (b bound) holds(v Version) bool {
	c := v.Compare(b.v)
	switch b.op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "=":
		return c == 0
	default:
		return c != 0
	}
}

// holds says whether a tag is a version within the range.
func (s *span) holds(tag string) bool {
	v, ok := ParseVersion(tag)
	if !ok || v.Pre != "" && !s.pre {
		return false
	}
	for _, all := range s.any {
		in := true
		for _, b := range all {
			in = in && b.holds(v)
		}
		if in {
			return true
		}
	}
	return false
}

// operators, longest first.
var operators = []string{">=", "<=", "!=", "~>", "==", ">", "<", "=", "^", "~"}

// parseSpan reads ">=1.2 <2", "^1.4 || ~3.0", "=1.9.2". Blanks and commas mean
// "and", || means "or".
func parseSpan(text string) (*span, error) {
	s := &span{}
	for alternative := range strings.SplitSeq(text, "||") {
		var all []bound
		op := ""
		for word := range strings.FieldsFuncSeq(alternative, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
			for _, o := range operators {
				if rest, ok := strings.CutPrefix(word, o); ok {
					if op != "" {
						return nil, fmt.Errorf("%q follows another sign", word)
					}
					op, word = o, rest
					break
				}
			}
			if word == "" {
				continue // "> 1.2": the version is the next word
			}
			v, ok := ParseVersion(word)
			if !ok {
				return nil, fmt.Errorf("%q is no version such as 1.2 or 1.2.3", word)
			}
			s.pre = s.pre || v.Pre != ""
			all = append(all, bounds(op, v)...)
			op = ""
		}
		if op != "" {
			return nil, fmt.Errorf("there is no version after %q", op)
		}
		if all == nil {
			return nil, fmt.Errorf("an alternative is empty")
		}
		s.any = append(s.any, all)
	}
	return s, nil
}

// bounds spells out one comparison. A version with fewer than three numbers
// stands for all that begin with them: =1.2 is >=1.2.0 <1.3.0.
func bounds(op string, v Version) []bound {
	low := bound{">=", v}
	below := func(w Version) []bound { return []bound{low, {"<", lowest(w)}} }
	switch op {
	case "^": // up to the next change of the first number that is not 0
		switch {
		case v.Major > 0 || v.parts == 1:
			return below(Version{Major: v.Major + 1})
		case v.Minor > 0 || v.parts == 2:
			return below(Version{Minor: v.Minor + 1})
		}
		return below(Version{Patch: v.Patch + 1})
	case "~", "~>": // up to the next minor version
		if v.parts == 1 {
			return below(Version{Major: v.Major + 1})
		}
		return below(Version{Major: v.Major, Minor: v.Minor + 1})
	case "", "=", "==":
		if v.parts < 3 {
			return below(next(v))
		}
		return []bound{{"=", v}}
	case "<=":
		if v.parts < 3 {
			return []bound{{"<", lowest(next(v))}}
		}
	case ">":
		if v.parts < 3 {
			return []bound{{">=", next(v)}}
		}
	}
	return []bound{{op, v}}
}

// next is the first version after all that begin with the numbers of v.
func next(v Version) Version {
	if v.parts == 1 {
		return Version{Major: v.Major + 1}
	}
	return Version{Major: v.Major, Minor: v.Minor + 1}
}

// lowest is the least version of that number, so that <2 does not let 2.0.0-rc1 in.
func lowest(v Version) Version {
	v.Pre = "0"
	return v
}
