package match

import (
	"cmp"
	"strings"
)

// Version is a tag read as a semantic version. Tags are written by people, so
// more is taken than semver.org allows: a leading v, one or two numbers only.
type Version struct {
	Major, Minor, Patch uint64
	parts               int    // numbers that were written: 1 to 3
	Pre                 string // "rc1" of 3.3.0-rc1
}

// maxVersion bounds the length of a tag, as the distribution specification does.
const maxVersion = 128

// ParseVersion reads a tag; ok is false when it is no version. A build after + is
// ignored; a tag cannot hold one, a range can.
func ParseVersion(s string) (v Version, ok bool) {
	if len(s) > maxVersion {
		return v, false
	}
	if rest, found := strings.CutPrefix(s, "v"); found {
		s = rest
	}
	s, _, _ = strings.Cut(s, "+")
	s, v.Pre, ok = strings.Cut(s, "-")
	if ok && !identifiers(v.Pre) {
		return v, false
	}
	numbers := []*uint64{&v.Major, &v.Minor, &v.Patch}
	for part := range strings.SplitSeq(s, ".") {
		if v.parts == len(numbers) {
			return v, false
		}
		n, ok := number(part)
		if !ok {
			return v, false
		}
		*numbers[v.parts] = n
		v.parts++
	}
	return v, true
}

// number reads digits; a date such as 20261125 is one, a leading zero is taken as
// people mean it.
func number(s string) (n uint64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

func identifiers(pre string) bool {
	for id := range strings.SplitSeq(pre, ".") {
		if id == "" || strings.ContainsFunc(id, func(r rune) bool {
			return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return true
}

// Compare orders versions as semver.org section 11 does: numbers first, then a
// version with a pre-release before the one without.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch)); c != 0 {
		return c
	}
	switch {
	case v.Pre == w.Pre:
		return 0
	case v.Pre == "":
		return 1
	case w.Pre == "":
		return -1
	}
	a, b := strings.Split(v.Pre, "."), strings.Split(w.Pre, ".")
	for i := range min(len(a), len(b)) {
		x, xn := number(a[i])
		y, yn := number(b[i])
		c := strings.Compare(a[i], b[i])
		switch {
		case xn && yn:
			c = cmp.Compare(x, y)
		case xn:
			c = -1
		case yn:
			c = 1
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// Tags orders tags for people: versions by precedence, before what is no version,
// which goes by the alphabet.
func Tags(a, b string) int {
	v, isV := ParseVersion(a)
	w, isW := ParseVersion(b)
	switch {
	case isV && isW:
		return cmp.Or(v.Compare(w), strings.Compare(a, b))
	case isV:
		return -1
	case isW:
		return 1
	}
	return strings.Compare(a, b)
}
