// Package kittest checks frames in tests: their size, that nothing but styles is
// in them besides text, and how they look against golden files.
package kittest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden compares a frame with testdata/NAME.golden of the package under test;
// with -update it writes the file. Look at the file with cat: it has the colours.
func Golden(t testing.TB, name, frame string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(frame+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update and look at what it writes", err)
	}
	if string(want) != frame+"\n" {
		t.Errorf("%s differs%s\ngot:\n%s\nwant:\n%s", path, firstDifference(frame+"\n", string(want)), Plain(frame), Plain(string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf(" in line %d: got %q, want %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf(": %d lines, want %d", len(g), len(w))
}

// Plain is a frame without its styles.
func Plain(frame string) string { return ansi.Strip(frame) }

// Check fails unless the frame is exactly h lines of exactly w columns, every
// line ends in no style, and nothing but styles and printable text is in it.
func Check(t testing.TB, frame string, w, h int) {
	t.Helper()
	for _, fault := range Faults(frame, w, h) {
		t.Error(fault)
	}
}

// Within is Check for a dialog, which draws at most w×h: all lines of one width.
func Within(t testing.TB, frame string, w, h int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	width := ansi.StringWidth(lines[0])
	if width > w || len(lines) > h {
		t.Errorf("%d×%d does not fit into %d×%d", width, len(lines), w, h)
	}
	Check(t, frame, width, len(lines))
}

// Faults lists what is wrong with a frame.
func Faults(frame string, w, h int) []string {
	var out []string
	lines := strings.Split(frame, "\n")
	if len(lines) != h {
		out = append(out, fmt.Sprintf("%d lines, want %d", len(lines), h))
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != w {
			out = append(out, fmt.Sprintf("line %d is %d columns wide, want %d: %q", i+1, got, w, line))
		}
		if fault := unclean(line); fault != "" {
			out = append(out, fmt.Sprintf("line %d: %s: %q", i+1, fault, line))
		}
	}
	return out
}

func unclean(line string) string {
	styled := false
	for i := 0; i < len(line); {
		if n := sgr(line[i:]); n > 0 {
			styled = line[i:i+n] != "\x1b[m" && line[i:i+n] != "\x1b[0m"
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return "broken UTF-8"
		case unicode.IsControl(r):
			return fmt.Sprintf("control character %q", r)
		}
		i += n
	}
	if styled {
		return "a style is open at the end of the line"
	}
	return ""
}

// sgr is the length of the style sequence at the start of s, 0 for none.
func sgr(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	n := 2
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == ';') {
		n++
	}
	if n < len(s) && s[n] == 'm' {
		return n + 1
	}
	return 0
}

// Key makes the message of a key as Bubble Tea names it: "a", "G", "東", "enter",
// "ctrl+u", "shift+tab".
func Key(name string) tea.KeyPressMsg {
	var k tea.KeyPressMsg
	for {
		mod, rest, ok := strings.Cut(name, "+")
		m, known := modifiers[mod]
		if !ok || !known || rest == "" {
			break
		}
		k.Mod |= m
		name = rest
	}
	if code, ok := codes[name]; ok {
		k.Code = code
		if name == "space" && k.Mod == 0 {
			k.Text = " "
		}
		return k
	}
	k.Code, _ = utf8.DecodeRuneInString(name)
	if k.Mod == 0 {
		k.Text = name
	}
	return k
}

var modifiers = map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "alt": tea.ModAlt, "shift": tea.ModShift}

var codes = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "space": tea.KeySpace,
	"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "up": tea.KeyUp, "down": tea.KeyDown,
	"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
}
