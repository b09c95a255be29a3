package keymap

import (
	"errors"
	"strings"
	"testing"
)

func TestTheTableHasNoConflicts(t *testing.T) {
	if _, faults := New(Table, nil); len(faults) > 0 {
		t.Fatal(errors.Join(faults...))
	}
}

// A global key must not be shadowed by accident: what is meant to differ is named.
func TestNoScopeHidesAGlobalKey(t *testing.T) {
	global := map[string]ID{}
	for _, b := range Table {
		if b.Scope == Global {
			for _, k := range b.Keys {
				global[k] = b.ID
			}
		}
	}
	for _, b := range Table {
		if b.Scope == Global {
			continue
		}
		for _, k := range b.Keys {
			if g, ok := global[k]; ok {
				t.Errorf("%s: key %q of %s hides %s", b.Scope, k, b.ID, g)
			}
		}
	}
}

func TestOneLetterMeansOneThing(t *testing.T) {
	for k, act := range map[string]ID{"d": ActDeploy, "s": ActSwap, "p": "", "y": ActSync} {
		for _, b := range Table {
			for _, have := range b.Keys {
				if have == k && b.ID != act {
					t.Errorf("%q is kept for a later act but means %s in %s", k, b.ID, b.Scope)
				}
			}
		}
	}
	acts := map[ID]string{}
	for _, b := range Table {
		system, _, _ := strings.Cut(string(b.ID), ".")
		if system != "container" && system != "power" && system != "registries" && system != "service" {
			continue
		}
		if old, ok := acts[b.ID]; ok && old != b.Keys[0] {
			t.Errorf("%s is %q in %s and %q elsewhere", b.ID, b.Keys[0], b.Scope, old)
		}
		acts[b.ID] = b.Keys[0]
	}
}

func TestOverrides(t *testing.T) {
	m, faults := New(Table, map[string][]string{"refresh": {"F5", "ctrl+r"}, "list.mark": {"ctrl+x"}})
	if faults != nil {
		t.Fatal(faults)
	}
	for key, want := range map[string]ID{"f5": Refresh, "ctrl+r": Refresh, "ctrl+x": Mark} {
		if got, _ := m.Lookup([]Scope{Containers, List, Movement}, key); got != want {
			t.Errorf("%s means %q, want %q", key, got, want)
		}
	}
	if _, ok := m.Lookup([]Scope{List}, "r"); ok {
		t.Error("the default key still works after an override")
	}
	if m.Key(Refresh) != "f5" {
		t.Errorf("label %q", m.Key(Refresh))
	}
}

func TestBadOverridesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		over map[string][]string
		want string
	}{
		"conflict":    {map[string][]string{"list.mark": {"/"}}, `key "/" means both list.filter and list.mark in lists`},
		"hides":       {map[string][]string{"container.stop": {"/"}}, `key "/" means both container.stop and list.filter in containers`},
		"hides all":   {map[string][]string{"container.stop": {"q"}}, `means both container.stop and quit`},
		"unknown":     {map[string][]string{"lists.mark": {"x"}}, `did you mean "list.mark"?`},
		"no key":      {map[string][]string{"list.mark": {"spacebar"}}, `"spacebar" is no key`},
		"no modifier": {map[string][]string{"list.mark": {"hyper+x"}}, `"hyper" is no modifier`},
	} {
		_, faults := New(Table, c.over)
		if err := errors.Join(faults...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestInnerScopesWin(t *testing.T) {
	m, _ := New([]Binding{
		{ID: "a", Scope: "in", Keys: []string{"x"}},
		{ID: "b", Scope: "out", Keys: []string{"x", "y"}},
		{ID: "c", Scope: Global, Keys: []string{"z"}, Hint: 1},
	}, nil)
	if id, _ := m.Lookup([]Scope{"in", "out"}, "x"); id != "a" {
		t.Errorf("x means %q", id)
	}
	if id, _ := m.Lookup([]Scope{"in", "out"}, "z"); id != "c" {
		t.Errorf("z means %q", id)
	}
	in := m.In("in", "out")
	if len(in) != 3 || len(in[1].Keys) != 1 || in[1].Keys[0] != "y" {
		t.Errorf("shadowed key still listed: %v", in)
	}
	if h := m.Hints("in"); len(h) != 1 || h[0].ID != "c" {
		t.Errorf("hints %v", h)
	}
}

func TestNormal(t *testing.T) {
	for in, want := range map[string]string{" ": "space", "PgDown": "pgdown", "shift+ctrl+A": "ctrl+shift+a", "G": "G", "ctrl++": "ctrl++", "+": "+", "東": "東"} {
		if got, err := Normal(in); err != nil || got != want {
			t.Errorf("Normal(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
