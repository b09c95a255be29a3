package registry

import (
	"net/http"
	"strings"
	"testing"

	lab "ringside/backends/lab/registry"
)

func TestDelete(t *testing.T) {
	for name, o := range map[string]lab.Options{"by tag": {}, "by digest": {NoTagDelete: true}, "not at all": {NoDelete: true}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o, lab.Options{})
			one := r.push("team/web", "1", kib)
			r.a.Push("team/web", "live", one)
			two := r.push("team/web", "2", kib)
			if _, err := r.from.DeleteTag(r.ctx, "team/web", "1", two.Digest); TroubleOf(err) != Mismatch || !strings.Contains(err.Error(), "look again before deleting it") {
				t.Errorf("another digest: %v", err)
			}
			got, err := r.from.DeleteTag(r.ctx, "team/web", "1", one.Digest)
			left := strings.Join(r.a.Tags("team/web"), " ")
			if name == "not at all" {
				if TroubleOf(err) != Unsupported || !strings.Contains(err.Error(), "storage.delete.enabled") || left != "1 2 live" {
					t.Errorf("%v; tags %s", err, left)
				}
				if d, _ := r.a.Digest("team/web", "1"); d != one.Digest {
					t.Errorf("the tag is now %s", d)
				}
				return
			}
			if err != nil || got.Digest != one.Digest || got.How == "" || left != "2 live" {
				t.Errorf("%+v, %v; tags %s", got, err, left)
			}
			if d, _ := r.a.Digest("team/web", "live"); d != one.Digest || len(r.a.Broken()) > 0 {
				t.Errorf("the other tag is %s", d)
			}
			if _, err := r.from.DeleteTag(r.ctx, "team/web", "1", ""); !IsMissing(err) {
				t.Errorf("twice: %v", err)
			}
		})
	}
}

// A delete that cannot be finished leaves the tag as it was.
func TestDeleteIsUndone(t *testing.T) {
	r := newRig(t, lab.Options{NoTagDelete: true}, lab.Options{})
	one := r.push("team/web", "1", kib)
	// The first two deletes are that of the tag and the question whether deletes
	// work; the third is the library's own, and the fourth that of the empty image.
	deletes := 0
	r.a.OnRequest(func(kind string) int {
		if kind == "manifest DELETE" {
			if deletes++; deletes >= 4 {
				return http.StatusInternalServerError
			}
		}
		return 0
	})
	_, err := r.from.DeleteTag(r.ctx, "team/web", "1", "")
	if d, _ := r.a.Digest("team/web", "1"); err == nil || d != one.Digest || deletes < 4 {
		t.Errorf("%v after %d deletes; the tag is %s", err, deletes, d)
	}
}

func TestDigests(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	one := r.push("team/web", "1", kib)
	r.push("team/web", "2", kib)
	r.a.Push("team/web", "live", one)
	got, err := r.from.Digests(r.ctx, "team/web", []string{"1", "live", "2", "gone"})
	if err != nil || len(got) != 3 || got["1"] != one.Digest || got["live"] != one.Digest || got["2"] == one.Digest {
		t.Error(got, err)
	}
	d, err := r.from.Describe(r.ctx, "team/web", "live")
	if err != nil || d.Digest != one.Digest || strings.Join(d.Platforms, " ") != "linux/amd64 linux/arm64" || d.Size < 6*kib || d.Size > 12*kib {
		t.Errorf("%+v, %v", d, err)
	}
}

// The labels of an image are read without a pull, whether it is for one platform or
// several.
func TestLabels(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	for _, platforms := range [][]string{{"linux/amd64"}, {"linux/arm64", "linux/amd64"}} {
		img := image("team/web", "1", kib)
		img.Platforms, img.Labels = platforms, map[string]string{"stamp": "for \x1b[31mverification"}
		r.a.Push("team/web", "1", r.lib.Build(img))
		got, err := r.from.Labels(r.ctx, "team/web", "1")
		if err != nil || got["stamp"] != "for verification" || got["org.opencontainers.image.ref.name"] != img.Name {
			t.Errorf("%v: %q, %v", platforms, got, err)
		}
	}
	if _, err := r.from.Labels(r.ctx, "team/web", "gone"); !IsMissing(err) {
		t.Errorf("of no tag: %v", err)
	}
}
