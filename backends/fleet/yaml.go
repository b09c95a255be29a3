package fleet

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
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
