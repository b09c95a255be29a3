package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/manifest"
)

// Deleted says how a tag was deleted.
type Deleted struct {
	Digest string // that it pointed to; its manifest stays until the registry cleans up
	How    string // in words
}

// DeleteTag deletes one tag and leaves every other tag of the same image alone.
// (Deleting by digest, which is all that docker-registry 2.8 can do, takes all
// tags of an image away, and an image out of the indexes that hold it.) expect is
// the digest that the tag is known to have: when it points elsewhere by now,
// nothing is deleted.
func (r *Registry) DeleteTag(ctx context.Context, repository, tag, expect string) (Deleted, error) {
	op := "delete " + name(repository, tag)
	digest, err := r.Digest(ctx, repository, tag)
	if err != nil {
		return Deleted{}, err
	}
	out := Deleted{Digest: digest}
	if expect != "" && expect != digest {
		return out, r.fail(op, &call{}, &reason{Mismatch, "it is now " + Short(digest) + " instead of " + Short(expect), "look again before deleting it"})
	}
	err = r.deleteReference(ctx, op, repository, tag)
	switch TroubleOf(err) {
	case "":
		out.How = "the tag"
	case Rejected, Missing, Unsupported: // not in the registry's protocol
		out.How = "the tag, by way of an empty image: this registry deletes only by digest"
		err = r.replaceAndDelete(ctx, op, repository, tag)
	}
	if err != nil {
		return Deleted{Digest: digest}, err
	}
	if now, err := r.Digest(ctx, repository, tag); !IsMissing(err) {
		if err == nil {
			err = r.fail(op, &call{}, &reason{Rejected, "the registry said yes, but the tag is still there as " + Short(now), ""})
		}
		return out, err
	}
	return out, nil
}

// deleteReference deletes a manifest by tag or digest (distribution specification,
// "Deleting tags", "Deleting manifests").
func (r *Registry) deleteReference(ctx context.Context, op, repository, reference string) error {
	return r.do(ctx, op, reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		ref := r.ref(repository, "")
		ref.Digest = reference // the library puts it into the path as it is
		return rc.ManifestDelete(ctx, ref)
	})
}

// replaceAndDelete gives the tag to an image of its own and deletes that one. Where
// deletes are switched off that would destroy the tag, so it asks first; and what
// cannot be finished is undone.
func (r *Registry) replaceAndDelete(ctx context.Context, op, repository, tag string) error {
	err := r.deleteReference(ctx, op, repository, madeUpDigest())
	if !IsMissing(err) {
		if TroubleOf(err) == Unsupported || err == nil {
			return r.fail(op, &call{}, &reason{Unsupported, "the registry does not delete", "its configuration may allow it: storage.delete.enabled"})
		}
		return err
	}
	original, err := r.manifestOf(ctx, repository, tag, reading(nil))
	if err != nil {
		return err
	}
	err = r.do(ctx, op, reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		return rc.TagDelete(ctx, r.ref(repository, tag))
	})
	if err != nil {
		r.restore(ctx, repository, tag, original)
	}
	return err
}

// restore gives a tag its image back, also when we were told to stop.
func (r *Registry) restore(ctx context.Context, repository, tag string, m manifest.Manifest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
	defer cancel()
	_ = r.do(ctx, "restore "+name(repository, tag), reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		return rc.ManifestPut(ctx, r.ref(repository, tag), m)
	}) // the error that led here is the one to tell
}

func madeUpDigest() string {
	h := sha256.Sum256([]byte(rand.Text()))
	return "sha256:" + hex.EncodeToString(h[:])
}
