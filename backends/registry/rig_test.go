package registry

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/registry"
)

// rig is two registries of the lab and the library between them.
type rig struct {
	*testing.T
	lib  *lab.Library
	a, b *lab.Registry
	from *Registry
	to   *Registry
	ctx  context.Context
}

func newRig(t *testing.T, a, b lab.Options) *rig {
	t.Helper()
	r := &rig{T: t, lib: lab.NewLibrary()}
	a.Name, b.Name = "tokyo", "shanghai"
	r.a, r.b = r.start(a), r.start(b)
	r.from, r.to = New(r.spec(r.a), nil), New(r.spec(r.b), nil)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	r.ctx = ctx
	return r
}

func (r *rig) start(o lab.Options) *lab.Registry {
	r.Helper()
	reg, err := lab.Start(r.lib, o)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(reg.Stop)
	return reg
}

func (r *rig) spec(reg *lab.Registry) fleet.Registry {
	return fleet.Registry{Name: reg.Name(), Address: reg.Address(), PlainHTTP: true, Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams}
}

var twoPlatforms = []string{"linux/amd64", "linux/arm64"}

// image has a base that all images share, a layer of its repository and one of
// its own, for two platforms.
func image(repository, tag string, size int64) lab.Image {
	return lab.Image{Name: repository + ":" + tag, Platforms: twoPlatforms, Layers: func(p string) []lab.Layer {
		return []lab.Layer{{Name: "base " + p, Size: size}, {Name: repository + " " + p, Size: size}, {Name: repository + ":" + tag + " " + p, Size: size}}
	}}
}

func (r *rig) push(repository, tag string, size int64) lab.Built {
	b := r.lib.Build(image(repository, tag, size))
	r.a.Push(repository, tag, b)
	return b
}

func (r *rig) copier(o Options) *Copier { return NewCopier(r.from, r.to, o) }

func (r *rig) copy(c *Copier, repository, tag string) Result {
	r.Helper()
	res, err := c.Copy(r.ctx, Job{Repository: repository, Tag: tag}, nil)
	if err != nil {
		r.Fatalf("copy %s:%s: %v", repository, tag, err)
	}
	r.same(repository, tag)
	return res
}

// same checks that both sides have the same bytes all the way down.
func (r *rig) same(repository, tag string) {
	r.Helper()
	da, _ := r.a.Digest(repository, tag)
	db, _ := r.b.Digest(repository, tag)
	if da == "" || da != db || !bytes.Equal(r.a.Raw(repository, tag), r.b.Raw(repository, tag)) {
		r.Errorf("%s:%s is %s and %s", repository, tag, da, db)
	}
	if broken := r.b.Broken(); broken != nil {
		r.Errorf("broken at the target: %v", broken)
	}
}

func (r *rig) reset() { r.a.Reset(); r.b.Reset() }

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("waited 30 s: %s", what)
		}
	}
}

func wants(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
