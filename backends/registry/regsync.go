package registry

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"ringside/backends/fleet"
	"ringside/backends/fleet/cron"
	"ringside/backends/fleet/match"
)

// regsync is the configuration of regclient's regsync, version 1, as far as it has
// a meaning here (github.com/regclient/regclient, docs/regsync.md).
type regsync struct {
	Version  int            `yaml:"version"`
	Creds    []regsyncCred  `yaml:"creds"`
	Defaults regsyncCommon  `yaml:"defaults"`
	Sync     []regsyncEntry `yaml:"sync"`
}

type regsyncCred struct {
	Registry      string  `yaml:"registry"`
	Hostname      string  `yaml:"hostname"`
	User          string  `yaml:"user"`
	Pass          string  `yaml:"pass"`
	Token         string  `yaml:"token"`
	CredHelper    string  `yaml:"credHelper"`
	TLS           string  `yaml:"tls"`
	RegCert       string  `yaml:"regcert"`
	ReqPerSec     float64 `yaml:"reqPerSec"`
	ReqConcurrent int     `yaml:"reqConcurrent"`
	BlobChunk     int64   `yaml:"blobChunk"`
	BlobMax       int64   `yaml:"blobMax"`
}

type regsyncCommon struct {
	Interval   string   `yaml:"interval"`
	Schedule   string   `yaml:"schedule"`
	Backup     string   `yaml:"backup"`
	Referrers  *bool    `yaml:"referrers"`
	Platforms  []string `yaml:"platforms"`
	Platform   string   `yaml:"platform"`
	MediaTypes []string `yaml:"mediaTypes"`
}

type regsyncEntry struct {
	Common  regsyncCommon   `yaml:",inline"`
	Source  string          `yaml:"source"`
	Target  string          `yaml:"target"`
	Type    string          `yaml:"type"`
	Tags    regsyncFilter   `yaml:"tags"`
	TagSets []regsyncFilter `yaml:"tagSets"`
	Repos   regsyncFilter   `yaml:"repos"`
	Hooks   map[string]any  `yaml:"hooks"`
}

type regsyncFilter struct {
	Allow       []string `yaml:"allow"`
	Deny        []string `yaml:"deny"`
	SemverRange []string `yaml:"semverRange"`
}

const maxRegsync = 1 << 20

// ImportRegsync reads a configuration of regsync and says the same in ours: the
// registries, the syncs and their credentials. notices tell what has no
// counterpart here; what they are about is left out. Passwords that are written in
// the file are never taken over.
func ImportRegsync(r io.Reader) (f *fleet.Fleet, notices []string, err error) {
	src, err := io.ReadAll(io.LimitReader(r, maxRegsync+1))
	if err != nil {
		return nil, nil, err
	}
	if len(src) > maxRegsync {
		return nil, nil, fmt.Errorf("the file is larger than %d MiB", maxRegsync>>20)
	}
	var c regsync
	if err := yaml.NewDecoder(bytes.NewReader(src)).Decode(&c); err != nil {
		// The reader's words show lines of the file, which may hold a password.
		var e interface{ GetToken() *token.Token }
		if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
			return nil, nil, fmt.Errorf("line %d cannot be read as a configuration of regsync", e.GetToken().Position.Line)
		}
		return nil, nil, errors.New("it cannot be read as a configuration of regsync")
	}
	if c.Version != 1 {
		return nil, nil, fmt.Errorf("version %d of regsync's configuration is not known; 1 is", c.Version)
	}
	im := &importer{fleet: &fleet.Fleet{Credentials: map[string]fleet.Credential{}}, defaults: c.Defaults}
	for _, cred := range c.Creds {
		im.cred(cred)
	}
	for i, e := range c.Sync {
		im.entry(i+1, e)
	}
	return im.fleet, im.notices, nil
}

type importer struct {
	fleet    *fleet.Fleet
	defaults regsyncCommon
	notices  []string
}

func (im *importer) note(format string, args ...any) {
	im.notices = append(im.notices, fleet.Clean(fmt.Sprintf(format, args...)))
}

// registry returns the registry of an address, added when it is new.
func (im *importer) registry(address string) *fleet.Registry {
	address = strings.ToLower(address)
	if address == "index.docker.io" || address == hubHost || address == hubServer {
		address = hub
	}
	for i := range im.fleet.Registries {
		if im.fleet.Registries[i].Address == address {
			return &im.fleet.Registries[i]
		}
	}
	im.fleet.Registries = append(im.fleet.Registries, fleet.Registry{Name: fleet.PlainName(address), Address: address,
		Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams})
	return &im.fleet.Registries[len(im.fleet.Registries)-1]
}

// fromEnv is how regsync takes a value from the environment.
var fromEnv = regexp.MustCompile(`^\{\{ *env +"([A-Za-z_][A-Za-z0-9_]*)" *\}\}$`)

func templated(s string) bool { return strings.Contains(s, "{{") }

func (im *importer) cred(c regsyncCred) {
	if templated(c.Registry) {
		im.note("creds: %q is a template; add that registry by hand", c.Registry)
		return
	}
	r := im.registry(cmp.Or(c.Hostname, c.Registry))
	r.PlainHTTP, r.SkipVerify = c.TLS == "disabled", c.TLS == "insecure"
	if c.RegCert != "" && !strings.Contains(c.RegCert, "-----BEGIN") {
		r.CA = c.RegCert
	} else if c.RegCert != "" {
		im.note("registry %s: its certificate is written in the file; save it and name that file as ca", r.Name)
	}
	r.Rate = int(c.ReqPerSec)
	if c.ReqConcurrent > 0 {
		r.Concurrency = min(c.ReqConcurrent, 64)
	}
	if c.BlobMax > 0 && c.BlobChunk >= 1<<20 {
		r.Chunk = c.BlobChunk
	}
	switch m := fromEnv.FindStringSubmatch(c.Pass); {
	case m != nil && !templated(c.User):
		r.Credential = r.Name
		im.fleet.Credentials[r.Name] = fleet.Credential{Name: r.Name, Username: c.User, Password: fleet.Secret{Env: m[1]}}
	case c.Pass != "" || c.Token != "" || templated(c.User):
		im.note("registry %s: its password is written in the file and was not taken over; use docker login, or a credential with env, file or command", r.Name)
	case c.CredHelper != "":
		im.note("registry %s: name the helper %s in Docker's config.json (credHelpers); it is asked from there", r.Name, c.CredHelper)
	}
}

// entry takes over one entry of the list.
func (im *importer) entry(n int, e regsyncEntry) {
	where := fmt.Sprintf("sync %d (%s)", n, e.Source)
	switch {
	case templated(e.Source) || templated(e.Target):
		im.note("%s: templates have no counterpart; add it by hand", where)
		return
	case strings.Contains(e.Source, "://") || strings.Contains(e.Target, "://"):
		im.note("%s: only registries can be kept in sync, not directories", where)
		return
	}
	s := fleet.Sync{Name: fmt.Sprintf("sync-%d", n), Referrers: true}
	fromHost, fromRepository, fromTag := splitReference(e.Source, e.Type == "registry")
	toHost, toRepository, toTag := splitReference(e.Target, e.Type == "registry")
	switch e.Type {
	case "registry":
		s.Repositories = expressions(e.Repos)
		if len(e.Repos.Allow) == 0 {
			s.Repositories = append([]string{"**"}, s.Repositories...)
		}
		if toRepository != "" {
			s.Rename = []fleet.Rename{{From: "*", To: toRepository + "/*"}}
		}
		s.Tags = im.tags(where, e)
	case "repository", "image":
		s.Repositories = []string{fromRepository}
		if toRepository != fromRepository {
			s.Rename = []fleet.Rename{{From: fromRepository, To: toRepository}}
		}
		s.Tags = im.tags(where, e)
	default:
		im.note("%s: the type %q is not known", where, e.Type)
		return
	}
	if e.Type == "image" {
		if fromTag = cmp.Or(fromTag, "latest"); fromTag != cmp.Or(toTag, "latest") {
			im.note("%s: a tag cannot get another name in a sync; copy it by hand", where)
			return
		}
		s.Tags = []string{fromTag}
	}
	if _, err := match.ParseRepositories(s.Repositories); err != nil {
		im.note("%s: %v; add it by hand", where, err)
		return
	}
	s.From, s.To = im.registry(fromHost).Name, im.registry(toHost).Name
	im.rest(where, e, &s)
	im.fleet.Syncs = append(im.fleet.Syncs, s)
}

// tags joins the filters of an entry. Several sets are alternatives, and what one
// of them leaves out may be in another, which has no counterpart.
func (im *importer) tags(where string, e regsyncEntry) []string {
	var out, not []string
	for _, set := range append([]regsyncFilter{e.Tags}, e.TagSets...) {
		for _, p := range expressions(set) {
			if _, err := match.ParseTag(p); err != nil {
				im.note("%s: tags %q: %v", where, p, err)
			} else if strings.HasPrefix(p, "!") {
				not = append(not, p)
			} else {
				out = append(out, p)
			}
		}
	}
	if len(e.TagSets) > 0 && not != nil {
		im.note("%s: what one of its tagSets leaves out is left out of all of them", where)
	}
	return append(out, not...)
}

// wholeName is a regular expression that is a plain name.
var wholeName = regexp.MustCompile(`^[A-Za-z0-9_/-]+$`)

// expressions says a filter in patterns of ours: regular expressions that match a
// whole name, and ranges of versions.
func expressions(f regsyncFilter) (out []string) {
	write := func(re string) string {
		if wholeName.MatchString(re) {
			return re
		}
		return "/" + re + "/"
	}
	for _, re := range f.Allow {
		out = append(out, write(re))
	}
	out = append(out, f.SemverRange...)
	for _, re := range f.Deny {
		out = append(out, "!"+write(re))
	}
	return out
}

// rest takes over what every type of entry has.
func (im *importer) rest(where string, e regsyncEntry, s *fleet.Sync) {
	own, d := e.Common, im.defaults
	if own.Interval == "" && own.Schedule == "" {
		own.Interval, own.Schedule = d.Interval, d.Schedule
	}
	im.when(where, own.Interval, own.Schedule, s)
	if s.Platforms = own.Platforms; s.Platforms == nil {
		s.Platforms = d.Platforms
	}
	if i := slices.IndexFunc([]*bool{own.Referrers, d.Referrers}, func(b *bool) bool { return b != nil }); i >= 0 {
		s.Referrers = *[]*bool{own.Referrers, d.Referrers}[i]
	}
	for _, left := range []struct {
		there bool
		what  string
	}{
		{cmp.Or(own.Platform, d.Platform) != "", "platform would replace the image by a part of it, under another digest; the whole image is kept in sync"},
		{cmp.Or(own.Backup, d.Backup) != "", "backups of tags that change have no counterpart"},
		{len(own.MediaTypes)+len(d.MediaTypes) > 0, "mediaTypes have no counterpart; everything is kept in sync"},
		{len(e.Hooks) > 0, "hooks have no counterpart"},
	} {
		if left.there {
			im.note("%s: %s", where, left.what)
		}
	}
}

func (im *importer) when(where, interval, schedule string, s *fleet.Sync) {
	if interval != "" {
		t, err := time.ParseDuration(interval)
		if err != nil || t < time.Minute || t > 31*24*time.Hour {
			im.note("%s: an interval of %s is not between 1m and 744h", where, interval)
		} else {
			s.Every = t
		}
	}
	if schedule != "" && s.Every == 0 {
		if _, err := cron.Parse(schedule); err != nil {
			im.note("%s: the schedule %q: %v", where, schedule, err)
		} else {
			s.Schedule = schedule
		}
	}
}

// splitReference takes "host:port/team/web:1.9.2" apart; without a host it is
// Docker Hub's.
func splitReference(s string, registry bool) (host, repository, tag string) {
	if registry {
		host, repository, _ = strings.Cut(s, "/")
		return host, repository, ""
	}
	s, _, _ = strings.Cut(s, "@")
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		s, tag = s[:i], s[i+1:]
	}
	host, repository = splitImage(s)
	return host, repository, tag
}
