package lab

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	apiimage "github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/api/types/storage"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// image is an image on an engine. Tags move from one to another.
type image struct {
	id     string // "sha256:…"
	digest string // of the manifest in the registry, "" when it never was in one
	repo   string // of the digest
	size   int64
	made   time.Time
}

// imageStore is what an engine has pulled.
type imageStore struct {
	engine *Engine
	byID   map[string]*image
	tags   map[string]*image // by "repository:tag"
}

func newImageStore(e *Engine) imageStore {
	return imageStore{engine: e, byID: map[string]*image{}, tags: map[string]*image{}}
}

// split takes a reference apart; a missing tag is "latest" unless there is a digest.
func split(ref string) (repo, tag, digest string) {
	repo, digest, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		repo, tag = repo[:i], repo[i+1:]
	}
	if tag == "" && digest == "" {
		tag = "latest"
	}
	return repo, tag, digest
}

// add makes the image that the registry has under the reference present.
func (s *imageStore) add(ref string) *image {
	if img := s.find(ref); img != nil {
		return img
	}
	repo, tag, dig := split(ref)
	if dig == "" {
		dig = s.engine.lab.manifestDigest(repo, tag)
	}
	img := &image{
		id: digestOf("image", dig), digest: dig, repo: repo,
		size: 8<<20 + int64(mix(uint64(len(ref)), uint64(digestByte(ref)))%(400<<20)), made: s.engine.now().Add(-72 * time.Hour),
	}
	if have := s.byID[img.id]; have != nil {
		img = have
	}
	s.byID[img.id] = img
	if tag != "" {
		s.tags[repo+":"+tag] = img
	}
	return img
}

// find looks an image up by tag, digest, ID or the beginning of an ID.
func (s *imageStore) find(ref string) *image {
	repo, tag, dig := split(ref)
	if img := s.tags[repo+":"+tag]; img != nil && dig == "" {
		return img
	}
	id := strings.TrimPrefix(ref, "sha256:")
	for _, img := range s.byID {
		if dig != "" && img.digest == dig && img.repo == repo || len(id) >= 4 && strings.HasPrefix(img.id[7:], id) {
			return img
		}
	}
	return nil
}

// nameOf is how a list names a container's image: by the name it was created
// with, or by ID when that name has moved on to another image.
func (s *imageStore) nameOf(c *instance) string {
	repo, tag, dig := split(c.image)
	if img := s.tags[repo+":"+tag]; dig != "" || img != nil && img.id == c.imageID {
		return c.image
	}
	return c.imageID
}

func (s *imageStore) tagsOf(img *image) []string {
	out := []string{}
	for t, i := range s.tags {
		if i == img {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out
}

func (img *image) digests() []string {
	if img.digest == "" {
		return []string{}
	}
	return []string{img.repo + "@" + img.digest}
}

func (e *Engine) listImages(a *answer, r *http.Request) {
	wanted, err := parseFilters(r.URL.Query().Get("filters"))
	if err != nil {
		a.fail(http.StatusBadRequest, err.Error())
		return
	}
	out := []apiimage.Summary{}
	e.mu.Lock()
	for _, img := range e.images.byID {
		tags := e.images.tagsOf(img)
		if !wanted.any("reference", func(want string) bool {
			return slices.ContainsFunc(tags, func(tag string) bool {
				repo, _, _ := split(tag)
				byTag, _ := path.Match(want, tag)
				byRepo, _ := path.Match(want, repo)
				return byTag || byRepo
			})
		}) {
			continue
		}
		out = append(out, apiimage.Summary{
			ID: img.id, RepoTags: tags, RepoDigests: img.digests(), Created: img.made.Unix(), Size: img.size, SharedSize: -1, Containers: -1,
		})
	}
	e.mu.Unlock()
	slices.SortFunc(out, func(x, y apiimage.Summary) int { return strings.Compare(x.ID, y.ID) })
	a.json(http.StatusOK, out)
}

func (e *Engine) inspectImage(a *answer, r *http.Request) {
	ref, ok := strings.CutSuffix(r.PathValue("ref"), "/json")
	if !ok {
		a.fail(http.StatusNotFound, "page not found")
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	img := e.images.find(ref)
	if img == nil {
		message := "No such image: " + ref
		if e.old() {
			message = "no such image: " + ref + ": " + message
		}
		a.fail(http.StatusNotFound, message)
		return
	}
	a.json(http.StatusOK, apiimage.InspectResponse{
		ID: img.id, RepoTags: e.images.tagsOf(img), RepoDigests: img.digests(), Created: img.made.UTC().Format(time.RFC3339Nano),
		Architecture: "amd64", Os: "linux", Size: img.size, Config: &dockerspec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{Labels: e.lab.labelsOf(img)}},
		GraphDriver: &storage.DriverData{Name: "overlay2", Data: map[string]string{}},
		RootFS:      apiimage.RootFS{Type: "layers", Layers: []string{digestOf("layer", img.id)}},
	})
}

func (e *Engine) removeImage(a *answer, r *http.Request) {
	ref, force := r.PathValue("ref"), truthy(r.URL.Query().Get("force"))
	e.mu.Lock()
	defer e.mu.Unlock()
	img := e.images.find(ref)
	if img == nil {
		a.fail(http.StatusNotFound, "No such image: "+ref)
		return
	}
	repo, tag, _ := split(ref)
	name := repo + ":" + tag
	tags := e.images.tagsOf(img)
	byName := e.images.tags[name] == img
	lastName := !byName || len(tags) == 1
	for _, c := range e.order {
		if c.imageID != img.id || !lastName {
			continue
		}
		switch {
		case byName && !force:
			a.fail(http.StatusConflict, fmt.Sprintf("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s", name, c.id[:12], img.id[7:19]))
			return
		case !byName && (c.up() || !force):
			a.fail(http.StatusConflict, fmt.Sprintf("conflict: unable to delete %s (cannot be forced) - image is being used by running container %s", img.id[7:19], c.id[:12]))
			return
		}
	}
	out := []apiimage.DeleteResponse{}
	for _, t := range tags {
		if !byName || t == name {
			delete(e.images.tags, t)
			out = append(out, apiimage.DeleteResponse{Untagged: t})
			e.imageEvent("untag", img.id, t)
		}
	}
	used := slices.ContainsFunc(e.order, func(c *instance) bool { return c.imageID == img.id })
	if lastName && !used {
		delete(e.images.byID, img.id)
		out = append(out, apiimage.DeleteResponse{Deleted: img.id})
		e.imageEvent("delete", img.id, img.id)
	}
	a.json(http.StatusOK, out)
}

func (e *Engine) imageEvent(action, id, name string) {
	e.publish(event{Status: action, ID: id, Type: "image", Action: action, Actor: actor{id, map[string]string{"name": name}}})
}

// inspectDistribution tells what the registry has, as seen from the engine.
func (e *Engine) inspectDistribution(a *answer, r *http.Request) {
	ref := strings.TrimSuffix(r.PathValue("ref"), "/json")
	repo, tag, dig := split(ref)
	if message := e.lab.refuses(repo, cmp.Or(dig, tag)); message != "" {
		a.fail(http.StatusNotFound, message)
		return
	}
	if dig == "" {
		dig = e.lab.manifestDigest(repo, tag)
	}
	a.json(http.StatusOK, registry.DistributionInspect{
		Descriptor: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.Digest(dig), Size: 1784},
		Platforms:  []ocispec.Platform{{Architecture: "amd64", OS: "linux"}},
	})
}
