package fleet

import (
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
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
		got, err := expand(pattern)
		if err != nil || strings.Join(names(got), " ") != want {
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
		if got, err := expand(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %d names, %v; want %s", pattern, len(got), err, want)
		}
	}
	if got, err := expand("a[1-100000]"); len(got) != MaxHosts || err != nil {
		t.Errorf("the most there can be: %d, %v", len(got), err)
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"sw[001-003,7]", "a[1-2]b[08-11],c", "9[9-100]", "a,a1,a01,a001", "x12345678901234"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		all, err := expand(pattern)
		if err != nil || len(all) > 5000 {
			return
		}
		again, err := expand(strings.Join(names(all), ","))
		if err != nil || !slices.Equal(names(all), names(again)) {
			t.Errorf("%q are not names of their own: %v", names(all), err)
		}
	})
}

func names(all []numbered) []string {
	out := make([]string, len(all))
	for i, h := range all {
		out[i] = h.name
	}
	return out
}
