package fleet

import "testing"

func TestTarget(t *testing.T) {
	for _, c := range []struct {
		t         Target
		key, text string
	}{
		{Target{Kind: KindContainer, Scope: "tokyo-1", ID: "4f66", Name: "web"}, "container/4f66", "tokyo-1/web"},
		{Target{Kind: KindContainer, Scope: "tokyo-1", Name: "web"}, "container/tokyo-1/web", "tokyo-1/web"},
		{Target{Kind: KindHost, Name: "sw001"}, "host//sw001", "sw001"},
	} {
		if c.t.Key() != c.key || c.t.String() != c.text {
			t.Errorf("%+v: key %q, text %q", c.t, c.t.Key(), c.t.String())
		}
	}
}

func TestEngineByName(t *testing.T) {
	f := parse(t, "engines: [{name: a, context: x}, {name: b, context: y}]")
	if e, ok := f.Engine("b"); !ok || e.Context != "y" {
		t.Errorf("b = %+v, %v", e, ok)
	}
	if _, ok := f.Engine("c"); ok {
		t.Error("there is an engine c")
	}
}
