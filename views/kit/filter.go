package kit

import (
	"slices"
	"strings"
)

// Language is what the filter of a list understands: words, ~fuzzy, !not and
// field:value, separated by spaces; a row must match all of them.
type Language[T any] struct {
	Fields []FilterField[T]
	Text   func(T) string // where a word is looked for, in lower case
	Name   func(T) string // where ~fuzzy looks, in lower case
	// Special makes the test of a word that is more than text, such as a range of
	// names; it returns nil for others. It may be nil.
	Special func(word string) func(T) bool
}

// FilterField is something that a query can name.
type FilterField[T any] struct {
	Name  string
	Match func(row T, text string) bool // text is in lower case and not empty
	// Jumps says that a longer text may match what the beginning of it does not.
	Jumps bool
}

// Filter is a query. The zero Filter matches every row.
type Filter[T any] struct {
	Unknown []string // words with a colon whose first part is no field

	lang  *Language[T]
	terms []term[T]
}

type term[T any] struct {
	not, fuzzy bool
	field      *FilterField[T] // nil: the usual places
	special    func(T) bool    // nil: text alone
	text       string
}

// Parse makes a filter of what was typed. There is no wrong query: what is not
// understood is looked for as it stands.
func (l *Language[T]) Parse(query string) Filter[T] {
	f := Filter[T]{lang: l}
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		var t term[T]
		word, t.not = strings.CutPrefix(word, "!")
		word, t.fuzzy = strings.CutPrefix(word, "~")
		t.text = word
		if name, value, ok := strings.Cut(word, ":"); ok && name != "" && !t.fuzzy {
			if i := slices.IndexFunc(l.Fields, func(f FilterField[T]) bool { return f.Name == name }); i >= 0 {
				t.field, t.text = &l.Fields[i], value
			} else {
				f.Unknown = append(f.Unknown, name) // web:1.9 is a word too
			}
		}
		if t.text == "" {
			continue
		}
		if l.Special != nil && t.field == nil && !t.fuzzy {
			t.special = l.Special(t.text)
		}
		f.terms = append(f.terms, t)
	}
	return f
}

// Names lists the fields, for people who named another one.
func (l *Language[T]) Names() string {
	names := make([]string, len(l.Fields))
	for i, f := range l.Fields {
		names[i] = f.Name
	}
	return strings.Join(names, " ")
}

// Match reports whether a row passes.
func (f Filter[T]) Match(row T) bool {
	for i := range f.terms {
		if f.terms[i].match(f.lang, row) == f.terms[i].not {
			return false
		}
	}
	return true
}

func (t *term[T]) match(l *Language[T], row T) bool {
	switch {
	case t.field != nil:
		return t.field.Match(row, t.text)
	case t.special != nil:
		return t.special(row)
	case t.fuzzy:
		return subsequence(l.Name(row), t.text)
	}
	return strings.Contains(l.Text(row), t.text)
}

// subsequence says whether the letters of text are in s in their order: what a
// fuzzy finder takes for a match, without the ranking, since a list keeps its
// own order.
func subsequence(s, text string) bool {
	for _, r := range text {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+1:] // the rest of a longer rune matches no rune
	}
	return true
}

// Narrows says that everything that f matches, g matched too, as after one more
// letter: only what is shown needs to be looked at.
func (f Filter[T]) Narrows(g Filter[T]) bool {
	n := len(g.terms)
	if len(f.terms) < n {
		return false
	}
	if n == 0 {
		return true
	}
	for i := range n - 1 {
		if !f.terms[i].same(g.terms[i]) {
			return false
		}
	}
	a, b := f.terms[n-1], g.terms[n-1]
	if a.same(b) {
		return true
	}
	kind := a.field == b.field && a.fuzzy == b.fuzzy && !a.not && !b.not && a.special == nil && b.special == nil
	return kind && (a.field == nil || !a.field.Jumps) && strings.HasPrefix(a.text, b.text)
}

func (t term[T]) same(u term[T]) bool {
	return t.not == u.not && t.fuzzy == u.fuzzy && t.field == u.field && t.text == u.text
}
