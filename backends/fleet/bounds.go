package fleet

import (
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// What the YAML reader is given to chew on is bounded: its memory grows with the
// marks of a file, its stack and its paths with the nesting.
const (
	maxBytes   = 4 << 20
	maxMarks   = 500_000 // : , [ { - and line ends
	maxBlank   = 1000    // lines: in a block of text the reader's time is quadratic
	maxNesting = 32      // of [ and {
	maxIndent  = 128     // columns
	maxDashes  = 8       // "- - -" in one line
	maxAliases = 10_000  // and anchors: the time is quadratic for those in one line
	maxKeys    = 2000    // of one block mapping: the reader recurses for each, and its time is quadratic
)

// bounded checks what can be told without reading YAML.
func bounded(ps *problems) bool {
	if len(ps.src) > maxBytes {
		ps.src = ""
		ps.add(Position{}, "ranges such as sw[001-240] make it shorter", "is larger than %d MiB", maxBytes>>20)
		return false
	}
	if !utf8.ValidString(ps.src) {
		at := Position{1, 1}
		for i, r := range ps.src {
			if _, n := utf8.DecodeRuneInString(ps.src[i:]); r == utf8.RuneError && n == 1 {
				break
			}
			if at.Column++; r == '\n' {
				at = Position{at.Line + 1, 1}
			}
		}
		ps.add(at, "save the file as UTF-8", "this byte is no UTF-8 text")
		return false
	}
	marks, blank := 0, 0
	for i := range len(ps.src) {
		switch c := ps.src[i]; c {
		case '\n', '\r':
			marks++
			if blank++; blank > maxBlank {
				ps.add(Position{}, "", "holds more than %d empty lines in a row", maxBlank)
				return false
			}
		case ' ', '\t':
		case ':', ',', '[', ']', '{', '}', '-', '?', '&', '*', '!', '#', '\'', '"', '|', '>', '%':
			marks++
			blank = 0
		default:
			blank = 0
		}
	}
	if marks > maxMarks {
		ps.add(Position{}, "ranges such as sw[001-240] make it shorter", "holds more than %d values", maxMarks/5)
		return false
	}
	return true
}

// refused are parts of YAML that this file has no use for.
var refused = map[token.Type]string{
	token.TagType:        "tags such as !name are not read here",
	token.MappingKeyType: "keys marked with ? are not read here",
	token.DirectiveType:  "directives are not read here",
	token.MergeKeyType:   "merge keys (<<) are not read here; write the keys out",
}

// plain checks the tokens: the subset of YAML that is read, and its size.
func plain(ps *problems, tokens token.Tokens) bool {
	flow, dashes, line, aliases := 0, 0, 0, 0
	var levels keyLevels
	var entry *token.Token // the list entry that has no value so far
	for i, t := range tokens {
		at, why, hint := place(t), refused[t.Type], ""
		if at.Line != line {
			line, dashes = at.Line, 0
		}
		keys, bare := 0, entry
		if t.Type != token.CommentType {
			entry = nil
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
			levels.leave(at.Column)
			entry = t
			if bare != nil && place(bare).Line != at.Line && place(bare).Column >= at.Column {
				at, why = place(bare), "this entry has no value" // never meant, and slow to read in great number
			}
		case token.AnchorType, token.AliasType:
			aliases++
		case token.MappingValueType:
			if flow == 0 {
				keys = levels.key(keyColumn(tokens, i))
			}
		case token.DocumentHeaderType:
			if !onlyComments(tokens[:i]) {
				why, hint = "a second document is not read", "remove the ---"
			}
		}
		block := t.Type == token.SequenceEntryType || t.Type == token.MappingValueType
		switch {
		case flow > maxNesting, dashes > maxDashes, flow == 0 && block && t.Position.IndentNum > maxIndent:
			why = "is nested too deeply"
		case aliases > maxAliases:
			why = fmt.Sprintf("is one of more than %d anchors and aliases", maxAliases)
		case keys > maxKeys:
			why = fmt.Sprintf("is one of more than %d keys in one place", maxKeys)
		}
		if why != "" {
			ps.add(at, hint, "%s", why)
			return false
		}
	}
	return true
}

// keyLevels counts the keys of the block mappings that are open, outermost first.
type keyLevels []struct{ column, keys int }

// key counts a key in a column and returns how many its mapping has.
func (l *keyLevels) key(column int) int {
	l.leave(column)
	if n := len(*l); n == 0 || (*l)[n-1].column < column {
		*l = append(*l, struct{ column, keys int }{column, 0})
	}
	top := &(*l)[len(*l)-1]
	top.keys++
	return top.keys
}

// leave closes the mappings right of a column.
func (l *keyLevels) leave(column int) {
	n := len(*l)
	for n > 0 && (*l)[n-1].column > column {
		n--
	}
	*l = (*l)[:n]
}

// keyColumn is where the key before the colon tokens[i] begins.
func keyColumn(tokens token.Tokens, i int) int {
	if i > 0 && tokens[i-1].Position.Line == tokens[i].Position.Line {
		return tokens[i-1].Position.Column
	}
	return tokens[i].Position.Column
}

func onlyComments(tokens token.Tokens) bool {
	for _, t := range tokens {
		if t.Type != token.CommentType {
			return false
		}
	}
	return true
}
