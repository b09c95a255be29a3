package registry

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/manifest"
	v1 "github.com/regclient/regclient/types/oci/v1"

	"ringside/backends/fleet"
)

// Digests looks tags up, by one HEAD for each, side by side. One that is gone
// meanwhile is left out.
func (r *Registry) Digests(ctx context.Context, repository string, tags []string) (map[string]string, error) {
	out := make(map[string]string, len(tags))
	var mu sync.Mutex
	var failed error
	each(len(tags), max(1, r.spec.Concurrency), func(i int) {
		ctx, cancel := context.WithTimeout(ctx, lookLimit)
		defer cancel()
		d, err := r.Digest(ctx, repository, tags[i])
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			out[tags[i]] = d
		case !IsMissing(err):
			failed = err
		}
	})
	return out, failed
}

// Described is a tag as a registry has it.
type Described struct {
	Digest    string    `json:"digest"`
	MediaType string    `json:"media_type"`
	Size      int64     `json:"size"` // bytes of all blobs and manifests of the platforms, shared ones once
	Platforms []string  `json:"platforms,omitempty"`
	Read      time.Time `json:"read"`
}

// Describe reads what a tag or digest is: its platforms and its size.
func (r *Registry) Describe(ctx context.Context, repository, reference string) (Described, error) {
	m, err := r.manifestOf(ctx, repository, reference, reading(nil))
	if err != nil {
		return Described{}, err
	}
	d := m.GetDescriptor()
	out := Described{Digest: string(d.Digest), MediaType: d.MediaType, Size: d.Size, Read: time.Now()}
	images := []manifest.Manifest{m}
	if index, ok := m.(manifest.Indexer); ok {
		images = nil
		children, _ := index.GetManifestList()
		for _, c := range children[:min(len(children), maxManifests)] {
			if c.Platform != nil && c.Platform.OS != "unknown" {
				out.Platforms = append(out.Platforms, fleet.Clean(c.Platform.String()))
			}
			if !isManifest(c.MediaType) {
				continue
			}
			child, err := r.manifestOf(ctx, repository, string(c.Digest), reading(nil))
			if err != nil {
				return out, err
			}
			out.Size += child.GetDescriptor().Size
			images = append(images, child)
		}
	}
	if len(images) == 1 && len(out.Platforms) == 0 {
		out.Platforms = r.platformOf(ctx, repository, m)
	}
	seen := map[string]bool{}
	for _, image := range images {
		for _, b := range blobsOf(image) {
			if !seen[string(b.Digest)] {
				seen[string(b.Digest)] = true
				out.Size += b.Size
			}
		}
	}
	return out, nil
}

// maxConfig is the size up to which an image's configuration is read.
const maxConfig = 4 << 20

// platformOf reads the platform of a single image off its configuration; nil when
// it does not tell.
func (r *Registry) platformOf(ctx context.Context, repository string, m manifest.Manifest) []string {
	c, err := r.config(ctx, repository, m)
	if err != nil || c.OS == "" { // what cannot be read has no platform that is known
		return nil
	}
	return []string{fleet.Clean(c.Platform.String())}
}

// Labels reads the labels of an image off its configuration, before anybody has pulled
// it. Of one for several platforms they are those of the first.
func (r *Registry) Labels(ctx context.Context, repository, reference string) (map[string]string, error) {
	m, err := r.manifestOf(ctx, repository, reference, reading(nil))
	if err != nil {
		return nil, err
	}
	if index, ok := m.(manifest.Indexer); ok {
		children, _ := index.GetManifestList()
		i := slices.IndexFunc(children, func(c descriptor.Descriptor) bool {
			return isManifest(c.MediaType) && (c.Platform == nil || c.Platform.OS != "unknown")
		})
		if i < 0 {
			return nil, nil
		}
		if m, err = r.manifestOf(ctx, repository, string(children[i].Digest), reading(nil)); err != nil {
			return nil, err
		}
	}
	c, err := r.config(ctx, repository, m)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for k, v := range c.Config.Labels {
		out[fleet.Clean(k)] = fleet.Clean(v)
	}
	return out, nil
}

// config reads the configuration of a single image; an empty one of what is no image.
func (r *Registry) config(ctx context.Context, repository string, m manifest.Manifest) (out v1.Image, err error) {
	image, ok := m.(manifest.Imager)
	if !ok {
		return out, nil
	}
	d, err := image.GetConfig()
	if err != nil || d.Size > maxConfig {
		return out, err
	}
	err = r.do(ctx, "read the configuration of "+repository, reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		c, err := rc.BlobGetOCIConfig(ctx, r.ref(repository, ""), d)
		if err == nil {
			out = c.GetConfig()
		}
		return err
	})
	return out, err
}
