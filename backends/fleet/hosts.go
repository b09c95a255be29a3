package fleet

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// host adds the hosts of one entry of the list, and says whether all are in.
func (d *decoder) host(v *value) bool {
	name := v.get("name")
	env, site := cmp.Or(d.environment(v), d.fleet.Environment), d.site(v)
	bmc := d.bmc(v.get("bmc"))
	var ssh *SSH
	if s := v.get("ssh"); s != nil {
		ssh = &SSH{Port: s.number("port"), User: s.str("user")}
	}
	if name == nil {
		return false
	}
	all, err := expand(name.text)
	switch {
	case err != nil:
		d.add(name.at, "a range looks like sw[001-240] or sw[1-3,7]", "bad host range %q: %v", name.text, err)
		return false
	case len(all)+len(d.fleet.Hosts) > MaxHosts:
		d.add(name.at, "", "with %q the fleet has more than %d hosts", name.text, MaxHosts)
		return false
	}
	bmcs := d.bmcs(bmc, v.get("bmc"), all)
	sshAt := d.pattern(v.get("ssh").get("address"), all)
	ips := d.ipLists(v.get("ip"), all)
	tags := v.get("tags").texts()
	first := len(d.fleet.Hosts)
	for i, n := range all {
		if old, twice := d.hosts[n.name]; twice {
			d.add(name.at, "", "host %q is already named in line %d", n.name, d.fleet.Hosts[old].Where.Line)
			return false
		}
		h := Host{Name: n.name, Site: site, Environment: env, Rack: v.str("rack"), Tags: tags, Where: v.at}
		if bmcs != nil {
			h.BMC = bmcs[i]
		}
		if sshAt != nil {
			s := *ssh
			s.Address = sshAt[i]
			h.SSH = &s
		}
		for _, at := range ips {
			h.IPs = append(h.IPs, at[i])
		}
		d.hosts[n.name] = first + i
		d.fleet.Hosts = append(d.fleet.Hosts, h)
	}
	if bmcs != nil {
		d.sameBMC(v.get("bmc").get("address"), first)
	}
	if ips != nil {
		d.sameIP(v.get("ip"), first)
	}
	return true
}

// pattern fills an address pattern for every host; nil when it is absent or bad.
func (d *decoder) pattern(v *value, hosts []numbered) []string {
	if v == nil {
		return nil
	}
	if len(hosts) > 1 && !strings.Contains(v.text, "{") {
		d.add(v.at, "use {name} or {n} in it", "all %d hosts of this range would have the address %q", len(hosts), v.text)
		return nil
	}
	out := make([]string, len(hosts))
	for i, h := range hosts {
		a, err := fill(v.text, h)
		if err == nil {
			err = checkHostAddress(a)
		}
		if err != nil {
			d.add(v.at, "", "bad address %q: %v", v.text, err)
			return nil
		}
		out[i] = a
	}
	return out
}

// fill replaces {name}, {n} and {nnn} in an address pattern.
func fill(pattern string, h numbered) (string, error) {
	if !strings.ContainsAny(pattern, "{}") {
		return pattern, nil
	}
	b := make([]byte, 0, len(pattern)+len(h.name))
	for {
		before, rest, found := strings.Cut(pattern, "{")
		if strings.Contains(before, "}") {
			return "", fmt.Errorf("a } without its {")
		}
		b = append(b, before...)
		if !found {
			return string(b), nil
		}
		var word string
		if word, pattern, found = strings.Cut(rest, "}"); !found {
			return "", fmt.Errorf("a { without its }")
		}
		switch {
		case word == "name":
			b = append(b, h.name...)
		case word == "" || len(word) > 9 || strings.Trim(word, "n") != "":
			return "", fmt.Errorf("{%s} is not one of {name}, {n}, {nnn}", word)
		case h.digits == "" || len(h.digits) > 9:
			return "", fmt.Errorf("{%s} needs a number, and %q has none of up to 9 digits", word, h.name)
		default:
			n, _ := strconv.Atoi(h.digits)
			b = append(b, pad(n, len(word))...)
		}
	}
}

// checkHostAddress checks a host name or IP address without scheme and port.
func checkHostAddress(a string) error {
	if strings.Contains(a, "://") || strings.ContainsAny(a, "/@") {
		return fmt.Errorf("it must be a host name or an IP address, without scheme, user and path")
	}
	if strings.Contains(a, ":") {
		if _, err := netip.ParseAddr(a); err != nil {
			return fmt.Errorf("it must be a host name or an IP address; a port has its own key")
		}
		return nil
	}
	if len(a) > 253 {
		return fmt.Errorf("a host name has at most 253 characters")
	}
	if strings.Trim(a, "0123456789.") == "" {
		if _, err := netip.ParseAddr(a); err != nil {
			return fmt.Errorf("%s is no IP address", a)
		}
		return nil
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(a, "."), ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notHostRune) {
			return fmt.Errorf("%q is no host name", a)
		}
	}
	return nil
}

// notHostRune is what a host name cannot hold. Letters beyond ASCII are left to
// the resolver, and the underscore is in use whatever RFC 952 says.
func notHostRune(r rune) bool {
	return r < 0x80 && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
