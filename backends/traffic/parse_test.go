package traffic

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ringside/backends/fleet"
)

func TestSetLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want, err string }{
		"only line":      {"web be_blue\n", "web be_green\n", ""},
		"no newline":     {"web be_blue", "web be_green", ""},
		"blanks stay":    {"# colours\n\n  web \t be_blue  \napi be_blue\n", "# colours\n\n  web \t be_green  \napi be_blue\n", ""},
		"in the middle":  {"a.web be_blue\nweb be_blue\nweb.b be_blue\n", "a.web be_blue\nweb be_green\nweb.b be_blue\n", ""},
		"prefix of last": {"webs be_blue\nweb be_blue", "webs be_blue\nweb be_green", ""},
		"value is key":   {"web web\n", "web be_green\n", ""},
		"comment":        {"#web be_blue\nweb be_blue\n", "#web be_blue\nweb be_green\n", ""},
		"twice":          {"web be_blue\nweb be_green\n", "", "it has the key web twice"},
		"absent":         {"api be_blue\n", "", "it has no key web"},
		"empty":          {"", "", "it has no key web"},
		"no value":       {"web\n", "", "the line of web does not have one value"},
	} {
		got, err := setLine(c.text, "web", "be_green")
		if got != c.want || c.err == "" != (err == nil) || err != nil && err.Error() != c.err {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestExchange(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		from, to   []string
	}{
		"plain":          {"server 10.0.0.1:80;", "server 10.0.0.1:81;", []string{"10.0.0.1:80"}, []string{"10.0.0.1:81"}},
		"not in longer":  {"server 10.0.0.1:8080; server 10.0.0.1:80 weight=2;", "server 10.0.0.1:8080; server x:1 weight=2;", []string{"10.0.0.1:80"}, []string{"x:1"}},
		"not in another": {"server 110.0.0.1:80; server 10.0.0.1:80;", "server 110.0.0.1:80; server x:1;", []string{"10.0.0.1:80"}, []string{"x:1"}},
		"not in comment": {"# server a:1;\nserver a:1;", "# server a:1;\nserver b:1;", []string{"a:1"}, []string{"b:1"}},
		"several":        {"server a:1;\nserver b:1;", "server a:2;\nserver b:2;", []string{"b:1", "a:1"}, []string{"b:2", "a:2"}},
		"crossed":        {"x: [a:1, b:1]", "x: [b:1, a:1]", []string{"a:1", "b:1"}, []string{"b:1", "a:1"}},
		"URLs":           {`- url: "http://a:1"`, `- url: "http://b:1"`, []string{"http://a:1"}, []string{"http://b:1"}},
		"absent":         {"server c:1;", "", []string{"a:1"}, []string{"b:1"}},
		"twice":          {"a:1 a:1", "", []string{"a:1"}, []string{"b:1"}},
		"fewer":          {"a:1 b:1", "", []string{"a:1", "b:1"}, []string{"c:1"}},
	} {
		got, err := exchange(c.text, c.from, c.to)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestUpstreamServers(t *testing.T) {
	for name, c := range map[string]struct{ text, want, err string }{
		"plain":         {"upstream demo { server a:1; keepalive 16; }", "a:1", ""},
		"lines":         {"upstream demo {\n  server a:1 weight=2;\n  # server x:1;\n  server b:1;\n}\n", "a:1 b:1", ""},
		"second":        {"upstream demo_blue { server x:1; }\nupstream demo { server a:1; }", "a:1", ""},
		"in a comment":  {"# upstream demo { server x:1; }\nupstream demo { server a:1; }", "a:1", ""},
		"brace comment": {"upstream demo { # }\n server a:1; }", "a:1", ""},
		"absent":        {"upstream other { server a:1; }", "", "it has no block upstream demo"},
		"open":          {"upstream demo { server a:1;", "", "the block of upstream demo does not end"},
		"no server":     {"upstream demo { keepalive 16; }", "", "upstream demo has no server"},
	} {
		got, err := upstreamServers(c.text, "demo")
		if strings.Join(got, " ") != c.want || c.err == "" != (err == nil) || err != nil && err.Error() != c.err {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestReadStat(t *testing.T) {
	const text = `# pxname,svname,qcur,scur,status,check_status,check_code,last_chk,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,addr,
be_blue,s1,0,3,UP,L7OK,200,"OK, said ""ok""",0,9,0,0,1,0,127.0.0.1:1,
be_blue,s2,0,0,DOWN 1/2,L4CON,,refused,0,0,0,0,0,0,127.0.0.1:2,
be_blue,s3,0,0,MAINT,,,,0,0,0,0,0,0,127.0.0.1:3,
be_blue,s4,0,0,no check,,,,0,0,0,0,0,0,,
be_blue,BACKEND,0,7,UP,,,,1,90,5,3,2,0,,
be_green,BACKEND,0,1,UP,,,,0,0,0,0,0,0,,
`
	got := nothing("be_blue")
	if err := readStat(text, &got); err != nil {
		t.Fatal(err)
	}
	want := Side{Name: "be_blue", Sessions: 7, Requests: 101, Errors: 2, Servers: []Server{
		{"s1", "127.0.0.1:1", Up, `L7OK 200 (OK, said "ok")`}, {"s2", "127.0.0.1:2", Down, "L4CON (refused)"}, {"s3", "127.0.0.1:3", Off, ""}, {"s4", "", Unchecked, ""}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if ok, why := got.Ready(); ok || why != "s2 is down in the proxy: L4CON (refused)" {
		t.Errorf("ready: %v, %q", ok, why)
	}
	for _, bad := range []string{"", "Permission denied\n", "\"", "a,b\nc,d\n"} {
		side := nothing("be_blue")
		if readStat(bad, &side) == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestAgrees(t *testing.T) {
	for _, c := range []struct {
		v    View
		want bool
	}{
		{View{Live: fleet.Blue, LiveName: "b"}, true}, // keeps nothing
		{View{Live: fleet.Blue, LiveName: "b", Keeps: true, Kept: fleet.Blue, KeptName: "b"}, true},
		{View{Live: fleet.Blue, LiveName: "b", Keeps: true, Kept: fleet.Green, KeptName: "g"}, false},
		{View{LiveName: "x", Keeps: true, KeptName: "x"}, true}, // neither, twice the same
		{View{LiveName: "x", Keeps: true, KeptName: "y"}, false},
		{View{Keeps: true, Kept: fleet.Green, KeptName: "g"}, true}, // live is not known
	} {
		if c.v.Agrees() != c.want {
			t.Errorf("%+v", c.v)
		}
	}
}

// A file is replaced whole, through a link, with its mode; a full disk leaves it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real", "colour.map"), filepath.Join(dir, "colour.map")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := replaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	b, _ := os.ReadFile(path)
	if info, _ := os.Stat(path); string(b) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q, mode %v", b, info.Mode())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files were left behind: %v", left)
	}
	if err := replaceFile("/dev/full/x", nil); err == nil {
		t.Error("wrote below a device")
	}
}

func FuzzMapFile(f *testing.F) {
	f.Add("web be_blue\napi be_blue", "web", "be_green")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		if len(strings.Fields(value)) != 1 || strings.TrimSpace(value) != value {
			return
		}
		out, err := setLine(text, key, value)
		if err != nil {
			return
		}
		if _, got, err := mapLine(out, key); err != nil || got != value || len(out) != len(text)+len(value)-len(oldValue(text, key)) {
			t.Errorf("%q: set %q to %q: %q, %v", text, key, value, out, err)
		}
	})
}

func oldValue(text, key string) string { _, v, _ := mapLine(text, key); return v }

func FuzzUpstream(f *testing.F) {
	f.Add("upstream demo { server a:1; }", "demo")
	f.Fuzz(func(t *testing.T, text, name string) {
		servers, err := upstreamServers(text, name)
		if err == nil && len(servers) == 0 {
			t.Error("no server and no error")
		}
	})
}
