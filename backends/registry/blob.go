package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/descriptor"

	"ringside/backends/fleet/retry"
	"ringside/backends/fleet/safe"
)

// Limits of one blob's transfer.
const (
	stallLimit  = 60 * time.Second // without a byte
	reportEvery = 100 * time.Millisecond
)

// blob brings one blob to the target: it is there, it is mounted from a sister,
// or it is sent. A blob that several images share is brought by the first one.
func (r *run) blob(ctx context.Context, d descriptor.Descriptor) error {
	c := r.copier
	key := r.TargetRepository + " " + string(d.Digest)
	for {
		c.mu.Lock()
		other := c.sending[key]
		if other == nil {
			c.sending[key] = make(chan struct{})
			c.mu.Unlock()
			break
		}
		c.mu.Unlock()
		select {
		case <-other: // it is there now, or it is our turn to try
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer func() {
		c.mu.Lock()
		close(c.sending[key])
		delete(c.sending, key)
		c.mu.Unlock()
	}()
	b := &delivery{run: r, desc: d}
	b.transfer = c.activity.begin(Transfer{Repository: r.Repository, Tag: r.Tag, Digest: string(d.Digest), Size: d.Size, State: Checking, Began: time.Now()})
	defer c.activity.end(b.transfer)
	b.tell(*b.transfer) // at once, so that the sum is known
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.slots }()
	return b.bring(ctx)
}

// delivery is one blob on its way.
type delivery struct {
	*run
	desc      descriptor.Descriptor
	transfer  *Transfer
	mountFrom string // repository of the target that the next attempt mounts from
	told      time.Time
}

func (b *delivery) state(s TransferState) {
	t := b.copier.activity.update(b.transfer, func(t *Transfer) { t.State = s })
	b.tell(t)
}

func (b *delivery) bring(ctx context.Context) error {
	if b.copier.sisters.has(string(b.desc.Digest), b.TargetRepository) {
		b.present() // an image that was copied just now has it too
		return nil
	}
	there, err := b.look(ctx)
	if there || err != nil {
		return err
	}
	back := retry.Backoff{}
	began := time.Now()
	for i := 1; ; i++ {
		sent, err := b.attempt(ctx)
		if err == nil {
			return nil
		}
		b.count(func(s *Result) { s.Wasted += sent })
		expired := TroubleOf(err) == NoLogin && i == 1 // a token, while the blob waited for its turn
		if ctx.Err() != nil || !passing(err) && !expired && !lostUpload(err) || i >= maxAttempts {
			return err
		}
		if TroubleOf(err) == Limited && time.Since(began) < b.copier.options.Patience {
			i-- // it told us to come again
		}
		b.count(func(s *Result) { s.Retries++ })
		b.copier.activity.update(b.transfer, func(t *Transfer) { t.State, t.Done = Retrying, 0 })
		b.state(Retrying)
		if !back.Wait(ctx) {
			return err
		}
		// The registry may have got all of it before the line broke.
		if there, err := b.head(ctx); there || err != nil && !passing(err) {
			return err
		}
	}
}

const (
	// shortQueue is how many bytes may be ahead of a blob whose upload is opened
	// already, with a token and at a place that do not last for ever.
	shortQueue = 64 << 20
	// surely is the size from which on a blob is not sent without knowing that it
	// is not there.
	surely = 256 << 10
)

// look finds out whether the blob need not be sent, unless the upload will: it can
// begin with a mount from a sister or, to tell whether the blob is there, from its
// own repository.
func (b *delivery) look(ctx context.Context) (there bool, err error) {
	mounts, short := b.to.mounts.get(), b.copier.line.ahead() <= shortQueue
	sister := b.sister(ctx)
	switch {
	case mounts == mountsFail:
	case short && sister != "":
		b.mountFrom = sister
		return false, nil
	case short:
		b.mountFrom = b.TargetRepository
		return false, nil
	case sister != "" && b.mount(ctx, sister) == nil:
		b.mounted(sister)
		return true, nil
	}
	return b.head(ctx)
}

// mount asks the target to take the blob from one of its repositories.
func (b *delivery) mount(ctx context.Context, from string) error {
	return b.to.do(ctx, "mount a blob in "+b.TargetRepository, b.patient(&b.target), func(ctx context.Context, rc *regclient.RegClient) error {
		return rc.BlobMount(ctx, b.to.ref(from, ""), b.to.ref(b.TargetRepository, ""), b.desc)
	})
}

// head asks for the blob and books it when it is there.
func (b *delivery) head(ctx context.Context) (bool, error) {
	there, err := b.exists(ctx)
	if there {
		b.present()
	}
	return there, err
}

func (b *delivery) exists(ctx context.Context) (bool, error) {
	err := b.to.do(ctx, "look for a blob of "+b.TargetRepository, b.patient(&b.target), func(ctx context.Context, rc *regclient.RegClient) error {
		rd, err := rc.BlobHead(ctx, b.to.ref(b.TargetRepository, ""), b.desc)
		if err == nil {
			rd.Close()
		}
		return err
	})
	if IsMissing(err) {
		return false, nil
	}
	return err == nil, err
}

func (b *delivery) present() {
	b.count(func(s *Result) { s.Present++; s.PresentBytes += b.desc.Size })
	b.copier.sisters.learn(b.TargetRepository, string(b.desc.Digest))
	b.state(Present)
}

// sister is another repository of the target that has the blob.
func (b *delivery) sister(ctx context.Context) string {
	if b.from == b.to && b.Repository != b.TargetRepository {
		return b.Repository
	}
	return b.copier.sisters.find(ctx, string(b.desc.Digest), b.desc.Size, b.TargetRepository, &b.source)
}

// attempt mounts or sends the blob. sent is how many bytes went out.
func (b *delivery) attempt(outer context.Context) (sent int64, err error) {
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	up := b.patient(&b.target)
	up.mount, b.mountFrom = b.mountFrom, ""
	body := &content{delivery: b, ctx: ctx, cancel: cancel, mount: up.mount}
	if body.unsure() && b.copier.early.Add(1) <= earlyLooks {
		body.lookEarly()
	}
	if up.mount == "" { // it will be sent
		b.state(Waiting)
		if body.turn, err = b.copier.line.enter(ctx, b.desc.Size); err != nil {
			return 0, err
		}
	}
	err = b.to.do(ctx, "send a blob of "+b.TargetRepository, up, func(ctx context.Context, rc *regclient.RegClient) error {
		_, err := rc.BlobPut(ctx, b.to.ref(b.TargetRepository, ""), b.desc, body)
		return err
	})
	cause := context.Cause(ctx)
	sent, bodyErr := body.close()
	switch {
	case err == nil:
	case bodyErr == errThere:
		b.present()
		return 0, nil
	case TroubleOf(cause) != "": // nothing moved, or another part of the image failed
		return sent, cause
	case bodyErr != nil: // the source's trouble, not the target's
		return sent, bodyErr
	default:
		return sent, err
	}
	if !body.opened && b.desc.Size > 0 {
		b.mounted(up.mount)
		return 0, nil
	}
	b.count(func(s *Result) { s.Blobs++; s.Sent += sent })
	b.copier.sisters.learn(b.TargetRepository, string(b.desc.Digest))
	b.state(Sent)
	b.probe(outer)
	return sent, nil
}

// mounted books a blob that the target took from one of its repositories.
func (b *delivery) mounted(from string) {
	b.to.mounts.learn(mountsWork)
	if from == b.TargetRepository {
		b.present()
		return
	}
	b.count(func(s *Result) { s.Mounted++; s.MountedBytes += b.desc.Size })
	b.copier.sisters.learn(b.TargetRepository, string(b.desc.Digest))
	b.state(Mounted)
}

// probe finds out, once per registry and with a blob that is surely there, whether
// a mount tells that.
func (b *delivery) probe(ctx context.Context) {
	if b.to.mounts.probe() && b.mount(ctx, b.TargetRepository) == nil {
		b.to.mounts.learn(mountsWork)
	}
}

// errThere breaks an upload off whose blob turned out to be there.
var errThere = errors.New("the blob is there")

// content is the blob's bytes on their way from the source to the target. It opens
// the source when the target begins to read, which it does not after a mount.
// It has no Seek: an upload that fails starts over from here, not in the library.
type content struct {
	*delivery
	ctx    context.Context
	cancel context.CancelCauseFunc
	mount  string         // repository that the target was asked to mount from, and did not
	looked chan existence // the answer of lookEarly, nil without one

	mu     sync.Mutex // the HTTP client may still read when its answer is there
	opened bool
	turn   *turn
	rd     io.ReadCloser
	sent   int64
	err    error
	stall  *time.Timer
}

func (c *content) open() error {
	c.opened = true
	if c.turn == nil {
		c.state(Waiting)
		turn, err := c.copier.line.enter(c.ctx, c.desc.Size)
		if err != nil {
			return err
		}
		c.turn = turn
	}
	if err := c.sure(); err != nil {
		return err
	}
	op := "read a blob of " + c.Repository
	in := c.patient(&c.source)
	client, err := c.from.open(c.ctx)
	if err == nil {
		// Not by do: its call has to outlive the opening.
		c.rd, err = client.BlobGet(withCall(c.ctx, in), c.from.ref(c.Repository, ""), c.desc)
	}
	if err != nil {
		return c.from.fail(op, in, err)
	}
	c.rd = &failing{c.rd, func(err error) error { return c.from.fail(op, in, err) }}
	c.stall = time.AfterFunc(stallLimit, func() {
		c.cancel(c.to.fail("send a blob of "+c.TargetRepository, &call{}, &reason{Silent, "nothing moved for " + stallLimit.String(), "is the network slow, or cut?"}))
	})
	return nil
}

// unsure says that a refused mount would not tell whether a blob is there: one from
// a sister never does, one from its own repository only where mounts work. A small
// blob is sent rather than looked for.
func (c *content) unsure() bool {
	return c.mount != "" && c.desc.Size >= surely && (c.mount != c.TargetRepository || c.to.mounts.get() != mountsWork)
}

type existence struct {
	there bool
	err   error
}

// earlyLooks is how many blobs, the first ones, are looked for while their upload
// is opened: the line waits for them. By the time of the others it is mostly known
// whether mounts work.
const earlyLooks = 2

func (c *content) lookEarly() {
	c.looked = make(chan existence, 1)
	safe.Go("copy", func() {
		there, err := c.exists(c.ctx)
		c.looked <- existence{there, err}
	})
}

// sure makes sure that the blob is not there after a mount was refused.
func (c *content) sure() error {
	if !c.unsure() {
		return nil
	}
	if c.looked == nil {
		c.lookEarly()
	}
	var e existence
	select {
	case e = <-c.looked:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	there, err := e.there, e.err
	if there {
		if c.mount == c.TargetRepository {
			c.to.mounts.learn(mountsFail)
		}
		return errThere
	}
	return err
}

func (c *content) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if !c.opened {
		if c.err = c.open(); c.err != nil {
			return 0, c.err
		}
	}
	n, err := c.turn.allow(c.ctx, len(p))
	if err == nil && c.sent == 0 {
		c.state(Sending)
	}
	if err == nil {
		n, err = c.rd.Read(p[:n])
	}
	if n > 0 && (err == nil || err == io.EOF) {
		c.pass(n)
	}
	if err != nil && err != io.EOF {
		c.err = err
	}
	if c.stall != nil {
		c.stall.Reset(stallLimit)
	}
	return n, err
}

// pass books n bytes and waits until all limits let them go.
func (c *content) pass(n int) {
	c.sent += int64(n)
	for _, p := range []*pace{c.copier.bandwidth, c.from.down, c.to.bandwidth} {
		_ = p.wait(c.ctx, n) // when ctx is done, the next read says so
	}
	c.turn.passed(n)
	t := c.copier.activity.update(c.transfer, func(t *Transfer) { t.Done = c.sent })
	if now := time.Now(); now.Sub(c.told) >= reportEvery {
		c.told = now
		c.tell(t)
	}
}

// close ends the transfer and says how far it came, and what the source's trouble
// was if it had any.
func (c *content) close() (sent int64, err error) {
	c.cancel(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stall != nil {
		c.stall.Stop()
	}
	if c.turn != nil {
		c.turn.end()
	}
	if c.rd != nil {
		c.rd.Close()
	}
	err = c.err
	c.err = net.ErrClosed
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return c.sent, err
}

// failing puts the errors of a reader into words.
type failing struct {
	io.ReadCloser
	words func(error) error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, context.Canceled) {
		err = f.words(err)
	}
	return n, err
}
