package registry

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

func (r *Registry) getManifest(w http.ResponseWriter, q *http.Request, name, reference string) {
	r.mu.Lock()
	var m manifest
	ok := false
	p := r.repositories[name]
	if p != nil {
		m, ok = p.find(reference)
	}
	r.mu.Unlock()
	// As registries do, an index is not there for who does not take one.
	if !ok || !r.opts.AnyType && !accepts(q, m.mediaType) {
		code := "MANIFEST_UNKNOWN"
		if p == nil {
			code = "NAME_UNKNOWN"
		}
		fail(w, http.StatusNotFound, code, "manifest unknown")
		return
	}
	h := w.Header()
	h.Set("Etag", `"`+m.digest+`"`)
	if q.Header.Get("If-None-Match") == `"`+m.digest+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Docker-Content-Digest", m.digest)
	h.Set("Content-Type", m.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(m.body)))
	if q.Method == http.MethodHead {
		return
	}
	r.seen.bytes(0, int64(len(m.body)))
	_, _ = w.Write(m.body)
}

func accepts(q *http.Request, mediaType string) bool {
	for _, line := range q.Header.Values("Accept") {
		for a := range strings.SplitSeq(line, ",") {
			a, _, _ = strings.Cut(strings.TrimSpace(a), ";")
			if a == mediaType || a == "*/*" {
				return true
			}
		}
	}
	return false
}

func (r *Registry) putManifest(w http.ResponseWriter, q *http.Request, name, reference string) {
	body, err := io.ReadAll(io.LimitReader(q.Body, 4<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	m := newManifest(q.Header.Get("Content-Type"), body)
	byDigest := strings.Contains(reference, ":")
	if byDigest && reference != m.digest {
		fail(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	r.mu.Lock()
	p := r.repository(name)
	missing := p.missing(m.doc)
	if missing == nil {
		p.manifests[m.digest] = m
		if !byDigest {
			p.tags[reference] = m.digest
		}
	}
	r.mu.Unlock()
	if missing != nil {
		fail(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: "+strings.Join(missing, ", "))
		return
	}
	if m.doc.Subject != nil && !r.opts.NoReferrers {
		w.Header().Set("Oci-Subject", m.doc.Subject.Digest)
	}
	w.Header().Set("Docker-Content-Digest", m.digest)
	w.Header().Set("Location", "/v2/"+name+"/manifests/"+m.digest)
	w.WriteHeader(http.StatusCreated)
}

func (r *Registry) deleteManifest(w http.ResponseWriter, _ *http.Request, name, reference string) {
	byDigest := strings.Contains(reference, ":")
	switch {
	case r.opts.NoDelete:
		fail(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "the operation is unsupported")
		return
	case !byDigest && r.opts.NoTagDelete:
		fail(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	r.mu.Lock()
	p := r.repositories[name]
	ok := false
	if p != nil {
		if _, ok = p.find(reference); ok && byDigest {
			p.untag(reference)
		} else if ok {
			delete(p.tags, reference)
		}
	}
	r.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
