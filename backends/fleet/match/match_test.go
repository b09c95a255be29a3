package match

import (
	"slices"
	"strings"
	"testing"
)

func tags(t *testing.T, texts ...string) (ps Patterns) {
	t.Helper()
	for _, text := range texts {
		p, err := ParseTag(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		ps = append(ps, p)
	}
	return ps
}

func TestTags(t *testing.T) {
	all := strings.Fields("1 1.2 1.2.0 1.2.3 v1.3.0 1.9.2 1.10.0 2.0.0-rc1 2.0.0 2.1 0.3.1 0.4.0 latest v* main-7f3a 20261125")
	for _, c := range []struct{ patterns, want string }{
		{"1.9.2", "1.9.2"},
		{"1.*", "1.2 1.2.0 1.2.3 1.9.2 1.10.0"},
		{"v*", "v1.3.0 v*"},
		{"?.?", "1.2 2.1"},
		{"[0-1].*", "1.2 1.2.0 1.2.3 1.9.2 1.10.0 0.3.1 0.4.0"},
		{"[^v]*", "1 1.2 1.2.0 1.2.3 1.9.2 1.10.0 2.0.0-rc1 2.0.0 2.1 0.3.1 0.4.0 latest main-7f3a 20261125"},
		{">=1.2 <2", "1.2 1.2.0 1.2.3 v1.3.0 1.9.2 1.10.0"},
		{">=1.2, <2", "1.2 1.2.0 1.2.3 v1.3.0 1.9.2 1.10.0"},
		{"> 1.2 <= 2", "v1.3.0 1.9.2 1.10.0 2.0.0 2.1"},
		{"^1.3", "v1.3.0 1.9.2 1.10.0"},
		{"^0.3", "0.3.1"},
		{"^0.3.0", "0.3.1"},
		{"^0", "0.3.1 0.4.0"},
		{"~1.2", "1.2 1.2.0 1.2.3"},
		{"~1", "1 1.2 1.2.0 1.2.3 v1.3.0 1.9.2 1.10.0"},
		{"~> 1.2.1", "1.2.3"},
		{"=1.2", "1.2 1.2.0 1.2.3"},
		{"=1.2.0", "1.2 1.2.0"},
		{">=1.2 <1.4 !=1.2.0", "1.2.3 v1.3.0"},
		{"^0.4 || >=2", "2.0.0 2.1 0.4.0 20261125"},
		{">=2.0.0-rc0 <3", "2.0.0-rc1 2.0.0 2.1"},
		{"<2.0.0-rc2 >1.10", "2.0.0-rc1"},
		{"/v?[0-9]+(\\.[0-9]+){2}/", "1.2.0 1.2.3 v1.3.0 1.9.2 1.10.0 2.0.0 0.3.1 0.4.0"},
		{"/la.*|main/", "latest"},
		{"1.* !1.2*", "1.9.2 1.10.0"},
		{"!*.* !latest", "1 v* main-7f3a 20261125"},
		{"!<=99 1* 2*", "2.0.0-rc1 20261125"},
	} {
		var got []string
		words := []string{c.patterns}
		if strings.Contains(c.patterns, "!") && !strings.Contains(c.patterns, "!=") {
			words = strings.Fields(c.patterns)
		}
		ps := tags(t, words...)
		for _, tag := range all {
			if ps.Match(tag) {
				got = append(got, tag)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.patterns, s, c.want)
		}
	}
	if (Patterns{}).Match("x") {
		t.Error("no pattern picks something")
	}
}

func TestRepositories(t *testing.T) {
	for _, c := range []struct{ pattern, yes, no string }{
		{"team/web", "team/web", "team/web2 team steam/web team/web/x"},
		{"team/*", "team/web team/api", "team team/web/x xteam/web"},
		{"team/**", "team/web team/web/x", "team xteam/web"},
		{"**", "a a/b a/b/c", ""},
		{"*/web", "team/web", "web a/b/web"},
		{"team/w?b", "team/web", "team/wb team/w/b"},
		{"!team/*", "other a/b", "team/web"},
		{"/team/(web|api)/", "team/web team/api", "team/web2 xteam/web"},
	} {
		p, err := ParseRepository(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range strings.Fields(c.yes) {
			if !(Patterns{p}).Match(s) {
				t.Errorf("%s does not pick %s", c.pattern, s)
			}
		}
		for _, s := range strings.Fields(c.no) {
			if (Patterns{p}).Match(s) {
				t.Errorf("%s picks %s", c.pattern, s)
			}
		}
	}
}

func TestExact(t *testing.T) {
	if texts, ok := tags(t, "1.9.2", "latest").Exact(); !ok || !slices.Equal(texts, []string{"1.9.2", "latest"}) {
		t.Error(texts, ok)
	}
	for _, ps := range []Patterns{nil, tags(t, "1.9.2", "v*"), tags(t, "!1.9.2"), tags(t, "=1.9.2"), tags(t, "/x/")} {
		if texts, ok := ps.Exact(); ok {
			t.Errorf("%v is exactly %v", ps, texts)
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"!": "empty", ">=": `no version after ">="`, ">=x": `"x" is no version`, "> < 1": "follows another sign", ">1 ||": "alternative is empty",
		"a[": "without its ]", "a]": "without its [", "[]": "nothing between", "ä": "a tag has letters", "/(/": "no regular expression", "[z-a]": "cannot be read",
		"1.2.3.4 >1": `"1.2.3.4" is no version`,
	} {
		if _, err := ParseTag(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("tag %q: %v", text, err)
		}
	}
	for text, want := range map[string]string{"/a": "begin or end", "//": "begin or end", "a/": "begin or end", "a//b": "begin or end", "A": "small letters", "a b": "small letters", "": "empty"} {
		if _, err := ParseRepository(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("repository %q: %v", text, err)
		}
	}
}

func TestTagOrder(t *testing.T) {
	got := strings.Fields("latest 1.10.0 1.9.2 v1.9.10 2.0.0 2.0.0-rc.2 2.0.0-rc.10 2.0.0-rc.x 2.0.0-1 main 1.9.2-rc1 2.0.0-rc")
	slices.SortFunc(got, Tags)
	const want = "1.9.2-rc1 1.9.2 v1.9.10 1.10.0 2.0.0-1 2.0.0-rc 2.0.0-rc.2 2.0.0-rc.10 2.0.0-rc.x 2.0.0 latest main"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n got %s\nwant %s", s, want)
	}
}

func FuzzTag(f *testing.F) {
	for _, s := range []string{">=1.2 <2", "^1 || ~2", "v*", "/a|b/", "!x", "[a-z]", "1.2.3-rc.1+x"} {
		f.Add(s, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, pattern, tag string) {
		if p, err := ParseTag(pattern); err == nil {
			Patterns{p}.Match(tag)
			if text, ok := p.Exact(); ok && !(Patterns{p}).Match(text) {
				t.Errorf("%q does not match itself", text)
			}
		}
		if Tags(pattern, tag) != -Tags(tag, pattern) {
			t.Error("the order is not symmetric")
		}
	})
}
