package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/lab/registry"
)

// The demo has a registry at each site. Tokyo's is where the builds go; Shanghai's
// is far away and gets what it needs from there.

// siteRegistry is a registry and the name by which engines know it.
type siteRegistry struct {
	*registry.Registry
	name string // "registry.tyo.example:5000"
	site string
}

var siteRegistries = []struct {
	name, site string
	latency    time.Duration
	bandwidth  int64
}{
	{strings.TrimSuffix(tokyo, "/"), "tokyo", 0, 0},
	{strings.TrimSuffix(china, "/"), "shanghai", 80 * time.Millisecond, 6 << 20},
}

// pushed is an image that builds have made: team/REPOSITORY:TAG.
type pushed struct{ repository, tag string }

// history are images that no engine runs any more, or not yet.
var history = []pushed{
	{"team/web", "1.8.0"}, {"team/web", "1.9.0"}, {"team/api", "3.1.7"}, {"team/billing", "5.0.1"}, {"team/jobs", "2.0.3"},
}

// behind are those that Shanghai does not have: the newest release and what only
// Tokyo's tests use.
var behind = []pushed{{"team/web", "1.9.2"}, {"team/worker", "0.9.0"}}

// stale is a tag that was pushed again and is still the old image in Shanghai.
var stale = pushed{"team/jobs", "2.0.3"}

// onlyThere is a tag that Shanghai still has and Tokyo has not.
var onlyThere = pushed{"team/web", "1.7.4"}

// Sizes of layers, in bytes: what all images have, what those of a repository
// have, and what is an image's own, which depends on its tag.
const (
	baseLayer = 18 << 20
	repoLayer = 7 << 20
	ownLayer  = 2 << 20
	newLayer  = 12 << 20 // of what Shanghai does not have: a sync takes a while to look at
)

// teamImage describes an image of the team; round tells rebuilds apart.
func teamImage(p pushed, round int) registry.Image {
	name := p.repository + ":" + p.tag
	if round > 0 {
		name += fmt.Sprintf(" (%d)", round)
	}
	return registry.Image{Name: name, Platforms: []string{"linux/amd64", "linux/arm64"}, Signed: !strings.Contains(p.tag, "alpha"),
		Layers: func(platform string) []registry.Layer {
			layers := []registry.Layer{{Name: "base " + platform, Size: baseLayer}, {Name: p.repository + " " + platform, Size: repoLayer},
				{Name: name + " " + platform, Size: ownLayer + int64(len(name)%5)<<20}}
			if slices.Contains(behind, p) {
				layers = append(layers, registry.Layer{Name: "new in " + name + " " + platform, Size: newLayer})
			}
			return layers
		}}
}

// build makes an image of the team for the registries.
func (l *Lab) build(p pushed, round int) registry.Built {
	img := teamImage(p, round)
	img.Labels = l.releaseOf(tokyo+p.repository, p.tag).Labels
	return l.library.Build(img)
}

// releaseOf is what is special about a tag. It is the same in the registries of all
// sites.
func (l *Lab) releaseOf(repo, tag string) Release {
	if _, repository, ok := l.registryOf(repo); ok {
		repo = tokyo + repository
	}
	return l.opts.Releases[repo+":"+tag]
}

// teamImages lists what the demo's containers run, the history, and the releases that
// a presenter can deploy.
func teamImages() []pushed {
	seen := map[pushed]bool{}
	var out []pushed
	add := func(p pushed) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, e := range demoEngines {
		for _, r := range e.rows {
			if r.tag != "" {
				add(pushed{kinds[r.kind].Image, r.tag})
			}
		}
	}
	for _, p := range history {
		add(p)
	}
	for _, ref := range slices.Sorted(maps.Keys(demoReleases)) {
		repo, tag, _ := split(ref)
		_, repository, _ := strings.Cut(repo, "/")
		add(pushed{repository, tag})
	}
	return out
}

// startRegistries starts the demo's registries and fills them. In the demo Shanghai is
// far away.
func (l *Lab) startRegistries(demo bool) error {
	authority, conf, err := authority()
	if err != nil {
		return err
	}
	l.authority = filepath.Join(l.opts.Dir, "registries.pem")
	if err := os.WriteFile(l.authority, authority, 0o600); err != nil {
		return err
	}
	l.library = registry.NewLibrary()
	for _, s := range siteRegistries {
		o := registry.Options{Name: s.site, TLS: conf}
		if demo {
			o.Latency, o.Bandwidth = s.latency, s.bandwidth
		}
		r, err := registry.Start(l.library, o)
		if err != nil {
			return fmt.Errorf("registry %s: %w", s.site, err)
		}
		l.registries = append(l.registries, siteRegistry{r, s.name, s.site})
	}
	near, far := l.registries[0], l.registries[1]
	late := map[pushed]bool{}
	for _, p := range behind {
		late[p] = true
	}
	for _, p := range teamImages() {
		b := l.build(p, 0)
		near.Push(p.repository, p.tag, b)
		if !late[p] {
			far.Push(p.repository, p.tag, b)
		}
	}
	near.Push(stale.repository, stale.tag, l.build(stale, 1))
	far.Push(onlyThere.repository, onlyThere.tag, l.build(onlyThere, 0))
	if demo && l.opts.Speed > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		l.stopBuilds = cancel
		l.building.Add(1)
		safe.Go("lab builds", func() {
			defer l.building.Done()
			l.builds(ctx)
		})
	}
	return nil
}

// Pace of the builds: a release candidate comes every few minutes, and a while
// later somebody else's job brings it to Shanghai.
const (
	buildEvery   = 3 * time.Minute
	buildArrives = 100 * time.Second
)

// builds pushes release candidates, so that the lag changes by itself.
func (l *Lab) builds(ctx context.Context) {
	pace := func(d time.Duration) time.Duration { return time.Duration(float64(d) / l.opts.Speed) }
	for n := 2; ; n++ {
		p := pushed{"team/api", fmt.Sprintf("3.3.0-rc%d", n)}
		if !sleep(ctx, pace(buildEvery-buildArrives)) {
			return
		}
		b := l.build(p, 0)
		l.registries[0].Push(p.repository, p.tag, b)
		if !sleep(ctx, pace(buildArrives)) {
			return
		}
		l.registries[1].Push(p.repository, p.tag, b)
	}
}

// Registry finds a registry of the demo by its site; nil when there is none.
func (l *Lab) Registry(site string) *registry.Registry {
	for _, r := range l.registries {
		if r.site == site {
			return r.Registry
		}
	}
	return nil
}

// registryOf finds the registry that an image's repository is in, and its name
// there.
func (l *Lab) registryOf(repo string) (r siteRegistry, repository string, ok bool) {
	host, repository, _ := strings.Cut(repo, "/")
	for _, r := range l.registries {
		if r.name == host {
			return r, repository, true
		}
	}
	return siteRegistry{}, "", false
}

// fleetRegistries describes the registries as a configuration file would.
func (l *Lab) fleetRegistries(f *fleet.Fleet) {
	for _, r := range l.registries {
		f.Registries = append(f.Registries, fleet.Registry{Name: r.site, Site: r.site, Environment: "production", Address: r.Address(), Names: []string{r.name},
			CA: l.authority, Concurrency: fleet.DefaultConcurrency, Streams: fleet.DefaultStreams, Origin: "demo"})
	}
	if len(l.registries) == 2 {
		f.Syncs = []fleet.Sync{{Name: "tyo-sha", Environment: "production", From: "tokyo", To: "shanghai", Repositories: []string{"team/*"}, Referrers: true, Origin: "demo"}}
	}
}

// authority makes a certificate for the loopback address that signs itself.
func authority() (certificate []byte, conf *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ringside demo"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(365 * day), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	conf = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), conf, nil
}
