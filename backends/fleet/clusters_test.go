package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func clu(c string) string { return "clusters:\n  - {name: a, " + c + "}" }

func TestClusterProblems(t *testing.T) {
	const users = "credentials: {swift: {username: 'admin:admin', password: {env: K}}, anon: {password: {env: K}}}\n"
	for name, c := range map[string]struct{ src, want string }{
		"no rings":           {clu("site: x"), `f:2:5: cluster needs a value for "rings"`},
		"rings are a list":   {clu("rings: [/etc/swift]"), `f:2:22: rings must be text, or keys and values, not a list`},
		"rings without path": {clu("rings: {ssh: h}"), `rings needs a value for "path"`},
		"rings with a slip":  {clu("rings: {shh: h, path: /r}"), `unknown key "shh" (did you mean "ssh"?)`},
		"relative over ssh":  {clu("rings: {ssh: h, path: etc/swift}"), `f:2:37: a path on the far side of ssh must be absolute, not "etc/swift"`},
		"bad ssh":            {clu("rings: {ssh: 'h:x', path: /r}"), `f:2:28: bad ssh target "h:x": port x is not between 1 and 65535`},
		"ssh option":         {clu("rings: {ssh: '-oProxyCommand=x', path: /r}"), `the host is missing`},
		"ssh user option":    {clu("rings: {ssh: '-l@h', path: /r}"), `"-l" is no user name`},
		"two clusters":       {"clusters:\n- {name: a, rings: /r}\n- {name: a, rings: /r}", `f:3:10: cluster "a" is already named in line 2`},
		"no such site":       {"sites: {tokyo: {}}\n" + clu("rings: /r, site: tokio"), `there is no site "tokio" (did you mean "tokyo"?)`},
		"no such credential": {users + clu("rings: /r, proxy: 'http://h', auth: {tempauth: swfit}"), `there is no credential "swfit" (did you mean "swift"?)`},
		"no user name":       {users + clu("rings: /r, proxy: 'http://h', auth: {tempauth: anon}"), `credential "anon" has no username`},
		"no proxy":           {users + clu("rings: /r, auth: {tempauth: swift}"), `auth by tempauth needs a proxy to log in at`},
		"two ways in":        {users + clu("rings: /r, auth: {tempauth: swift, cloud: x}"), `auth has both "tempauth" and "cloud"`},
		"proxy scheme":       {clu("rings: /r, proxy: 'tcp://h:1'"), `f:2:33: bad proxy address: it must begin with http:// or https://`},
		"proxy path":         {clu("rings: /r, proxy: 'http://h/v1'"), `it must be scheme, host and port only`},
		"proxy port":         {clu("rings: /r, proxy: 'http://h:0'"), `port 0 is not between 1 and 65535`},
		"proxy host":         {clu("rings: /r, proxy: ['http://a', 'http://']"), `the host is missing`},
		"proxy URL":          {clu("rings: /r, proxy: 'http://%zz'"), `it is no URL`},
		"time-out":           {clu("rings: /r, recon: {timeout: 2}"), `timeout must be text, not a number`},
		"time-out words":     {clu("rings: /r, recon: {timeout: 2 s}"), `timeout must be a time span such as 2s, 500ms or 1m30s, not "2 s"`},
		"time-out, long":     {clu("rings: /r, recon: {timeout: 2h}"), `f:2:43: "2h" must be between 100ms and 1m0s`},
		"nodes by":           {clu("rings: /r, nodes_by: prot"), `nodes_by must be one of ip, port, not "prot" (did you mean "port"?)`},
		"same ip":            {"hosts:\n- {name: a, ip: 10.0.0.1}\n- {name: b, ip: [10.0.0.2, 10.0.0.1]}", `f:3:17: b and a (line 2) have the same ip 10.0.0.1`},
		"one ip":             {"hosts: [{name: 'a[1-9]', ip: 10.0.0.1}]", `all 9 hosts of this range would have the address "10.0.0.1"`},
	} {
		f, err := Parse("f", []byte(c.src))
		var e *ConfigError
		if f != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
	_, err := Parse("f", []byte(clu("rings: /r, proxy: 'http://admin:hunter2@h'")))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "a secret does not belong in this file") {
		t.Error(err)
	}
}

func TestLoadClusters(t *testing.T) {
	f, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Clusters) != 3 {
		t.Fatalf("%d clusters", len(f.Clusters))
	}
	for i := range f.Clusters {
		if c := &f.Clusters[i]; c.Where.Line == 0 || c.Origin != fmt.Sprintf("full.yaml:%d", c.Where.Line) {
			t.Errorf("%s: %v %s", c.Name, c.Where, c.Origin)
		}
		f.Clusters[i].Where, f.Clusters[i].Origin = Position{}, ""
	}
	equal(t, "clusters", f.Clusters, []Cluster{
		{Name: "objects", Site: "tokyo", Environment: "production", Rings: RingFiles{Path: "/etc/swift"},
			Proxies: []string{"http://p1.example:8080", "https://[::1]"}, Auth: &SwiftAuth{TempAuth: "bmc"},
			TLS: &TLS{CA: "/c/ca.pem", SkipVerify: true}, Recon: Recon{6200, 1500 * time.Millisecond}},
		{Name: "archive", Environment: "staging", Rings: RingFiles{"ops@10.0.0.9:2222", "/etc/swift"}, SwiftConf: "/etc/swift/x.conf",
			Auth: &SwiftAuth{Cloud: "arch"}, NodesBy: "port"},
		{Name: "test", Environment: "production", Rings: RingFiles{Path: "/r"}, Proxies: []string{"http://127.0.0.1:8080"}, TLS: &TLS{}},
	})
	ips := parse(t, `hosts: [{name: "sw[001-002]", ip: ["10.1.0.{n}", "{name}-storage"]}]`).Hosts[1].IPs
	equal(t, "ip", ips, []string{"10.1.0.2", "sw002-storage"})
}

func TestClusterByName(t *testing.T) {
	f := parse(t, clu("rings: swift"))
	if c, ok := f.Cluster("a"); !ok || c.Rings.Path != "/etc/swift" { // relative to the file, which is in /etc
		t.Errorf("a = %+v, %v", c, ok)
	}
	if _, ok := f.Cluster("b"); ok {
		t.Error("there is a cluster b")
	}
}

func TestAddresses(t *testing.T) {
	f := parse(t, `hosts:
  - {name: "sw[1-2]", ssh: {address: "10.0.0.{n}"}, ip: "10.1.0.{n}"}
  - {name: Web, ssh: {address: gate}}
  - {name: db, ssh: {address: gate}}
  - {name: odd, ip: [10.0.0.2, db]}
`)
	equal(t, "addresses", f.Addresses(), map[string]string{
		"10.1.0.1": "sw1", "10.1.0.2": "sw2", "10.0.0.1": "sw1",
		"10.0.0.2": "odd",                                           // an ip list is more than an ssh address
		"db":       "odd",                                           // and more than a name
		"sw1":      "sw1", "sw2": "sw2", "web": "Web", "odd": "odd", // "gate" is the way to two hosts
	})
}

func TestSSHTo(t *testing.T) {
	f := parse(t, "hosts:\n- {name: a, ssh: {address: 10.0.0.1, user: ops, port: 2222}}\n- {name: b}\n")
	for to, want := range map[string]SSH{
		"a":               {"10.0.0.1", 2222, "ops"},
		"b":               {Address: "b"},
		"root@c:22":       {"c", 22, "root"},
		"10.0.0.7":        {Address: "10.0.0.7"},
		"ops@[fe80::1]:1": {"fe80::1", 1, "ops"},
		"fe80::1":         {Address: "fe80::1"},
	} {
		if got := f.SSHTo(to); got != want {
			t.Errorf("%s = %+v", to, got)
		}
	}
}
