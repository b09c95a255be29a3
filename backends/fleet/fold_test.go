package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for names, want := range map[string]string{
		"":                                  "",
		"web":                               "web",
		"sw002 sw001 sw003":                 "sw[001-003]",
		"sw001 sw001":                       "sw001",
		"sw1 sw2 sw3 sw7":                   "sw[1-3,7]",
		"sw8 sw9 sw10 sw11":                 "sw[8-11]",
		"sw08 sw09 sw10":                    "sw[08-10]",
		"sw9 sw010":                         "sw[9,010]",
		"sw1 sw01 sw001":                    "sw[1,01,001]",
		"sw999 sw1000":                      "sw[999-1000]",
		"db1 sw1 sw2":                       "db1,sw[1-2]",
		"r1n1 r1n2 r2n1 r2n2":               "r[1-2]n[1-2]",
		"r1n1 r1n2 r2n1":                    "r1n[1-2],r2n1",
		"sw1.a sw2.a sw3.b":                 "sw[1-2].a,sw3.b",
		"1 2 3":                             "[1-3]",
		"x1234567890 x1234567891":           "x1234567890,x1234567891",
		"tokyo-1/web-1 tokyo-1/web-2":       "tokyo-1/web-[1-2]",
		"東1 東2":                             "東[1-2]",
		"a[1] a[2]":                         "a[1],a[2]",
		"sw001 sw002 sw003 sw005 sw006 db9": "db9,sw[001-003,005-006]",
	} {
		if got := Fold(strings.Fields(names)); got != want {
			t.Errorf("%s = %q, want %q", names, got, want)
		}
	}
	var all []string
	for i := range 240 {
		all = append(all, fmt.Sprintf("sw%03d", i+1))
	}
	if got := Fold(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "sw017" })); got != "sw[001-016,018-240]" {
		t.Error(got)
	}
}

func TestBetween(t *testing.T) {
	for ends, want := range map[string]string{
		"sw001 sw040": "sw[001-040]", "r1n2.tyo r1n9.tyo": "r1n[2-9].tyo", "r1n2 r2n3": "", "sw1 db2": "", "sw1 sw1": "", "web api": "", "sw1 sw1x": "",
	} {
		first, last, _ := strings.Cut(ends, " ")
		if got, ok := Between(first, last); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v, want %q", ends, got, ok, want)
		}
	}
}

// Whatever is folded unfolds to the same names, each once.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"sw001 sw002 sw7", "r1n1 r1n2 r2n1 r2n2", "8 9 10 010 0", "x1234567890 x1 x123456789", "a-1 a-2 b-1-1", "1a2b3 1a3b3 2a2b3 2a3b3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		names := strings.Fields(list)
		if len(names) == 0 || strings.ContainsAny(list, "[],") {
			return
		}
		pattern := Fold(names)
		got, err := Expand(pattern)
		slices.Sort(got)
		slices.Sort(names)
		names = slices.Compact(names)
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%q folds to %q, which is %q (%v)", names, pattern, got, err)
		}
	})
}

func BenchmarkFold1000(b *testing.B) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("r%02dn%02d.tyo", i/40, i%40))
	}
	for b.Loop() {
		if Fold(names) != "r[00-24]n[00-39].tyo" {
			b.Fatal(Fold(names))
		}
	}
}
