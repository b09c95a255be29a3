package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func reg(r string) string { return "registries:\n  a: {" + r + "}\n" }

// syn is a sync between two registries that are fine, in line 3.
func syn(s string) string {
	return "registries: {a: {address: a}, b: {address: b}}\nsyncs:\n  - {name: s, from: a, to: b, " + s + "}"
}

func TestRegistryProblems(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"no address":         {reg("plain_http: true"), `a needs a value for "address"`},
		"scheme":             {reg("address: 'http://h:1'"), `f:2:16: bad registry address: it has no scheme; plain_http: true says that there is no TLS`},
		"https":              {reg("address: 'https://h:1'"), `it has no scheme; TLS is the default`},
		"path":               {reg("address: h/team"), `it has no path`},
		"port":               {reg("address: 'h:0'"), `port "0" is not between 1 and 65535`},
		"colons":             {reg("address: 'a:b:c'"), `it is neither host nor host:port`},
		"host":               {reg("address: 'a..b'"), `"a..b" is no host name`},
		"further name":       {reg("address: a, names: [b, c/d]"), `f:2:30: bad registry address: it has no path`},
		"slip":               {reg("adress: a"), `unknown key "adress" (did you mean "address"?)`},
		"no such credential": {reg("address: a, credential: x"), `there is no credential "x"`},
		"ca without TLS":     {reg("address: a, plain_http: true, ca: x"), `"ca" has no meaning with plain_http`},
		"rate of bytes":      {reg("address: a, bandwidth: 20MB"), `bandwidth must be a rate such as 20MB/s or 100Mbit/s, not "20MB"`},
		"no rate":            {reg("address: a, bandwidth: 0kB/s"), `"0kB/s" is too little or too much`},
		"small chunk":        {reg("address: a, chunk: 4kB"), `chunk must be between 1 MiB and 512 MiB`},
		"same address":       {"registries:\n  a: {address: X}\n  b: {address: x}", `f:3:16: b and a (line 2) have the same address`},
		"no from":            {"registries: {a: {address: a}}\nsyncs: [{name: s, to: a, repositories: x}]", `sync needs a value for "from"`},
		"no such registry":   {"registries: {tokyo: {address: a}}\nsyncs: [{name: s, from: tokio, to: tokyo, repositories: x}]", `there is no registry "tokio" (did you mean "tokyo"?)`},
		"to itself":          {"registries: {a: {address: a}}\nsyncs: [{name: s, from: a, to: a, repositories: x}]", `from and to are the same registry`},
		"repository":         {syn("repositories: [x, /y]"), `f:3:49: bad repository pattern "/y": a repository does not begin or end with /`},
		"tags":               {syn("repositories: x, tags: ['>=a']"), `bad tag pattern ">=a": "a" is no version such as 1.2 or 1.2.3`},
		"every":              {syn("repositories: x, every: 1s"), `"1s" must be between 1m0s and 744h0m0s`},
		"schedule":           {syn("repositories: x, schedule: '0 25 * * *'"), `bad schedule "0 25 * * *": hour: "25" is not between 0 and 23`},
		"both":               {syn("repositories: x, every: 1h, schedule: '0 1 * * *'"), `a sync has every or schedule, not both`},
		"rename":             {syn("repositories: x, rename: {'a/*': b}"), `both names end in *, or neither does`},
		"platform":           {syn("repositories: x, platforms: [amd64]"), `must be a platform such as linux/amd64`},
		"delete":             {syn("repositories: x, delete_extra: true"), `delete_extra must be keys and values, not true or false`},
		"two syncs":          {syn("repositories: x}\n  - {name: s, from: a, to: b, repositories: y"), `f:4:12: sync "s" is already named in line 3`},
	} {
		f, err := Parse("f", []byte(c.src))
		var e *ConfigError
		if f != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
	_, err := Parse("f", []byte(reg("address: 'https://ci:hunter2@h'")))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "name a credential") {
		t.Error(err)
	}
}

func TestLoadRegistries(t *testing.T) {
	f, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Registries[1]; r.Origin != fmt.Sprintf("full.yaml:%d", r.Where.Line) || r.Where.Column != 3 {
		t.Errorf("origin %s of %+v", r.Origin, r.Where)
	}
	f = normal(f)
	equal(t, "registries", f.Registries, []Registry{
		{Name: "tokyo", Site: "tokyo", Environment: "production", Address: "registry.tyo.example:5000", Names: []string{"registry.tyo.example", "10.0.0.2:5000"},
			CA: "/c/reg.pem", Credential: "bmc", Concurrency: 16, Rate: 50, Bandwidth: 20e6, Streams: 4, Chunk: 16 << 20},
		{Name: "shanghai", Site: "shanghai", Environment: "staging", Address: "registry.sha.example:5000", PlainHTTP: true, Concurrency: 10, Streams: 1},
		{Name: "hub", Environment: "production", Address: "docker.io", SkipVerify: true, Concurrency: 10, Streams: 1},
	})
	equal(t, "syncs", f.Syncs, []Sync{
		{Name: "tyo-sha", Environment: "staging", From: "tokyo", To: "shanghai", Repositories: []string{"team/web", "team/**", "!team/secret"},
			Tags: []string{"v*", ">=1.2 <2", "/r[0-9]+/"}, Rename: []Rename{{"team/*", "mirror/*"}, {"base/x", "y"}}, Platforms: []string{"linux/amd64", "linux/arm/v7"},
			DeleteExtra: 5, Every: 15 * time.Minute, Bandwidth: 12.5e6},
		{Name: "hub", Environment: "production", From: "hub", To: "tokyo", Repositories: []string{"library/redis"}, Schedule: "15 1 * * mon-fri", Referrers: true},
	})
}

func TestRename(t *testing.T) {
	s := Sync{Rename: []Rename{{"base/x", "y"}, {"team/*", "mirror/t/*"}}}
	for from, to := range map[string]string{"base/x": "y", "base/xx": "base/xx", "team/web": "mirror/t/web", "team/a/b": "mirror/t/a/b", "other": "other"} {
		if got := s.TargetName(from); got != to {
			t.Errorf("%s becomes %s, want %s", from, got, to)
		}
		if got, ok := s.SourceName(to); !ok || got != from {
			t.Errorf("%s comes from %s, %v", to, got, ok)
		}
	}
	for _, none := range []string{"base/x", "team/web"} { // these names are given away
		if got, ok := s.SourceName(none); ok {
			t.Errorf("%s comes from %s", none, got)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"20MB/s": 20e6, "20 MB/s": 20e6, "1.5MiB/s": 3 << 19, "100Mbit/s": 12.5e6, "500kB/s": 5e5, "8/s": 8, "1GiB/s": 1 << 30} {
		if n, err := ParseBytes(text, true); n != want || err != nil {
			t.Errorf("%s = %d, %v", text, n, err)
		}
	}
	if n, err := ParseBytes("16MiB", false); n != 16<<20 || err != nil {
		t.Errorf("16MiB = %d, %v", n, err)
	}
	for _, bad := range []string{"", "20", "20MB", "MB/s", "-1MB/s", "20mb/s", "1bit/s", "9999999TB/s"} {
		if n, err := ParseBytes(bad, true); err == nil {
			t.Errorf("%q = %d", bad, n)
		}
	}
	for _, n := range []int64{1, 999, 1000, 1024, 20e6, 16 << 20, 3 << 30, 12.5e6, 1234567} {
		if got, err := ParseBytes(bytesText(n, "/s"), true); got != n || err != nil {
			t.Errorf("%d is written %s and read %d, %v", n, bytesText(n, "/s"), got, err)
		}
	}
}
