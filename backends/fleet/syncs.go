package fleet

import (
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet/cron"
	"ringside/backends/fleet/match"
)

// Sync keeps a registry's images at another registry.
type Sync struct {
	Name         string
	Environment  string   // of the target
	From, To     string   // names of registries
	Repositories []string // patterns, see package match
	Tags         []string // patterns; nil for all
	Rename       []Rename
	Platforms    []string // "linux/amd64"; nil for all
	DeleteExtra  int      // at most so many tags at a time; 0: nothing is deleted
	Every        time.Duration
	Schedule     string // five fields as in a crontab; Every and Schedule both unset: on demand
	Bandwidth    int64  // bytes a second; 0 for no limit
	Referrers    bool   // signatures and what else refers to an image goes with it
	Origin       string
	Where        Position
}

// Rename gives repositories another name at the target. Both end in * or neither
// does.
type Rename struct{ From, To string }

// Sync finds a sync by name.
func (f *Fleet) Sync(name string) (Sync, bool) {
	for _, s := range f.Syncs {
		if s.Name == name {
			return s, true
		}
	}
	return Sync{}, false
}

// TargetName is what a repository of the source is called at the target.
func (s Sync) TargetName(repository string) string {
	for _, r := range s.Rename {
		if from, wild := strings.CutSuffix(r.From, "*"); wild {
			if rest, ok := strings.CutPrefix(repository, from); ok {
				return strings.TrimSuffix(r.To, "*") + rest
			}
		} else if r.From == repository {
			return r.To
		}
	}
	return repository
}

// SourceName is the repository of the source that has this name at the target;
// ok is false when there can be none.
func (s Sync) SourceName(repository string) (name string, ok bool) {
	for _, r := range s.Rename {
		name = r.From
		if to, wild := strings.CutSuffix(r.To, "*"); wild {
			name = strings.TrimSuffix(r.From, "*") + strings.TrimPrefix(repository, to)
		}
		if s.TargetName(name) == repository {
			return name, true
		}
	}
	return repository, s.TargetName(repository) == repository
}

func (d *decoder) syncs(v *value) {
	names := map[string]Position{}
	for _, s := range v.list() {
		if s == nil {
			continue
		}
		out := Sync{
			Name: s.str("name"), From: d.registryRef(s.get("from")), To: d.registryRef(s.get("to")), Platforms: s.get("platforms").texts(),
			Every: d.duration(s.get("every"), time.Minute, 31*24*time.Hour), Schedule: s.str("schedule"), Bandwidth: d.amount(s.get("bandwidth"), true),
			DeleteExtra: s.get("delete_extra").number("max"), Referrers: s.get("referrers") == nil || s.true("referrers"),
			Origin: d.origin(s.at), Where: s.at,
		}
		if first, twice := names[out.Name]; twice && out.Name != "" {
			d.add(s.get("name").at, "", "sync %q is already named in line %d", out.Name, first.Line)
		}
		names[out.Name] = s.at
		out.Repositories = d.patterns(s.get("repositories"), "repository", match.ParseRepository)
		out.Tags = d.patterns(s.get("tags"), "tag", match.ParseTag)
		d.renames(s.get("rename"), &out)
		if out.Schedule != "" {
			switch _, err := cron.Parse(out.Schedule); {
			case err != nil:
				d.add(s.get("schedule").at, `five fields as in a crontab: "15 1 * * *" is every night at 01:15`, "bad schedule %q: %v", out.Schedule, err)
			case out.Every > 0:
				d.add(s.get("schedule").at, "", "a sync has every or schedule, not both")
			}
		}
		if i := slices.IndexFunc(d.fleet.Registries, func(r Registry) bool { return r.Name == out.To }); i >= 0 {
			out.Environment = d.fleet.Registries[i].Environment
		}
		if out.From == out.To && out.From != "" && out.Rename == nil {
			d.add(s.get("to").at, "rename gives the copies other names", "from and to are the same registry")
		}
		d.fleet.Syncs = append(d.fleet.Syncs, out)
	}
}

func (d *decoder) registryRef(v *value) string {
	if v == nil {
		return ""
	}
	if _, ok := d.fleet.Registry(v.text); !ok {
		known := func(yield func(string) bool) {
			for _, r := range d.fleet.Registries {
				if !yield(r.Name) {
					return
				}
			}
		}
		d.add(v.at, `registries are named under "registries:"`, "there is no registry %q%s", v.text, didYouMean(v.text, known))
	}
	return v.text
}

// patterns returns the patterns as they are written, checked.
func (d *decoder) patterns(v *value, what string, parse func(string) (match.Pattern, error)) (out []string) {
	for _, w := range v.list() {
		if w == nil {
			continue
		}
		if _, err := parse(w.text); err != nil {
			d.add(w.at, "", "bad %s pattern %q: %v", what, w.text, err)
			continue
		}
		out = append(out, w.text)
	}
	return out
}

func (d *decoder) renames(v *value, s *Sync) {
	if v == nil {
		return
	}
	for i, k := range v.keys {
		to := v.items[i]
		if to == nil {
			continue
		}
		if strings.HasSuffix(k.name, "*") != strings.HasSuffix(to.text, "*") {
			d.add(to.at, `"team/*": "mirror/*"`, "both names end in *, or neither does")
			continue
		}
		s.Rename = append(s.Rename, Rename{k.name, to.text})
	}
}

var (
	repositoriesSyntax = written(`^[a-z0-9._/*-]+$`, "a repository, or one level with * at the end")
	platformSyntax     = written(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$`, "a platform such as linux/amd64 or linux/arm/v7")
	scheduleSyntax     = written(`^[^ ]+( +[^ ]+){4}$`, `five fields as in a crontab, such as "15 1 * * *"`)
)

var syncShape = &shape{kind: kindObject, doc: "Keeps images of one registry at another one.", fields: []field{
	{name: "name", required: true, shape: &shape{kind: kindText, syntax: nameSyntax, max: maxName, doc: "Name of the sync in Ringside."}},
	{name: "from", required: true, shape: &shape{kind: kindText, max: maxName, doc: "Name of the registry the images come from."}},
	{name: "to", required: true, shape: &shape{kind: kindText, max: maxName, doc: "Name of the registry they go to."}},
	{name: "repositories", required: true, shape: &shape{kind: kindTexts, min: 1,
		doc: "Repositories by name or wildcard: team/web, team/* (one level), team/** (all below), /regular expression/; a leading ! leaves out."}},
	{name: "tags", shape: &shape{kind: kindTexts, min: 1,
		doc: `Tags by name, wildcard, range of versions (">=1.2 <2", "^1.4") or /regular expression/; a leading ! leaves out. All when absent.`}},
	{name: "rename", shape: &shape{kind: kindDict, names: repositoriesSyntax, of: &shape{kind: kindText, syntax: repositoriesSyntax, doc: "Name at the target."},
		doc: `Other names at the target: {"team/*": "mirror/team/*"}.`}},
	{name: "platforms", shape: &shape{kind: kindList, min: 1, of: &shape{kind: kindText, syntax: platformSyntax, doc: "Platform: os/architecture."},
		doc: "Only these platforms of images that have several. The digest stays, so the target must take an index with parts missing."}},
	{name: "delete_extra", shape: &shape{kind: kindObject, doc: "Delete tags of the target that the source no longer has. Off when absent.", fields: []field{
		{name: "max", required: true, shape: &shape{kind: kindNumber, min: 1, max: 1000, doc: "Never more than this at a time: with more, nothing is deleted."}},
	}}},
	{name: "every", shape: &shape{kind: kindText, syntax: durationSyntax, max: 20, doc: `How often "ringside sync run --watch" copies what is missing.`}},
	{name: "schedule", shape: &shape{kind: kindText, syntax: scheduleSyntax, max: 100,
		doc: "When it copies, as in a crontab, in local time. Without every and schedule it copies on demand only."}},
	{name: "bandwidth", shape: &shape{kind: kindText, max: 20, syntax: rateSyntax, doc: "Bytes a second for this sync: 20MB/s."}},
	{name: "referrers", shape: yes("Signatures, attestations and whatever else refers to an image go with it. True when absent.")},
}}
