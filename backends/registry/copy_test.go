package registry

import (
	"context"
	"testing"
	"time"

	lab "ringside/backends/lab/registry"
)

const kib = 1 << 10

func TestCopy(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1.9.1", 300*kib)
	c := r.copier(Options{})

	res := r.copy(c, "team/web", "1.9.1")
	wants(t, "blobs", res.Blobs, 8) // two configurations, six layers
	wants(t, "manifests", res.Manifests, 3)
	wants(t, "received by the target", r.b.Counts().Up >= 6*300*kib, true)
	seen := r.a.Counts().Requests
	wants(t, "manifests read", seen["manifest GET"], 3)
	wants(t, "looks at the source", seen["manifest HEAD"], 2) // before and after
	wants(t, "blobs read", seen["blob GET"], 8)
	t.Logf("full: %+v\n%v", res, r.b.Counts().Requests)

	r.reset()
	res = r.copy(c, "team/web", "1.9.1")
	wants(t, "equal", res.Equal, true)
	wants(t, "requests when there is nothing to do", r.a.Counts().Requests, "map[manifest HEAD:1]")
	wants(t, "requests when there is nothing to do", r.b.Counts().Requests, "map[manifest HEAD:1]")

	r.push("team/web", "1.9.2", 300*kib)
	r.reset()
	res = r.copy(c, "team/web", "1.9.2")
	wants(t, "new blobs", res.Blobs, 4)
	wants(t, "old blobs", res.Present, 4)
	t.Logf("delta: %+v\n%v", res, r.b.Counts().Requests)
}

// What another repository of the target has is mounted: because it was copied
// before, or because both sides have an image there.
func TestSisters(t *testing.T) {
	const size = 2 << 20
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", size)
	r.push("team/api", "1", size)
	r.push("team/new", "1", size)
	c := r.copier(Options{})
	r.copy(c, "team/web", "1")
	r.b.Reset()
	res := r.copy(c, "team/api", "1")
	wants(t, "mounted", res.Mounted, 2)
	wants(t, "mounted bytes", res.MountedBytes, 2*size)
	wants(t, "sent", r.b.Counts().Up < 4*size+20*kib, true)

	web, _ := r.a.Digest("team/web", "1")
	c = r.copier(Options{Sisters: []Sister{{Repository: "team/web", Source: "team/web", Digests: []string{web}}}})
	res = r.copy(c, "team/new", "1")
	wants(t, "mounted without having copied", res.Mounted, 2)
}

// Registries that do not mount get everything, and a blob that is there already
// is not sent for want of knowing.
func TestWithoutMounts(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{NoMount: true})
	r.push("team/web", "1", 300*kib)
	r.push("team/web", "2", 300*kib)
	r.push("team/api", "1", 300*kib)
	c := r.copier(Options{})
	r.copy(c, "team/web", "1")
	res := r.copy(c, "team/web", "2")
	wants(t, "sent", res.Blobs, 4)
	res = r.copy(c, "team/api", "1")
	wants(t, "sent", res.Blobs, 8)
	wants(t, "mounted", res.Mounted, 0)
}

// A target that cleaned up meanwhile gets once more what it lost.
func TestLostBlob(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", 100*kib)
	built := r.push("team/web", "2", 100*kib)
	c := r.copier(Options{})
	r.copy(c, "team/web", "1")
	r.b.Lose("team/web", built.Layers()[0])
	res := r.copy(c, "team/web", "2")
	if res.Blobs != 5 { // four that are new, and the lost one
		t.Errorf("%+v", res)
	}
}

func TestReferrers(t *testing.T) {
	for name, target := range map[string]lab.Options{"API": {}, "tags": {NoReferrers: true}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, lab.Options{}, target)
			img := image("team/web", "1", 100*kib)
			plain := r.lib.Build(img)
			r.a.Push("team/web", "1", plain)
			c := r.copier(Options{Referrers: true})
			r.copy(c, "team/web", "1")
			img.Signed = true
			r.a.Push("team/web", "1", r.lib.Build(img)) // signed later: the image is the same
			sig := r.lib.Build(lab.Image{Name: "sig", Platforms: twoPlatforms[:1], Layers: func(string) []lab.Layer { return []lab.Layer{{Name: "sig", Size: 100}} }})
			tag := "sha256-" + plain.Digest[len("sha256:"):] + ".sig"
			r.a.Push("team/web", tag, sig)
			c = r.copier(Options{Referrers: true})
			if res := r.copy(c, "team/web", "1"); !res.Equal || res.Manifests != 0 {
				t.Errorf("without Deep: %+v", res)
			}
			res, err := c.Copy(r.ctx, Job{Repository: "team/web", Tag: "1", Deep: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !res.Equal || res.Manifests != 2 {
				t.Errorf("Deep: %+v", res)
			}
			r.same("team/web", tag)
			list := r.b.Raw("team/web", "sha256-"+plain.Digest[len("sha256:"):])
			if (list != nil) != (name == "tags") {
				t.Errorf("the list of referrers as a tag: %s", list)
			}
		})
	}
}

func TestCopyAs(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	built := r.push("team/web", "1", 100*kib)
	c := r.copier(Options{})
	if _, err := c.Copy(r.ctx, Job{Repository: "team/web", Tag: built.Digest, TargetRepository: "mirror/web", TargetTag: "live"}, nil); err != nil {
		t.Fatal(err)
	}
	if d, _ := r.b.Digest("mirror/web", "live"); d != built.Digest {
		t.Error(d)
	}
	// Within one registry nothing is sent: blobs are mounted, or there already.
	r.a.Reset()
	same := NewCopier(r.from, r.from, Options{})
	for _, to := range []string{"team/web", "team/other"} {
		if _, err := same.Copy(r.ctx, Job{Repository: "team/web", Tag: "1", TargetRepository: to, TargetTag: "live"}, nil); err != nil {
			t.Fatal(err)
		}
		if d, _ := r.a.Digest(to, "live"); d != built.Digest {
			t.Errorf("%s:live is %s", to, d)
		}
	}
	if up := r.a.Counts().Up; up > 10*kib {
		t.Errorf("%d bytes were sent from a registry to itself", up)
	}
}

func TestDigestGuard(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	old := r.push("team/web", "1", 10*kib)
	r.a.Push("team/web", "1", r.lib.Build(image("team/web", "2", 10*kib)))
	res, err := r.copier(Options{}).Copy(r.ctx, Job{Repository: "team/web", Tag: "1", Digest: old.Digest}, nil)
	if err != nil || !res.SourceMoved || res.Digest != old.Digest {
		t.Errorf("%+v, %v", res, err)
	}
	if _, err = r.copier(Options{}).Copy(r.ctx, Job{Repository: "team/web", Tag: "none"}, nil); !IsMissing(err) {
		t.Error(err)
	}
}

// Cancelling ends a copy at once, wherever it is, and the tag is not there.
func TestCancel(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{Bandwidth: 1 << 20})
	r.push("team/web", "1", 8<<20)
	ctx, cancel := context.WithCancel(r.ctx)
	var ended time.Time
	_, err := r.copier(Options{}).Copy(ctx, Job{Repository: "team/web", Tag: "1"}, func(tr Transfer) {
		if tr.State == Sending && tr.Done > 100*kib && ended.IsZero() {
			ended = time.Now()
			cancel()
		}
	})
	if took := time.Since(ended); ended.IsZero() || took > 2*time.Second || TroubleOf(err) != Cancelled {
		t.Errorf("after %v: %v", took, err)
	}
	if d, ok := r.b.Digest("team/web", "1"); ok {
		t.Errorf("the tag is there: %s", d)
	}
}

func TestBandwidth(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", 500*kib) // 3 MB in all
	began := time.Now()
	r.copy(r.copier(Options{Bandwidth: 2 << 20}), "team/web", "1")
	if took := time.Since(began); took < 1100*time.Millisecond || took > 4*time.Second {
		t.Errorf("3 MB at 2 MB/s took %v", took)
	}
}

func TestProgress(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{Bandwidth: 4 << 20})
	r.push("team/web", "1", 500*kib)
	last := map[string]Transfer{}
	reports := 0
	_, err := r.copier(Options{}).Copy(r.ctx, Job{Repository: "team/web", Tag: "1"}, func(tr Transfer) {
		reports++
		if old := last[tr.Digest]; tr.Done < old.Done || old.State.Over() {
			t.Errorf("after %+v came %+v", old, tr)
		}
		last[tr.Digest] = tr
	})
	if err != nil || len(last) != 8 || reports < 24 {
		t.Errorf("%d blobs in %d reports, %v", len(last), reports, err)
	}
	for _, tr := range last {
		if tr.State != Sent || tr.Done != tr.Size {
			t.Errorf("%+v", tr)
		}
	}
}
