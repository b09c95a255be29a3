package docker

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

const stamped = "2026-11-23T04:05:06.000000007Z "

func frame(stream byte, text string) string {
	var h [8]byte
	h[0] = stream
	binary.BigEndian.PutUint32(h[4:], uint32(len(text)))
	return string(h[:]) + text
}

func TestDemux(t *testing.T) {
	long := strings.Repeat("x", recordLen)
	for _, tc := range []struct {
		name, in string
		want     []LogLine
		fails    bool
	}{
		{"lines of both streams", frame(1, stamped+"out\n") + frame(2, stamped+"err\n"), []LogLine{{Stream: Stdout, Text: "out"}, {Stream: Stderr, Text: "err"}}, false},
		{"a line in records", frame(1, stamped+long) + frame(2, stamped+"e\n") + frame(1, stamped+"end\n"), []LogLine{{Stream: Stderr, Text: "e"}, {Stream: Stdout, Text: long + "end"}}, false},
		{"an exact record", frame(1, stamped+long) + frame(1, stamped+"\n"), []LogLine{{Stream: Stdout, Text: long}}, false},
		{"no newline at the end", frame(1, stamped+"last"), []LogLine{{Stream: Stdout, Text: "last"}}, false},
		{"empty lines", frame(1, stamped+"\n") + frame(1, stamped+"\n"), []LogLine{{Stream: Stdout}, {Stream: Stdout}}, false},
		{"progress and colours", frame(1, stamped+"1%\r2%\x1b[31m\r\n"), []LogLine{{Stream: Stdout, Text: "1% 2%"}}, false},
		{"tabs", frame(1, stamped+"a\tb\n"), []LogLine{{Stream: Stdout, Text: "a       b"}}, false},
		{"no frames at all", "HTTP/1.1 200 OK", nil, true},
		{"cut in a frame", frame(1, stamped+"whole\n") + frame(1, stamped+"half")[:20], []LogLine{{Stream: Stdout, Text: "whole"}, {Stream: Stdout, Text: stamped[:12]}}, true},
		{"the engine's error", frame(3, "disk \x1b]0;x\x07gone"), nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, r := range []func() error{
				func() error { return check(t, strings.NewReader(tc.in), demux, tc.want) },
				func() error { return check(t, iotest.OneByteReader(strings.NewReader(tc.in)), demux, tc.want) },
			} {
				if err := r(); (err != nil) != tc.fails || err != nil && strings.ContainsRune(err.Error(), 0x1b) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

func TestRaw(t *testing.T) {
	long := strings.Repeat("y", recordLen)
	in := stamped + "one\r\n" + stamped + long + stamped + long + stamped + "end\r\n" + stamped + long + stamped + "\r\n" + stamped + "two"
	want := []LogLine{{Stream: Stdout, Text: "one"}, {Stream: Stdout, Text: long + long + "end"}, {Stream: Stdout, Text: long}, {Stream: Stdout, Text: "two"}}
	for _, r := range []func() error{
		func() error { return check(t, strings.NewReader(in), raw, want) },
		func() error { return check(t, iotest.OneByteReader(strings.NewReader(in)), raw, want) },
	} {
		if err := r(); err != nil {
			t.Error(err)
		}
	}
}

func check(t *testing.T, r io.Reader, read func(io.Reader, func(LogLine)) error, want []LogLine) error {
	t.Helper()
	var got []LogLine
	err := read(r, func(l LogLine) { got = append(got, l) })
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
		return err
	}
	for i, l := range got {
		if l.Stream != want[i].Stream || l.Text != want[i].Text || l.Cut != want[i].Cut {
			t.Errorf("line %d: %.80q, want %.80q", i, l.Text, want[i].Text)
		}
		if strings.HasSuffix(stamped, l.Text) {
			continue // what is left of a timestamp that was cut
		}
		if at := time.Date(2026, 11, 23, 4, 5, 6, 7, time.UTC); !l.At.Equal(at) && !strings.HasPrefix(l.Text, "2026") {
			t.Errorf("line %d at %v", i, l.At)
		}
	}
	return err
}

func TestLongLines(t *testing.T) {
	for name, unit := range map[string]string{"ascii": "x", "two bytes": "é", "three bytes": "日", "four bytes": "👩", "tabs": "a\t", "broken": "\xff"} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		var got []LogLine
		if err := demux(strings.NewReader(frame(1, stamped+text+"\n")), func(l LogLine) { got = append(got, l) }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || len(got[0].Text) > MaxLogLine || got[0].Cut == 0 || !utf8.ValidString(got[0].Text) {
			t.Errorf("%s: %d lines", name, len(got))
		} else if name != "tabs" && name != "broken" && len(got[0].Text)+got[0].Cut != len(text) {
			t.Errorf("%s: %d shown and %d cut of %d", name, len(got[0].Text), got[0].Cut, len(text))
		}
	}
}

func fuzzLog(f *testing.F, read func(io.Reader, func(LogLine)) error) {
	for _, s := range []string{"", frame(1, stamped+"a\n") + frame(2, "b"), frame(3, "x"), stamped + "a\r\n\n", "\x1b]52;c;", frame(1, "")} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		texts := func(r io.Reader) (out []string) {
			_ = read(r, func(l LogLine) {
				if len(l.Text) > MaxLogLine || l.Cut < 0 || strings.ContainsAny(l.Text, "\x00\x1b\n\r\a\u009b\u202e") || !utf8.ValidString(l.Text) {
					t.Errorf("line %q, %d cut", l.Text, l.Cut)
				}
				out = append(out, l.Text)
			})
			return out
		}
		// How the bytes are cut into reads must not matter.
		if a, b := texts(bytes.NewReader(in)), texts(iotest.OneByteReader(bytes.NewReader(in))); strings.Join(a, "\n") != strings.Join(b, "\n") {
			t.Errorf("whole: %q, byte by byte: %q", a, b)
		}
	})
}

func FuzzDemux(f *testing.F) { fuzzLog(f, demux) }
func FuzzRaw(f *testing.F)   { fuzzLog(f, raw) }
