package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Cluster is one OpenStack Swift cluster. Its storage nodes are not listed here:
// the ring files name them.
type Cluster struct {
	Name        string
	Site        string
	Environment string
	Rings       RingFiles
	SwiftConf   string     // path of swift.conf, on the machine of the ring files; "" beside them
	Proxies     []string   // URLs "http://host:port"; the first one is asked for the API
	Auth        *SwiftAuth // nil when only recon is read
	TLS         *TLS       // of the proxies; only CA and SkipVerify
	Recon       Recon
	NodesBy     string // what tells two nodes apart: "ip" (also when ""), or "port" as well
	Origin      string // how it was found: "ringside.yaml:12", "/etc/swift"
	Where       Position
}

// RingFiles says where a cluster's *.ring.gz files are.
type RingFiles struct {
	SSH  string // name of a host, or [user@]address[:port]; "" on this machine
	Path string // directory, absolute
}

// SwiftAuth is how to log in to a cluster. Exactly one field is set.
type SwiftAuth struct {
	TempAuth string // name of a credential whose username is "account:user"
	Cloud    string // name of a cloud in clouds.yaml (Keystone)
}

// Recon says how storage nodes are asked.
type Recon struct {
	Port    int           // 0: the ports that the rings name
	Timeout time.Duration // of one request; 0 for the default
}

// Cluster finds a Swift cluster by name.
func (f *Fleet) Cluster(name string) (Cluster, bool) {
	for _, c := range f.Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return Cluster{}, false
}

// Addresses maps the addresses by which a ring can name a host (its ip list, its
// SSH address, its name, all in lower case) to the host's name. An address that
// two hosts share belongs to none of them, unless one has it in its ip list.
func (f *Fleet) Addresses() map[string]string {
	out := make(map[string]string, 2*len(f.Hosts))
	for _, of := range []func(Host) []string{
		func(h Host) []string { return h.IPs },
		func(h Host) []string {
			if h.SSH == nil {
				return nil
			}
			return []string{h.SSH.Address}
		},
		func(h Host) []string { return []string{h.Name} },
	} {
		found := map[string]string{}
		for _, h := range f.Hosts {
			for _, a := range of(h) {
				a = strings.ToLower(a)
				if other, twice := found[a]; twice && other != h.Name {
					found[a] = ""
				} else {
					found[a] = h.Name
				}
			}
		}
		for a, host := range found {
			if _, better := out[a]; !better && host != "" {
				out[a] = host
			}
		}
	}
	return out
}

// SSHTo returns how to reach what RingFiles.SSH names: a host of the fleet with
// its own settings, or the address that is written there.
func (f *Fleet) SSHTo(to string) SSH {
	for _, h := range f.Hosts {
		if h.Name == to {
			if h.SSH != nil {
				return *h.SSH
			}
			return SSH{Address: h.Name}
		}
	}
	s, _ := parseSSH(to) // the configuration was checked when it was read
	return s
}

// parseSSH reads [user@]address[:port].
func parseSSH(text string) (SSH, error) {
	user, address, found := strings.Cut(text, "@")
	if !found {
		user, address = "", text
	}
	s := SSH{User: user, Address: address}
	if i := strings.LastIndexByte(address, ':'); i >= 0 && (strings.Count(address, ":") == 1 || strings.HasPrefix(address, "[")) {
		port := address[i+1:]
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return SSH{}, fmt.Errorf("port %s is not between 1 and 65535", port)
		}
		s.Address, s.Port = address[:i], n
	}
	s.Address = strings.TrimSuffix(strings.TrimPrefix(s.Address, "["), "]")
	if found && (user == "" || strings.HasPrefix(user, "-") || strings.ContainsFunc(user, notHostRune)) {
		return SSH{}, fmt.Errorf("%q is no user name", user)
	}
	if s.Address == "" || strings.HasPrefix(s.Address, "-") {
		return SSH{}, fmt.Errorf("the host is missing")
	}
	return s, checkHostAddress(s.Address)
}

// ipLists fills the patterns of an ip list: one list for each pattern, with an entry
// for each host.
func (d *decoder) ipLists(list *value, hosts []numbered) (out [][]string) {
	for _, p := range list.list() {
		if at := d.pattern(p, hosts); at != nil {
			out = append(out, at)
		}
	}
	return out
}

// sameIP refuses two hosts with one entry in their ip lists: a ring's device would
// belong to both.
func (d *decoder) sameIP(list *value, first int) {
	for i, h := range d.fleet.Hosts[first:] {
		for _, ip := range h.IPs {
			k := strings.ToLower(ip)
			if old, twice := d.ips[k]; twice && old != first+i {
				o := d.fleet.Hosts[old]
				d.add(list.at, "", "%s and %s (line %d) have the same ip %s", h.Name, o.Name, o.Where.Line, ip)
				return
			}
			d.ips[k] = first + i
		}
	}
}

// cluster adds one cluster of the list.
func (d *decoder) cluster(v *value, seen map[string]Position) {
	c := Cluster{
		Name: v.str("name"), Site: d.site(v), Environment: cmp.Or(d.environment(v), d.fleet.Environment),
		Proxies: d.proxies(v.get("proxy")), Auth: d.swiftAuth(v), NodesBy: v.str("nodes_by"),
		Recon:  Recon{Port: v.get("recon").number("port"), Timeout: d.duration(v.get("recon").get("timeout"), 100*time.Millisecond, time.Minute)},
		Origin: fmt.Sprintf("%s:%d", filepath.Base(d.file), v.at.Line), Where: v.at,
	}
	if first, twice := seen[c.Name]; twice && c.Name != "" {
		d.add(v.get("name").at, "", "cluster %q is already named in line %d", c.Name, first.Line)
	} else {
		seen[c.Name] = v.at
	}
	c.Rings.SSH = v.get("rings").str("ssh")
	c.Rings.Path = d.ringPath(v.get("rings").get("path"), c.Rings.SSH)
	c.SwiftConf = d.ringPath(v.get("swift_conf"), c.Rings.SSH)
	if at := v.get("rings").get("ssh"); at != nil {
		if _, host := d.hosts[at.text]; !host {
			if _, err := parseSSH(at.text); err != nil {
				d.add(at.at, "the name of a host, or user@address:port", "bad ssh target %q: %v", at.text, err)
			}
		}
	}
	if t := v.get("tls"); t != nil {
		c.TLS = &TLS{SkipVerify: t.true("skip_verify")}
		if ca := t.str("ca"); ca != "" {
			c.TLS.CA = d.path(ca)
		}
	}
	if c.Auth != nil && c.Auth.TempAuth != "" && v.get("proxy") == nil {
		d.add(v.get("auth").at, "", "auth by tempauth needs a proxy to log in at")
	}
	d.fleet.Clusters = append(d.fleet.Clusters, c)
}

// ringPath makes a path absolute; one on the far side of ssh has to be so already.
func (d *decoder) ringPath(v *value, ssh string) string {
	switch {
	case v == nil:
		return ""
	case ssh == "":
		return d.path(v.text)
	case !strings.HasPrefix(v.text, "/"):
		d.add(v.at, "", "a path on the far side of ssh must be absolute, not %q", v.text)
	}
	return v.text
}

func (d *decoder) proxies(v *value) []string {
	var out []string
	for _, p := range v.list() {
		if p == nil {
			continue
		}
		if err := checkProxy(p.text); err != nil {
			if hasPassword(p.text) {
				d.hide(p.at, 0)
			}
			d.add(p.at, "http://host:port or https://host", "bad proxy address: %v", err)
			continue
		}
		out = append(out, strings.TrimSuffix(p.text, "/"))
	}
	return out
}

// checkProxy checks the URL of a proxy. Its errors do not repeat it.
func checkProxy(text string) error {
	u, err := url.Parse(text)
	switch {
	case hasPassword(text):
		return fmt.Errorf(`a secret does not belong in this file; name a credential under "auth"`)
	case err != nil:
		return fmt.Errorf("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("it must begin with http:// or https://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return fmt.Errorf("it must be scheme, host and port only")
	case u.Hostname() == "":
		return fmt.Errorf("the host is missing")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("port %s is not between 1 and 65535", p)
		}
	}
	return checkHostAddress(u.Hostname())
}

func (d *decoder) swiftAuth(v *value) *SwiftAuth {
	a := v.get("auth")
	if a == nil {
		return nil
	}
	out := &SwiftAuth{TempAuth: a.str("tempauth"), Cloud: a.str("cloud")}
	if t := a.get("tempauth"); t != nil {
		switch c, ok := d.fleet.Credentials[t.text]; {
		case !ok:
			d.add(t.at, `credentials are named under "credentials:"`, "there is no credential %q%s", t.text,
				didYouMean(t.text, maps.Keys(d.fleet.Credentials)))
		case c.Username == "":
			d.add(t.at, `a tempauth user looks like "account:user"`, "credential %q has no username", t.text)
		}
	}
	return out
}

// duration reads a time span between two limits; 0 when there is none.
func (d *decoder) duration(v *value, least, most time.Duration) time.Duration {
	if v == nil {
		return 0
	}
	t, err := time.ParseDuration(v.text)
	if err != nil || t < least || t > most {
		d.add(v.at, "", "%q must be between %v and %v", v.text, least, most)
		return 0
	}
	return t
}

var durationSyntax = written(`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, `a time span such as 2s, 500ms or 1m30s`)

var cluster = &shape{kind: kindObject, doc: "One OpenStack Swift cluster.", fields: []field{
	{name: "name", required: true, shape: &shape{kind: kindText, syntax: nameSyntax, max: maxName,
		doc: "Name of the cluster in Ringside."}},
	{name: "site", shape: siteRef},
	{name: "environment", shape: environmentShape},
	{name: "rings", required: true, shape: &shape{kind: kindObject, short: "path",
		doc: "Where the ring files are: a directory, usually /etc/swift, here or on a host that is reached by ssh.",
		fields: []field{
			{name: "ssh", shape: &shape{kind: kindText, max: 255,
				doc: "Name of a host, or user@address:port, from which they are fetched. ~/.ssh/config applies."}},
			{name: "path", required: true, shape: fileAt("Directory with the *.ring.gz files.")},
		}}},
	{name: "swift_conf", shape: fileAt("swift.conf with policies and hash secrets, when it is not beside the ring files.")},
	{name: "proxy", shape: &shape{kind: kindTexts, min: 1,
		doc: "URL of the proxy, or a list with all proxies; the first one is asked for the API."}},
	{name: "auth", shape: &shape{kind: kindObject, one: []string{"tempauth", "cloud"},
		doc: "How to log in, for account totals and the health object.",
		fields: []field{
			{name: "tempauth", shape: &shape{kind: kindText, max: 64, doc: "Name of one of the credentials, for tempauth (v1)."}},
			{name: "cloud", shape: &shape{kind: kindText, max: 64, doc: "Name of a cloud in clouds.yaml, for Keystone."}},
		}}},
	{name: "tls", shape: &shape{kind: kindObject, empty: true, doc: "https proxies only.", fields: []field{
		{name: "ca", shape: fileAt("File with the authority that signed the proxy's certificate; the system's own when absent.")},
		{name: "skip_verify", shape: yes("Do not check the proxy's certificate; the screen says so for as long as this is set.")},
	}}},
	{name: "recon", shape: &shape{kind: kindObject, empty: true, doc: "How storage nodes are asked.", fields: []field{
		{name: "port", shape: &shape{kind: kindNumber, min: 1, max: 65535,
			doc: "Port that answers recon on every node, when it is not the one that the rings name."}},
		{name: "timeout", shape: &shape{kind: kindText, syntax: durationSyntax, max: 20,
			doc: "Longest wait for one answer, 2s when absent. A node that takes longer is silent."}},
	}}},
	{name: "nodes_by", shape: &shape{kind: kindText, enum: []string{"ip", "port"},
		doc: "What tells two nodes apart in the rings: their IP, or also their port, as on a test cluster with one address."}},
}}
