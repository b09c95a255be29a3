package registry

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regclient/regclient"

	"ringside/backends/fleet/safe"
)

// Options say how a copier works.
type Options struct {
	Platforms []string      // only these of images that have several; nil for all
	Referrers bool          // signatures and what else refers to an image go with it
	Bandwidth int64         // bytes a second, beside the limits of the registries; 0 for none
	Sisters   []Sister      // other repositories of the target that may have blobs in common
	Patience  time.Duration // how long to wait in all for a registry that asks for it; 0 for 5 minutes
}

// Copier copies between two registries. It remembers which repository of the
// target has which blob, so use one for all that is copied together. Copies may
// run side by side: they share its line.
type Copier struct {
	from, to  *Registry
	options   Options
	bandwidth *pace
	line      *line
	sisters   *sisters
	activity  *activity
	slots     chan struct{} // blobs that are looked for or wait at a time
	early     atomic.Int32  // blobs that were looked for while their upload was opened

	mu      sync.Mutex
	sending map[string]chan struct{} // blobs of a target repository that somebody is sending
	listed  map[string]*lister       // tags of source repositories, for digest tags
}

// NewCopier prepares copies from one registry to another, which may be the same.
func NewCopier(from, to *Registry, o Options) *Copier {
	o.Patience = cmp.Or(o.Patience, 5*time.Minute)
	return &Copier{
		from: from, to: to, options: o, bandwidth: newPace(o.Bandwidth), activity: newActivity(""),
		line: newLine(max(from.spec.Streams, to.spec.Streams)), sisters: newSisters(from, o.Sisters),
		slots: make(chan struct{}, max(1, to.spec.Concurrency)), sending: map[string]chan struct{}{}, listed: map[string]*lister{},
	}
}

// Copier prepares copies of the sync, as it is configured. They show in its
// Activity. What it last saw equal on both sides are sisters.
func (s *Sync) Copier(f *Facts) *Copier {
	c := NewCopier(s.from, s.to, Options{Platforms: s.spec.Platforms, Referrers: s.spec.Referrers, Bandwidth: s.spec.Bandwidth, Sisters: equalOnes(f)})
	c.activity = s.activity
	return c
}

// newestTags is of how many tags of a repository the blobs are known.
const newestTags = 5

// equalOnes lists the newest images of every repository that both sides have.
func equalOnes(f *Facts) (out []Sister) {
	if f == nil {
		return nil
	}
	for _, r := range f.Repositories {
		y := Sister{Repository: r.Target, Source: r.Name}
		for i := len(r.Tags) - 1; i >= 0 && len(y.Digests) < newestTags; i-- {
			if t := r.Tags[i]; t.State == Equal {
				y.Digests = append(y.Digests, t.Source)
			}
		}
		if y.Digests != nil {
			out = append(out, y)
		}
	}
	return out
}

// Job is one tag to copy.
type Job struct {
	Repository, Tag             string // at the source; Tag may be a digest
	TargetRepository, TargetTag string // "" for the same
	Digest                      string // what the source is expected to have; "" for whatever it has
	// Deep looks for signatures also when the image is there already. They may come
	// later than the image.
	Deep bool
}

// Result is what a copy did and cost.
type Result struct {
	Digest         string
	Equal          bool  // there was nothing to do
	Manifests      int   // sent
	Blobs          int   // sent
	Sent           int64 // bytes of them
	Wasted         int64 // bytes that were sent for nothing before a failure
	Mounted        int   // blobs taken from other repositories of the target
	MountedBytes   int64
	Present        int // blobs that were there
	PresentBytes   int64
	Retries        int
	SourceMoved    bool // the tag moved at the source while it was copied
	SourceRequests int
	TargetRequests int
	Took           time.Duration
}

// run is one copy.
type run struct {
	Job
	copier   *Copier
	from, to *Registry
	report   func(Transfer)

	source, target Stats
	reportMu       sync.Mutex
	mu             sync.Mutex // guards result
	result         Result
}

// Copy copies one tag with everything below it. The tag at the target changes
// last, so it shows the old image or the new one and never half of one. report is
// told about every blob, one call at a time; it must return quickly and may be nil.
func (c *Copier) Copy(ctx context.Context, job Job, report func(Transfer)) (Result, error) {
	began := time.Now()
	job.TargetRepository = cmp.Or(job.TargetRepository, job.Repository)
	job.TargetTag = cmp.Or(job.TargetTag, job.Tag)
	r := &run{Job: job, copier: c, from: c.from, to: c.to, report: report}
	err := r.copy(ctx)
	if err != nil && ctx.Err() != nil && TroubleOf(err) != Cancelled {
		err = c.to.fail("copy "+name(job.Repository, job.Tag), &call{}, ctx.Err())
	}
	r.result.SourceRequests, _, _ = r.source.Sum()
	r.result.TargetRequests, _, _ = r.target.Sum()
	r.result.Took = time.Since(began)
	return r.result, err
}

// patient is a call that waits when a registry asks for it.
func (r *run) patient(s *Stats) *call { return &call{patience: r.copier.options.Patience, stats: s} }

func (r *run) copy(ctx context.Context) error {
	source, target, err := r.heads(ctx)
	if err != nil {
		return err
	}
	r.result.Digest = source
	r.result.Equal = source == target
	if r.result.Equal && !(r.Deep && r.copier.options.Referrers) {
		return nil
	}
	w := &walk{run: r, nodes: map[string]*node{}}
	root, err := w.node(ctx, source, 0, !r.result.Equal)
	if err != nil {
		return err
	}
	root.there = r.result.Equal
	if err := r.transfer(ctx, w, root); err != nil {
		return err
	}
	if r.result.Equal {
		return nil
	}
	return r.verify(ctx)
}

// heads asks both sides for the tag.
func (r *run) heads(ctx context.Context) (source, target string, err error) {
	var sourceErr, targetErr error
	both(func() {
		source, sourceErr = r.from.digest(ctx, r.Repository, cmp.Or(r.Digest, r.Tag), r.patient(&r.source))
	},
		func() { target, targetErr = r.to.digest(ctx, r.TargetRepository, r.TargetTag, r.patient(&r.target)) })
	if IsMissing(targetErr) {
		targetErr = nil
	}
	return source, target, firstOf(sourceErr, targetErr)
}

// transfer brings everything to the target, the tag last.
func (r *run) transfer(ctx context.Context, w *walk, root *node) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &pusher{run: r, walk: w, done: map[*node]*pushed{}}
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
	start(func() error { return p.below(ctx, root) })
	if r.copier.options.Referrers {
		start(func() error { return p.referrers(ctx, root) })
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if root.there {
		return nil
	}
	return p.put(ctx, root, r.TargetTag)
}

// verify compares what the tag is now on both sides.
func (r *run) verify(ctx context.Context) error {
	var source, target string
	var sourceErr, targetErr error
	both(func() {
		if IsDigest(r.Tag) {
			source = r.result.Digest
			return
		}
		source, sourceErr = r.from.digest(ctx, r.Repository, r.Tag, r.patient(&r.source))
	}, func() { target, targetErr = r.to.digest(ctx, r.TargetRepository, r.TargetTag, r.patient(&r.target)) })
	if targetErr != nil {
		return targetErr
	}
	if target != r.result.Digest {
		return r.to.fail("copy "+name(r.TargetRepository, r.TargetTag), &call{}, &reason{Mismatch,
			"the tag is now " + Short(target) + " instead of " + Short(r.result.Digest), "does another tool write to it? skopeo sync rewrites indexes"})
	}
	r.result.SourceMoved = IsMissing(sourceErr) || sourceErr == nil && source != r.result.Digest
	if sourceErr != nil && !IsMissing(sourceErr) {
		return sourceErr
	}
	return nil
}

// lister lists the tags of a source repository once, for all who ask.
type lister struct {
	once sync.Once
	tags []string
	err  error
}

// digestTags lists the digest tags of an image at the source.
func (r *run) digestTags(ctx context.Context, digest string) ([]string, error) {
	c := r.copier
	c.mu.Lock()
	l := c.listed[r.Repository]
	if l == nil {
		l = &lister{}
		c.listed[r.Repository] = l
	}
	c.mu.Unlock()
	l.once.Do(func() { l.tags, l.err = r.from.tags(ctx, r.Repository, &r.source) })
	if l.err != nil {
		c.mu.Lock()
		delete(c.listed, r.Repository) // somebody else may have more luck
		c.mu.Unlock()
		return nil, l.err
	}
	var out []string
	prefix := strings.Replace(digest, ":", "-", 1)
	for _, t := range l.tags {
		if strings.HasPrefix(t, prefix) {
			if _, _, ok := digestTag(t); ok {
				out = append(out, t)
			}
		}
	}
	return out, nil
}

// send puts a manifest at the target.
func (r *run) send(ctx context.Context, n *node, reference string) error {
	err := r.to.do(ctx, "write "+name(r.TargetRepository, reference), r.patient(&r.target), func(ctx context.Context, rc *regclient.RegClient) error {
		return rc.ManifestPut(ctx, r.to.ref(r.TargetRepository, reference), n.manifest)
	})
	if err == nil {
		r.count(func(s *Result) { s.Manifests++ })
	}
	return err
}

func (r *run) count(f func(*Result)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.result)
}

// tell reports a transfer.
func (r *run) tell(t Transfer) {
	if r.report == nil {
		return
	}
	r.reportMu.Lock()
	defer r.reportMu.Unlock()
	r.report(t)
}
