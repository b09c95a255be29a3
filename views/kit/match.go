package kit

import (
	"regexp"
	"strings"
	"unicode"
)

// matcher finds a query in text. A query is plain text, unless it has one of the
// signs of regexpSigns and is a regular expression. Capitals matter only when the
// query has some.
type matcher struct {
	text string // lower case when fold
	fold bool
	re   *regexp.Regexp // nil: plain text
}

// regexpSigns tell a regular expression from text: brackets and dots are common
// in what people look for ("[INFO]", "1.2.3"), these are not.
var regexpSigns = []string{"|", ".*", ".+", `\`, "^"}

// newMatcher returns nil for the empty query.
func newMatcher(query string) *matcher {
	if query == "" {
		return nil
	}
	fold := !strings.ContainsFunc(escaped.ReplaceAllString(query, ""), unicode.IsUpper)
	flag := ""
	if fold {
		flag = "(?i)"
	}
	for _, sign := range regexpSigns {
		if strings.Contains(query, sign) {
			if re, err := regexp.Compile(flag + query); err == nil {
				return &matcher{re: re}
			}
			break
		}
	}
	if fold && !plain(query) {
		return &matcher{re: regexp.MustCompile(flag + regexp.QuoteMeta(query))}
	}
	if fold {
		query = strings.ToLower(query)
	}
	return &matcher{text: query, fold: fold}
}

var escaped = regexp.MustCompile(`\\.`) // \S is no capital

func (m *matcher) in(text string) bool {
	if m.re != nil {
		return m.re.MatchString(text)
	}
	return m.index(text) >= 0
}

// index is the first match of a plain query, -1 for none.
func (m *matcher) index(text string) int {
	if m.fold {
		return indexFold(text, m.text)
	}
	return strings.Index(text, m.text)
}

// most is how many matches of one line are highlighted.
const most = 1000

// all returns the matches in text, those of no length left out.
func (m *matcher) all(text string) []span {
	var out []span
	if m.re != nil {
		for _, loc := range m.re.FindAllStringIndex(text, most) {
			if loc[1] > loc[0] {
				out = append(out, span{from: loc[0], to: loc[1]})
			}
		}
		return out
	}
	for from := 0; len(out) < most; {
		i := m.index(text[from:])
		if i < 0 {
			break
		}
		from += i
		out = append(out, span{from: from, to: from + len(m.text)})
		from += len(m.text)
	}
	return out
}

// indexFold is strings.Index for a needle in lower-case ASCII, whatever the case
// of the ASCII letters in text.
func indexFold(text, needle string) int {
	lower, upper := needle[0], needle[0]
	if 'a' <= lower && lower <= 'z' {
		upper -= 'a' - 'A'
	}
	last := len(text) - len(needle)
	nextLower, nextUpper := -1, -1
	for i := 0; i <= last; i++ {
		// The places of either case are searched with the machine's own
		// instructions and remembered until they are passed.
		if nextLower < i {
			nextLower = indexByte(text, lower, i)
		}
		if nextUpper < i {
			nextUpper = nextLower
			if upper != lower {
				nextUpper = indexByte(text, upper, i)
			}
		}
		i = min(nextLower, nextUpper)
		if i > last {
			return -1
		}
		if equalFold(text[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}

// indexByte is the place of c in text at or after from, len(text) for none.
func indexByte(text string, c byte, from int) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return len(text)
}

func equalFold(text, lower string) bool {
	for i := range len(lower) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
