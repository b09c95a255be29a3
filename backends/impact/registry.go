package impact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// SyncTarget names a sync as actions and screens do. It is where its target is.
func SyncTarget(f *fleet.Fleet, s fleet.Sync) fleet.Target {
	to, _ := f.Registry(s.To)
	return fleet.Target{Kind: fleet.KindSync, Name: s.Name, Site: to.Site, Environment: s.Environment}
}

// TagTarget names a tag in a registry.
func TagTarget(r fleet.Registry, repository, tag string) fleet.Target {
	return fleet.Target{Kind: fleet.KindTag, Scope: r.Name, Name: repository + ":" + tag, Site: r.Site, Environment: r.Environment}
}

// Running lists what the engines run, or have paused, as the registries' matrix
// takes it.
func Running(s *watch.State) (out []registry.Running) {
	n := 0
	for _, f := range watch.Latest[*docker.Facts](s) {
		n += len(f.Containers)
	}
	out = make([]registry.Running, 0, n)
	for _, f := range watch.Latest[*docker.Facts](s) {
		for _, c := range f.Containers {
			if c.State != docker.Running && c.State != docker.Paused && c.State != docker.Restarting {
				continue
			}
			out = append(out, registry.Running{Engine: c.Engine, Site: c.Site, Environment: c.Environment,
				Container: c.Name, ID: c.ID, Image: c.Image, Tag: c.Tag, Digest: c.Digest, Created: c.Created.UTC()})
		}
	}
	return out
}

// Syncs are the facts of all syncs.
func Syncs(s *watch.State) (out []*registry.Facts) {
	for _, f := range watch.Latest[*registry.Facts](s) {
		out = append(out, f)
	}
	return out
}

// Registries finds what is wrong with registries and syncs, and with what
// production runs of them, worst first.
func Registries(f *fleet.Fleet, s *watch.State, now time.Time) []Problem {
	if len(f.Syncs) == 0 { // nothing is compared, and what runs need not be listed
		return nil
	}
	var out []Problem
	insecure := map[string]bool{}
	for _, spec := range f.Syncs {
		entry, ok := s.Entry("registry/" + spec.Name)
		if !ok {
			continue // not read yet: there is nothing to say
		}
		facts, _ := entry.Facts.(*registry.Facts)
		out = append(out, syncTrouble(f, spec, entry, facts, now)...)
		if facts == nil {
			continue
		}
		out = append(out, lag(f, spec, facts, now)...)
		for _, side := range []registry.Side{facts.From, facts.To} {
			if side.Insecure != "" && !insecure[side.Registry] {
				insecure[side.Registry] = true
				out = append(out, Problem{ID: "registry/insecure/" + side.Registry, Severity: Warning, System: "registry",
					Subject: fleet.Target{Kind: fleet.KindRegistry, Name: side.Registry, Site: side.Site},
					Text:    "connection is not verified", Why: side.Insecure, Do: "give the registry TLS, and its authority as ca"})
			}
		}
	}
	out = append(out, ran(f, s)...)
	Sort(out)
	return out
}

// syncTrouble tells of a sync that cannot be compared.
func syncTrouble(f *fleet.Fleet, spec fleet.Sync, entry watch.Entry, facts *registry.Facts, now time.Time) []Problem {
	p := Problem{System: "registry", Subject: SyncTarget(f, spec)}
	switch {
	case entry.Err != nil:
		p.ID, p.Severity, p.Since = "registry/unread/"+spec.Name, Warning, entry.Since
		p.Text, p.Why = "cannot be compared: "+reason(entry.Err), entry.Err.Error()
		p.Do = "ringside goes on trying; \"ringside check\" tests both registries"
	case facts != nil && SyncStale(facts, now):
		p.ID, p.Severity, p.Since = "registry/stale/"+spec.Name, Warning, facts.Swept
		p.Text, p.Why = "was not compared for a while", "the last look is over since "+facts.Swept.Local().Format(time.TimeOnly)
		p.Do = "r reads again now"
	default:
		return nil
	}
	return []Problem{p}
}

// SyncStale says that a sync should have been compared again for a while.
func SyncStale(f *registry.Facts, now time.Time) bool {
	return !f.Next.IsZero() && now.Sub(f.Next) > StaleAfter+registryPatience
}

// registryPatience is how long a look at a sync may take beyond its time.
const registryPatience = 5 * time.Minute

func reason(err error) string {
	var e *registry.Error
	if errors.As(err, &e) {
		return e.Registry + ": " + e.Why
	}
	return err.Error()
}

// lagGrace is how long a sync that copies by itself may be behind before that is a
// problem; by a schedule it is a day.
const lagGrace = 5 * time.Minute

// lag tells what the target still needs.
func lag(f *fleet.Fleet, spec fleet.Sync, facts *registry.Facts, now time.Time) []Problem {
	grace := time.Duration(0)
	switch {
	case spec.Every > 0:
		grace = spec.Every + lagGrace
	case spec.Schedule != "":
		grace = 24*time.Hour + lagGrace
	}
	var names []string
	var since time.Time
	older := false // than the first look: nobody knows since when
	for _, r := range facts.Repositories {
		for _, t := range r.Tags {
			if t.State != registry.Gone && t.State != registry.Moved || now.Sub(t.Since) < grace {
				continue
			}
			names = append(names, r.Name+":"+t.Name+" "+string(t.State))
			if since.IsZero() || t.Since.Before(since) {
				since = t.Since
			}
			older = older || t.Older
		}
	}
	if names == nil {
		return nil
	}
	if older {
		since = time.Time{}
	}
	p := Problem{ID: "registry/lag/" + spec.Name, Severity: Warning, System: "registry", Subject: SyncTarget(f, spec), Since: since,
		Why: facts.To.Registry + " is behind " + facts.From.Registry, Do: "y brings what is missing"}
	p.Text = names[0]
	if len(names) > 1 {
		p.Text = fmt.Sprintf("%d tags behind: %s", len(names), few(names))
	}
	return []Problem{p}
}

// few names the first two.
func few(names []string) string {
	if len(names) > 2 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return strings.Join(names, ", ")
}

// ran tells of tags that production runs and that their registry lost or changed.
// The containers go on; a new one gets nothing, or something else.
func ran(f *fleet.Fleet, s *watch.State) (out []Problem) {
	type key struct{ registry, repository, tag string }
	by := map[key][]registry.Run{}
	for _, r := range registry.Join(Syncs(s), f.Registries, Running(s)) {
		if r.Environment == "production" && (r.State == registry.RunsGone || r.State == registry.RunsMoved) {
			k := key{r.Registry, r.Repository, r.Tag}
			by[k] = append(by[k], r)
		}
	}
	for k, runs := range by {
		spec, _ := f.Registry(k.registry)
		p := Problem{ID: "registry/ran/" + k.registry + "/" + k.repository + ":" + k.tag, Severity: Warning, System: "registry", Subject: TagTarget(spec, k.repository, k.tag),
			Text: "is another image now than what production runs", Do: "deploy the new one, or give the old one a tag of its own"}
		var where []string
		for _, r := range runs {
			where = append(where, r.Engine+"/"+r.Container)
			if r.State == registry.RunsGone {
				p.Severity = Critical
				p.Text, p.Do = "is gone, and production runs it", "copy it back from the other registry before a container has to be made anew"
			}
		}
		slices.Sort(where)
		p.Why = "run by " + few(where)
		out = append(out, p)
	}
	return out
}
