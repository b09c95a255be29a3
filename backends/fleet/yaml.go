package fleet

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What the YAML reader is given to chew on is bounded: its memory grows with the
// marks of a file, its stack and its paths with the nesting.
const (
	maxBytes   = 4 << 20
	maxMarks   = 500_000 // : , [ { - and line ends
	maxNesting = 32      // of [ and {
	maxIndent  = 128     // columns
	maxDashes  = 8       // "- - -" in one line
)

// readYAML returns the file's one document, nil when there is nothing in it or
// when it is broken, which is then in ps.
func readYAML(ps *problems) (node ast.Node) {
	if !bounded(ps) {
		return nil
	}
	defer func() {
		if v := recover(); v != nil { // the reader is not ours, and its input is anybody's
			ps.add(Position{}, "", "cannot be read as YAML: %v", v)
			node = nil
		}
	}()
	tokens := lexer.Tokenize(ps.src)
	if !plain(ps, tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		syntaxError(ps, err)
		return nil
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			return d.Body
		}
	}
	return nil
}

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
	marks := 0
	for i := range len(ps.src) {
		if strings.IndexByte(":,[]{}-?&*!#'\"|>%\n\r", ps.src[i]) >= 0 {
			marks++
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

// plain checks the tokens: the subset of YAML that is read, and its nesting.
func plain(ps *problems, tokens token.Tokens) bool {
	flow, dashes, line := 0, 0, 0
	for i, t := range tokens {
		at := place(t)
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
		case token.DocumentHeaderType:
			if !onlyComments(tokens[:i]) {
				ps.add(at, "remove the ---", "a second document is not read")
				return false
			}
		}
		if why := refused[t.Type]; why != "" {
			ps.add(at, "", "%s", why)
			return false
		}
		block := t.Type == token.SequenceEntryType || t.Type == token.MappingValueType
		if flow > maxNesting || dashes > maxDashes || flow == 0 && block && t.Position.IndentNum > maxIndent {
			ps.add(at, "", "is nested too deeply")
			return false
		}
	}
	return true
}

func onlyComments(tokens token.Tokens) bool {
	for _, t := range tokens {
		if t.Type != token.CommentType {
			return false
		}
	}
	return true
}

// syntaxError words an error of the YAML reader.
func syntaxError(ps *problems, err error) {
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &e) || e.GetToken() == nil {
		ps.add(Position{}, "", "cannot be read as YAML: %v", err)
		return
	}
	at, msg := place(e.GetToken()), e.GetMessage()
	if strings.Contains(msg, "'\t'") {
		ps.add(at, "indent with spaces", "a tab cannot indent YAML")
		return
	}
	hint := ""
	if rangeInFlow.MatchString(lineOf(ps.src, at.Line)) {
		hint = `between { and } a range needs quotes: {name: "sw[001-240]"}`
	}
	ps.add(at, hint, "cannot be read as YAML: %s", msg)
}

// rangeInFlow finds the likeliest slip: {name: sw[001-240]}.
var rangeInFlow = regexp.MustCompile(`\{[^"']*[\pL\pN-]\[\d`)

func lineOf(src string, n int) string {
	for l := range strings.Lines(src) {
		if n--; n == 0 {
			return l
		}
	}
	return ""
}

func place(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{}
	}
	return Position{t.Position.Line, t.Position.Column}
}

// what names a node's kind for an error message.
func what(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	}
	return fmt.Sprintf("%v", n.Type())
}
