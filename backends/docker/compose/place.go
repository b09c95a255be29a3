package compose

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// at puts the place of a key in front of an error, as far as the key is found.
func (r *reader) at(err error, path ...string) error {
	if n := r.find(path...); n != nil {
		if t := n.GetToken(); t != nil && t.Position != nil {
			return fmt.Errorf("%s:%d:%d: %w", r.File, t.Position.Line, t.Position.Column, err)
		}
	}
	return fmt.Errorf("%s: %w", r.File, err)
}

// find returns the deepest key of a path that the file has, nil for none.
func (r *reader) find(path ...string) (found ast.Node) {
	defer func() {
		if recover() != nil { // a reader that is not ours; the place is a courtesy
			found = nil
		}
	}()
	file, err := parser.ParseBytes(r.text, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil
	}
	at := file.Docs[0].Body
	for _, name := range path {
		v := child(at, name)
		if v == nil {
			break
		}
		found, at = v.Key, v.Value
	}
	return found
}

// part is the text of a key with what is below it.
func (r *reader) part(path ...string) string {
	file, err := parser.ParseBytes(r.text, 0)
	if err != nil || len(file.Docs) == 0 {
		return string(r.text)
	}
	at := file.Docs[0].Body
	for _, name := range path {
		v := child(at, name)
		if v == nil {
			return string(r.text)
		}
		at = v.Value
	}
	return at.String()
}

func child(n ast.Node, name string) *ast.MappingValueNode {
	for {
		switch a := n.(type) {
		case *ast.AnchorNode:
			n = a.Value
			continue
		case *ast.MappingNode:
			for _, v := range a.Values {
				if strings.Trim(v.Key.String(), `"'`) == name {
					return v
				}
			}
		case *ast.MappingValueNode:
			if strings.Trim(a.Key.String(), `"'`) == name {
				return a
			}
		}
		return nil
	}
}
