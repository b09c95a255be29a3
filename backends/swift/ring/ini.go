package ring

import (
	"fmt"
	"regexp"
	"strings"
)

// section is one part of an ini file: its name, and its options with lower-case
// names, those of [DEFAULT] included.
type section struct {
	name    string
	line    int
	options map[string]option
}

type option struct {
	value string
	line  int
}

const defaultSection = "DEFAULT"

// parseINI reads a file as Python's ConfigParser does, because what Swift makes
// of a line is what counts: nothing but spaces is taken off a value, quotes
// belong to it, an indented line continues the one before, a later option
// overrides an earlier one.
func parseINI(file, text string) ([]section, error) {
	var out []section
	var defaults = map[string]option{}
	var in map[string]option
	var last string // the option that a line continues which is further in
	var indent int  // of that option
	at := map[string]int{}
	for i, raw := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %s", file, i+1, fmt.Sprintf(format, args...))
		}
		line := strings.TrimSpace(raw)
		further := len(raw) - len(strings.TrimLeft(raw, " \t"))
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case last != "" && further > indent:
			o := in[last]
			o.value += "\n" + line
			in[last] = o
		case line[0] == '[':
			name, _, closed := strings.Cut(line[1:], "]")
			if !closed {
				return nil, fail("a section without its ]")
			}
			last = ""
			if name == defaultSection {
				in = defaults
				continue
			}
			if _, known := at[name]; !known {
				at[name] = len(out)
				out = append(out, section{name, i + 1, map[string]option{}})
			}
			in = out[at[name]].options
		case in == nil:
			return nil, fail("an option before the first [section]")
		default:
			key, value, is := cutAny(line, "=:")
			if key = strings.ToLower(strings.TrimSpace(key)); !is || key == "" {
				return nil, fail("neither a [section] nor option = value")
			}
			in[key] = option{strings.TrimSpace(value), i + 1}
			last, indent = key, further
		}
	}
	for _, s := range out {
		for key, o := range defaults {
			if _, own := s.options[key]; !own {
				s.options[key] = o
			}
		}
	}
	return out, nil
}

// cutAny cuts at the first of several characters.
func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

var reference = regexp.MustCompile(`%\(([^)]*)\)s|%%|%`)

// get returns the value of an option with its %(references)s resolved; "" when
// there is none. The error tells no value.
func (s section) get(file, key string) (string, error) {
	o, there := s.options[key]
	if !there {
		return "", nil
	}
	r := resolver{options: s.options, left: maxReferences}
	value := r.resolve(o.value)
	if r.why != "" {
		return "", fmt.Errorf("%s:%d: %s: %s: Swift does not start with this file", file, o.line, key, r.why)
	}
	return value, nil
}

// Bounds of what references can make of a file.
const (
	maxReferences = 100
	maxValue      = 64 << 10
)

// resolver replaces references; why says what is wrong with them.
type resolver struct {
	options map[string]option
	left    int
	why     string
}

func (r *resolver) resolve(value string) string {
	if len(value) > maxValue {
		r.why = "it is too long"
	}
	if r.why != "" {
		return ""
	}
	out := reference.ReplaceAllStringFunc(value, func(m string) string {
		switch {
		case m == "%%":
			return "%"
		case m == "%":
			r.why = "a lone %, which must be written %%"
			return ""
		case r.left == 0:
			r.why = "too many references, or one to itself"
			return ""
		}
		r.left--
		o, there := r.options[strings.ToLower(m[2:len(m)-2])]
		if !there {
			r.why = "it refers to an option that is not there"
			return ""
		}
		return r.resolve(o.value)
	})
	return out
}
