package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Engines of the demo pull from the registry of a site (registries.go). Every other
// repository is in a registry that has each one that some engine started with, and
// every tag of it except "missing" and what Lack takes away.

// Push gives a tag in the registry a new image: the next pull of the reference
// brings another digest.
func (l *Lab) Push(ref string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	repo, tag, _ := split(ref)
	l.pushes[repo+":"+tag]++
	l.stock(ref)
	delete(l.lacks, repo+":"+tag)
	if r, repository, ok := l.registryOf(repo); ok {
		r.Registry.Push(repository, tag, l.build(pushed{repository, tag}, l.pushes[repo+":"+tag]))
	}
}

// Lack takes a tag out of the registry, with its digest, as where a sync is behind.
func (l *Lab) Lack(ref string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	repo, tag, _ := split(ref)
	l.lacks[repo+":"+tag] = true
}

// stock puts a repository into the registry.
func (l *Lab) stock(ref string) {
	repo, tag, _ := split(ref)
	l.repositories[repo] = true
	if l.tags[repo] == nil {
		l.tags[repo] = map[string]bool{}
	}
	if tag != "" {
		l.tags[repo][tag] = true
	}
}

// manifestDigest is what a tag points to in the registry that has it.
func (l *Lab) manifestDigest(repo, tag string) string {
	if r, repository, ok := l.registryOf(repo); ok {
		if digest, ok := r.Digest(repository, tag); ok {
			return digest
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return digestOf("manifest", repo, tag, strconv.Itoa(l.pushes[repo+":"+tag]))
}

// tagOf finds the tag of a digest among the releases and what was pushed; "" when it
// is no tag's any more.
func (l *Lab) tagOf(repo, digest string) string {
	l.mu.Lock()
	tags := slices.Collect(maps.Keys(l.tags[repo]))
	l.mu.Unlock()
	for _, t := range tags {
		if l.manifestDigest(repo, t) == digest {
			return t
		}
	}
	return ""
}

// refuses says why the registry does not give a tag or a digest, "" when it does.
func (l *Lab) refuses(repo, reference string) string {
	named := reference
	if strings.HasPrefix(reference, "sha256:") {
		named = l.tagOf(repo, reference)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	short := strings.TrimPrefix(strings.TrimPrefix(repo, "docker.io/"), "library/")
	missing := named == "missing" || l.lacks[repo+":"+named]
	if r, repository, ok := l.registryOf(repo); ok {
		_, there := r.Digest(repository, reference)
		missing = missing || !there
	}
	switch {
	case !l.repositories[repo] && !l.repositories[short]:
		return fmt.Sprintf("pull access denied for %s, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", short)
	case missing:
		return fmt.Sprintf("manifest for %s:%s not found: manifest unknown: manifest unknown", short, reference)
	}
	return ""
}

// progress is one message of a pull on the wire.
type progress struct {
	Status string          `json:"status,omitempty"`
	Detail *progressDetail `json:"progressDetail,omitempty"`
	Text   string          `json:"progress,omitempty"`
	ID     string          `json:"id,omitempty"`
}

type progressDetail struct {
	Current int64 `json:"current,omitempty"`
	Total   int64 `json:"total,omitempty"`
}

// pull brings an image over a believable time, layer by layer side by side. The
// image appears at the end; a client that leaves before ends the pull.
func (e *Engine) pull(a *answer, r *http.Request) {
	q := r.URL.Query()
	if q.Get("fromSrc") != "" {
		e.importImage(a, q.Get("repo"), q.Get("tag"))
		return
	}
	repo, tag := q.Get("fromImage"), q.Get("tag")
	if tag == "" {
		repo, tag, _ = split(repo)
	}
	repo = strings.TrimPrefix(strings.TrimPrefix(repo, "docker.io/"), "library/")
	if repo == "" {
		a.fail(http.StatusBadRequest, "invalid reference format")
		return
	}
	if message := e.lab.refuses(repo, tag); message != "" {
		a.fail(http.StatusNotFound, message)
		return
	}
	ref := repo + ":" + tag
	if strings.HasPrefix(tag, "sha256:") {
		ref = repo + "@" + tag
	}
	path := repo
	if host, rest, ok := strings.Cut(repo, "/"); ok && strings.ContainsAny(host, ".:") {
		path = rest
	}

	e.mu.Lock()
	wanted := e.lab.manifestDigest(repo, tag)
	have := e.images.find(ref)
	e.mu.Unlock()
	enc := json.NewEncoder(a.stream("application/json"))
	say := func(p progress) bool { return enc.Encode(p) == nil }
	say(progress{Status: "Pulling from " + path, ID: tag})
	if have != nil && (have.digest == wanted || strings.Contains(ref, "@")) {
		say(progress{Status: "Digest: " + have.digest})
		say(progress{Status: "Status: Image is up to date for " + ref})
		return
	}
	if !e.download(r, ref, say) {
		return
	}
	e.mu.Lock()
	if have != nil && have.digest != wanted {
		delete(e.images.tags, ref)
	}
	img := e.images.add(ref)
	e.imageEvent("pull", ref, repo)
	e.mu.Unlock()
	say(progress{Status: "Digest: " + img.digest})
	say(progress{Status: "Status: Downloaded newer image for " + ref})
}

// download reports the layers of an image as they arrive and says whether all did.
func (e *Engine) download(r *http.Request, ref string, say func(progress) bool) bool {
	const steps = 12
	whim := seedOf(e.hash("pull", ref))
	type layer struct {
		id    string
		total int64
		begin int // the step at which it starts
		ends  int
	}
	layers := make([]layer, 3+whim%4)
	for i := range layers {
		h := mix(whim, uint64(i))
		layers[i] = layer{fmt.Sprintf("%012x", h>>16), 1<<20 + int64(h%(60<<20)), int(h>>8) % 3, 0}
		layers[i].ends = layers[i].begin + 3 + int(h>>24)%(steps-6)
		say(progress{Status: "Pulling fs layer", Detail: &progressDetail{}, ID: layers[i].id})
	}
	for step := range steps {
		if !sleep(r.Context(), e.opts.PullTakes/steps) {
			return false
		}
		for _, l := range layers {
			ok := true
			switch {
			case step >= l.begin && step < l.ends:
				done := l.total * int64(step-l.begin+1) / int64(l.ends-l.begin+1)
				ok = say(progress{Status: "Downloading", Detail: &progressDetail{done, l.total}, Text: bar(done, l.total), ID: l.id})
			case step == l.ends:
				ok = say(progress{Status: "Verifying Checksum", Detail: &progressDetail{}, ID: l.id}) &&
					say(progress{Status: "Download complete", Detail: &progressDetail{}, ID: l.id})
			case step == l.ends+1:
				ok = say(progress{Status: "Extracting", Detail: &progressDetail{l.total, l.total}, Text: bar(l.total, l.total), ID: l.id}) &&
					say(progress{Status: "Pull complete", Detail: &progressDetail{}, ID: l.id})
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

func bar(done, total int64) string {
	n := int(50 * done / total)
	return fmt.Sprintf("[%s>%s] %.2fMB/%.2fMB", strings.Repeat("=", n), strings.Repeat(" ", 50-n), float64(done)/1e6, float64(total)/1e6)
}

// importImage makes an image that no registry has, of nothing.
func (e *Engine) importImage(a *answer, repo, tag string) {
	e.mu.Lock()
	e.serial++
	img := &image{id: digestOf("import", e.id, strconv.Itoa(e.serial)), made: e.now()}
	e.images.byID[img.id] = img
	if repo != "" {
		e.images.tags[repo+":"+cmp.Or(tag, "latest")] = img
	}
	e.imageEvent("import", img.id, img.id)
	e.mu.Unlock()
	a.json(http.StatusOK, progress{Status: img.id})
}
