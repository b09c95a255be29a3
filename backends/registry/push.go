package registry

import (
	"context"
	"sync"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/referrer"

	"ringside/backends/fleet/retry"
	"ringside/backends/fleet/safe"
)

// pusher brings manifests to the target, what they need before them.
type pusher struct {
	*run
	walk *walk

	mu   sync.Mutex
	done map[*node]*pushed
}

// pushed is a manifest that somebody brings, for those who wait for it.
type pushed struct {
	ready chan struct{}
	err   error
}

// once brings a manifest by its digest, whoever asks first.
func (p *pusher) once(ctx context.Context, n *node) error {
	p.mu.Lock()
	d := p.done[n]
	if d != nil {
		p.mu.Unlock()
		select {
		case <-d.ready:
			return d.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	d = &pushed{ready: make(chan struct{})}
	p.done[n] = d
	p.mu.Unlock()
	defer close(d.ready)
	if n.there {
		p.learn(n)
		return nil
	}
	if d.err = p.below(ctx, n); d.err == nil {
		d.err = p.put(ctx, n, n.digest)
	}
	return d.err
}

// below brings what a manifest needs: its blobs and the manifests in it.
func (p *pusher) below(ctx context.Context, n *node) error {
	if n.there {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	start := func(f func() error) {
		wg.Add(1)
		safe.Go("copy", func() {
			defer wg.Done()
			if err := f(); err != nil {
				cancel(err)
			}
		})
	}
	for _, child := range n.children {
		start(func() error { return p.once(ctx, child) })
	}
	for _, b := range n.blobs {
		start(func() error { return p.blob(ctx, b) })
	}
	wg.Wait()
	return context.Cause(ctx)
}

// maxAttempts is how often a manifest or a blob is tried when it fails for a
// reason that may pass. Waiting on request of a registry is no attempt.
const maxAttempts = 6

// put writes a manifest under a tag or its digest. Everything below it is there,
// unless the target lost a blob meanwhile: then that is brought once more.
func (p *pusher) put(ctx context.Context, n *node, reference string) error {
	back := retry.Backoff{}
	again := false
	for i := 1; ; i++ {
		err := p.send(ctx, n, reference)
		switch {
		case err == nil:
			p.learn(n)
			return nil
		case !again && lacksParts(err):
			again = true
			if err := p.lost(ctx, n); err != nil {
				return err
			}
		case !passing(err) || i >= maxAttempts || !back.Wait(ctx):
			return err
		default:
			p.count(func(s *Result) { s.Retries++ })
		}
	}
}

// lost brings the blobs of a manifest again, without trust in mounts.
func (p *pusher) lost(ctx context.Context, n *node) error {
	p.to.mounts.learn(mountsFail)
	for _, b := range n.blobs {
		p.copier.sisters.forget(string(b.Digest))
		if err := p.blob(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// learn remembers where the blobs of a manifest are.
func (p *pusher) learn(n *node) {
	for _, b := range n.blobs {
		p.copier.sisters.learn(p.TargetRepository, string(b.Digest))
	}
	for _, c := range n.children {
		p.learn(c)
	}
}

// referrers brings what refers to an image or to one of its parts.
func (p *pusher) referrers(ctx context.Context, n *node) error {
	var list []descriptor.Descriptor
	known := p.patient(&p.source)
	err := p.from.do(ctx, "list what refers to "+name(p.Repository, n.digest), known, func(ctx context.Context, rc *regclient.RegClient) error {
		l, err := rc.ReferrerList(ctx, p.from.ref(p.Repository, n.digest))
		list = l.Descriptors
		return err
	})
	if err != nil && !IsMissing(err) {
		return err
	}
	for _, d := range list {
		child, err := p.walk.node(ctx, string(d.Digest), 1, false)
		if err != nil {
			return err
		}
		if err := p.once(ctx, child); err != nil {
			return err
		}
	}
	tags, err := p.digestTags(ctx, n.digest)
	if err != nil {
		return err
	}
	for _, t := range tags {
		if err := p.digestTag(ctx, t); err != nil {
			return err
		}
	}
	for _, c := range n.children {
		if err := p.referrers(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// digestTag brings an image that belongs to another one by the name of its tag. The
// list of referrers is not brought: the target keeps its own.
func (p *pusher) digestTag(ctx context.Context, tag string) error {
	if fallback, err := referrer.FallbackTag(p.from.ref(p.Repository, digestOfTag(tag))); err == nil && fallback.Tag == tag {
		return nil
	}
	source, err := p.from.digest(ctx, p.Repository, tag, p.patient(&p.source))
	if IsMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	target, err := p.to.digest(ctx, p.TargetRepository, tag, p.patient(&p.target))
	if err != nil && !IsMissing(err) || source == target {
		return err
	}
	n, err := p.walk.node(ctx, source, 1, true)
	if err != nil {
		return err
	}
	if err := p.below(ctx, n); err != nil {
		return err
	}
	return p.put(ctx, n, tag)
}

func digestOfTag(tag string) string {
	subject, _, _ := digestTag(tag)
	return subject
}

// firstOf is the first error of two.
func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
