package fleet

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// maxAliased is how many values may be read through aliases. Without it, ten
// lines of aliases to aliases would stand for a billion values.
const maxAliased = 100_000

// value is one checked value of the file. Absent and broken ones are nil, and
// all methods take nil.
type value struct {
	at    Position
	text  string
	num   int
	yes   bool
	keys  []key    // object, dict
	items []*value // the values of keys; list, texts
}

type key struct {
	name string
	at   Position
}

func (v *value) get(name string) *value {
	if v == nil {
		return nil
	}
	for i := range v.keys {
		if v.keys[i].name == name {
			return v.items[i]
		}
	}
	return nil
}

func (v *value) list() []*value {
	if v == nil {
		return nil
	}
	return v.items
}

func (v *value) str(name string) string {
	if w := v.get(name); w != nil {
		return w.text
	}
	return ""
}

func (v *value) texts() []string {
	var out []string
	for _, w := range v.list() {
		if w != nil {
			out = append(out, w.text)
		}
	}
	return out
}

func (v *value) number(name string) int {
	if w := v.get(name); w != nil {
		return w.num
	}
	return 0
}

func (v *value) true(name string) bool {
	w := v.get(name)
	return w != nil && w.yes
}

// checker walks the file along the tree of shapes.
type checker struct {
	*problems
	anchors map[string]ast.Node
	inAlias bool
	aliased int
	told    bool // that maxAliased was passed
}

// check returns the value of a node, nil when it has none of that shape; what is
// wrong is then told. name is how messages call it, at where it would stand.
func (c *checker) check(n ast.Node, s *shape, name string, at Position) *value {
	if c.inAlias {
		if c.aliased++; c.aliased > maxAliased {
			return nil
		}
	}
	switch a := n.(type) {
	case *ast.AnchorNode:
		v := c.check(a.Value, s, name, at)
		if c.anchors == nil {
			c.anchors = map[string]ast.Node{}
		}
		c.anchors[a.Name.GetToken().Value] = a.Value // only now: an anchor cannot hold itself
		return v
	case *ast.AliasNode:
		return c.alias(a, s, name, at)
	}
	if _, null := n.(*ast.NullNode); null || n == nil {
		if !s.empty {
			c.add(at, "", "%s has no value; it must be %v", name, s.kind)
		}
		return nil
	}
	v := &value{at: start(n)}
	ok := false
	switch s.kind {
	case kindObject, kindDict:
		ok = c.checkKeys(n, s, name, v)
	case kindList:
		ok = c.checkList(n, s, s.of, name, v)
	case kindTexts:
		if _, list := n.(*ast.SequenceNode); list {
			ok = c.checkList(n, s, &shape{kind: kindText, syntax: s.syntax, max: s.max, lines: s.lines, hidden: s.hidden}, name, v)
			break
		}
		one := *v
		if ok = c.checkText(n, s, name, &one); ok {
			v.text, v.items = one.text, []*value{&one}
		}
	case kindMany:
		if _, list := n.(*ast.SequenceNode); list {
			ok = c.checkList(n, s, s.of, name, v)
			break
		}
		one := c.check(n, s.of, name, at)
		v.items, ok = []*value{one}, one != nil
	case kindText:
		ok = c.checkText(n, s, name, v)
	case kindNumber:
		ok = c.checkNumber(n, s, name, v)
	case kindBool:
		var b *ast.BoolNode
		if b, ok = n.(*ast.BoolNode); ok {
			v.yes = b.Value
		} else {
			c.wrong(n, s, name, v.at)
		}
	}
	if !ok {
		return nil
	}
	return v
}

func (c *checker) alias(a *ast.AliasNode, s *shape, name string, at Position) *value {
	to := a.Value.GetToken().Value
	n, ok := c.anchors[to]
	if !ok {
		c.add(start(a), "", "there is no anchor &%s before this place", to)
		return nil
	}
	outer := c.inAlias
	c.inAlias = true
	v := c.check(n, s, name, at)
	c.inAlias = outer
	if !outer && c.aliased > maxAliased && !c.told {
		c.add(start(a), "", "aliases stand for more than %d values", maxAliased)
		c.told = true
	}
	return v
}

// wrong tells that a value is of another kind.
func (c *checker) wrong(n ast.Node, s *shape, name string, at Position) {
	hint := ""
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if s.kind == kindText || s.kind == kindTexts {
			hint = "put it in quotes"
		}
	case *ast.StringNode:
		quoted := n.GetToken().Type == token.DoubleQuoteType || n.GetToken().Type == token.SingleQuoteType
		if quoted && (s.kind == kindNumber || s.kind == kindBool) {
			hint = "write it without quotes"
		}
	}
	if s.hidden {
		c.conceal(n)
	}
	kind := s.kind.String()
	if s.short != "" {
		kind = "text, or " + kind
	}
	c.add(at, hint, "%s must be %s, not %s", name, kind, what(n))
}

// conceal keeps a node that may hold a secret out of every line that is shown.
func (c *checker) conceal(n ast.Node) {
	t := n.GetToken()
	more := strings.Count(t.Origin, "\n")
	if l, ok := n.(*ast.LiteralNode); ok {
		t = l.Start
		more = 1 + strings.Count(strings.TrimRight(l.Value.GetToken().Origin, "\n"), "\n")
	}
	c.hide(place(t), more)
}

func (c *checker) checkKeys(n ast.Node, s *shape, name string, v *value) bool {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		if _, text := n.(*ast.StringNode); text && s.short != "" {
			one := *v
			if ok := c.checkText(n, s.field(s.short), name, &one); !ok {
				return false
			}
			v.keys, v.items = []key{{s.short, v.at}}, []*value{&one}
			return true
		}
		if s.inline == "" {
			c.wrong(n, s, name, v.at)
			return false
		}
		c.conceal(n)
		c.add(v.at, "", "%s", s.inline)
		return false
	}
	v.keys = make([]key, 0, len(pairs))
	v.items = make([]*value, 0, len(pairs))
	var seen map[string]Position // an object has few keys, a dict may have many
	if s.kind == kindDict {
		seen = make(map[string]Position, len(pairs))
	}
	for _, p := range pairs {
		k := key{keyText(p.Key), start(p.Key)}
		first, twice := seen[k.name]
		if s.kind == kindObject {
			i := slices.IndexFunc(v.keys, func(o key) bool { return o.name == k.name })
			if twice = i >= 0; twice {
				first = v.keys[i].at
			}
		} else if !twice {
			seen[k.name] = k.at
		}
		of := s.of
		if s.kind == kindObject {
			of = s.field(k.name)
		}
		switch {
		case twice:
			c.add(k.at, "", "%q is set twice; first in line %d", k.name, first.Line)
			continue
		case of == nil:
			c.unknown(k, p.Value, s)
			continue
		case s.names != nil && !s.names.re.MatchString(k.name):
			c.add(k.at, "", "%q must be %s", k.name, s.names.says)
			continue
		}
		v.keys = append(v.keys, k)
		v.items = append(v.items, c.check(p.Value, of, k.name, k.at))
	}
	for _, f := range s.fields {
		if f.required && !slices.ContainsFunc(v.keys, func(k key) bool { return k.name == f.name }) {
			c.add(v.at, "", "%s needs a value for %q", name, f.name)
		}
	}
	c.checkOne(s, name, v)
	return true
}

func (c *checker) unknown(k key, n ast.Node, s *shape) {
	switch near := nearest(k.name, slices.Values(s.fieldNames())); {
	case near != "":
		if of := s.field(near); (of.inline != "" || of.hidden) && n != nil {
			c.conceal(n)
		}
		c.add(k.at, "", "unknown key %q (did you mean %q?)", k.name, near)
	default:
		c.add(k.at, "known here: "+strings.Join(s.fieldNames(), ", "), "unknown key %q", k.name)
	}
}

// checkOne checks that exactly one of s.one is set.
func (c *checker) checkOne(s *shape, name string, v *value) {
	var set []key
	for _, k := range v.keys {
		if slices.Contains(s.one, k.name) {
			set = append(set, k)
		}
	}
	switch {
	case s.one == nil || len(set) == 1:
	case len(set) == 0:
		c.add(v.at, "", "%s needs one of: %s", name, strings.Join(s.one, ", "))
	default:
		c.add(set[1].at, "", "%s has both %q and %q; only one of them can be used", name, set[0].name, set[1].name)
	}
}

func (c *checker) checkList(n ast.Node, s, of *shape, name string, v *value) bool {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		c.wrong(n, s, name, v.at)
		return false
	}
	if len(seq.Values) < s.min {
		c.add(v.at, "", "%s must not be empty", name)
		return false
	}
	v.items = make([]*value, 0, len(seq.Values))
	one := strings.TrimSuffix(name, "s")
	for _, item := range seq.Values {
		at := v.at
		if item != nil {
			at = start(item)
		}
		v.items = append(v.items, c.check(item, of, one, at))
	}
	return true
}

func (c *checker) checkText(n ast.Node, s *shape, name string, v *value) bool {
	switch t := n.(type) {
	case *ast.StringNode:
		v.text = t.Value
	case *ast.LiteralNode:
		v.text = t.Value.Value
	default:
		c.wrong(n, s, name, v.at)
		return false
	}
	printable := v.text
	if s.lines {
		printable = strings.NewReplacer("\n", "", "\t", "").Replace(printable)
	}
	before := len(c.list) + c.more
	switch {
	case v.text == "":
		c.add(v.at, "", "%s must not be empty", name)
	case len(v.text) > s.longest() && utf8.RuneCountInString(v.text) > s.longest():
		c.add(v.at, "", "%s is longer than %d characters", name, s.longest())
	case Clean(printable) != printable:
		c.add(v.at, "", "%s holds control characters", name)
	case s.enum != nil && !slices.Contains(s.enum, v.text):
		c.add(v.at, "", "%s must be one of %s, not %q%s", name, strings.Join(s.enum, ", "), v.text,
			didYouMean(v.text, slices.Values(s.enum)))
	case s.syntax != nil && !s.syntax.re.MatchString(v.text):
		if s.hidden {
			c.add(v.at, "", "%s must be %s", name, s.syntax.says)
			break
		}
		c.add(v.at, "", "%s must be %s, not %q", name, s.syntax.says, v.text)
	}
	if len(c.list)+c.more == before {
		return true
	}
	if s.hidden {
		c.conceal(n)
	}
	return false
}

func (c *checker) checkNumber(n ast.Node, s *shape, name string, v *value) bool {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		c.wrong(n, s, name, v.at)
		return false
	}
	switch x := i.Value.(type) {
	case int64:
		v.num, ok = int(x), x >= int64(s.min) && x <= int64(s.max)
	case uint64:
		v.num, ok = int(x), x >= uint64(s.min) && x <= uint64(s.max)
	}
	switch {
	case s.only != nil && !slices.Contains(s.only, v.num):
		c.add(v.at, "", "%s must be one of %s", name, numbers(s.only))
		return false
	case s.only == nil && !ok:
		c.add(v.at, "", "%s must be between %d and %d", name, s.min, s.max)
		return false
	}
	return true
}

// numbers lists whole numbers: "3, 17".
func numbers(of []int) string {
	words := make([]string, len(of))
	for i, n := range of {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}

func keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return k.GetToken().Value
}

// start returns where a node begins: a mapping at its first key, not at its colon.
func start(n ast.Node) Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return start(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(m.Key)
	}
	return place(n.GetToken())
}
