package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// brokenTag watches a tag at a registry: whenever it is there, everything below it
// has to be. It returns what it saw when stop is called.
func brokenTag(t *testing.T, address, repository, tag string) (stop func() (looks int, broken string)) {
	ctx, cancel := context.WithCancel(context.Background())
	type seen struct {
		looks  int
		broken string
	}
	done := make(chan seen, 1)
	base := "http://" + address + "/v2/" + repository
	get := func(path string, into any) int {
		q, _ := http.NewRequestWithContext(ctx, "GET", base+path, nil)
		q.Header.Set("Accept", acceptAll)
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusOK {
			_ = json.Unmarshal(b, into)
		}
		return resp.StatusCode
	}
	type manifest struct {
		Manifests, Layers []struct{ Digest string }
	}
	go func() {
		var s seen
		for ctx.Err() == nil && s.broken == "" {
			var index manifest
			if get("/manifests/"+tag, &index) != http.StatusOK {
				time.Sleep(time.Millisecond)
				continue
			}
			s.looks++
			for _, c := range index.Manifests {
				var child manifest
				if status := get("/manifests/"+c.Digest, &child); status == http.StatusNotFound {
					s.broken = "manifest " + c.Digest
				}
				for _, l := range child.Layers {
					resp, err := http.Head(base + "/blobs/" + l.Digest)
					if err == nil && resp.StatusCode == http.StatusNotFound {
						s.broken = "blob " + l.Digest
					}
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		done <- s
	}()
	return func() (int, string) {
		cancel()
		s := <-done
		return s.looks, s.broken
	}
}

// TestRealHelper is not a test: it is the process that TestRealCuts kills.
func TestRealHelper(t *testing.T) {
	job := strings.Fields(os.Getenv("RINGSIDE_TEST_COPY"))
	if len(job) != 3 {
		t.Skip("runs only for TestRealCuts")
	}
	if _, err := NewCopier(plain("a", job[0]), plain("b", job[1]), Options{}).Copy(within(t, time.Minute), Job{Repository: job[2], Tag: "v1"}, nil); err != nil {
		t.Fatal(err)
	}
}

// At twenty random points a download breaks, an upload breaks, or the program is
// killed. The next run completes, all bytes together are at most one blob above
// what has to be sent, and the tag is never there without its blobs.
func TestRealCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	img := newRealImage("v1", 1<<20, false, "cut1", "cut2", "cut3", "cut4")
	for i := range 20 {
		target := []string{"B", "C"}[i%2]
		kind := []string{"download", "upload", "kill"}[i%3]
		at := 1 + random.Int64N(img.total-1)
		t.Run(fmt.Sprintf("%s %s at %d", target, kind, at), func(t *testing.T) {
			realA, realB := real(t, "A"), real(t, target)
			a, b := newProxy(t, realA), newProxy(t, realB)
			b.set(func(p *proxy) { p.delay, p.rate = 5*time.Millisecond, 20e6 })
			repository := fresh("cut")
			img.push(t, realA, repository)
			stop := brokenTag(t, realB, repository, "v1")
			switch kind {
			case "download":
				a.set(func(p *proxy) { p.cuts[downward] = at })
			case "upload":
				b.set(func(p *proxy) { p.cuts[upward] = at })
			case "kill":
				killed(t, b, at, a.address(), b.address(), repository)
				b.quiet(t)
			}
			_, first, _ := b.counts()
			res, err := NewCopier(plain("a", a.address()), plain("b", b.address()), Options{}).Copy(within(t, time.Minute), Job{Repository: repository, Tag: "v1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := img.whole(t, realB, repository); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // until it has seen the whole one
				if looks, broken := stop(); broken != "" || looks > 0 || time.Now().After(deadline) {
					if broken != "" || looks == 0 {
						t.Errorf("%d looks; the tag was there without %s", looks, broken)
					}
					break
				}
				stop = brokenTag(t, realB, repository, "v1")
				time.Sleep(50 * time.Millisecond)
			}
			_, up, _ := b.counts()
			_, _, down := a.counts()
			// Manifests, and the first part of every blob that was about to be sent.
			slack := int64(20<<10 + fleetConcurrency*firstPart)
			// What the kernel had taken for a reader that was killed counts as read.
			ahead := map[string]int64{"kill": socketBuffers}[kind]
			if up > img.total+img.largest+slack || down > img.total+img.largest+slack+ahead {
				t.Errorf("up %d, down %d of %d, largest blob %d", up, down, img.total, img.largest)
			}
			t.Logf("up %+.2f, down %+.2f blobs above the least; %d bytes before the second run; %d retries",
				float64(up-img.total)/float64(img.largest), float64(down-img.total)/float64(img.largest), first, res.Retries)
		})
	}
}

const (
	fleetConcurrency = 10
	socketBuffers    = 1 << 20 // of the proxy's connection to the reader, both ends together
)

// killed runs a copy in a process of its own and kills it (SIGKILL) after so many
// bytes of uploads.
func killed(t *testing.T, b *proxy, at int64, from, to, repository string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestRealHelper$")
	cmd.Env = append(os.Environ(), "RINGSIDE_TEST_COPY="+strings.Join([]string{from, to, repository}, " "))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, up, _ := b.counts(); up >= at {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the copy ended by itself: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("waited 30 s for the bytes")
		}
	}
	_ = cmd.Process.Kill()
	<-ended
}

// In pieces, a registry that can go on with a broken upload (C) loses no more than
// one of them; one that cannot (B) gets the blob again.
func TestRealChunks(t *testing.T) {
	img := newRealImage("v1", 6<<20, false, "chunks")
	for target, most := range map[string]int64{"B": img.largest, "C": 1 << 20} {
		t.Run(target, func(t *testing.T) {
			realA, realB := real(t, "A"), real(t, target)
			b := newProxy(t, realB)
			b.set(func(p *proxy) { p.cuts[upward] = 4<<20 + 300<<10 })
			repository := fresh("chunks")
			img.push(t, realA, repository)
			to := plain("b", b.address())
			to.spec.Chunk = 1 << 20
			res, err := NewCopier(plain("a", realA), to, Options{}).Copy(within(t, time.Minute), Job{Repository: repository, Tag: "v1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := img.whole(t, realB, repository); err != nil {
				t.Fatal(err)
			}
			_, up, _ := b.counts()
			if up > img.total+most+20<<10 {
				t.Errorf("%d bytes sent of %d; %+v", up, img.total, res)
			}
			t.Logf("%d bytes above the least, %d requests", up-img.total, res.TargetRequests)
		})
	}
}
