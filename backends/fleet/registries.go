package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Registry is one container registry.
type Registry struct {
	Name        string
	Site        string
	Environment string
	Address     string   // host or host:port; "docker.io" for Docker Hub
	Names       []string // further addresses by which engines name it
	PlainHTTP   bool     // without TLS, said out loud in the configuration
	CA          string   // file with its authority; "" for the system's own
	SkipVerify  bool     // the screen says so for as long as it is true
	Credential  string   // name; "" for what Docker's config.json has
	Concurrency int      // requests at a time
	Rate        int      // requests a second; 0 for no limit
	Bandwidth   int64    // bytes a second in each direction; 0 for no limit
	Streams     int      // blobs whose bytes are on the way at a time
	Chunk       int64    // bytes; larger blobs are sent in pieces of this size; 0: whole
	Origin      string   // how it was found: "ringside.yaml:12"
	Where       Position
}

// Defaults of a registry.
const (
	DefaultConcurrency = 10
	DefaultStreams     = 1
)

// Registry finds a registry by name.
func (f *Fleet) Registry(name string) (Registry, bool) {
	for _, r := range f.Registries {
		if r.Name == name {
			return r, true
		}
	}
	return Registry{}, false
}

func (d *decoder) registries(v *value) {
	if v == nil {
		return
	}
	addresses := map[string]Registry{}
	for i, k := range v.keys {
		r := v.items[i]
		if r == nil {
			continue
		}
		out := Registry{
			Name: k.name, Site: d.site(r), Environment: cmp.Or(d.environment(r), d.fleet.Environment),
			Address: strings.ToLower(r.str("address")), Names: r.get("names").texts(), PlainHTTP: r.true("plain_http"), SkipVerify: r.true("skip_verify"),
			Credential: d.credentialOf(r), Concurrency: cmp.Or(r.number("concurrency"), DefaultConcurrency), Rate: r.number("rate"),
			Bandwidth: d.amount(r.get("bandwidth"), true), Streams: cmp.Or(r.number("streams"), DefaultStreams), Chunk: d.amount(r.get("chunk"), false),
			Origin: d.origin(k.at), Where: k.at,
		}
		if ca := r.str("ca"); ca != "" {
			out.CA = d.path(ca)
		}
		d.registryAddress(r.get("address"))
		for _, n := range r.get("names").list() {
			d.registryAddress(n)
		}
		if other, twice := addresses[out.Address]; twice && out.Address != "" {
			d.add(r.get("address").at, "", "%s and %s (line %d) have the same address", out.Name, other.Name, other.Where.Line)
		}
		addresses[out.Address] = out
		for _, key := range []string{"ca", "skip_verify"} {
			if w := r.get(key); w != nil && out.PlainHTTP && (key == "ca" || w.yes) {
				d.add(w.at, "", "%q has no meaning with plain_http", key)
			}
		}
		if out.Chunk > 0 && out.Chunk < 1<<20 || out.Chunk > 512<<20 {
			d.add(r.get("chunk").at, "a piece is kept in memory while it is sent", "chunk must be between 1 MiB and 512 MiB")
		}
		d.fleet.Registries = append(d.fleet.Registries, out)
	}
}

// credentialOf returns the credential named in v, checked to exist.
func (d *decoder) credentialOf(v *value) string {
	c := v.get("credential")
	if c == nil {
		return ""
	}
	if _, ok := d.fleet.Credentials[c.text]; !ok {
		d.add(c.at, `credentials are named under "credentials:"`, "there is no credential %q%s", c.text,
			didYouMean(c.text, maps.Keys(d.fleet.Credentials)))
	}
	return c.text
}

func (d *decoder) registryAddress(v *value) {
	if v == nil {
		return
	}
	if err := checkRegistryAddress(v.text); err != nil {
		if hasPassword(v.text) || strings.Contains(v.text, "@") {
			d.hide(v.at, 0)
		}
		d.add(v.at, "registry.example or registry.example:5000", "bad registry address: %v", err)
	}
}

// checkRegistryAddress checks host or host:port. Its errors do not repeat it.
func checkRegistryAddress(a string) error {
	switch {
	case strings.Contains(a, "@"):
		return fmt.Errorf(`a user does not belong here; name a credential`)
	case strings.HasPrefix(a, "http://"):
		return fmt.Errorf("it has no scheme; plain_http: true says that there is no TLS")
	case strings.Contains(a, "://"):
		return fmt.Errorf("it has no scheme; TLS is the default")
	case strings.Contains(a, "/"):
		return fmt.Errorf("it has no path; repositories are named in syncs")
	}
	host, port := a, ""
	if strings.Contains(a, ":") {
		var err error
		if host, port, err = net.SplitHostPort(a); err != nil {
			return fmt.Errorf("it is neither host nor host:port")
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("port %q is not between 1 and 65535", port)
		}
	}
	return checkHostAddress(host)
}

// amount reads a number of bytes, or of bytes a second; 0 when there is none.
func (d *decoder) amount(v *value, perSecond bool) int64 {
	if v == nil {
		return 0
	}
	n, err := ParseBytes(v.text, perSecond)
	if err != nil {
		d.add(v.at, "", "%v", err)
	}
	return n
}

// origin says where in the file something is: "ringside.yaml:12".
func (d *decoder) origin(at Position) string {
	return fmt.Sprintf("%s:%d", filepath.Base(d.file), at.Line)
}

var amountText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([kMGT]i?)?(B|bit)?(/s)?$`)

// ParseBytes reads "20MB/s", "16MiB" or "100Mbit/s" as bytes. A rate ends in /s,
// a size does not.
func ParseBytes(s string, perSecond bool) (int64, error) {
	m := amountText.FindStringSubmatch(s)
	if m == nil || (m[4] != "") != perSecond || m[3] == "bit" && !perSecond {
		if perSecond {
			return 0, fmt.Errorf("%q is no rate such as 20MB/s or 100Mbit/s", Clean(s))
		}
		return 0, fmt.Errorf("%q is no size such as 16MB or 64MiB", Clean(s))
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", Clean(m[1]))
	}
	unit := 1.0
	if m[2] != "" {
		base := 1000.0
		if strings.HasSuffix(m[2], "i") {
			base = 1024
		}
		for range strings.IndexByte("kMGT", m[2][0]) + 1 {
			unit *= base
		}
	}
	if m[3] == "bit" {
		unit /= 8
	}
	if n *= unit; n < 1 || n > 1<<50 {
		return 0, fmt.Errorf("%q is too little or too much", Clean(s))
	}
	return int64(n), nil
}

var (
	rateSyntax = written(`^[0-9]+(\.[0-9]+)? ?([kMGT]i?)?(B|bit)?/s$`, "a rate such as 20MB/s or 100Mbit/s")
	sizeSyntax = written(`^[0-9]+(\.[0-9]+)? ?([kMGT]i?)?B?$`, "a size such as 16MB or 64MiB")
)

var registryShape = &shape{kind: kindObject, doc: "One container registry.", fields: []field{
	{name: "address", required: true, shape: &shape{kind: kindText, max: 260,
		doc: "Host or host:port, without scheme and path; docker.io for Docker Hub."}},
	{name: "names", shape: &shape{kind: kindTexts, min: 1, doc: "Further addresses by which engines name this registry in their images."}},
	{name: "site", shape: siteRef},
	{name: "environment", shape: environmentShape},
	{name: "credential", shape: &shape{kind: kindText, max: 64,
		doc: "Name of one of the credentials. Without it, what docker login left in Docker's config.json or its helper."}},
	{name: "plain_http", shape: yes("Speak without TLS, which lets everybody on the way read and change images; the screen says so.")},
	{name: "ca", shape: fileAt("File with the authority that signed the registry's certificate; the system's own when absent.")},
	{name: "skip_verify", shape: yes("Do not check the registry's certificate; the screen says so for as long as this is set.")},
	{name: "concurrency", shape: &shape{kind: kindNumber, min: 1, max: 64, doc: "Requests at a time, 10 when absent."}},
	{name: "rate", shape: &shape{kind: kindNumber, min: 1, max: 10000, doc: "Requests a second, at most; without a limit when absent."}},
	{name: "bandwidth", shape: &shape{kind: kindText, max: 20, syntax: rateSyntax,
		doc: "Bytes a second in each direction, for all syncs together: 20MB/s."}},
	{name: "streams", shape: &shape{kind: kindNumber, min: 1, max: 16,
		doc: "Blobs whose bytes are on the way at a time, 1 when absent. More are faster on a line that loses packets, and more is sent again after the program was killed."}},
	{name: "chunk", shape: &shape{kind: kindText, max: 20, syntax: sizeSyntax,
		doc: "Blobs larger than this are sent in pieces of this size, which a broken line does not lose. Set it for registries that can go on with a broken upload (distribution 3); it costs one answer a piece."}},
}}
