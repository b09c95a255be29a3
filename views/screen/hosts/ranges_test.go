package hosts

import (
	"strings"
	"testing"
)

func TestRanges(t *testing.T) {
	names := []string{"sw1", "sw01", "sw001", "sw002", "sw009", "sw010", "sw040", "sw041", "sw1000", "swx", "sw001-b", "r1n01", "r1n20", "r2n01", "db7"}
	for word, want := range map[string]string{
		"sw[001-010]":     "sw001 sw002 sw009 sw010",
		"sw[1-40]":        "sw1",
		"sw[9-1000]":      "sw1000",
		"sw[001,040-041]": "sw001 sw040 sw041",
		"r[1-2]n[01-10]":  "r1n01 r2n01",
		"r1n[01-20]":      "r1n01 r1n20",
		"sw[001-002],db7": "sw001 sw002 db7",
		"sw[001]-b":       "sw001-b",
		"sw[":             "sw1 sw01 sw001 sw002 sw009 sw010 sw040 sw041 sw1000 swx sw001-b",
		"r[1-2]n[0":       "r1n01 r1n20 r2n01",
		"sw[x-y]":         "",
		"[":               strings.Join(names, " "),
	} {
		match := Ranges(word)
		var got []string
		for _, n := range names {
			if match(n) {
				got = append(got, n)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s shows %q, want %q", word, got, want)
		}
	}
	if Ranges("sw001") != nil {
		t.Error("a plain word is taken for a range")
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"sw[001-040]", "a[1-2]b[3,4-5]c", "[[", "x[9999999999]", ",,[", "]["} {
		f.Add(s, "sw007")
	}
	f.Fuzz(func(t *testing.T, word, name string) {
		if m := Ranges(word); m != nil {
			m(name)
		}
	})
}
