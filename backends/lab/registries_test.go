package lab

import (
	"context"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"ringside/backends/lab/registry"
)

// The demo's registries are there at once: nothing is computed before it is read.
func TestRegistries(t *testing.T) {
	began := time.Now()
	l, err := Start(Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the whole lab started in %v", time.Since(began))
	closed := false
	t.Cleanup(func() {
		if !closed {
			l.Close()
		}
	})
	f := l.Fleet()
	if len(f.Registries) != 2 || len(f.Syncs) != 1 || f.Registries[1].Names[0] != "registry.sha.example:5000" {
		t.Errorf("%+v %+v", f.Registries, f.Syncs)
	}
	near, far := l.Registry("tokyo"), l.Registry("shanghai")
	for _, r := range []interface{ Broken() []string }{near, far} {
		if b := r.Broken(); b != nil {
			t.Errorf("broken: %v", b)
		}
	}
	if _, ok := far.Digest("team/web", "1.9.2"); ok {
		t.Error("Shanghai has team/web:1.9.2")
	}
	a, _ := near.Digest(stale.repository, stale.tag)
	b, _ := far.Digest(stale.repository, stale.tag)
	if a == b || a == "" || b == "" {
		t.Errorf("%v is %s and %s", stale, a, b)
	}

	// Engines run what their registry has.
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, name := range l.Engines() {
		cl := dial(t, l.Engine(name))
		list, err := cl.ImageList(ctx, client.ImageListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, img := range list.Items {
			for _, tag := range img.RepoTags {
				repo, version, _ := split(tag)
				r, repository, ok := l.registryOf(repo)
				if !ok {
					continue
				}
				if d, _ := r.Digest(repository, version); img.RepoDigests[0] != repo+"@"+d {
					t.Errorf("%s runs %s of %s, and the registry has %s", name, img.RepoDigests, tag, d)
				}
			}
		}
	}
	if m := l.refuses("registry.sha.example:5000/team/web", "1.9.2"); !strings.Contains(m, "manifest unknown") {
		t.Errorf("Shanghai gives what it does not have: %q", m)
	}
	dir := l.opts.Dir
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	closed = true
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

// layers are those of everything the demo's registries hold at the start.
func layers() map[registry.Layer]bool {
	out := map[registry.Layer]bool{}
	add := func(p pushed, round int) {
		img := teamImage(p, round)
		for _, platform := range img.Platforms {
			for _, y := range img.Layers(platform) {
				out[y] = true
			}
		}
	}
	for _, p := range append(teamImages(), onlyThere) {
		add(p, 0)
	}
	add(stale, 1)
	return out
}

// The digests in backends/lab/registry/digests.go are those of the layers, and
// there is one for each. RINGSIDE_UPDATE=1 writes the file.
func TestDigests(t *testing.T) {
	all := layers()
	var lines []string
	var mu sync.Mutex
	var wg sync.WaitGroup
	for y := range all {
		wg.Add(1)
		go func() {
			defer wg.Done()
			got := registry.DigestOf(y)
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprintf("\t{%q, %d}: %q,", y.Name, y.Size, got))
			if registry.Known()[y] != got {
				t.Errorf("%v: %s is written down as %q", y, got, registry.Known()[y])
			}
		}()
	}
	wg.Wait()
	if len(registry.Known()) != len(all) {
		t.Errorf("%d digests are written down, of %d layers", len(registry.Known()), len(all))
	}
	if os.Getenv("RINGSIDE_UPDATE") == "" {
		return
	}
	slices.Sort(lines)
	text := "package registry\n\n// digests are those of the demo's layers, so that nothing has to be computed\n" +
		"// before it is read. TestDigests of package lab writes and checks them.\nvar digests = map[Layer]string{\n" + strings.Join(lines, "\n") + "\n}\n"
	src, err := format.Source([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("registry/digests.go", src, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The lag grows and shrinks by itself.
func TestBuilds(t *testing.T) {
	l, err := Start(Options{Seed: 1, Speed: 2000})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, ok := l.Registry("shanghai").Digest("team/api", "3.3.0-rc3"); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("waited 30 s for the second build")
		}
	}
}
