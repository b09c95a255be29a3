package kittest

import "testing"

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		frame string
		w, h  int
		bad   bool
	}{
		"good":       {"ab\ncd", 2, 2, false},
		"styled":     {"\x1b[1;38;5;80mab\x1b[m", 2, 1, false},
		"wide":       {"東京", 4, 1, false},
		"short":      {"ab\nc", 2, 2, true},
		"few lines":  {"ab", 2, 2, true},
		"open style": {"\x1b[1mab", 2, 1, true},
		"cursor":     {"ab\x1b[2J", 2, 1, true},
		"bell":       {"ab\a", 2, 1, true},
		"c1":         {"ab\u009b", 2, 1, true},
		"broken":     {"a\xff", 2, 1, true},
	} {
		if got := Faults(c.frame, c.w, c.h); (len(got) > 0) != c.bad {
			t.Errorf("%s: faults %q", name, got)
		}
	}
}

func TestKeysHaveTheirNames(t *testing.T) {
	for _, name := range []string{"a", "G", "東", "enter", "esc", "ctrl+u", "shift+tab", "space", "pgdown", "alt+f", "+", "ctrl++"} {
		if got := Key(name).String(); got != name {
			t.Errorf("Key(%q) is called %q", name, got)
		}
	}
}
