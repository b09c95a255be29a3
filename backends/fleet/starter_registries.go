package fleet

import (
	"maps"
	"slices"
	"strconv"
)

// Registries writes the credentials, registries and syncs of a fleet as a part of
// a configuration file.
func Registries(f *Fleet) []byte {
	w := &writer{}
	w.credentials(f)
	w.registries(f)
	return w.b.Bytes()
}

func (w *writer) credentials(f *Fleet) {
	w.section("credentials", len(f.Credentials) > 0, "Who to log in as. Secrets stay where they are: env, file or command.", `credentials:
  bmc: {username: oncall, password: {env: BMC_PASSWORD}}
  lab: {username: lab, password: {file: ~/.config/ringside/lab.secret}}
  pass: {username: ops, password: {command: [pass, show, ops]}}`)
	for _, name := range slices.Sorted(maps.Keys(f.Credentials)) {
		c := f.Credentials[name]
		w.line("  " + quote(name) + ": " + flow(kv{"username", c.Username}, kv{"password",
			raw(flow(kv{"env", c.Password.Env}, kv{"file", c.Password.File}, kv{"command", c.Password.Command}))}))
	}
}

// registries writes the registries and the syncs between them.
func (w *writer) registries(f *Fleet) {
	w.section("registries", len(f.Registries) > 0, "Registries. Without a credential, what docker login left is used.", `registries:
  tokyo: {address: "registry.tyo.example:5000", site: tokyo}
  shanghai: {address: "registry.sha.example:5000", site: shanghai, ca: certs/sha.pem, bandwidth: 20MB/s}`)
	for _, r := range f.Registries {
		w.line("  " + quote(r.Name) + ":")
		env := r.Environment
		if env == f.Environment {
			env = ""
		}
		w.fields(kv{"address", r.Address}, kv{"names", r.Names}, kv{"site", r.Site}, kv{"environment", env}, kv{"credential", r.Credential},
			kv{"plain_http", r.PlainHTTP}, kv{"ca", r.CA}, kv{"skip_verify", r.SkipVerify}, unless(DefaultConcurrency, "concurrency", r.Concurrency),
			kv{"rate", r.Rate}, kv{"bandwidth", bytesText(r.Bandwidth, "/s")}, unless(DefaultStreams, "streams", r.Streams), kv{"chunk", bytesText(r.Chunk, "")})
	}
	w.section("syncs", len(f.Syncs) > 0, "What is kept the same between registries, and when.", `syncs:
  - {name: tyo-sha, from: tokyo, to: shanghai, repositories: ["team/*"], tags: ["v*", ">=1.2 <2"], every: 15m}`)
	for _, s := range f.Syncs {
		w.sync(s)
	}
}

func (w *writer) sync(s Sync) {
	w.line("  - name: " + quote(s.Name))
	w.fields(kv{"from", s.From}, kv{"to", s.To}, kv{"repositories", s.Repositories}, kv{"tags", s.Tags})
	if len(s.Rename) > 0 {
		var names []kv
		for _, r := range s.Rename {
			names = append(names, kv{quote(r.From), r.To})
		}
		w.fields(kv{"rename", raw(flow(names...))})
	}
	w.fields(kv{"platforms", s.Platforms})
	if s.DeleteExtra > 0 {
		w.fields(kv{"delete_extra", raw(flow(kv{"max", s.DeleteExtra}))})
	}
	every := ""
	if s.Every > 0 {
		every = s.Every.String()
	}
	w.fields(kv{"every", every}, kv{"schedule", s.Schedule}, kv{"bandwidth", bytesText(s.Bandwidth, "/s")})
	if !s.Referrers {
		w.fields(kv{"referrers", raw("false")})
	}
}

// unless is a number that is written only when it is not the default.
func unless(usual int, key string, n int) kv {
	if n == usual {
		n = 0
	}
	return kv{key, n}
}

// bytesText writes a number of bytes so that ParseBytes reads the same one.
func bytesText(n int64, suffix string) string {
	if n == 0 {
		return ""
	}
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1e9, "GB"}, {1 << 20, "MiB"}, {1e6, "MB"}, {1 << 10, "KiB"}, {1e3, "kB"}} {
		if n%u.size == 0 && u.name != "KiB" {
			return strconv.FormatInt(n/u.size, 10) + u.name + suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B" + suffix
}
