package registry

import (
	"context"
	"sync"
	"time"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/manifest"

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
func (r *Registry) platformOf(ctx context.Context, repository string, m manifest.Manifest) (out []string) {
	image, ok := m.(manifest.Imager)
	if !ok {
		return nil
	}
	d, err := image.GetConfig()
	if err != nil || d.Size > maxConfig {
		return nil
	}
	_ = r.do(ctx, "read the configuration of "+repository, reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		c, err := rc.BlobGetOCIConfig(ctx, r.ref(repository, ""), d)
		if err == nil && c.GetConfig().OS != "" {
			out = []string{fleet.Clean(c.GetConfig().Platform.String())}
		}
		return err
	}) // what cannot be read has no platform that is known
	return out
}
