package kit

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var colours = Language[string]{
	Text: strings.ToLower,
	Name: strings.ToLower,
	Fields: []FilterField[string]{
		{Name: "long", Match: func(row, text string) bool { return len(row) > len(text) }, Jumps: true},
		{Name: "has", Match: strings.Contains},
	},
	Special: func(word string) func(string) bool {
		if word != "#even" {
			return nil
		}
		return func(row string) bool { return len(row)%2 == 0 }
	},
}

func TestFilter(t *testing.T) {
	rows := []string{"red", "green", "blue", "dark-red", "Ōchre"}
	for query, want := range map[string]string{
		"":            "red green blue dark-red Ōchre",
		"re":          "red green dark-red Ōchre",
		"RE !dark":    "red green Ōchre",
		"~gn":         "green",
		"has:lu":      "blue",
		"!has:e":      "",
		"#even !blue": "dark-red Ōchre",
		"hue:x":       "", // no field, so a word
		"has: ! ~":    "red green blue dark-red Ōchre",
	} {
		f := colours.Parse(query)
		got := strings.Join(slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return !f.Match(r) }), " ")
		if got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
	if f := colours.Parse("hue:x has:y shade:"); !slices.Equal(f.Unknown, []string{"hue", "shade"}) {
		t.Errorf("unknown fields are %q", f.Unknown)
	}
	if colours.Names() != "long has" {
		t.Errorf("names are %q", colours.Names())
	}
}

// What a filter says it narrows, it does.
func TestNarrowsKeepsItsWord(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	words := []string{"r", "re", "red", "!r", "!re", "~r", "~re", "has:r", "has:re", "long:a", "long:ab", "#even", "#eve", "x:y"}
	rows := []string{"red", "green", "re", "r", "dark-red", "abre", "#eve", "x:y"}
	narrowed := 0
	for range 20_000 {
		query := func() string {
			var q []string
			for range rnd.IntN(3) {
				q = append(q, words[rnd.IntN(len(words))])
			}
			return strings.Join(q, " ")
		}
		a, b := query(), query()
		f, g := colours.Parse(a), colours.Parse(b)
		if !f.Narrows(g) {
			continue
		}
		narrowed++
		for _, r := range rows {
			if f.Match(r) && !g.Match(r) {
				t.Fatalf("%q is said to narrow %q, but %q passes only the first", a, b, r)
			}
		}
	}
	if narrowed < 1000 || !colours.Parse("red").Narrows(colours.Parse("re")) {
		t.Errorf("only %d queries narrowed another", narrowed)
	}
}
