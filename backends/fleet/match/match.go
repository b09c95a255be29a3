// Package match picks repositories and tags by the patterns of the configuration
// file. It knows nothing of registries.
package match

import (
	"fmt"
	"regexp"
	"strings"
)

// Pattern is one compiled pattern.
type Pattern struct {
	text  string
	not   bool   // what it picks is left out
	exact string // the only text that matches; "" when it is no plain text
	match func(string) bool
}

// Exact is the one text that the pattern matches; ok is false when it may match
// others.
func (p Pattern) Exact() (text string, ok bool) { return p.exact, p.exact != "" && !p.not }

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Patterns pick what any of them matches and none with a leading ! does.
type Patterns []Pattern

// Match says whether the patterns pick a text. Patterns that only leave out pick
// all the rest.
func (ps Patterns) Match(s string) bool {
	picked, positive := false, false
	for _, p := range ps {
		if p.not {
			if p.match(s) {
				return false
			}
			continue
		}
		positive = true
		picked = picked || p.match(s)
	}
	return picked || !positive && len(ps) > 0
}

// Exact lists the texts when every pattern is a plain one: nothing has to be
// listed to know what is picked.
func (ps Patterns) Exact() (texts []string, ok bool) {
	for _, p := range ps {
		text, exact := p.Exact()
		if !exact {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, len(ps) > 0
}

// ParseTags compiles a list of patterns for tags; an empty list picks all.
func ParseTags(texts []string) (Patterns, error) {
	if len(texts) == 0 {
		texts = []string{"*"}
	}
	return parseAll(texts, ParseTag)
}

// ParseRepositories compiles a list of patterns for repositories.
func ParseRepositories(texts []string) (Patterns, error) { return parseAll(texts, ParseRepository) }

func parseAll(texts []string, one func(string) (Pattern, error)) (Patterns, error) {
	ps := make(Patterns, len(texts))
	for i, text := range texts {
		p, err := one(text)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", text, err)
		}
		ps[i] = p
	}
	return ps, nil
}

// ParseRepository compiles a pattern for repositories: "team/web", "team/*" (one
// level), "team/**" (all levels below), or a regular expression between slashes;
// each with a leading ! to leave out.
func ParseRepository(text string) (Pattern, error) {
	return parse(text, func(body string) (Pattern, error) {
		if p, ok, err := expression(body); ok {
			return p, err
		}
		if strings.HasPrefix(body, "/") || strings.HasSuffix(body, "/") || strings.Contains(body, "//") {
			return Pattern{}, fmt.Errorf("a repository does not begin or end with /")
		}
		if !repositoryGlob.MatchString(body) {
			return Pattern{}, fmt.Errorf("a repository has small letters, digits and . _ - /, and * ? ** [..] as wildcards")
		}
		return glob(body)
	})
}

// ParseTag compiles a pattern for tags: "1.9.2", "v*", a range of versions such
// as ">=1.2 <2", or a regular expression between slashes; each with a leading !
// to leave out.
func ParseTag(text string) (Pattern, error) {
	return parse(text, func(body string) (Pattern, error) {
		if p, ok, err := expression(body); ok {
			return p, err
		}
		switch {
		case strings.ContainsAny(body, "<>=^~| ,") && !strings.Contains(body, "["): // no tag has any of these
			s, err := parseSpan(body)
			if err != nil {
				return Pattern{}, err
			}
			return Pattern{match: s.holds}, nil
		case !tagGlob.MatchString(body):
			return Pattern{}, fmt.Errorf("a tag has letters, digits and . _ -, and * ? [..] as wildcards")
		}
		return glob(body)
	})
}

// expression compiles /.../, which matches the whole of a text; ok is false when it
// is none.
func expression(body string) (p Pattern, ok bool, err error) {
	if len(body) < 3 || body[0] != '/' || !strings.HasSuffix(body, "/") {
		return Pattern{}, false, nil
	}
	re, err := regexp.Compile("^(?:" + body[1:len(body)-1] + ")$")
	if err != nil {
		return Pattern{}, true, fmt.Errorf("it is no regular expression: %w", err)
	}
	return Pattern{match: re.MatchString}, true, nil
}

var (
	repositoryGlob = regexp.MustCompile(`^[a-z0-9._/*?\[\]^-]+$`)
	tagGlob        = regexp.MustCompile(`^[A-Za-z0-9._*?\[\]^-]+$`)
)

func parse(text string, body func(string) (Pattern, error)) (Pattern, error) {
	rest, not := strings.CutPrefix(text, "!")
	if rest == "" {
		return Pattern{}, fmt.Errorf("it is empty")
	}
	p, err := body(rest)
	if err != nil {
		return Pattern{}, err
	}
	p.text, p.not = text, not
	return p, nil
}

// glob compiles wildcards: * is anything within one level, ** any levels, ? one
// character, [a-z] one of these, [^a-z] none of them.
func glob(s string) (Pattern, error) {
	if !strings.ContainsAny(s, "*?[]") {
		return Pattern{exact: s, match: func(t string) bool { return s == t }}, nil
	}
	var re strings.Builder
	re.WriteString("^")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*':
			if strings.HasPrefix(s[i:], "**") {
				re.WriteString(".*")
				i++
				continue
			}
			re.WriteString("[^/]*")
		case '?':
			re.WriteString("[^/]")
		case '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 2 {
				return Pattern{}, fmt.Errorf("a [ without its ], or nothing between them")
			}
			re.WriteString(s[i : i+end+1])
			i += end
		case ']':
			return Pattern{}, fmt.Errorf("a ] without its [")
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	re.WriteString("$")
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return Pattern{}, fmt.Errorf("the wildcards cannot be read")
	}
	return Pattern{match: compiled.MatchString}, nil
}
