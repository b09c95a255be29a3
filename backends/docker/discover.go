package docker

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ringside/backends/fleet"
)

// Discover finds the engines that this user's Docker set-up knows: every Docker
// context (the current one first), DOCKER_HOST, and the local sockets that
// exist. One address gives one engine, under the first of these names. What
// cannot be read becomes a notice; it connects to nothing.
func Discover(getenv func(string) string) (engines []fleet.Engine, notices []string) {
	d := &discovery{getenv: getenv, seen: map[string]bool{}, names: map[string]bool{}}
	d.contexts()
	d.host()
	for _, s := range localSockets(getenv) {
		if path := socketPath(s); strings.HasPrefix(s, "npipe:") || isSocket(path) {
			d.add(s, fleet.Engine{Name: localName(), Address: s, Origin: "local socket"})
		}
	}
	return d.engines, d.notices
}

type discovery struct {
	getenv  func(string) string
	engines []fleet.Engine
	notices []string
	seen    map[string]bool // canonical addresses
	names   map[string]bool
}

// add takes an engine unless its address is known already. Its name becomes one
// that a configuration file may hold.
func (d *discovery) add(address string, e fleet.Engine) {
	key := canonical(address)
	if d.seen[key] {
		return
	}
	d.seen[key] = true
	base := fleet.PlainName(e.Name)
	e.Name = base
	for n := 2; d.names[e.Name]; n++ {
		e.Name = fmt.Sprintf("%s-%d", base, n)
	}
	d.names[e.Name] = true
	d.engines = append(d.engines, e)
}

func (d *discovery) note(format string, args ...any) {
	d.notices = append(d.notices, fleet.Clean(fmt.Sprintf(format, args...)))
}

func (d *discovery) contexts() {
	current := d.getenv("DOCKER_CONTEXT")
	if current == "" {
		if conf, err := dockerConfig(d.getenv); err != nil {
			d.note("the docker command's config.json cannot be read: %v", err)
		} else {
			current = conf.CurrentContext
		}
	}
	names := d.contextNames()
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == current:
			return -1
		case b == current:
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		address, _, err := contextEndpoint(d.getenv, name)
		if err != nil {
			d.note("%v", err)
			continue
		}
		d.add(address, fleet.Engine{Name: name, Context: name, Origin: "context"})
	}
}

// contextNames lists the stored contexts. The store's own List gives nothing at
// all when one of them is broken.
func (d *discovery) contextNames() (names []string) {
	files, _ := filepath.Glob(filepath.Join(dockerDir(d.getenv), "contexts", "meta", "*", "meta.json"))
	for _, f := range files {
		var meta struct{ Name string }
		b, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(b, &meta)
		}
		if err != nil || meta.Name == "" || fleet.Clean(meta.Name) != meta.Name {
			d.note("Docker context in %s cannot be read: %v", f, err)
			continue
		}
		names = append(names, meta.Name)
	}
	return names
}

func (d *discovery) host() {
	address := d.getenv("DOCKER_HOST")
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		d.note("DOCKER_HOST is not an address: unix:///path, tcp://host:port or ssh://user@host") // it may hold a password
		return
	}
	e := fleet.Engine{Name: hostName(u), Address: address, Origin: "DOCKER_HOST"}
	switch u.Scheme {
	case "ssh": // the socket on the far side has a key of its own
		if u.Path != "/" {
			e.Socket, u.Path = u.Path, ""
			e.Address = u.String()
		}
	case "tcp", "http", "https":
		dir := d.getenv("DOCKER_CERT_PATH")
		switch {
		case d.getenv("DOCKER_TLS_VERIFY") == "" && dir == "" && u.Scheme != "https":
			e.Plain = true
			d.note("DOCKER_HOST %s is neither encrypted nor authenticated", u.Redacted())
		default:
			if dir == "" {
				dir = dockerDir(d.getenv)
			}
			e.TLS = &fleet.TLS{
				CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
				SkipVerify: d.getenv("DOCKER_TLS_VERIFY") == "",
			}
		}
		u.Scheme = "tcp"
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), map[bool]string{true: "2375", false: "2376"}[e.Plain])
		}
		e.Address = u.String()
	}
	if err := fleet.CheckAddress(e.Address); err != nil {
		d.note("DOCKER_HOST %s cannot be used: %v", u.Redacted(), err)
		return
	}
	d.add(address, e)
}

// localSockets are the places of an engine on this machine, the usual one first.
func localSockets(getenv func(string) string) []string {
	if runtime.GOOS == "windows" {
		return []string{"npipe:////./pipe/docker_engine"}
	}
	list := []string{"unix:///var/run/docker.sock"}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" { // rootless
		list = append(list, "unix://"+filepath.Join(dir, "docker.sock"))
	}
	if home := getenv("HOME"); home != "" { // Docker Desktop
		list = append(list, "unix://"+filepath.Join(home, ".docker", "run", "docker.sock"))
	}
	return list
}

func isSocket(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode()&os.ModeSocket != 0
}

// canonical gives two spellings of one address the same text.
func canonical(address string) string {
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		return "unix://" + path
	}
	return strings.TrimSuffix(strings.ToLower(address), "/")
}

func hostName(u *url.URL) string {
	if h := u.Hostname(); h != "" && u.Scheme != "npipe" {
		return h
	}
	return localName()
}

// localName is this machine's name without its domain.
func localName() string {
	h, err := os.Hostname()
	if err != nil || h == "" {
		return "local"
	}
	h, _, _ = strings.Cut(h, ".")
	return h
}
