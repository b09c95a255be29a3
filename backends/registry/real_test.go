package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

var discard = log.New(io.Discard, "", 0)

// real returns the address of one of the rig's registries (.ci/registries).
func real(t testing.TB, name string) string {
	t.Helper()
	a := os.Getenv("RINGSIDE_TEST_REGISTRY_" + name)
	if a == "" {
		if os.Getenv("RINGSIDE_REQUIRE_REGISTRIES") != "" {
			t.Fatalf("there is no registry %s: source the env of .ci/registries", name)
		}
		t.Skip("needs the registries of .ci/registries")
	}
	return a
}

// realImage is an image of tar archives, as builders make them.
type realImage struct {
	tag       string
	top       string // digest
	blobs     map[string][]byte
	manifests []realManifest // children first, the image itself before what refers to it
	largest   int64
	total     int64 // bytes of blobs
}

type realManifest struct {
	mediaType, digest string
	body              []byte
	referrer          bool
}

func digestBytes(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(h[:])
}

// archive is a gzipped tar with one file of noise. The same words give the same bytes.
func archive(words string, size int) []byte {
	h := sha256.Sum256([]byte(words))
	noise := rand.NewChaCha8(h)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	_ = w.WriteHeader(&tar.Header{Name: "data", Mode: 0o644, Size: int64(size), ModTime: time.Unix(0, 0)})
	_, _ = io.CopyN(w, noise, int64(size))
	_ = w.Close()
	_ = z.Close()
	return out.Bytes()
}

// newRealImage makes an image for two platforms. layers names the layers of each;
// equal names are equal layers. refers adds a signature.
func newRealImage(tag string, size int, refers bool, layers ...string) *realImage {
	img := &realImage{tag: tag, blobs: map[string][]byte{}}
	blob := func(mediaType string, b []byte) map[string]any {
		d := digestBytes(b)
		if img.blobs[d] == nil {
			img.blobs[d] = b
			img.total += int64(len(b))
			img.largest = max(img.largest, int64(len(b)))
		}
		return map[string]any{"mediaType": mediaType, "digest": d, "size": len(b)}
	}
	put := func(mediaType string, v map[string]any, referrer bool) map[string]any {
		b, _ := json.Marshal(v)
		m := realManifest{mediaType, digestBytes(b), b, referrer}
		img.manifests = append(img.manifests, m)
		return map[string]any{"mediaType": mediaType, "digest": m.digest, "size": len(b)}
	}
	const typ = "application/vnd.oci.image."
	var children []map[string]any
	for _, arch := range []string{"amd64", "arm64"} {
		var list []map[string]any
		var diffs []string
		for _, l := range layers {
			b := archive(l+arch, size)
			list = append(list, blob(typ+"layer.v1.tar+gzip", b))
			z, _ := gzip.NewReader(bytes.NewReader(b))
			plain, _ := io.ReadAll(z)
			diffs = append(diffs, digestBytes(plain))
		}
		config, _ := json.Marshal(map[string]any{"architecture": arch, "os": "linux", "config": map[string]any{"Labels": map[string]string{"tag": tag}},
			"rootfs": map[string]any{"type": "layers", "diff_ids": diffs}})
		child := put(typ+"manifest.v1+json", map[string]any{"schemaVersion": 2, "mediaType": typ + "manifest.v1+json",
			"config": blob(typ+"config.v1+json", config), "layers": list}, false)
		child["platform"] = map[string]string{"os": "linux", "architecture": arch}
		children = append(children, child)
	}
	top := put(typ+"index.v1+json", map[string]any{"schemaVersion": 2, "mediaType": typ + "index.v1+json", "manifests": children}, false)
	img.top = top["digest"].(string)
	if refers {
		put(typ+"manifest.v1+json", map[string]any{"schemaVersion": 2, "mediaType": typ + "manifest.v1+json", "artifactType": "application/vnd.example.signature",
			"config": blob("application/vnd.oci.empty.v1+json", []byte("{}")), "layers": []map[string]any{blob("application/vnd.example.signature", []byte("signed: "+img.top))},
			"subject": top}, true)
	}
	return img
}

// push puts an image at a registry by plain requests of our own.
func (img *realImage) push(t testing.TB, address, repository string) {
	t.Helper()
	for digest, b := range img.blobs {
		resp := request(t, "POST", "http://"+address+"/v2/"+repository+"/blobs/uploads/", "", nil)
		at := resp.Header.Get("Location")
		if strings.HasPrefix(at, "/") {
			at = "http://" + address + at
		}
		sep := "?"
		if strings.Contains(at, "?") {
			sep = "&"
		}
		if resp := request(t, "PUT", at+sep+"digest="+digest, "application/octet-stream", b); resp.StatusCode != http.StatusCreated {
			t.Fatalf("blob: %s", resp.Status)
		}
	}
	var list []map[string]any
	for _, m := range img.manifests {
		reference := m.digest
		if m.digest == img.top {
			reference = img.tag
		}
		if resp := request(t, "PUT", "http://"+address+"/v2/"+repository+"/manifests/"+reference, m.mediaType, m.body); resp.StatusCode != http.StatusCreated {
			t.Fatalf("manifest: %s", resp.Status)
		}
		if m.referrer {
			list = append(list, map[string]any{"mediaType": m.mediaType, "digest": m.digest, "size": len(m.body), "artifactType": "application/vnd.example.signature"})
		}
	}
	if list != nil { // neither of the registries has the referrers API: they keep a list as a tag
		const typ = "application/vnd.oci.image.index.v1+json"
		body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typ, "manifests": list})
		if resp := request(t, "PUT", "http://"+address+"/v2/"+repository+"/manifests/"+strings.Replace(img.top, ":", "-", 1), typ, body); resp.StatusCode != http.StatusCreated {
			t.Fatalf("list of referrers: %s", resp.Status)
		}
	}
}

const acceptAll = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"

func request(t testing.TB, method, url, contentType string, body []byte) *http.Response {
	t.Helper()
	q, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept", acceptAll)
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp
}

// whole says whether everything of an image is at a registry, byte for byte; the
// error names the first thing that is not.
func (img *realImage) whole(t testing.TB, address, repository string) error {
	t.Helper()
	base := "http://" + address + "/v2/" + repository
	for _, m := range img.manifests {
		reference := m.digest
		if m.digest == img.top {
			reference = img.tag
		}
		resp := request(t, "GET", base+"/manifests/"+reference, "", nil)
		if b, _ := io.ReadAll(resp.Body); !bytes.Equal(b, m.body) {
			return fmt.Errorf("manifest %s: %s, other bytes", reference, resp.Status)
		}
	}
	for digest, want := range img.blobs {
		resp := request(t, "GET", base+"/blobs/"+digest, "", nil)
		if b, _ := io.ReadAll(resp.Body); !bytes.Equal(b, want) {
			return fmt.Errorf("blob %s: %s, other bytes", digest, resp.Status)
		}
	}
	return nil
}

// skopeoDigest is the digest of what an independent tool reads.
func skopeoDigest(t testing.TB, address, repository, tag string) string {
	t.Helper()
	program, err := exec.LookPath("skopeo")
	if err != nil {
		if os.Getenv("RINGSIDE_REQUIRE_REGISTRIES") != "" {
			t.Fatal("skopeo is not installed")
		}
		t.Skip("skopeo is not installed")
	}
	out, err := exec.Command(program, "inspect", "--raw", "--tls-verify=false", "docker://"+address+"/"+repository+":"+tag).Output()
	if err != nil {
		t.Fatalf("skopeo: %v", err)
	}
	return digestBytes(out)
}

func plain(name, address string) *Registry {
	return New(fleet.Registry{Name: name, Address: address, PlainHTTP: true, Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams}, nil)
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// fresh is a repository that no other run has used.
func fresh(name string) string { return fmt.Sprintf("%s-%d/app", name, time.Now().UnixNano()) }

func TestRealCopy(t *testing.T) {
	for _, c := range []struct{ from, to string }{{"A", "B"}, {"A", "C"}, {"C", "B"}} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			a, b := real(t, c.from), real(t, c.to)
			ctx := within(t, 2*time.Minute)
			repository := fresh("copy")
			img := newRealImage("v1", 1<<20, true, repository+"x", repository+"y")
			img.push(t, a, repository)
			copier := NewCopier(plain("a", a), plain("b", b), Options{Referrers: true})
			res, err := copier.Copy(ctx, Job{Repository: repository, Tag: "v1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := img.whole(t, b, repository); err != nil {
				t.Fatal(err)
			}
			if d := skopeoDigest(t, b, repository, "v1"); d != img.top || d != skopeoDigest(t, a, repository, "v1") {
				t.Errorf("skopeo reads %s, and we copied %s", d, img.top)
			}
			if res.Manifests != 4 || res.Blobs != 8 {
				t.Errorf("%+v", res)
			}
			res, err = copier.Copy(ctx, Job{Repository: repository, Tag: "v1"}, nil)
			if err != nil || !res.Equal || res.SourceRequests != 1 || res.TargetRequests != 1 {
				t.Errorf("nothing to do: %+v, %v", res, err)
			}
			// The list of referrers at the target names what was copied.
			resp := request(t, "GET", "http://"+b+"/v2/"+repository+"/manifests/"+strings.Replace(img.top, ":", "-", 1), "", nil)
			if list, _ := io.ReadAll(resp.Body); !bytes.Contains(list, []byte(img.manifests[3].digest)) {
				t.Errorf("the list of referrers: %s %s", resp.Status, list)
			}
		})
	}
}

// A registry behind TLS with an authority of its own and a password.
func TestRealLogin(t *testing.T) {
	a, d := real(t, "A"), real(t, "D")
	ctx := within(t, time.Minute)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	credentials := map[string]fleet.Credential{"ci": {Name: "ci", Username: "ci", Password: fleet.Secret{Env: "RINGSIDE_TEST_REGISTRY_PASSWORD"}}}
	spec := fleet.Registry{Name: "d", Address: d, CA: os.Getenv("RINGSIDE_TEST_REGISTRY_CA"), Credential: "ci", Concurrency: 10}
	repository := fresh("login")
	img := newRealImage("v1", 100<<10, false, repository)
	img.push(t, a, repository)
	to := New(spec, credentials)
	if _, err := NewCopier(plain("a", a), to, Options{}).Copy(ctx, Job{Repository: repository, Tag: "v1"}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := to.Digest(ctx, repository, "v1"); err != nil || got != img.top {
		t.Errorf("%s, %v", got, err)
	}
	for what, change := range map[string]func(*fleet.Registry){
		"login": func(s *fleet.Registry) { s.Credential = "" }, "TLS": func(s *fleet.Registry) { s.CA = "" }} {
		s := spec
		change(&s)
		if _, err := New(s, credentials).Digest(ctx, repository, "v1"); string(TroubleOf(err)) != what {
			t.Errorf("without %s: %v", what, err)
		}
	}
}

// What a sister repository at the target has is not sent again.
func TestRealSister(t *testing.T) {
	for _, target := range []string{"B", "C"} {
		a, b := real(t, "A"), real(t, target)
		ctx := within(t, time.Minute)
		before := newProxy(t, b)
		app, api := fresh("sister"), fresh("sister")
		const size = 1 << 20
		img := newRealImage("v1", size, false, app+"1", app+"2", app+"3")
		other := newRealImage("v1", size, false, app+"1", app+"2", app+"3", api)
		img.push(t, a, app)
		other.push(t, a, api)
		from, to := plain("a", a), plain("b", before.address())
		if _, err := NewCopier(from, to, Options{}).Copy(ctx, Job{Repository: app, Tag: "v1"}, nil); err != nil {
			t.Fatal(err)
		}
		before.reset()
		// Another process: all it knows is that both sides have the image of app.
		to = plain("b", before.address())
		copier := NewCopier(from, to, Options{Sisters: []Sister{{Repository: app, Source: app, Digests: []string{img.top}}}})
		res, err := copier.Copy(ctx, Job{Repository: api, Tag: "v1"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.whole(t, b, api); err != nil {
			t.Fatal(err)
		}
		if _, up, _ := before.counts(); res.Mounted != 6 || up > 2*size+20<<10 {
			t.Errorf("%s: %d bytes sent; %+v", target, up, res)
		}
	}
}

func TestRealDelete(t *testing.T) {
	for name, how := range map[string]string{"A": "the tag, by way of an empty image: this registry deletes only by digest", "C": "the tag"} {
		address := real(t, name)
		ctx := within(t, time.Minute)
		repository := fresh("delete")
		img := newRealImage("v1", 10<<10, false, repository)
		img.push(t, address, repository)
		img.tag = "live"
		img.push(t, address, repository)
		r := plain("r", address)
		got, err := r.DeleteTag(ctx, repository, "v1", img.top)
		if err != nil || got.How != how {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		tags, err := r.Tags(ctx, repository)
		if err != nil || strings.Join(tags, " ") != "live" {
			t.Errorf("%s: %v, %v", name, tags, err)
		}
		if err := img.whole(t, address, repository); err != nil {
			t.Errorf("%s: the other tag is not whole: %v", name, err)
		}
	}
}

func TestRealStorm(t *testing.T) {
	for _, target := range []string{"B", "C"} {
		a, b := newProxy(t, real(t, "A")), newProxy(t, real(t, target))
		ctx := within(t, 2*time.Minute)
		repository := fresh("storm")
		img := newRealImage("v1", 1<<20, false, repository)
		img.push(t, real(t, "A"), repository)
		for _, p := range []*proxy{a, b} {
			p.set(func(p *proxy) { p.refusals = 6 })
		}
		began := time.Now()
		res, err := NewCopier(plain("a", a.address()), plain("b", b.address()), Options{}).Copy(ctx, Job{Repository: repository, Tag: "v1"}, nil)
		if err != nil {
			t.Fatalf("%s: %v after %v", target, err, time.Since(began))
		}
		if err := img.whole(t, real(t, target), repository); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: 6 times 429 on each side: %v, %d + %d requests, %d bytes wasted", target, res.Took, res.SourceRequests, res.TargetRequests, res.Wasted)
	}
}
