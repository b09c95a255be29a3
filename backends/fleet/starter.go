package fleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Starter returns a configuration file for a fleet, with commented examples of
// what it does not use yet. Parse gives the same fleet back.
func Starter(f *Fleet) []byte {
	w := &writer{}
	w.line("# What Ringside watches. \"ringside check\" tests this file and every target in it,")
	w.line("# \"ringside schema\" prints its JSON Schema for editors.")
	w.line("")
	w.section("environment", f.Environment != "", "How careful to be unless a target says otherwise.\nActs in production ask to type a name.",
		"environment: production   # or staging, verification, development")
	if f.Environment != "" {
		w.line("environment: " + quote(f.Environment))
	}
	w.section("sites", len(f.Sites) > 0, "Places, with a note if you like.", `sites:
  tokyo: {note: "first floor, ask the night desk for the key"}
  shanghai: {}`)
	for _, s := range f.Sites {
		w.line("  " + quote(s.Name) + ": " + flow(kv{"note", s.Note}))
	}
	w.credentials(f)
	w.section("hosts", len(f.Hosts) > 0, "Servers. A range stands for many: {name} is sw007, {n} is 7, {nnn} is 007.", `hosts:
  - name: sw[001-240]
    site: tokyo
    tags: [swift]
    bmc: {address: "{name}.bmc.tyo.example", credential: bmc}
    ssh: {address: "10.0.0.{n}", user: ops}`)
	for _, h := range f.Hosts {
		w.host(h, f)
	}
	w.section("engines", len(f.Engines) > 0, "Docker Engines: a Docker context, or an address.", `engines:
  - {name: local, address: "unix:///var/run/docker.sock"}
  - {name: tokyo-1, site: tokyo, host: sw001, context: tokyo-1}
  - {name: tokyo-2, site: tokyo, address: "ssh://ops@tokyo-2"}
  - name: shanghai-1
    address: "tcp://sha-1.example:2376"
    tls: {ca: certs/ca.pem, cert: certs/cert.pem, key: certs/key.pem}`)
	for _, e := range f.Engines {
		w.engine(e, f)
	}
	w.section("services", len(f.Services) > 0, "Things that users call, deployed in two colours of which one is live.", servicesExample)
	for _, s := range f.Services {
		w.service(s)
	}
	w.section("clusters", len(f.Clusters) > 0, "Swift clusters: their ring files, here or on a host, and the proxy.", `clusters:
  - {name: objects, site: tokyo, rings: /etc/swift, proxy: "http://proxy.tyo.example:8080", auth: {tempauth: lab}}
  - {name: archive, rings: {ssh: sw001, path: /etc/swift}, auth: {cloud: archive}}`)
	for _, c := range f.Clusters {
		w.cluster(c, f)
	}
	w.registries(f)
	w.section("keys", len(f.Keys) > 0, "Keys of your own, by the id of what they do.", `keys:
  help: [f1, "?"]
  go.runs: "7"`)
	for _, id := range slices.Sorted(maps.Keys(f.Keys)) {
		w.line("  " + quote(id) + ": " + list(f.Keys[id]))
	}
	w.section("theme", f.Theme != "", "Colours: auto, dark or light.", "theme: auto")
	if f.Theme != "" {
		w.line("theme: " + f.Theme)
	}
	return w.b.Bytes()
}

type writer struct{ b bytes.Buffer }

func (w *writer) line(s string) { w.b.WriteString(s + "\n") }

// section begins a part of the file: its explanation, then its key, or the
// example as a comment when the fleet has nothing to write there.
func (w *writer) section(name string, used bool, doc, example string) {
	if w.b.Len() > 0 && !bytes.HasSuffix(w.b.Bytes(), []byte("\n\n")) {
		w.line("")
	}
	for l := range strings.SplitSeq(doc, "\n") {
		w.line("# " + l)
	}
	switch {
	case !used:
		for l := range strings.SplitSeq(example, "\n") {
			w.line("#" + l)
		}
	case strings.Contains(example, "\n"): // a section with entries of its own
		w.line(name + ":")
	}
}

func (w *writer) host(h Host, f *Fleet) {
	w.line("  - name: " + quote(h.Name))
	env := h.Environment
	if env == f.Environment {
		env = ""
	}
	w.fields(kv{"site", h.Site}, kv{"environment", env}, kv{"rack", h.Rack}, kv{"tags", h.Tags})
	if b := h.BMC; b != nil {
		w.fields(kv{"bmc", raw(flow(kv{"address", b.Address}, kv{"port", b.Port}, kv{"credential", b.Credential}, kv{"driver", b.Driver},
			kv{"cipher_suite", b.CipherSuite}, kv{"privilege", b.Privilege}, kv{"tls", bmcTLSText(b.TLS)}, kv{"plain", b.Plain}, kv{"system", b.System}))})
	}
	if s := h.SSH; s != nil {
		w.fields(kv{"ssh", raw(flow(kv{"address", s.Address}, kv{"port", s.Port}, kv{"user", s.User}))})
	}
	w.fields(kv{"ip", h.IPs})
}

func bmcTLSText(t *TLS) raw {
	if t == nil {
		return ""
	}
	return raw(flow(kv{"ca", t.CA}, kv{"server_name", t.ServerName}, kv{"skip_verify", t.SkipVerify}))
}

func (w *writer) engine(e Engine, f *Fleet) {
	w.line("  - name: " + quote(e.Name))
	var of Host // what the engine has from its host need not be written again
	if i := slices.IndexFunc(f.Hosts, func(h Host) bool { return h.Name == e.Host }); i >= 0 {
		of = f.Hosts[i]
	}
	site, env := e.Site, e.Environment
	if site == of.Site {
		site = ""
	}
	if env == cmp.Or(of.Environment, f.Environment) {
		env = ""
	}
	w.fields(kv{"site", site}, kv{"environment", env}, kv{"host", e.Host}, kv{"context", e.Context},
		kv{"address", e.Address}, kv{"socket", e.Socket})
	if t := e.TLS; t != nil {
		w.fields(kv{"tls", raw(flow(kv{"ca", t.CA}, kv{"cert", t.Cert}, kv{"key", t.Key},
			kv{"server_name", t.ServerName}, kv{"skip_verify", t.SkipVerify}))})
	}
	w.fields(kv{"plain", e.Plain})
}

func (w *writer) cluster(c Cluster, f *Fleet) {
	w.line("  - name: " + quote(c.Name))
	env := c.Environment
	if env == f.Environment {
		env = ""
	}
	w.fields(kv{"site", c.Site}, kv{"environment", env})
	rings := quote(c.Rings.Path)
	if c.Rings.SSH != "" {
		rings = flow(kv{"ssh", c.Rings.SSH}, kv{"path", c.Rings.Path})
	}
	w.fields(kv{"rings", raw(rings)}, kv{"swift_conf", c.SwiftConf}, kv{"proxy", c.Proxies})
	if a := c.Auth; a != nil {
		w.fields(kv{"auth", raw(flow(kv{"tempauth", a.TempAuth}, kv{"cloud", a.Cloud}))})
	}
	if t := c.TLS; t != nil {
		w.fields(kv{"tls", raw(flow(kv{"ca", t.CA}, kv{"skip_verify", t.SkipVerify}))})
	}
	if r := c.Recon; r != (Recon{}) {
		timeout := ""
		if r.Timeout > 0 {
			timeout = r.Timeout.String()
		}
		w.fields(kv{"recon", raw(flow(kv{"port", r.Port}, kv{"timeout", timeout}))})
	}
	w.fields(kv{"nodes_by", c.NodesBy})
}

func (w *writer) fields(fields ...kv) {
	for _, f := range fields {
		if s := f.text(); s != "" {
			w.line("    " + f.key + ": " + s)
		}
	}
}

// kv is one key and its value: string, int, bool, []string or raw.
type kv struct {
	key   string
	value any
}

// raw is YAML already.
type raw string

// text is the value in YAML, "" when it is the zero value.
func (f kv) text() string {
	switch v := f.value.(type) {
	case string:
		if v != "" {
			return quote(v)
		}
	case []string:
		if len(v) > 0 {
			return list(v)
		}
	case int:
		if v != 0 {
			return fmt.Sprint(v)
		}
	case bool:
		if v {
			return "true"
		}
	case raw:
		return string(v)
	}
	return ""
}

func flow(fields ...kv) string {
	var parts []string
	for _, f := range fields {
		if s := f.text(); s != "" {
			parts = append(parts, f.key+": "+s)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func list(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// plainText needs no quotes in any place of a YAML file.
var plainText = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./+-]*$`)

// spoken are plain words that some reader of YAML takes for something else.
var spoken = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|nan|inf|[yn])$`)

// quote writes a text as a YAML scalar. JSON strings are YAML.
func quote(s string) string {
	if plainText.MatchString(s) && !spoken.MatchString(s) {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(fmt.Sprintf("fleet: quote: %v", err)) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
