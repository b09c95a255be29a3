package fleet

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, line, lines string }{
		"plain":                 {"web-1", "web-1", "web-1"},
		"empty":                 {"", "", ""},
		"Japanese":              {"東京 データベース", "東京 データベース", "東京 データベース"},
		"emoji family":          {"👩\u200d👧 ok ❤\ufe0f", "👩\u200d👧 ok ❤\ufe0f", "👩\u200d👧 ok ❤\ufe0f"},
		"combining":             {"e\u0301", "e\u0301", "e\u0301"},
		"tab":                   {"a\tb", "a b", "a       b"},
		"tab at eight":          {"12345678\tb", "12345678 b", "12345678        b"},
		"tab after colour":      {"\x1b[31ma\tb", "a b", "a       b"},
		"newline":               {"a\nb\tc", "a b c", "a\nb       c"},
		"CR LF":                 {"a\r\nb", "a b", "a\nb"},
		"lone CR":               {"100%\rrm", "100%rm", "100%\nrm"},
		"NUL BEL BS DEL":        {"a\x00\a\b\x7fb", "ab", "ab"},
		"colour":                {"\x1b[1;31mred\x1b[0m", "red", "red"},
		"CSI 8-bit":             {"a\u009b2Jb", "ab", "ab"},
		"CSI with intermediate": {"a\x1b[0 qb", "ab", "ab"},
		"CSI private":           {"a\x1b[?1049hb", "ab", "ab"},
		"CSI cut":               {"a\x1b[12", "a", "a"},
		"CSI broken by text":    {"a\x1b[1é", "aé", "aé"},
		"CSI broken by ESC":     {"a\x1b[1\x1b[2Jb", "ab", "ab"},
		"CSI over lines":        {"a\x1b[\nmb", "a mb", "a\nmb"},
		"OSC 52 BEL":            {"a\x1b]52;c;ZXZpbA==\ab", "ab", "ab"},
		"OSC 8 ST":              {"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", "link"},
		"OSC 8-bit":             {"a\u009d0;title\u009cb", "ab", "ab"},
		"OSC that never ends":   {"a\x1b]0;rest of the line", "a0;rest of the line", "a0;rest of the line"},
		"OSC cut by newline":    {"a\x1b]0;x\nb", "a b", "a\nb"},
		"OSC cut by ESC":        {"a\x1b]0;x\x1b[31mb", "ab", "ab"},
		"OSC cut by C1":         {"a\u009d0;x\u009b31mb", "ab", "ab"},
		"DCS":                   {"a\x1bPq#0;2\x1b\\b", "ab", "ab"},
		"SOS PM APC":            {"a\x1bXx\x1b\\\x1b^y\x1b\\\x1b_z\x1b\\b", "ab", "ab"},
		"APC 8-bit":             {"a\u009fG\u009cb", "ab", "ab"},
		"charset":               {"a\x1b(0b", "ab", "ab"},
		"reset":                 {"a\x1bcb", "ab", "ab"},
		"two byte":              {"a\x1b7\x1b=b", "ab", "ab"},
		"ESC at the end":        {"a\x1b", "a", "a"},
		"ESC ESC":               {"a\x1b\x1b[31mb", "ab", "ab"},
		"other C1":              {"a\u0085\u008db", "ab", "ab"},
		"invalid UTF-8":         {"a\xffb\xc3", "a\ufffdb\ufffd", "a\ufffdb\ufffd"},
		"raw C1 byte":           {"a\x9b31mb", "a\ufffd31mb", "a\ufffd31mb"},
		"C1 made of halves":     {"a\xc2\x1b[m\x9b2Jb", "a\ufffd\ufffd2Jb", "a\ufffd\ufffd2Jb"},
		"surrogate":             {"\xed\xa0\x80", "\ufffd\ufffd\ufffd", "\ufffd\ufffd\ufffd"},
		"bidi override":         {"a\u202etxt.exe\u202cb\u2066c\u2069", "atxt.exebc", "atxt.exebc"},
		"zero width":            {"a\u200bb\ufeffc\u200e\u061cd\u2060e", "abcde", "abcde"},
		"line separators":       {"a\u2028b\u2029c", "abc", "abc"},
		"tags":                  {"a\U000e0041b", "ab", "ab"},
		"private plane":         {"a\U000f0000b", "ab", "ab"},
	} {
		if got := Clean(c.in); got != c.line {
			t.Errorf("%s: Clean(%q) = %q, want %q", name, c.in, got, c.line)
		}
		if got := CleanLines(c.in); got != c.lines {
			t.Errorf("%s: CleanLines(%q) = %q, want %q", name, c.in, got, c.lines)
		}
	}
}

// A line of nothing but introducers takes time in proportion to its length: were
// each one to look for its end to the end of the line, this would take hours.
func TestCleanHostileLine(t *testing.T) {
	for _, intro := range []string{"\u009d", "\u009b", "\x1b]", "\x1b[", "\x1bP", "\u0090x", "\x1b(", "\x1b"} {
		if got := Clean(strings.Repeat(intro, 4<<20)); strings.Trim(got, "x") != "" {
			t.Errorf("%q: %.20q is left", intro, got)
		}
	}
}

// What is clean already costs nothing.
func TestCleanDoesNotAllocate(t *testing.T) {
	s := strings.Repeat("plain text ", 100)
	if n := testing.AllocsPerRun(10, func() { Clean(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a\x1b[31mb", "\x1b]0;x\a", "\xc2\x1b[m\x9b", "a\t\r\n\u202e", "\x1b]\x1b\x1bP\u009c\u009b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, lines := range []bool{false, true} {
			got := clean(s, lines)
			if !utf8.ValidString(got) {
				t.Errorf("%q: invalid UTF-8 in %q", s, got)
			}
			for _, r := range got {
				if unicode.IsControl(r) && !(lines && r == '\n') {
					t.Errorf("%q: control %U in %q", s, r, got)
				}
			}
			if again := clean(got, lines); again != got {
				t.Errorf("%q: %q is cleaned again to %q", s, got, again)
			}
		}
	})
}

func BenchmarkClean(b *testing.B) {
	for name, s := range map[string]string{"plain": strings.Repeat("2026-11-23 GET /healthz 200 ", 40),
		"colour": strings.Repeat("\x1b[32mGET\x1b[0m /東京 200 ", 40)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Clean(s)
			}
		})
	}
}
