package fleet

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Parse reads a configuration. The name of the file is for messages and for
// paths that are relative to it. The error is a *ConfigError with everything
// that is wrong.
func Parse(file string, src []byte) (*Fleet, error) {
	ps := &problems{file: file, src: strings.TrimPrefix(string(src), "\ufeff")}
	d := &decoder{problems: ps, fleet: &Fleet{File: file}}
	if n := readYAML(ps); n != nil {
		c := &checker{problems: ps}
		d.decode(c.check(n, root, "the file", Position{1, 1}))
	}
	if len(ps.list) == 0 && len(d.fleet.Hosts) == 0 && len(d.fleet.Engines) == 0 && len(d.fleet.Clusters) == 0 && len(d.fleet.Registries) == 0 {
		ps.add(Position{}, `remove it and run "ringside init" for a starter file`,
			"names no host, no engine, no cluster and no registry, so there is nothing to watch")
	}
	if err := ps.err(); err != nil {
		return nil, err
	}
	return d.fleet, nil
}

// decoder turns checked values into the fleet and judges what needs more than
// one place of the file: references, names, ranges, addresses.
type decoder struct {
	*problems
	fleet *Fleet
	sites map[string]bool
	hosts map[string]int // name to index in fleet.Hosts
	gaps  bool           // a broken entry named hosts that are not in there
	// seenBMCs has the index in fleet.Hosts by address and port, then by system.
	seenBMCs map[string]map[string]int
	ips      map[string]int // entry of an ip list to index in fleet.Hosts
}

func (d *decoder) decode(v *value) {
	f := d.fleet
	f.Environment = d.environment(v)
	f.Theme = v.str("theme")
	d.sites = map[string]bool{}
	if s := v.get("sites"); s != nil {
		for i, k := range s.keys {
			f.Sites = append(f.Sites, Site{k.name, s.items[i].str("note")})
			d.sites[k.name] = true
		}
	}
	d.credentials(v.get("credentials"))
	if k := v.get("keys"); k != nil {
		f.Keys = make(map[string][]string, len(k.keys))
		for i, key := range k.keys {
			f.Keys[key.name] = k.items[i].texts()
		}
	}
	d.hosts, d.seenBMCs, d.ips = map[string]int{}, map[string]map[string]int{}, map[string]int{}
	for _, h := range v.get("hosts").list() {
		if h != nil && d.host(h) {
			continue
		}
		d.gaps = true
	}
	engines := map[string]Position{}
	for _, e := range v.get("engines").list() {
		if e != nil {
			d.engine(e, engines)
		}
	}
	t := &taken{names: map[string]Position{}, ports: map[string]string{}, switches: map[string]string{}}
	for _, s := range v.get("services").list() {
		if s != nil {
			d.service(s, t)
		}
	}
	clusters := map[string]Position{}
	for _, c := range v.get("clusters").list() {
		if c != nil {
			d.cluster(c, clusters)
		}
	}
	d.registries(v.get("registries"))
	d.syncs(v.get("syncs"))
}

func (d *decoder) credentials(v *value) {
	d.fleet.Credentials = map[string]Credential{}
	if v == nil {
		return
	}
	for i, k := range v.keys {
		c := v.items[i]
		p := c.get("password")
		s := Secret{Env: p.str("env"), Command: p.get("command").texts()}
		if file := p.str("file"); file != "" {
			s.File = d.path(file)
		}
		if cmd := p.get("command"); cmd != nil && cmd.text != "" {
			s.Command = []string{"sh", "-c", cmd.text}
		}
		d.fleet.Credentials[k.name] = Credential{Name: k.name, Username: c.str("username"), Password: s, Where: k.at}
	}
}

// known are the environments that guards and confirmations know of.
var known = map[string][]string{
	"production": {"prod", "prd", "live"}, "staging": {"stage", "stg"},
	"verification": {"verify", "verif"}, "development": {"dev", "devel", "develop"},
}

// environment returns the environment set in v. Any word is allowed; one that
// looks like a slip is told, because production is what makes acts ask twice.
func (d *decoder) environment(v *value) string {
	e := v.get("environment")
	if e == nil {
		return ""
	}
	if _, ok := known[e.text]; ok {
		return e.text
	}
	low := strings.ToLower(e.text)
	near := nearest(low, maps.Keys(known))
	for k, short := range known {
		for _, s := range short {
			if low == s {
				near = k
			}
		}
	}
	if near != "" {
		d.fleet.Notices = append(d.fleet.Notices, fmt.Sprintf("%s:%d:%d: environment %q is not %q, and is treated as a word of your own",
			Clean(d.file), e.at.Line, e.at.Column, e.text, near))
	}
	return e.text
}

// site returns the site set in v, checked to exist.
func (d *decoder) site(v *value) string {
	s := v.get("site")
	if s == nil {
		return ""
	}
	if !d.sites[s.text] {
		d.add(s.at, `sites are named under "sites:"`, "there is no site %q%s", s.text, didYouMean(s.text, maps.Keys(d.sites)))
	}
	return s.text
}

// path makes a path of the file absolute: ~ is the home directory, and what is
// relative is relative to the file.
func (d *decoder) path(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(d.file), p)
}
