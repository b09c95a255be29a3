package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// engine adds one engine of the list.
func (d *decoder) engine(v *value, seen map[string]Position) {
	e := Engine{
		Name: v.str("name"), Site: d.site(v), Environment: d.environment(v), Host: v.str("host"),
		Context: v.str("context"), Address: v.str("address"), Socket: v.str("socket"), Plain: v.true("plain"),
		Origin: fmt.Sprintf("%s:%d", filepath.Base(d.file), v.at.Line), Where: v.at,
	}
	if first, twice := seen[e.Name]; twice && e.Name != "" {
		d.add(v.get("name").at, "", "engine %q is already named in line %d", e.Name, first.Line)
	} else {
		seen[e.Name] = v.at
	}
	if e.Host != "" {
		if i, ok := d.hosts[e.Host]; ok {
			e.Site = cmp.Or(e.Site, d.fleet.Hosts[i].Site)
			e.Environment = cmp.Or(e.Environment, d.fleet.Hosts[i].Environment)
		} else if !d.gaps {
			d.add(v.get("host").at, `hosts are named under "hosts:"`, "there is no host %q%s", e.Host,
				didYouMean(e.Host, maps.Keys(d.hosts)))
		}
	}
	e.Environment = cmp.Or(e.Environment, d.fleet.Environment)
	e.TLS = d.tls(v)
	scheme := "context"
	if e.Address != "" {
		var err error
		if scheme, err = checkEngineAddress(e.Address); err != nil {
			at := v.get("address").at
			if hasPassword(e.Address) {
				d.hide(at, 0)
			}
			d.add(at, "unix:///path, ssh://user@host, tcp://host:port or npipe:////./pipe/name", "bad engine address: %v", err)
			scheme = ""
		}
	}
	d.belongs(v, scheme)
	d.fleet.Engines = append(d.fleet.Engines, e)
}

// tls reads the TLS files; nil when the engine has no tls.
func (d *decoder) tls(v *value) *TLS {
	has := false
	if v != nil {
		for _, k := range v.keys {
			has = has || k.name == "tls"
		}
	}
	if !has {
		return nil
	}
	t := v.get("tls")
	out := &TLS{ServerName: t.str("server_name"), SkipVerify: t.true("skip_verify")}
	for name, to := range map[string]*string{"ca": &out.CA, "cert": &out.Cert, "key": &out.Key} {
		if p := t.str(name); p != "" {
			*to = d.path(p)
		}
	}
	if (out.Cert == "") != (out.Key == "") && t != nil {
		d.add(t.at, "", "a client certificate needs both cert and key")
	}
	return out
}

// ownScheme are the keys that make sense with one kind of engine only.
var ownScheme = map[string]string{"socket": "ssh", "tls": "tcp", "plain": "tcp"}

// belongs checks that keys fit the scheme of the address; "" is not known.
func (d *decoder) belongs(v *value, scheme string) {
	tls, plain := false, v.true("plain")
	for i, k := range v.keys {
		want := ownScheme[k.name]
		tls = tls || k.name == "tls"
		if want != "" && scheme != "" && scheme != want && (k.name != "plain" || plain) {
			at := k.at
			if v.items[i] != nil {
				at = v.items[i].at
			}
			d.add(at, "", "%q is only for %s:// addresses", k.name, want)
		}
	}
	switch {
	case scheme != "tcp":
	case tls && plain:
		d.add(v.get("plain").at, "", "an engine has tls or is plain, not both")
	case !tls && !plain:
		d.add(v.get("address").at, "add tls: {ca, cert, key}, or say plain: true",
			"tcp without TLS lets everybody on the way control the host")
	}
}

// checkEngineAddress returns the scheme of an engine's address. Its errors do
// not repeat the address, which could hold a password.
func checkEngineAddress(a string) (scheme string, err error) {
	if hasPassword(a) {
		return "", fmt.Errorf("a secret does not belong in this file; ssh uses keys and agents")
	}
	u, err := url.Parse(a)
	if err != nil {
		return "", fmt.Errorf("it is no URL")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("it has a query or a fragment")
	}
	switch u.Scheme {
	case "unix":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || u.Path == "/" {
			return "", fmt.Errorf("a unix socket has an absolute path: unix:///path")
		}
	case "npipe":
		if u.Path == "" {
			return "", fmt.Errorf("a named pipe is missing")
		}
	case "ssh", "tcp":
		return u.Scheme, checkHostPort(u)
	case "http", "https":
		return "", fmt.Errorf("%s:// is not known; write tcp:// with tls, or with plain: true", u.Scheme)
	case "":
		return "", fmt.Errorf("it has no scheme")
	default:
		return "", fmt.Errorf("%q is no known scheme", u.Scheme)
	}
	return u.Scheme, nil
}

// CheckAddress reports what is wrong with the address of an engine, nil when a
// configuration file may hold it.
func CheckAddress(address string) error {
	_, err := checkEngineAddress(address)
	return err
}

// hasPassword says whether an address has user:password@ in it, however broken
// the rest of it is.
func hasPassword(a string) bool {
	_, rest, _ := strings.Cut(a, "://")
	user, _, at := strings.Cut(rest, "@")
	return at && strings.Contains(user, ":")
}

func checkHostPort(u *url.URL) error {
	if u.Path != "" && u.Path != "/" {
		return fmt.Errorf("it has a path; a socket on the far side of ssh has its own key")
	}
	if u.Scheme == "tcp" && u.User != nil {
		return fmt.Errorf("tcp:// takes no user")
	}
	if err := checkHostAddress(u.Hostname()); err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		if u.Scheme == "tcp" {
			return fmt.Errorf("the port is missing; with TLS it is usually 2376")
		}
		return nil
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("port %s is not between 1 and 65535", port)
	}
	return nil
}
