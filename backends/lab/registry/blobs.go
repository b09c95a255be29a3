package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

func (r *Registry) getBlob(w http.ResponseWriter, q *http.Request, name, digest string) {
	b := r.blob(name, digest)
	if b == nil {
		fail(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
		return
	}
	h := w.Header()
	h.Set("Docker-Content-Digest", digest)
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Accept-Ranges", "bytes")
	from, to, status := int64(0), b.size()-1, http.StatusOK
	if s, ok := strings.CutPrefix(q.Header.Get("Range"), "bytes="); ok {
		first, last, _ := strings.Cut(s, "-")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil || n > to {
			fail(w, http.StatusRequestedRangeNotSatisfiable, "RANGE_INVALID", "invalid range")
			return
		}
		from, status = n, http.StatusPartialContent
		if n, err := strconv.ParseInt(last, 10, 64); err == nil && n < to {
			to = n
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, b.size()))
	}
	h.Set("Content-Length", strconv.FormatInt(to-from+1, 10))
	w.WriteHeader(status)
	if q.Method != http.MethodHead {
		r.send(w, q, io.LimitReader(b.open(from), to-from+1))
	}
}

func (r *Registry) blob(name, digest string) blob {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repositories[name]; p == nil || !p.blobs[digest] {
		return nil
	}
	return r.library.find(digest)
}

// upload is a blob that is on its way in.
type upload struct {
	name   string
	sum    hash.Hash
	body   bytes.Buffer // left empty when the content is known from elsewhere
	size   int64
	broken bool // a piece was cut, and the registry forgets such uploads
}

// begin answers a request to upload, by a mount when it can.
func (r *Registry) begin(w http.ResponseWriter, q *http.Request, name, _ string) {
	digest, from := q.FormValue("mount"), q.FormValue("from")
	if digest != "" && from != "" && !r.opts.NoMount && r.blob(from, digest) != nil {
		r.mu.Lock()
		r.repository(name).blobs[digest] = true
		r.mu.Unlock()
		r.seen.mounted()
		r.created(w, name, digest)
		return
	}
	r.mu.Lock()
	r.repository(name)
	r.serial++
	id := fmt.Sprintf("upload-%d", r.serial)
	u := &upload{name: name, sum: sha256.New()}
	r.uploads[id] = u
	r.mu.Unlock()
	r.at(w, id, u, http.StatusAccepted)
}

// at tells how far an upload is (distribution specification, "Pushing a blob in
// chunks").
func (r *Registry) at(w http.ResponseWriter, id string, u *upload, status int) {
	h := w.Header()
	h.Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%s?at=%d", u.name, id, u.size))
	h.Set("Docker-Upload-Uuid", id)
	h.Set("Range", fmt.Sprintf("0-%d", max(0, u.size-1)))
	w.WriteHeader(status)
}

// upload finds an upload, and answers 404 without one.
func (r *Registry) upload(w http.ResponseWriter, id string) *upload {
	r.mu.Lock()
	u := r.uploads[id]
	if u != nil && u.broken {
		delete(r.uploads, id)
		u = nil
	}
	r.mu.Unlock()
	if u == nil {
		fail(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
	}
	return u
}

func (r *Registry) progress(w http.ResponseWriter, _ *http.Request, _, id string) {
	if u := r.upload(w, id); u != nil {
		r.at(w, id, u, http.StatusNoContent)
	}
}

func (r *Registry) patch(w http.ResponseWriter, q *http.Request, _, id string) {
	u := r.upload(w, id)
	if u == nil {
		return
	}
	if s := q.Header.Get("Content-Range"); s != "" && !strings.HasPrefix(s, strconv.FormatInt(u.size, 10)+"-") {
		r.at(w, id, u, http.StatusRequestedRangeNotSatisfiable)
		return
	}
	if r.receive(u, q, true) != nil {
		u.broken = r.opts.Forgets
		panic(http.ErrAbortHandler)
	}
	r.at(w, id, u, http.StatusAccepted)
}

// receive takes a body in. It keeps the bytes only when they may be needed.
func (r *Registry) receive(u *upload, q *http.Request, keep bool) error {
	buf := make([]byte, lineUnit)
	for {
		n, err := q.Body.Read(buf)
		u.sum.Write(buf[:n])
		u.size += int64(n)
		if keep {
			u.body.Write(buf[:n])
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *Registry) finish(w http.ResponseWriter, q *http.Request, name, id string) {
	u := r.upload(w, id)
	if u == nil {
		return
	}
	digest := q.URL.Query().Get("digest")
	known := r.library.find(digest) != nil
	if r.receive(u, q, !known) != nil {
		u.broken = r.opts.Forgets
		panic(http.ErrAbortHandler)
	}
	if got := "sha256:" + hex.EncodeToString(u.sum.Sum(nil)); got != digest {
		fail(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	if !known {
		r.library.add(digest, stored(u.body.Bytes()))
	}
	r.mu.Lock()
	delete(r.uploads, id)
	r.repository(name).blobs[digest] = true
	r.mu.Unlock()
	r.created(w, name, digest)
}

func (r *Registry) cancel(w http.ResponseWriter, _ *http.Request, _, id string) {
	r.mu.Lock()
	delete(r.uploads, id)
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (r *Registry) created(w http.ResponseWriter, name, digest string) {
	w.Header().Set("Location", "/v2/"+name+"/blobs/"+digest)
	w.Header().Set("Docker-Content-Digest", digest)
	w.WriteHeader(http.StatusCreated)
}
