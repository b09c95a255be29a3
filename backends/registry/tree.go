package registry

import (
	"context"
	"fmt"
	"sync"

	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/manifest"
	"github.com/regclient/regclient/types/platform"
)

// Bounds of one image, which is somebody else's data.
const (
	maxDepth     = 4    // indexes in indexes
	maxManifests = 2000 // of one image, with what refers to it
)

// node is one manifest of an image, with what has to be there before it.
type node struct {
	digest   string
	size     int64
	manifest manifest.Manifest
	children []*node
	blobs    []descriptor.Descriptor
	there    bool // the target has it, and so everything below it

	ready chan struct{} // closed when it was read
	err   error
}

// blobsOf lists the blobs that a manifest names. Layers that are kept elsewhere by
// their URLs are not the registry's (image specification: non-distributable).
func blobsOf(m manifest.Manifest) []descriptor.Descriptor {
	image, ok := m.(manifest.Imager)
	if !ok {
		return nil
	}
	var out []descriptor.Descriptor
	if c, err := image.GetConfig(); err == nil {
		out = append(out, c)
	}
	layers, _ := image.GetLayers()
	for _, l := range layers {
		if len(l.URLs) == 0 {
			out = append(out, l)
		}
	}
	return out
}

// walk reads an image's manifests at the source.
type walk struct {
	*run
	mu    sync.Mutex
	nodes map[string]*node
}

// node reads one manifest and everything below it. top says that the target is
// known not to have this one.
func (w *walk) node(ctx context.Context, digest string, depth int, top bool) (*node, error) {
	w.mu.Lock()
	n := w.nodes[digest]
	if n != nil { // a digest cannot be below itself, so waiting ends
		w.mu.Unlock()
		select {
		case <-n.ready:
			return n, n.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	n = &node{digest: digest, ready: make(chan struct{})}
	w.nodes[digest] = n
	many := len(w.nodes) > maxManifests
	w.mu.Unlock()
	defer close(n.ready)
	n.err = w.read(ctx, n, depth, top, many)
	return n, n.err
}

// read fills a node in.
func (w *walk) read(ctx context.Context, n *node, depth int, top, many bool) error {
	digest := n.digest
	if many || depth > maxDepth {
		return w.from.fail("read "+name(w.Repository, digest), &call{},
			&reason{Rejected, fmt.Sprintf("the image has more than %d manifests, or more than %d levels of them", maxManifests, maxDepth), ""})
	}
	var readErr, headErr error
	both(func() { n.manifest, readErr = w.from.manifestOf(ctx, w.Repository, digest, w.patient(&w.source)) },
		func() {
			if !top {
				n.there, headErr = w.targetHas(ctx, digest)
			}
		})
	if err := firstOf(readErr, headErr); err != nil {
		return err
	}
	if got := string(n.manifest.GetDescriptor().Digest); got != digest {
		return w.from.fail("read "+name(w.Repository, digest), &call{}, &reason{Mismatch, "it answered with " + Short(got), ""})
	}
	n.size = n.manifest.GetDescriptor().Size
	n.blobs = blobsOf(n.manifest)
	if index, ok := n.manifest.(manifest.Indexer); ok {
		if err := w.children(ctx, n, index, depth); err != nil {
			return err
		}
	}
	return w.checkSizes(n)
}

// children reads what an index names.
func (w *walk) children(ctx context.Context, n *node, index manifest.Indexer, depth int) error {
	entries, err := index.GetManifestList()
	if err != nil {
		return w.from.fail("read "+name(w.Repository, n.digest), &call{}, err)
	}
	var manifests []descriptor.Descriptor
	for _, e := range entries {
		switch {
		case !w.wanted(e.Platform):
		case isManifest(e.MediaType):
			manifests = append(manifests, e)
		default: // caches of builds keep their layers in an index
			n.blobs = append(n.blobs, e)
		}
	}
	n.children = make([]*node, len(manifests))
	errs := make([]error, len(manifests))
	each(len(manifests), manifestsAtOnce, func(i int) {
		n.children[i], errs[i] = w.node(ctx, string(manifests[i].Digest), depth+1, false)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

const manifestsAtOnce = 8

// wanted says whether a platform is to be copied.
func (w *walk) wanted(p *platform.Platform) bool {
	if len(w.copier.options.Platforms) == 0 || p == nil {
		return true
	}
	for _, want := range w.copier.options.Platforms {
		if q, err := platform.Parse(want); err == nil && platform.Match(*p, q) {
			return true
		}
	}
	return false
}

func (w *walk) checkSizes(n *node) error {
	for _, b := range n.blobs {
		if b.Size < 0 || b.Digest.Validate() != nil {
			return w.from.fail("read "+name(w.Repository, n.digest), &call{}, &reason{Rejected, "it names a blob without a proper digest or size", ""})
		}
	}
	return nil
}

// targetHas asks the target for a manifest by digest.
func (r *run) targetHas(ctx context.Context, digest string) (bool, error) {
	_, err := r.to.digest(ctx, r.TargetRepository, digest, r.patient(&r.target))
	if IsMissing(err) {
		return false, nil
	}
	return err == nil, err
}
