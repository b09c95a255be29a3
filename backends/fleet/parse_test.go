package fleet

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

func parse(t testing.TB, src string) *Fleet {
	t.Helper()
	f, err := Parse("/etc/ringside.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return f
}

func TestLoadFull(t *testing.T) {
	f, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if f.Environment != "production" || f.Theme != "dark" || f.File != "testdata/full.yaml" || len(f.Notices) != 0 {
		t.Errorf("head = %q %q %q %q", f.Environment, f.Theme, f.File, f.Notices)
	}
	equal(t, "sites", f.Sites, []Site{{"tokyo", "first floor, ring twice"}, {"shanghai", ""}})
	equal(t, "keys", f.Keys, map[string][]string{"help": {"f1", "?"}, "go.home": {"h"}, "go.runs": nil})
	equal(t, "credentials", f.Credentials, map[string]Credential{
		"bmc":   {"bmc", "oncall", Secret{Env: "BMC_PASSWORD"}, Position{7, 3}},
		"lab":   {"lab", "", Secret{File: "/etc/ringside/lab"}, Position{8, 3}},
		"pass":  {"pass", "ops", Secret{Command: []string{"pass", "show", "ops secret"}}, Position{9, 3}},
		"shell": {"shell", "ops", Secret{Command: []string{"sh", "-c", "pass show ops | head -1"}}, Position{10, 3}},
	})
	if len(f.Hosts) != 17 {
		t.Fatalf("%d hosts", len(f.Hosts))
	}
	equal(t, "first host", f.Hosts[0], Host{
		Name: "sw001", Site: "tokyo", Environment: "production", Rack: "07", Tags: []string{"swift", "2024"},
		BMC: &BMC{Address: "sw001.bmc.tyo.example", Port: 623, Credential: "bmc", Driver: "auto"}, SSH: &SSH{"10.0.0.1", 22, "ops"}, Where: Position{12, 5}})
	equal(t, "db1", f.Hosts[7], Host{
		Name: "db1", Environment: "staging", BMC: &BMC{Address: "bmc-db1-001", Credential: "lab", Driver: "redfish"}, Where: Position{18, 5}})
	equal(t, "r2n01", f.Hosts[10].BMC, &BMC{Address: "bmc-r2n01-001", Credential: "lab", Driver: "redfish"})
	equal(t, "old1", f.Hosts[12].BMC, &BMC{Address: "10.1.0.1", Credential: "bmc", Driver: "ipmi", CipherSuite: 3, Privilege: "operator"})
	equal(t, "new2", f.Hosts[14].BMC, &BMC{Address: "10.1.1.2", Driver: "redfish",
		TLS: &TLS{CA: "/c/bmc.pem", ServerName: "new2.bmc.example", SkipVerify: true}})
	equal(t, "blade2", f.Hosts[16].BMC, &BMC{Address: "10.1.2.1", Port: 8000, Driver: "redfish", Plain: true, System: "Node2"})
	equal(t, "engines", f.Engines, []Engine{
		{Name: "tokyo-1", Site: "tokyo", Environment: "production", Host: "sw001", Context: "tokyo-1", Origin: "full.yaml:28", Where: Position{28, 5}},
		{Name: "tokyo-2", Site: "tokyo", Environment: "development", Address: "ssh://ops@tokyo-2:2222",
			Socket: "/run/podman/podman.sock", Origin: "full.yaml:29", Where: Position{29, 5}},
		{Name: "shanghai-1", Site: "shanghai", Environment: "production", Address: "tcp://sha-1.example:2376",
			TLS: &TLS{"/c/ca.pem", "/c/cert.pem", "/c/key.pem", "docker", true}, Origin: "full.yaml:30", Where: Position{30, 5}},
		{Name: "shanghai-2", Environment: "production", Address: "tcp://[::1]:2376", TLS: &TLS{}, Origin: "full.yaml:34", Where: Position{34, 5}},
		{Name: "lab", Environment: "staging", Host: "web9", Address: "tcp://127.0.0.1:2375", Plain: true, Origin: "full.yaml:35", Where: Position{35, 5}},
		{Name: "local", Environment: "production", Address: "unix:///var/run/docker.sock", Origin: "full.yaml:36", Where: Position{36, 5}},
		{Name: "windows", Environment: "production", Address: "npipe:////./pipe/docker_engine", Origin: "full.yaml:37", Where: Position{37, 5}},
	})
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// with makes a file of an engine that is fine and more lines, which begin in line 2.
func with(more string) string { return "engines: [{name: ok, context: default}]\n" + more }

func eng(e string) string { return "engines:\n  - {name: a, " + e + "}" }

func TestProblems(t *testing.T) {
	bomb := "hosts:\n- {name: a, tags: &t [" + strings.Repeat("x, ", 1000) + "]}\n"
	for i := range 1000 {
		bomb += fmt.Sprintf("- {name: b%d, tags: *t}\n", i)
	}
	for name, c := range map[string]struct{ src, want string }{
		"unknown key":        {eng(`adress: "unix:///x"`), `f:2:15: unknown key "adress" (did you mean "address"?)`},
		"unknown, no idea":   {with("zebra: 1"), `f:2:1: unknown key "zebra"`},
		"duplicate key":      {with("theme: dark\ntheme: light"), `f:3:1: "theme" is set twice; first in line 2`},
		"duplicate site":     {with("sites: {a: {},\n  a: {}}"), `f:3:3: "a" is set twice; first in line 2`},
		"duplicate host":     {"hosts:\n  - name: sw[1-5]\n  - name: sw4", `f:3:11: host "sw4" is already named in line 2`},
		"two engines":        {"engines:\n- {name: a, context: x}\n- {name: a, context: y}", `f:3:10: engine "a" is already named in line 2`},
		"no such site":       {"sites: {tokyo: {}}\nhosts: [{name: a, site: tokio}]", `f:2:25: there is no site "tokio" (did you mean "tokyo"?)`},
		"no such host":       {"hosts: [{name: a1}]\n" + eng("context: x, host: a2"), `f:3:33: there is no host "a2" (did you mean "a1"?)`},
		"no such credential": {"hosts: [{name: a, bmc: {address: b, credential: c}}]", `f:1:49: there is no credential "c"`},
		"backwards":          {"hosts: [{name: 'sw[9-1]'}]", `f:1:16: bad host range "sw[9-1]": [9-1] runs backwards`},
		"huge":               {"hosts: [{name: 'sw[1-999999999]'}]", `more than 100000 names`},
		"huge together":      {"hosts: [{name: 'a[1-60000]'}, {name: 'b[1-60000]'}]", `the fleet has more than 100000 hosts`},
		"huge product":       {"hosts: [{name: 'a[1-1000]b[1-1000]'}]", `more than 100000 names`},
		"not a range":        {"hosts: [{name: 'sw[a-c]'}]", `[a-c] is no range of numbers of up to 9 digits`},
		"host syntax":        {"hosts: [{name: 'a b'}]", `f:1:16: name must be a host name or a range such as sw[001-240], not "a b"`},
		"range in flow":      {"hosts:\n  - {name: sw[1-3]}", `a range needs quotes: {name: "sw[001-240]"}`},
		"one address":        {"hosts: [{name: 'a[1-9]', bmc: {address: x}}]", `f:1:41: all 9 hosts of this range would have the address "x"`},
		"same BMC":           {"hosts:\n- {name: a, bmc: {address: x}}\n- {name: b, bmc: {address: X}}", `f:3:28: b and a (line 2) have the same BMC address X`},
		"shared BMC":         {"hosts:\n- {name: a, bmc: {address: x, system: '1'}}\n- {name: b, bmc: {address: x}}", `f:3:28: b and a (line 2) have the same BMC address x`},
		"same system":        {"hosts:\n- {name: a, bmc: {address: x, system: '1'}}\n- {name: b, bmc: {address: x, system: '1'}}", `f:3:28: b and a (line 2) have the same BMC address x`},
		"cipher suite":       {"hosts: [{name: a, bmc: {address: x, cipher_suite: 1}}]", `f:1:51: cipher_suite must be one of 3, 17`},
		"cipher suite text":  {"hosts: [{name: a, bmc: {address: x, cipher_suite: '3'}}]", `cipher_suite must be a whole number, not text`},
		"privilege":          {"hosts: [{name: a, bmc: {address: x, privilege: admin}}]", `privilege must be one of user, operator, administrator, not "admin"`},
		"suite and redfish":  {"hosts: [{name: a, bmc: {address: x, driver: redfish, cipher_suite: 3}}]", `f:1:68: "cipher_suite" is only for ipmi, and the driver is redfish`},
		"tls and ipmi":       {"hosts: [{name: a, bmc: {address: x, driver: ipmi, tls: {ca: y}}}]", `"tls" is only for redfish, and the driver is ipmi`},
		"plain and auto":     {"hosts: [{name: a, bmc: {address: x, plain: true}}]", `f:1:44: plain needs the driver to be redfish`},
		"plain and tls":      {"hosts: [{name: a, bmc: {address: x, driver: redfish, tls: {}, plain: true}}]", `f:1:70: a BMC has tls or is plain, not both`},
		"name in cert":       {"hosts: [{name: 'a[1-2]', bmc: {address: 'x{n}', tls: {server_name: y}}}]", `f:1:68: all 2 hosts of this range would have the address "y"`},
		"BMC of no host":     {"hosts: [{bmc: {address: x, credential: c}}]", `there is no credential "c"`},
		"placeholder":        {"hosts: [{name: a1, ssh: {address: '{nam}'}}]", `{nam} is not one of {name}, {n}, {nnn}`},
		"no number":          {"hosts: [{name: web, ssh: {address: '10.0.0.{n}'}}]", `{n} needs a number, and "web" has none`},
		"open brace":         {"hosts: [{name: a1, ssh: {address: 'x{n'}}]", `a { without its }`},
		"bad IP":             {"hosts: [{name: 'a[1-300]', ssh: {address: '10.0.0.{n}'}}]", `10.0.0.256 is no IP address`},
		"address is URL":     {"hosts: [{name: a, bmc: {address: 'https://x'}}]", `without scheme, user and path`},
		"address with port":  {"hosts: [{name: a, bmc: {address: 'x:623'}}]", `a port has its own key`},
		"bad port":           {"hosts: [{name: a, ssh: {address: b, port: 65536}}]", `f:1:43: port must be between 1 and 65535`},
		"port is text":       {"hosts: [{name: a, ssh: {address: b, port: '22'}}]", `f:1:43: port must be a whole number, not text`},
		"name is number":     {"hosts: [{name: 12}]", `f:1:16: name must be text, not a number`},
		"bool is text":       {eng("context: x, plain: yes"), `plain must be true or false, not text`},
		"list is text":       {"hosts: [{name: a, tags: b}]", `f:1:25: tags must be a list, not text`},
		"map is list":        {with("sites: [tokyo]"), `f:2:8: sites must be names and values, not a list`},
		"no value":           {"hosts: [{name: }]", `name has no value; it must be text`},
		"empty text":         {"hosts: [{name: ''}]", `name must not be empty`},
		"missing name":       {"hosts:\n  - rack: x", `f:2:5: host needs a value for "name"`},
		"theme":              {with("theme: drak"), `f:2:8: theme must be one of auto, dark, light, not "drak" (did you mean "dark"?)`},
		"driver":             {"hosts: [{name: a, bmc: {address: b, driver: idrac}}]", `driver must be one of auto, ipmi, redfish, not "idrac"`},
		"binding":            {with("keys: {Help!: x}"), `f:2:8: "Help!" must be the id of a key binding`},
		"no way to engine":   {eng("site: x"), `f:2:5: engine needs one of: context, address`},
		"two ways":           {eng("context: x, address: 'unix:///x'"), `f:2:27: engine has both "context" and "address"; only one of them can be used`},
		"no scheme":          {eng("address: /var/run/docker.sock"), `f:2:24: bad engine address: it has no scheme`},
		"bad scheme":         {eng("address: 'ftp://x'"), `"ftp" is no known scheme`},
		"http":               {eng("address: 'http://x:1'"), `write tcp://`},
		"bad URL":            {eng("address: 'tcp://%zz'"), `it is no URL`},
		"relative socket":    {eng("address: 'unix://run/x'"), `a unix socket has an absolute path`},
		"tcp without TLS":    {eng("address: 'tcp://h:1'"), `tcp without TLS lets everybody on the way control the host`},
		"tls and plain":      {eng("address: 'tcp://h:1', tls: {}, plain: true"), `an engine has tls or is plain, not both`},
		"tcp without port":   {eng("address: 'tcp://h', plain: true"), `the port is missing`},
		"tcp port":           {eng("address: 'tcp://h:70000', plain: true"), `port 70000 is not between 1 and 65535`},
		"cert without key":   {eng("address: 'tcp://h:1', tls: {cert: c}"), `needs both cert and key`},
		"tls with ssh":       {eng("address: 'ssh://h', tls: {ca: c}"), `"tls" is only for tcp:// addresses`},
		"socket with tcp":    {eng("address: 'tcp://h:1', plain: true, socket: /x"), `"socket" is only for ssh:// addresses`},
		"ssh with path":      {eng("address: 'ssh://h/run/x'"), `it has a path`},
		"query":              {eng("address: 'ssh://h?x=y'"), `a query`},
		"both secrets":       {with("credentials: {a: {password: {env: A, file: b}}}"), `password has both "env" and "file"`},
		"no secret":          {with("credentials: {a: {password: {}}}"), `password needs one of: env, file, command`},
		"no argv":            {with("credentials: {a: {password: {command: []}}}"), `command must not be empty`},
		"control":            {with(`sites: {a: {note: "x\e[31m"}}`), `f:2:19: note holds control characters`},
		"too long":           {with("environment: " + strings.Repeat("x", 65)), `environment is longer than 64 characters`},
		"tab":                {"hosts:\n\t- name: a", `f:2:1: a tab cannot indent YAML`},
		"syntax":             {"hosts: [\n", `f:1:8: cannot be read as YAML`},
		"not UTF-8":          {"hosts:\n- name: 東\xff", `f:2:10: this byte is no UTF-8 text`},
		"two documents":      {with("---\ntheme: dark"), `f:2:1: a second document is not read`},
		"tag":                {with("theme: !!str dark"), `f:2:8: tags such as !name are not read here`},
		"merge":              {with("sites:\n  a: &a {}\n  b: {<<: *a}"), `f:4:7: merge keys (<<) are not read here`},
		"question mark":      {with("? a"), `f:2:1: keys marked with ? are not read here`},
		"directive":          {"%YAML 1.2\n---\n", `f:1:1: directives are not read here`},
		"no anchor":          {with("sites: *a"), `f:2:8: there is no anchor &a before this place`},
		"anchor in itself":   {with("sites: &a {a: *a}"), `there is no anchor &a before this place`},
		"alias bomb":         {bomb, "aliases stand for more than 100000 values"},
		"deep flow":          {strings.Repeat("[", 1000), `f:1:33: is nested too deeply`},
		"deep block":         {strings.Repeat("- ", 1000) + "a", `is nested too deeply`},
		"deep indent":        {strings.Repeat(" ", 200) + "a: 1", `is nested too deeply`},
		"bare entry":         {"hosts:\n  -\n  # later\n  - name: a", `f:2:3: this entry has no value`},
		"many keys":          {strings.Repeat("a: b\n", 1e5), `f:2001:2: is one of more than 2000 keys in one place`},
		"many aliases":       {"hosts: [&a x" + strings.Repeat(", *a", 1e5) + "]", `is one of more than 10000 anchors and aliases`},
		"many empty lines":   {"hosts: |" + strings.Repeat("\n", 1e5), `f: holds more than 1000 empty lines in a row`},
		"too large":          {strings.Repeat("# comment\n", maxBytes/10+1), `f: is larger than 4 MiB`},
		"too much":           {strings.Repeat("[", 4<<20), `f: holds more than`},
		"a list":             {"- a", `f:1:1: the file must be keys and values, not a list`},
		"text":               {"a", `f:1:1: the file must be keys and values, not text`},
		"empty":              {"", `f: names no host, no engine, no cluster and no registry`},
		"comment":            {"# nothing", `f: names no host, no engine, no cluster and no registry`},
		"nothing":            {"hosts:\nengines: []\ntheme: dark", `f: names no host, no engine, no cluster and no registry`},
	} {
		f, err := Parse("f", []byte(c.src))
		var e *ConfigError
		if f != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

// Everything that is wrong is told at once, in the order of the file, each with
// its line, and a broken entry does not make its neighbours wrong.
func TestProblemText(t *testing.T) {
	_, err := Parse("dir/ringside.yaml", []byte(`sites: {東京: {}}
hosts:
  - {name: "sw[1-3", site: 東京}
  - {site: 東京, naem: web}
engines:
  - {name: a, host: sw1, adress: "unix:///x"}
`))
	want := `dir/ringside.yaml:3:12: bad host range "sw[1-3": a [ without its ]
    3 |   - {name: "sw[1-3", site: 東京}
      |            ^
      = a range looks like sw[001-240] or sw[1-3,7]
dir/ringside.yaml:4:5: host needs a value for "name"
    4 |   - {site: 東京, naem: web}
      |     ^
dir/ringside.yaml:4:16: unknown key "naem" (did you mean "name"?)
    4 |   - {site: 東京, naem: web}
      |                  ^
dir/ringside.yaml:6:5: engine needs one of: context, address
    6 |   - {name: a, host: sw1, adress: "unix:///x"}
      |     ^
dir/ringside.yaml:6:26: unknown key "adress" (did you mean "address"?)
    6 |   - {name: a, host: sw1, adress: "unix:///x"}
      |                          ^`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestProblemsAreCapped(t *testing.T) {
	src := "hosts:\n"
	for i := range 2000 {
		src += fmt.Sprintf("- {name: a%d, x: y}\n", i)
	}
	_, err := Parse("f", []byte(src))
	var e *ConfigError
	if !errors.As(err, &e) || len(e.Problems) != 20 || e.More != 1980 || !strings.HasSuffix(err.Error(), "\nand 1980 more") {
		t.Errorf("%v", err)
	}
}

func TestLongLineIsCut(t *testing.T) {
	_, err := Parse("f", []byte("hosts: ["+strings.Repeat("{name: a}, ", 9)+"{nme: b}, "+strings.Repeat("{name: a}, ", 9)+"]"))
	var e *ConfigError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, p := range e.Problems {
		if strings.Contains(p.Message, "unknown") {
			if n := len([]rune(p.Line)); n != 2*shown+2 || !strings.HasPrefix(strings.TrimPrefix(p.Line, "…")[p.caret-1:], "nme: b}") {
				t.Errorf("%d characters, caret %d: %q", n, p.caret, p.Line)
			}
			return
		}
	}
	t.Errorf("no problem with the key: %v", err)
}

// A secret in the file is refused and is in no message, however broken the file.
func TestSecretsStayHidden(t *testing.T) {
	for _, src := range []string{
		"credentials: {a: {password: hunter2}}",
		"credentials: {a: {username: 7, password: 'hunter2'}}",
		"credentials: {a: {password: hunter2, usrname: x}}",
		"credentials: {a: {pasword: hunter2}}",
		"credentials:\n  a:\n    password:\n      hunter2",
		"credentials:\n  a:\n    password: |\n      x\n      hunter2\n    y: z",
		"credentials: {a: {password: {env: 'hunter2!'}}}",
		"credentials: {a: {password: {evn: 'hunter2!'}}}",
		"credentials: {a: {password: {command: {hunter2: 1}}}}",
		"credentials: {a: {password: [hunter2]}}",
		"credentials: {a: {password: \"hunter2}}",
		"credentials:\n  a:\n    password: \"x\n    hunter2",
		"credentials:\n  a:\n    password:\n      \"hunter2",
		"# password: hunter2\nx",
		"engines: [{name: a, address: 'ssh://root:hunter2@h'}]",
		"engines: [{name: a, address: 'ssh://root:hunter2@h%zz'}]",
	} {
		_, err := Parse("f", []byte(src))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s:\n%v", src, err)
		}
	}
	_, err := Parse("f", []byte("credentials: {a: {password: hunter2}}"))
	if !strings.Contains(fmt.Sprint(err), "f:1:29: a secret does not belong in this file; use {env|file|command}") {
		t.Error(err)
	}
}

func TestNotices(t *testing.T) {
	f := parse(t, "environment: Production\nhosts:\n- {name: a, environment: prod}\n- {name: b, environment: stagign}\n- {name: c, environment: playground}\n- {name: d, environment: staging}\n")
	want := []string{
		`/etc/ringside.yaml:1:14: environment "Production" is not "production", and is treated as a word of your own`,
		`/etc/ringside.yaml:3:26: environment "prod" is not "production", and is treated as a word of your own`,
		`/etc/ringside.yaml:4:26: environment "stagign" is not "staging", and is treated as a word of your own`,
	}
	equal(t, "notices", f.Notices, want)
}

func TestPaths(t *testing.T) {
	t.Setenv("HOME", "/home/ops")
	t.Setenv("USERPROFILE", "/home/ops")
	f := parse(t, "credentials:\n  a: {password: {file: ~/x}}\n  b: {password: {file: y}}\n"+eng("address: 'tcp://h:1', tls: {ca: certs/ca}"))
	if got := f.Credentials["a"].Password.File; got != "/home/ops/x" {
		t.Errorf("~ = %q", got)
	}
	if got := f.Credentials["b"].Password.File + " " + f.Engines[0].TLS.CA; got != "/etc/y /etc/certs/ca" {
		t.Errorf("relative = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(with("theme: dark")))
	f.Add([]byte("hosts:\n- name: sw[001-003]\n  bmc: &a {address: '{name}'}\n- {name: x, bmc: *a}\ncredentials: {a: {password: {command: [a]}}}"))
	f.Add([]byte("a: |\n  b\n\n---\n&a ? - [{"))
	f.Add(Starter(&Fleet{}))
	if full, err := os.ReadFile("testdata/full.yaml"); err == nil {
		f.Add(full)
	}
	schema := compileSchema(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		fl, err := Parse("f", src)
		if err != nil {
			if s := err.Error(); CleanLines(s) != s {
				t.Errorf("the error is not clean: %q", s)
			}
			return
		}
		if err := validate(schema, src); err != nil {
			t.Errorf("Parse takes what the schema refuses: %v\n%s", err, src)
		}
		again, err := Parse("f", Starter(fl))
		if err != nil {
			t.Fatalf("%v\n%s", err, Starter(fl))
		}
		equal(t, "starter", normal(again), normal(fl))
	})
}

func explicit(n int) []byte {
	var b strings.Builder
	b.WriteString("sites: {tokyo: {}}\ncredentials: {bmc: {password: {env: P}}}\nhosts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: sw%03d\n    site: tokyo\n    tags: [swift]\n    bmc: {address: \"sw%03d.bmc\", credential: bmc}\n", i, i)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	ranged := func(n int) []byte {
		return fmt.Appendf(nil, "sites: {tokyo: {}}\ncredentials: {bmc: {password: {env: P}}}\nhosts:\n  - name: sw[0001-%04d]\n    site: tokyo\n    tags: [swift]\n    bmc: {address: \"{name}.bmc\", credential: bmc}\n", n)
	}
	for name, src := range map[string][]byte{"range/240": ranged(240), "range/10000": ranged(10000),
		"explicit/240": explicit(240), "explicit/10000": explicit(10000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("f", src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
