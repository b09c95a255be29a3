package swift

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

const (
	proxyEvery     = 20 * time.Second // is it up?
	proxyRareEvery = 90 * time.Second // rings and swift.conf
)

// proxy watches one proxy server.
type proxy struct {
	cluster *Cluster
	url     string // "http://proxy:8080"
	refresh chan struct{}

	facts  Proxy
	client *http.Client // nil before the first request
	rare   time.Time    // when rings and swift.conf are due
}

func (c *Cluster) newProxy(url string) *proxy {
	_, address, _ := strings.Cut(url, "://")
	return &proxy{cluster: c, url: url, refresh: make(chan struct{}, 1), facts: Proxy{Cluster: c.spec.Name, Address: address, Insecure: insecure(c.spec, url)}}
}

// insecure says why a connection is not verified.
func insecure(spec fleet.Cluster, url string) string {
	if spec.TLS != nil && spec.TLS.SkipVerify && strings.HasPrefix(url, "https:") {
		return "the certificate is not checked (tls.skip_verify)"
	}
	return ""
}

func (p *proxy) watch(ctx context.Context, report func(fleet.Reading)) {
	back := retry.Backoff{Min: 2 * time.Second, Max: 30 * time.Second}
	for {
		wait := pace(proxyEvery)
		if p.read(ctx, report) != nil {
			wait = back.Next()
		} else {
			back.Reset()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-p.refresh:
			timer.Stop()
			p.rare = time.Time{}
		case <-timer.C:
		}
	}
}

func (p *proxy) close() {
	if p.client != nil {
		p.client.CloseIdleConnections()
	}
}

// read asks the proxy and reports it.
func (p *proxy) read(ctx context.Context, report func(fleet.Reading)) error {
	began := time.Now()
	err := p.ask(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r := fleet.Reading{Source: ProxySource(p.cluster.spec.Name, p.url), At: time.Now(), Took: time.Since(began), Err: err}
	if err == nil {
		facts := p.facts
		r.Facts = &facts
	}
	report(r)
	return err
}

// ask asks what is due. An error means that the proxy is not up.
func (p *proxy) ask(ctx context.Context) error {
	if p.client == nil {
		t, err := tlsConfig(p.cluster.spec.TLS)
		if err != nil {
			return p.fail("connect", err)
		}
		p.client = newClient(t)
	}
	a, err := request(ctx, p.client, http.MethodGet, p.url+"/healthcheck", p.cluster.limit())
	if err != nil {
		return p.fail("GET healthcheck", err)
	}
	// 503 is the answer of a proxy that was taken out of service by hand.
	p.facts.Healthy = Seen[bool]{Value: a.code == http.StatusOK, At: a.read}
	if time.Now().Before(p.rare) {
		return nil
	}
	p.rare = time.Now().Add(pace(proxyRareEvery))
	p.version(ctx)
	p.recon(ctx)
	return nil
}

func (p *proxy) version(ctx context.Context) {
	a, err := get(ctx, p.client, p.url+"/info", p.cluster.limit())
	if err == nil {
		var info *info
		if info, err = parseInfo(a.body); err == nil {
			p.facts.Version = Seen[string]{Value: info.Version, At: a.read}
			return
		}
	}
	p.facts.Version.Err = p.fail("GET info", err)
}

// recon reads what means something in a proxy's recon, where it has one.
func (p *proxy) recon(ctx context.Context) {
	a, err := get(ctx, p.client, p.url+"/recon/time", p.cluster.limit())
	if err == nil {
		var c Clock
		if c, err = clock(a); err == nil {
			p.facts.Clock = Seen[Clock]{Value: c, At: a.read}
		}
	}
	if err != nil { // without recon in its pipeline a proxy takes the path for an account
		err = p.fail("GET recon/time", &reason{Rejected, "no recon: " + explain(err).why, "add the recon filter to the proxy's pipeline to see its rings"})
		p.facts.Clock.Err, p.facts.RingMD5.Err, p.facts.SwiftConf.Err = err, err, err
		return
	}
	if a, err = get(ctx, p.client, p.url+"/recon/ringmd5", p.cluster.limit()); err == nil {
		var sums map[string]string
		var ok bool
		if sums, ok, err = parseRingMD5(a.body); err == nil {
			p.facts.RingMD5 = Seen[map[string]string]{Value: sums, At: a.read, Null: !ok}
			p.cluster.rings.hear(sums)
		}
	}
	p.facts.RingMD5.Err = p.fail("GET recon/ringmd5", err)
	if a, err = get(ctx, p.client, p.url+"/recon/swiftconfmd5", p.cluster.limit()); err == nil {
		var sum string
		var ok bool
		if sum, ok, err = parseConfMD5(a.body); err == nil {
			p.facts.SwiftConf = Seen[string]{Value: sum, At: a.read, Null: !ok}
		}
	}
	p.facts.SwiftConf.Err = p.fail("GET recon/swiftconfmd5", err)
}

func (p *proxy) fail(op string, err error) error {
	return p.cluster.fail("proxy "+p.facts.Address, op, err)
}

// info is what a proxy's /info says without a login.
type info struct {
	Version  string
	Policies []PolicyInfo
	Features []string
	MaxFile  int64 // bytes
}

func parseInfo(b []byte) (*info, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	var s struct {
		Version  string
		Max      number `json:"max_file_size"`
		Policies []struct {
			Name    string
			Aliases string
			Default bool
		}
	}
	raw, ok := v["swift"]
	if !ok {
		return nil, errShape
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	out := &info{Version: fleet.Clean(s.Version), MaxFile: s.Max.count()}
	for name := range v {
		if name != "swift" {
			out.Features = append(out.Features, fleet.Clean(name))
		}
	}
	for _, p := range s.Policies {
		out.Policies = append(out.Policies, PolicyInfo{Name: fleet.Clean(p.Name), Default: p.Default})
	}
	return out, nil
}
