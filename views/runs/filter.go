package runs

import "strings"

// Match reports whether a run passes a query: words, ~fuzzy, !not and
// field:value, separated by spaces; all of them must hold. The fields are user,
// host, status, kind and id.
func Match(r Row, query string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		word, not := strings.CutPrefix(word, "!")
		if word != "" && matches(r, word) == not {
			return false
		}
	}
	return true
}

var fields = map[string]func(Row) string{
	"user":   func(r Row) string { return r.User },
	"host":   func(r Row) string { return r.Host },
	"status": func(r Row) string { return word(r) },
	"kind":   func(r Row) string { return r.Kind },
	"id":     func(r Row) string { return r.ID },
}

func matches(r Row, text string) bool {
	all := strings.ToLower(strings.Join([]string{r.Title, word(r), r.Status, r.User, r.Host, r.Kind, r.ID, r.Reason}, "\x00"))
	if fuzzy, ok := strings.CutPrefix(text, "~"); ok {
		return subsequence(strings.ToLower(r.Title), fuzzy)
	}
	if name, value, ok := strings.Cut(text, ":"); ok && fields[name] != nil {
		return strings.Contains(strings.ToLower(fields[name](r)), value)
	}
	return strings.Contains(all, text)
}

func subsequence(s, text string) bool {
	for _, r := range text {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+1:]
	}
	return true
}
