package fleet

import (
	"slices"
	"strings"
	"testing"
)

func TestExpandRange(t *testing.T) {
	for pattern, want := range map[string]string{
		"web":                    "web",
		"sw[001-003]":            "sw001 sw002 sw003",
		"sw[1-3,7]":              "sw1 sw2 sw3 sw7",
		"sw[08-11]x":             "sw08x sw09x sw10x sw11x",
		"sw[98-101]":             "sw98 sw99 sw100 sw101",
		"sw[099-101]":            "sw099 sw100 sw101",
		"sw[9]":                  "sw9",
		"r[1-2]n[01-02]":         "r1n01 r1n02 r2n01 r2n02",
		"[1-2][3-4]":             "13 14 23 24",
		"a[1-2],b,c[7]":          "a1 a2 b c7",
		"東[1-2]":                 "東1 東2",
		"x[999999998-999999999]": "x999999998 x999999999",
	} {
		got, err := ExpandRange(pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s = %q, %v", pattern, got, err)
		}
	}
	for pattern, want := range map[string]string{
		"":                               "a name is missing",
		"a,,b":                           "a name is missing",
		"a[":                             "a [ without its ]",
		"a]":                             "a ] without its [",
		"a[[1]]":                         "a [ inside of another [",
		"a[]":                            "no range of numbers",
		"a[1-]":                          "no range of numbers",
		"a[-1]":                          "no range of numbers",
		"a[1-2-3]":                       "no range of numbers",
		"a[+1-2]":                        "no range of numbers",
		"a[1-x]":                         "no range of numbers",
		"a[1234567890]":                  "no range of numbers",
		"a[3-1]":                         "runs backwards",
		"a[001-24]":                      "different number of digits",
		"a[1-024]":                       "different number of digits",
		"a[1,1]":                         `"a1" is in the range twice`,
		"a1,a[1-2]":                      `"a1" is in the range twice`,
		"a[0-100000]":                    "more than 100000 names",
		"a[0-999999999]":                 "more than 100000 names",
		"a[1-400]b[1-400]":               "more than 100000 names",
		"a[1-99999],b,c,d":               "more than 100000 names",
		"[1-9][1-9][1-9][1-9][1-9][1-9]": "more than 100000 names",
	} {
		if got, err := ExpandRange(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %d names, %v; want %s", pattern, len(got), err, want)
		}
	}
	if got, err := ExpandRange("a[1-100000]"); len(got) != MaxHosts || err != nil {
		t.Errorf("the most there can be: %d, %v", len(got), err)
	}
}

func TestFoldNames(t *testing.T) {
	for names, want := range map[string]string{
		"":                                "",
		"web":                             "web",
		"web web":                         "web",
		"sw001 sw002 sw003 sw007":         "sw[001-003,007]",
		"sw3 sw1 sw2":                     "sw[1-3]",
		"sw9 sw10 sw11":                   "sw[9-11]",
		"sw99 sw100":                      "sw[99-100]",
		"sw09 sw9 sw10":                   "sw[9,09-10]",
		"sw sw1 sw2":                      "sw,sw[1-2]",
		"r1n1 r1n2 r2n1":                  "r1n[1-2],r2n1",
		"a1x a2x a1":                      "a1,a[1-2]x",
		"x12345678901234 x12345678901235": "x12345678901234,x12345678901235",
		"東1 東2":                           "東[1-2]",
	} {
		if got := FoldNames(strings.Fields(names)); got != want {
			t.Errorf("%s = %s, want %s", names, got, want)
		}
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"sw[001-003,7]", "a[1-2]b[08-11],c", "9[9-100]", "a,a1,a01,a001", "x12345678901234"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		names, err := ExpandRange(pattern)
		if err != nil || len(names) > 5000 {
			return
		}
		again, err := ExpandRange(FoldNames(names))
		slices.Sort(names)
		slices.Sort(again)
		if err != nil || !slices.Equal(names, again) {
			t.Errorf("%q folds to %q: %v", names, FoldNames(names), err)
		}
	})
}
