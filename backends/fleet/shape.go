package fleet

import "regexp"

// kind is what a value in the configuration file can be.
type kind uint8

const (
	kindObject kind = iota // known keys
	kindDict               // free names to values of one shape
	kindList
	kindText
	kindTexts // one text, or a list of them
	kindNumber
	kindBool
	kindMany // one object, or a list of them
)

// String names the kind as an error message does: "must be …".
func (k kind) String() string {
	return [...]string{"keys and values", "names and values", "a list", "text", "text or a list of texts",
		"a whole number", "true or false", "keys and values, or a list of them"}[k]
}

// shape describes one value of the configuration file. The checker and the JSON
// Schema are both made from the tree of shapes in schema.go, and from nothing else.
type shape struct {
	kind   kind
	doc    string
	fields []field  // object
	one    []string // object: exactly one of these keys is set
	short  string   // object: the key that a plain text in its place stands for
	inline string   // object: what to say to a plain text in its place, which is then never shown
	names  *syntax  // dict: how names are written
	of     *shape   // dict, list, many
	enum   []string // text
	only   []int    // number: the ones there are, instead of min and max
	syntax *syntax  // text, texts
	lines  bool     // text, texts: may span several lines
	hidden bool     // text: could be a secret by mistake, so it is never shown
	min    int      // number: smallest; list, texts, many: fewest items
	max    int      // number: largest; text: most characters, 0 for maxText
	empty  bool     // may be left without a value, which means the same as absence
}

// field is one key of an object.
type field struct {
	name     string
	required bool
	shape    *shape
}

// field returns the shape of a key, nil when the object does not know it.
func (s *shape) field(name string) *shape {
	for i := range s.fields {
		if s.fields[i].name == name {
			return s.fields[i].shape
		}
	}
	return nil
}

func (s *shape) fieldNames() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.name
	}
	return names
}

// longest is the most characters a text may have.
func (s *shape) longest() int {
	if s.max > 0 {
		return s.max
	}
	return maxText
}

// syntax is how a text is written. The pattern must mean the same in RE2 and in
// ECMA 262, because it goes into the JSON Schema too.
type syntax struct {
	re   *regexp.Regexp
	says string // completes "must be …"
}

func written(pattern, says string) *syntax {
	return &syntax{regexp.MustCompile(pattern), says}
}
