package fleet

import (
	"encoding/json"
	"fmt"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, for
// editors. It accepts every file that Parse accepts; what needs more than one
// place to judge (references, ranges, addresses) only Parse refuses.
func Schema() []byte {
	s := root.jsonSchema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "ringside.yaml"
	s["anyOf"] = []any{ // a fleet of nothing is refused
		map[string]any{"required": []string{"hosts"}}, map[string]any{"required": []string{"engines"}},
		map[string]any{"required": []string{"clusters"}}, map[string]any{"required": []string{"registries"}},
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("fleet: schema: %v", err)) // maps of plain values always marshal
	}
	return append(out, '\n')
}

var jsonTypes = map[kind]string{kindObject: "object", kindDict: "object", kindList: "array", kindText: "string",
	kindNumber: "integer", kindBool: "boolean"}

func (s *shape) jsonSchema() map[string]any {
	out := map[string]any{"description": s.doc}
	if t := jsonTypes[s.kind]; s.empty {
		out["type"] = []string{t, "null"}
	} else if t != "" {
		out["type"] = t
	}
	switch s.kind {
	case kindObject:
		if s.short != "" {
			object := map[string]any{"type": "object"}
			s.jsonObject(object)
			delete(out, "type")
			out["oneOf"] = []any{s.field(s.short).jsonSchema(), object}
			break
		}
		s.jsonObject(out)
	case kindDict:
		out["additionalProperties"] = s.of.jsonSchema()
		out["propertyNames"] = map[string]any{"pattern": s.names.re.String()}
	case kindList:
		out["items"] = s.of.jsonSchema()
	case kindNumber:
		if s.only != nil {
			out["enum"] = s.only
			break
		}
		out["minimum"], out["maximum"] = s.min, s.max
	case kindText:
		s.jsonText(out)
	case kindMany:
		one := s.of.jsonSchema()
		out["oneOf"] = []any{one, map[string]any{"type": "array", "items": one, "minItems": s.min}}
	case kindTexts:
		text := map[string]any{"type": "string"}
		s.jsonText(text)
		out["oneOf"] = []any{text, map[string]any{"type": "array", "items": text, "minItems": s.min}}
	}
	return out
}

func (s *shape) jsonObject(out map[string]any) {
	properties, required := map[string]any{}, []string{}
	for _, f := range s.fields {
		properties[f.name] = f.shape.jsonSchema()
		if f.required {
			required = append(required, f.name)
		}
	}
	out["properties"], out["additionalProperties"] = properties, false
	if len(required) > 0 {
		out["required"] = required
	}
	var one []any
	for _, name := range s.one {
		one = append(one, map[string]any{"required": []string{name}})
	}
	if one != nil {
		out["oneOf"] = one
	}
}

func (s *shape) jsonText(out map[string]any) {
	out["minLength"], out["maxLength"] = 1, s.longest()
	if s.syntax != nil {
		out["pattern"] = s.syntax.re.String()
	}
	if s.enum != nil {
		out["enum"] = s.enum
	}
}
