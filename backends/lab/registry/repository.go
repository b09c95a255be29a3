package registry

import (
	"encoding/json"
	"slices"
	"strings"
)

// manifest is a manifest or index as it was sent.
type manifest struct {
	mediaType string
	body      []byte
	digest    string
	doc       document
}

func newManifest(mediaType string, body []byte) manifest {
	m := manifest{mediaType: mediaType, body: body, digest: digestOf(body)}
	_ = json.Unmarshal(body, &m.doc) // what cannot be read names nothing
	return m
}

// repository is one repository of a registry; the registry's mutex guards it.
type repository struct {
	blobs     map[string]bool // digests
	manifests map[string]manifest
	tags      map[string]string // to digests
}

func newRepository() *repository {
	return &repository{blobs: map[string]bool{}, manifests: map[string]manifest{}, tags: map[string]string{}}
}

// find looks a manifest up by tag or digest.
func (p *repository) find(reference string) (manifest, bool) {
	if digest, ok := p.tags[reference]; ok {
		reference = digest
	}
	m, ok := p.manifests[reference]
	return m, ok
}

// missing lists what a manifest names and the repository does not have.
func (p *repository) missing(d document) (out []string) {
	need := slices.Clone(d.Layers)
	if d.Config != nil {
		need = append(need, *d.Config)
	}
	for _, b := range need {
		if !p.blobs[b.Digest] {
			out = append(out, b.Digest)
		}
	}
	for _, c := range d.Manifests {
		if _, ok := p.manifests[c.Digest]; !ok {
			out = append(out, c.Digest)
		}
	}
	return out
}

func (p *repository) tagNames() []string {
	names := make([]string, 0, len(p.tags))
	for t := range p.tags {
		names = append(names, t)
	}
	slices.Sort(names)
	return names
}

// untag takes a digest's manifest away with all of its tags.
func (p *repository) untag(digest string) {
	delete(p.manifests, digest)
	for t, d := range p.tags {
		if d == digest {
			delete(p.tags, t)
		}
	}
}

// referrers lists the manifests whose subject is a digest.
func (p *repository) referrers(digest, artifactType string) []descriptor {
	out := []descriptor{}
	for _, m := range p.manifests {
		if m.doc.Subject == nil || m.doc.Subject.Digest != digest || artifactType != "" && m.doc.ArtifactType != artifactType {
			continue
		}
		out = append(out, descriptor{MediaType: m.mediaType, Digest: m.digest, Size: int64(len(m.body)),
			ArtifactType: m.doc.ArtifactType, Annotations: m.doc.Annotations})
	}
	slices.SortFunc(out, func(a, b descriptor) int { return strings.Compare(a.Digest, b.Digest) })
	return out
}

func (r *Registry) repository(name string) *repository {
	p := r.repositories[name]
	if p == nil {
		p = newRepository()
		r.repositories[name] = p
	}
	return p
}

// Push gives a tag to an image, as somebody's CI does.
func (r *Registry) Push(name, tag string, b Built) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.repository(name)
	for _, d := range b.blobs {
		p.blobs[d] = true
	}
	for _, m := range b.manifests {
		p.manifests[m.digest] = m
	}
	p.tags[tag] = b.Digest
}

// Lose takes a blob away, as a clean-up does that runs at the wrong time.
func (r *Registry) Lose(name, digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repositories[name]; p != nil {
		delete(p.blobs, digest)
	}
}

// Untag takes a tag away, and only that.
func (r *Registry) Untag(name, tag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repositories[name]; p != nil {
		delete(p.tags, tag)
	}
}

// Digest finds what a tag points to; a digest is its own when the repository has it.
func (r *Registry) Digest(name, reference string) (digest string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.repositories[name]
	if p == nil {
		return "", false
	}
	if digest, ok = p.tags[reference]; ok {
		return digest, true
	}
	if _, ok = p.manifests[reference]; ok {
		return reference, true
	}
	return "", false
}

// Tags lists a repository's tags, sorted.
func (r *Registry) Tags(name string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repositories[name]; p != nil {
		return p.tagNames()
	}
	return nil
}

// Raw returns the bytes of a manifest by tag or digest, nil when there is none.
func (r *Registry) Raw(name, reference string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repositories[name]; p != nil {
		if m, ok := p.find(reference); ok {
			return m.body
		}
	}
	return nil
}

// Broken lists the tags, as "repository:tag", below which something is missing.
// A registry that checks manifests has none.
func (r *Registry) Broken() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, p := range r.repositories {
		for tag, digest := range p.tags {
			if !p.whole(digest) {
				out = append(out, name+":"+tag)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (p *repository) whole(digest string) bool {
	m, ok := p.manifests[digest]
	if !ok || len(p.missing(m.doc)) > 0 {
		return false
	}
	for _, c := range m.doc.Manifests {
		if !p.whole(c.Digest) {
			return false
		}
	}
	return true
}
