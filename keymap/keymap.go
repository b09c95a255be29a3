// Package keymap is the one table of keys: what each is called, where it works
// and what it does, in words. Help, hints, the palette and the docs are made
// from it. It knows no screen: a binding's ID is only a name.
package keymap

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ID names what a key does: "list.down", "container.stop".
type ID string

// Scope is a place in which a binding works. A key is looked up in the scopes of
// the focused place, innermost first, and in Global last.
type Scope string

// Binding is one row of the table.
type Binding struct {
	ID    ID
	Scope Scope
	Keys  []string // as Bubble Tea names them: "ctrl+p", "pgdown", "space", "?"
	Short string   // for the hint line: "filter"
	Help  string   // for the help of the place: one sentence, no full stop
	Hint  int      // place in the hint line, 1 first; 0: only in help
}

// Map is a table that was checked: within a scope no key means two things, and
// no override takes a key away from another binding of the same place.
type Map struct {
	bindings []Binding
	index    map[Scope]map[string]ID
}

// Conflict says that one key would mean two things in one place.
type Conflict struct {
	Key    string
	Scope  Scope
	First  ID
	Second ID
}

func (c Conflict) Error() string {
	return fmt.Sprintf("key %q means both %s and %s in %s; give one of them another key under keys:", c.Key, c.First, c.Second, c.Scope)
}

// New checks a table with the user's overrides applied: binding ID to keys. An
// empty list takes the key away. All faults are returned, not only the first.
func New(table []Binding, overrides map[string][]string) (*Map, []error) {
	var faults []error
	bindings := make([]Binding, len(table))
	known := map[ID]bool{}
	for i, b := range table {
		known[b.ID] = true
		if keys, ok := overrides[string(b.ID)]; ok {
			b.Keys = nil
			for _, k := range keys {
				n, err := Normal(k)
				if err != nil {
					faults = append(faults, fmt.Errorf("keys: %s: %w", b.ID, err))
					continue
				}
				b.Keys = append(b.Keys, n)
			}
		}
		bindings[i] = b
	}
	for _, id := range slices.Sorted(maps.Keys(overrides)) {
		if !known[ID(id)] {
			faults = append(faults, fmt.Errorf("keys: there is no binding %q%s", id, nearest(id, table)))
		}
	}
	m := &Map{bindings: bindings, index: map[Scope]map[string]ID{}}
	for _, b := range bindings {
		if m.index[b.Scope] == nil {
			m.index[b.Scope] = map[string]ID{}
		}
		for _, k := range b.Keys {
			if first, taken := m.index[b.Scope][k]; taken && first != b.ID {
				faults = append(faults, Conflict{k, b.Scope, first, b.ID})
				continue
			}
			m.index[b.Scope][k] = b.ID
		}
	}
	faults = append(faults, m.hidden(overrides)...)
	if len(faults) > 0 {
		return nil, faults
	}
	return m, nil
}

// hidden finds the keys of an override that would take a key from another
// binding of the same place. The table itself does so on purpose here and there
// (tab pages, say); an override that does it is a mistake.
func (m *Map) hidden(overrides map[string][]string) []error {
	var faults []error
	for _, place := range Places {
		seen := map[string]ID{}
		for _, s := range append(slices.Clip(place), Global) {
			for _, k := range slices.Sorted(maps.Keys(m.index[s])) {
				id := m.index[s][k]
				first, taken := seen[k]
				if !taken {
					seen[k] = id
					continue
				}
				_, a := overrides[string(first)]
				_, b := overrides[string(id)]
				if first != id && (a || b) {
					faults = append(faults, Conflict{k, place[0], first, id})
				}
			}
		}
	}
	return faults
}

// Lookup finds what a key means in the scopes, innermost first; Global is
// searched last whether it is named or not.
func (m *Map) Lookup(scopes []Scope, key string) (ID, bool) {
	for _, s := range append(slices.Clip(scopes), Global) {
		if id, ok := m.index[s][key]; ok {
			return id, true
		}
	}
	return "", false
}

// In returns the bindings of the scopes in table order, Global last, without
// those whose every key means something else further in.
func (m *Map) In(scopes ...Scope) []Binding {
	var out []Binding
	taken := map[string]bool{}
	for _, s := range append(slices.Clip(scopes), Global) {
		var mine []string
		for _, b := range m.bindings {
			if b.Scope != s || len(b.Keys) == 0 {
				continue
			}
			b.Keys = slices.DeleteFunc(slices.Clone(b.Keys), func(k string) bool { return taken[k] })
			if len(b.Keys) > 0 {
				out = append(out, b)
				mine = append(mine, b.Keys...)
			}
		}
		for _, k := range mine {
			taken[k] = true
		}
	}
	return out
}

// Hints returns the bindings for the hint line of a place, in the order of Hint.
func (m *Map) Hints(scopes ...Scope) []Binding {
	out := slices.DeleteFunc(m.In(scopes...), func(b Binding) bool { return b.Hint == 0 })
	slices.SortStableFunc(out, func(a, b Binding) int { return a.Hint - b.Hint })
	return out
}

// Key returns the first key of a binding as people read it, "" when it has none.
func (m *Map) Key(id ID) string {
	for _, b := range m.bindings {
		if b.ID == id && len(b.Keys) > 0 {
			return Label(b.Keys[0])
		}
	}
	return ""
}

// All returns the whole table, for the docs.
func (m *Map) All() []Binding { return m.bindings }

var labels = map[string]string{"up": "↑", "down": "↓", "left": "←", "right": "→", "pgup": "PgUp", "pgdown": "PgDn"}

// Label is a key as people read it.
func Label(key string) string {
	if l, ok := labels[key]; ok {
		return l
	}
	return key
}

var named = map[string]bool{"up": true, "down": true, "left": true, "right": true, "pgup": true, "pgdown": true, "home": true,
	"end": true, "enter": true, "esc": true, "tab": true, "space": true, "backspace": true, "delete": true, "insert": true,
	"f1": true, "f2": true, "f3": true, "f4": true, "f5": true, "f6": true, "f7": true, "f8": true, "f9": true, "f10": true, "f11": true, "f12": true}

// Normal checks a key's name and returns it in Bubble Tea's spelling.
func Normal(key string) (string, error) {
	if key == " " {
		return "space", nil
	}
	parts := strings.Split(key, "+")
	base := parts[len(parts)-1]
	if base == "" && strings.HasSuffix(key, "+") { // the plus key itself
		base, parts = "+", append(parts[:len(parts)-2:len(parts)-2], "+")
	}
	if len(parts) == 1 {
		if len([]rune(base)) == 1 || named[strings.ToLower(base)] {
			if named[strings.ToLower(base)] {
				base = strings.ToLower(base)
			}
			return base, nil
		}
		return "", fmt.Errorf("%q is no key; write a character, a name such as pgdown or f5, or ctrl+x, alt+x, shift+tab", key)
	}
	base = strings.ToLower(base)
	if !named[base] && len([]rune(base)) != 1 {
		return "", fmt.Errorf("%q is no key", key)
	}
	mods := map[string]bool{}
	for _, m := range parts[:len(parts)-1] {
		m = strings.ToLower(m)
		if m != "ctrl" && m != "alt" && m != "shift" {
			return "", fmt.Errorf("%q: %q is no modifier; use ctrl, alt or shift", key, m)
		}
		mods[m] = true
	}
	out := ""
	for _, m := range []string{"ctrl", "alt", "shift"} {
		if mods[m] {
			out += m + "+"
		}
	}
	return out + base, nil
}

func nearest(id string, table []Binding) string {
	tail := id[strings.LastIndexByte(id, '.')+1:]
	for _, b := range table {
		if strings.HasSuffix(string(b.ID), "."+tail) {
			return fmt.Sprintf(" (did you mean %q?)", b.ID)
		}
	}
	return "; `ringside help keys` lists them"
}
