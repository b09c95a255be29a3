package registry

import (
	"context"
	"sync"

	"github.com/regclient/regclient/types/manifest"
	"github.com/regclient/regclient/types/mediatype"
)

// Sister is another repository of the target that may have blobs in common with
// what is copied: its name there, its name at the source, and the digests of
// images that both sides have.
type Sister struct {
	Repository, Source string
	Digests            []string
}

// sisters knows which repository of the target has a blob: from manifests that
// were copied, and, once something large is to be sent, from those of images that
// other repositories have on both sides. They are read at the source, which has
// the same ones and costs the line nothing.
type sisters struct {
	from *Registry

	mu     sync.Mutex
	where  map[string]string // blob to repository of the target
	unread []Sister
	read   chan struct{} // closed when unread was read; nil before somebody began
}

const (
	worthReading  = 1 << 20 // bytes to send from which on reading manifests pays
	maxSisterRead = 2000    // manifests
	sistersAtOnce = 8
)

func newSisters(from *Registry, known []Sister) *sisters {
	return &sisters{from: from, where: map[string]string{}, unread: known}
}

func (s *sisters) learn(repository string, blobs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range blobs {
		s.where[b] = repository
	}
}

// has says whether a repository of the target is known to have the blob.
func (s *sisters) has(blob, repository string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.where[blob] == repository
}

func (s *sisters) forget(blob string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.where, blob)
}

// find returns a repository other than this one that has the blob, "" when none is known.
func (s *sisters) find(ctx context.Context, blob string, size int64, repository string, stats *Stats) string {
	s.mu.Lock()
	where := s.where[blob]
	read := s.read
	if where == "" && read == nil && size >= worthReading && len(s.unread) > 0 {
		read = make(chan struct{})
		s.read = read
		unread := s.unread
		s.unread = nil
		s.mu.Unlock()
		s.readAll(ctx, unread, stats)
		close(read)
		s.mu.Lock()
	}
	s.mu.Unlock()
	if where == "" && read != nil {
		select {
		case <-read:
		case <-ctx.Done():
		}
		s.mu.Lock()
		where = s.where[blob]
		s.mu.Unlock()
	}
	if where == repository {
		return ""
	}
	return where
}

// readAll reads the sisters' manifests. What cannot be read is no sister.
func (s *sisters) readAll(ctx context.Context, all []Sister, stats *Stats) {
	type job struct {
		Sister
		digest string
	}
	var jobs []job
	for _, y := range all {
		for _, d := range y.Digests {
			if len(jobs) < maxSisterRead {
				jobs = append(jobs, job{y, d})
			}
		}
	}
	each(len(jobs), sistersAtOnce, func(i int) {
		j := jobs[i]
		m, err := s.from.manifestOf(ctx, j.Source, j.digest, reading(stats))
		if err != nil {
			return
		}
		images := []manifest.Manifest{m}
		if index, ok := m.(manifest.Indexer); ok {
			images = nil
			children, _ := index.GetManifestList()
			for _, c := range children {
				if !isManifest(c.MediaType) {
					continue
				}
				if child, err := s.from.manifestOf(ctx, j.Source, string(c.Digest), reading(stats)); err == nil {
					images = append(images, child)
				}
			}
		}
		for _, image := range images {
			for _, b := range blobsOf(image) {
				s.learn(j.Repository, string(b.Digest))
			}
		}
	})
}

func isManifest(mediaType string) bool {
	switch mediaType {
	case mediatype.OCI1Manifest, mediatype.OCI1ManifestList, mediatype.Docker2Manifest, mediatype.Docker2ManifestList,
		mediatype.Docker1Manifest, mediatype.Docker1ManifestSigned, mediatype.OCI1Artifact:
		return true
	}
	return false
}
