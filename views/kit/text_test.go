package kit

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "abc": 3, "東京": 4, "ｱｲｳ": 3, "e\u0301": 1, "\x1b[1;38;5;80mab\x1b[m": 2, "😀": 2, "●": 1, "👨‍👩‍👧": 6,
	} {
		if got := Width(text); got != want {
			t.Errorf("Width(%q) = %d, want %d", text, got, want)
		}
	}
	SetGraphemes(true)
	defer SetGraphemes(false)
	for text, want := range map[string]int{"👨‍👩‍👧": 2, "1\ufe0f\u20e3": 2, "東京": 4} {
		if got := Width(text); got != want {
			t.Errorf("by graphemes Width(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestCutting(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"cut", Cut("abcdef", 4, "…"), "abc…"},
		{"cut fits", Cut("abcd", 4, "…"), "abcd"},
		{"cut to nothing", Cut("abcd", 0, "…"), ""},
		{"cut to the tail", Cut("abcd", 1, "…"), "a"},
		{"cut before a wide one", Cut("東京都", 5, ""), "東京"},
		{"cut wide with tail", Cut("東京都", 4, "…"), "東…"},
		{"cut keeps marks", Cut("ae\u0301bc", 2, ""), "ae\u0301"},
		{"cut closes a style", Cut("\x1b[1mabcd\x1b[m", 2, ""), "\x1b[1mab\x1b[m"},
		{"cut after a style", Cut("\x1b[1mab\x1b[mcd", 3, ""), "\x1b[1mab\x1b[mc"},
		{"fit", Fit("ab", 4, false, ""), "ab  "},
		{"fit right", Fit("ab", 4, true, ""), "  ab"},
		{"fit half a wide one", Fit("東京", 3, false, ""), "東 "},
		{"fit nothing", Fit("ab", -1, false, ""), ""},
		{"middle", Middle("registry.example/team/web", 13, "…"), "regist…am/web"},
		{"middle wide", Middle("東京都新宿区", 7, "…"), "東… 区"},
		{"middle tiny", Middle("abcdef", 2, "…"), "a…"},
		{"join", Join("left", "12m", 8, "…"), "left 12m"},
		{"join tight", Join("left", "12m", 6, "…"), "le…12m"},
		{"join no room", Join("left", "12m", 2, ""), "12"},
		{"cut left", cutLeft("東京都", 3), " 都"},
		{"cut left all", cutLeft("ab", 5), ""},
		{"wrap", strings.Join(Wrap("one two three", 7), "|"), "one two|three"},
		{"wrap long word", strings.Join(Wrap("abcdefgh", 3), "|"), "abc|def|gh"},
		{"lines", strings.Join(Lines("a\nbcd", 2, 3), "|"), "a |bc|  "},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func FuzzCutting(f *testing.F) {
	for _, s := range []string{"abc", "東京都", "\x1b[1mab\x1b[m", "👨‍👩‍👧x", "1\ufe0f\u20e3", "e\u0301\u0301", "\xff\x9b31m", "\x1b", "\x1b[", "क्षि", "🇯🇵🇯"} {
		for _, w := range []int{0, 1, 2, 3, 7} {
			f.Add(s, w)
		}
	}
	f.Fuzz(func(t *testing.T, s string, w int) {
		w %= 200
		for _, on := range []bool{false, true} {
			SetGraphemes(on)
			for _, tail := range []string{"", "…", "..."} {
				if !utf8.ValidString(s) { // never drawn; it must only not panic
					Fit(s, w, true, tail)
					Middle(s, w, tail)
					continue
				}
				if got := Width(Cut(s, w, tail)); got > max(w, 0) {
					t.Errorf("Cut(%q, %d, %q) is %d columns", s, w, tail, got)
				}
				if got := Width(Fit(s, w, true, tail)); got != max(w, 0) {
					t.Errorf("Fit(%q, %d, %q) is %d columns", s, w, tail, got)
				}
				if got := Width(Middle(s, w, tail)); !strings.Contains(s, "\x1b") && got > max(w, 0) {
					t.Errorf("Middle(%q, %d, %q) is %d columns", s, w, tail, got)
				}
			}
			if utf8.ValidString(s) && w > 1 && !strings.Contains(s, "\x1b") {
				l := laid{text: s}
				l.wrapAt(w)
				var rows strings.Builder
				for r := range l.rows(w) {
					from, to := l.row(r, w)
					rows.WriteString(s[from:to])
				}
				if rows.String() != s {
					t.Errorf("wrapping %q at %d loses text: %q", s, w, rows.String())
				}
			}
			for _, l := range Wrap(s, w) {
				if Width(l) > w && utf8.ValidString(s) {
					t.Errorf("Wrap(%q, %d) has %q", s, w, l)
				}
			}
		}
		SetGraphemes(false)
	})
}

func TestUnstyle(t *testing.T) {
	text, spans := unstyle("a\x1b[1mb\x1b[38;5;80mc\x1b[md\x1b[7me\x1b[m")
	if text != "abcde" {
		t.Errorf("text %q", text)
	}
	want := []span{{1, 2, "1"}, {2, 3, "1;38;5;80"}, {4, 5, "7"}}
	if len(spans) != len(want) {
		t.Fatalf("spans %v", spans)
	}
	for i := range want {
		if spans[i] != want[i] {
			t.Errorf("span %d is %v, want %v", i, spans[i], want[i])
		}
	}
}

func TestPaintPutsMatchesOverStyles(t *testing.T) {
	var b strings.Builder
	paint(&b, "abcdef", 1, 6, "", []span{{0, 3, "1"}, {4, 5, "2"}}, []span{{2, 5, ""}}, "7")
	if want := "\x1b[1mb\x1b[m\x1b[1;7mc\x1b[m\x1b[7md\x1b[m\x1b[2;7me\x1b[mf"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		query, text string
		want        int // matches
	}{
		{"error", "Error: ERROR error", 3},
		{"Error", "Error: ERROR error", 1},
		{"[INFO]", "I [INFO] N", 1},
		{"1.2", "1x2 1.2", 1},
		{"err|warn", "warn ERR", 2},
		{"time.*out", "Timed out", 1},
		{`\Serr`, "xERR", 1},
		{"(", "f(x)", 1},
		{"|(", "a|(b", 1},
		{"^a", "aa", 1},
		{"x.*|", "", 0},
		{"東京", "東京と東京", 2},
		{"ÄB", "äb ÄB", 1},
		{"äb", "äb ÄB", 2},
		{"aab", "aaab aAB", 2},
		{"zz", "z", 0},
	} {
		m := newMatcher(c.query)
		if got := len(m.all(c.text)); got != c.want {
			t.Errorf("%q in %q: %d matches, want %d", c.query, c.text, got, c.want)
		}
		if c.want > 0 && !m.in(c.text) {
			t.Errorf("%q is not in %q", c.query, c.text)
		}
	}
	if newMatcher("") != nil {
		t.Error("the empty query matches")
	}
}
