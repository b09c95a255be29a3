package registry

import (
	"encoding/json"
	"maps"
	"strings"
)

// Media types that are used here, as in the image specification.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
	typeEmpty    = "application/vnd.oci.empty.v1+json"
)

// Image says what an image is made of.
type Image struct {
	Name      string               // part of its configuration, so that two names give two digests
	Platforms []string             // "linux/amd64"; of several the image is an index
	Layers    func(string) []Layer // by platform
	Signed    bool                 // a signature refers to it
	Labels    map[string]string    // further ones
}

// Built is an image as the bytes of its manifests.
type Built struct {
	Digest    string
	manifests []manifest // children before parents, referrers last
	blobs     []string
}

// Layers are the digests of all layers, those of the first platform first.
func (b Built) Layers() (digests []string) {
	for _, m := range b.manifests {
		for _, y := range m.doc.Layers {
			digests = append(digests, y.Digest)
		}
	}
	return digests
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	Platform     map[string]string `json:"platform,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// document is an index or a manifest.
type document struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Subject       *descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Build makes an image and adds its content to the library.
func (l *Library) Build(img Image) Built {
	var b Built
	var children []descriptor
	for _, platform := range img.Platforms {
		system, arch, _ := strings.Cut(platform, "/")
		arch, variant, _ := strings.Cut(arch, "/")
		p := map[string]string{"os": system, "architecture": arch}
		if variant != "" {
			p["variant"] = variant
		}
		m := document{SchemaVersion: 2, MediaType: typeManifest}
		var diffs []string
		for _, y := range img.Layers(platform) {
			digest := l.layer(y)
			diffs = append(diffs, digest)
			m.Layers = append(m.Layers, descriptor{MediaType: typeLayer, Digest: digest, Size: y.Size})
			b.blobs = append(b.blobs, digest)
		}
		labels := map[string]string{"org.opencontainers.image.ref.name": img.Name}
		maps.Copy(labels, img.Labels)
		config := marshal(map[string]any{
			"architecture": arch, "os": system, "created": "2026-01-01T00:00:00Z",
			"config": map[string]any{"Labels": labels},
			"rootfs": map[string]any{"type": "layers", "diff_ids": diffs},
		})
		c := l.small(typeConfig, config)
		m.Config = &c
		b.blobs = append(b.blobs, c.Digest)
		child := b.add(m)
		child.Platform = p
		children = append(children, child)
	}
	top := children[0]
	if len(children) > 1 {
		top = b.add(document{SchemaVersion: 2, MediaType: typeIndex, Manifests: children})
	}
	b.Digest = top.Digest
	if img.Signed {
		b.sign(l, top)
	}
	return b
}

// sign adds a manifest that refers to the image.
func (b *Built) sign(l *Library, subject descriptor) {
	empty := l.small(typeEmpty, []byte("{}"))
	payload := l.small("application/vnd.dev.cosign.simplesigning.v1+json", marshal(map[string]string{"signs": subject.Digest}))
	b.blobs = append(b.blobs, empty.Digest, payload.Digest)
	subject.Platform = nil
	b.add(document{SchemaVersion: 2, MediaType: typeManifest, ArtifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
		Config: &empty, Layers: []descriptor{payload}, Subject: &subject})
}

func (b *Built) add(d document) descriptor {
	m := newManifest(d.MediaType, marshal(d))
	b.manifests = append(b.manifests, m)
	return descriptor{MediaType: m.mediaType, Digest: m.digest, Size: int64(len(m.body))}
}

func (l *Library) small(mediaType string, content []byte) descriptor {
	digest := digestOf(content)
	l.add(digest, stored(content))
	return descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(content))}
}

func marshal(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("lab registry: " + err.Error()) // plain values always marshal
	}
	return out
}
