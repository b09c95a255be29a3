//go:build unix

package ptytest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSessionSeesWhatAProgramPaints(t *testing.T) {
	s := Open(t, Options{Width: 40, Height: 5}, "sh", "-c",
		`printf '\033[?1049h\033[2J\033[2;3H東京 ok\033]52;c;aGk=\a'; read x; printf '\033[1;1Hgot %s' "$x"; read y; printf '\033[?1049l'; exit 3`)
	s.See("東京 ok")
	if lines := strings.Split(s.Screen(), "\n"); lines[1] != "  東京 ok" {
		t.Errorf("the second line is %q", lines[1])
	}
	if !s.Alt() {
		t.Error("the alternate screen is not on")
	}
	s.Press("hello", "enter")
	s.See("got hello")
	s.Press("enter")
	if code := s.Exit(60 * time.Second); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if s.Alt() || !slices.Contains(s.Strings(), "]52;c;aGk=") {
		t.Errorf("alternate screen %v, strings %q", s.Alt(), s.Strings())
	}
}

func TestScreenModel(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"wrap at the margin":   {"abcdef", "abcde\nf\n\n"},
		"erase to the end":     {"abc\x1b[1;2H\x1b[K", "a\n\n\n"},
		"insert and delete":    {"abc\r\x1b[2@\x1b[1;5H\x1b[1;1H\x1b[P", " abc\n\n\n"},
		"repeat":               {"x\x1b[3b", "xxxx\n\n\n"},
		"scroll a region":      {"1\r\n2\r\n3\x1b[2;3r\x1b[3;1H\n4", "1\n3\n4\n"},
		"sequence in pieces":   {"a\x1b", "a\n\n\n"},
		"combining mark":       {"e\u0301x", "e\u0301x\n\n\n"},
		"title is no text":     {"\x1b]2;title\x1b\\a", "a\n\n\n"},
		"reverse index at top": {"a\x1b[1;1H\x1bMb", "b\na\n\n"},
	} {
		v := newVT(5, 3)
		for i := range len(c.in) { // a byte at a time: pieces must not matter
			v.write([]byte{c.in[i]})
		}
		if got := v.text(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
