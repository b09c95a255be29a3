// Package registry talks to container registries by the OCI distribution protocol
// 1.1 and Docker's registry API v2: it compares them, copies between them and
// deletes tags. It is the only package that imports the registry library, and the
// border at which every string from a registry is checked.
package registry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/scheme"
	"github.com/regclient/regclient/scheme/reg"
	"github.com/regclient/regclient/types/errs"
	"github.com/regclient/regclient/types/manifest"
	"github.com/regclient/regclient/types/ref"

	"ringside/backends/fleet"
)

// Docker Hub's name in references, and the host that answers for it.
const (
	hub     = "docker.io"
	hubHost = "registry-1.docker.io"
)

// Registry is one container registry. Its methods may be called from any
// goroutine; every error they return is an *Error.
type Registry struct {
	spec        fleet.Registry
	credentials map[string]fleet.Credential
	bandwidth   *pace // in each direction, shared by all syncs
	down        *pace

	mu     sync.Mutex
	client *regclient.RegClient // nil before the first use and after a login failed
	line   *transport
	mounts mounting
}

// New prepares a registry; nothing is opened before the first call.
func New(spec fleet.Registry, credentials map[string]fleet.Credential) *Registry {
	return &Registry{spec: spec, credentials: credentials, bandwidth: newPace(spec.Bandwidth), down: newPace(spec.Bandwidth)}
}

// Spec returns the registry as the fleet names it.
func (r *Registry) Spec() fleet.Registry { return r.spec }

// Insecure says why the connection is not verified, "" when it is.
func (r *Registry) Insecure() string {
	switch {
	case r.spec.PlainHTTP:
		return "plain HTTP: everybody on the way can read and change images"
	case r.spec.SkipVerify:
		return "the certificate is not checked"
	}
	return ""
}

// Close drops idle connections. The registry can be used again.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.line != nil {
		r.line.base.(*http.Transport).CloseIdleConnections()
	}
	r.client, r.line = nil, nil
}

func hostname(spec fleet.Registry) string {
	if spec.Address == hub {
		return hubHost
	}
	return spec.Address
}

// open returns the client. It is made with the credentials of the moment: those
// of clouds change by the hour.
func (r *Registry) open(ctx context.Context) (*regclient.RegClient, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		return r.client, nil
	}
	who, err := loginFor(ctx, r.spec, r.credentials)
	if err != nil {
		return nil, err
	}
	if r.line == nil {
		if r.line, err = newTransport(r.spec); err != nil {
			return nil, err
		}
	}
	host := config.HostNewName(r.spec.Address)
	host.Name, host.Hostname = r.spec.Address, hostname(r.spec)
	host.User, host.Pass, host.Token = who.username, who.password, who.token
	host.RepoAuth = true       // otherwise one token would have to name every repository
	host.ReqConcurrent = 10000 // the transport has the limits
	host.BlobChunk, host.BlobMax = r.spec.Chunk, r.spec.Chunk
	if host.BlobMax == 0 {
		host.BlobMax = -1
	}
	if r.spec.PlainHTTP {
		host.TLS = config.TLSDisabled
	}
	r.client = regclient.New(
		regclient.WithConfigHost(*host),
		regclient.WithSlog(slog.New(slog.DiscardHandler)),
		regclient.WithUserAgent("ringside"),
		regclient.WithRegOpts(
			reg.WithHTTPClient(&http.Client{Transport: r.line}),
			reg.WithRetryLimit(2), // for logins; the transport does the rest
			reg.WithDelay(time.Millisecond, time.Millisecond),
		))
	return r.client, nil
}

// do runs one operation of the library.
func (r *Registry) do(ctx context.Context, op string, c *call, f func(context.Context, *regclient.RegClient) error) error {
	client, err := r.open(ctx)
	if err == nil {
		err = f(withCall(ctx, c), client)
	}
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		err = cause
	}
	err = r.fail(op, c, err)
	if TroubleOf(err) == NoLogin {
		r.mu.Lock()
		r.client = nil // the next call reads the credential again
		r.mu.Unlock()
	}
	return err
}

// readPatience is how long a read waits in all when the registry asks for it.
const readPatience = 30 * time.Second

func reading(stats *Stats) *call { return &call{patience: readPatience, stats: stats} }

// Names of repositories and tags are used in further requests, so those that the
// distribution specification does not allow are left out.
var (
	repositoryName = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`)
	tagName        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestText     = regexp.MustCompile(`^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,128}$`)
)

// IsDigest says whether a reference is a digest and not a tag.
func IsDigest(reference string) bool { return digestText.MatchString(reference) }

const maxNames = 1_000_000 // of one listing

// ref names a tag or a digest of a repository.
func (r *Registry) ref(repository, reference string) ref.Ref {
	out := ref.Ref{Scheme: "reg", Registry: r.spec.Address, Repository: repository}
	if IsDigest(reference) {
		out.Digest = reference
	} else {
		out.Tag = reference
	}
	out.Reference = out.CommonName()
	return out
}

// Ping asks whether the registry answers and lets us in.
func (r *Registry) Ping(ctx context.Context) error {
	return r.do(ctx, "connect", reading(nil), func(ctx context.Context, rc *regclient.RegClient) error {
		_, err := rc.Ping(ctx, r.ref("", ""))
		return err
	})
}

// repositories lists what the registry has, sorted as it sends them. Many
// registries do not tell: the error is then Unsupported or Forbidden.
func (r *Registry) repositories(ctx context.Context, stats *Stats) (names []string, err error) {
	const page = 1000
	last := ""
	for {
		var got []string
		more := false
		err := r.do(ctx, "list repositories", reading(stats), func(ctx context.Context, rc *regclient.RegClient) error {
			opts := []scheme.RepoOpts{scheme.WithRepoLimit(page)}
			if last != "" {
				opts = append(opts, scheme.WithRepoLast(last))
			}
			list, err := rc.RepoList(ctx, r.spec.Address, opts...)
			if err != nil {
				return err
			}
			// A page may be shorter than asked for; the header tells the last one
			// (distribution: catalog, pagination).
			if h, err := list.RawHeaders(); err == nil {
				more = strings.Contains(h.Get("Link"), "next")
			}
			got, err = list.GetRepos()
			return err
		})
		if err != nil {
			return nil, catalogHint(err)
		}
		for _, n := range got {
			if repositoryName.MatchString(n) {
				names = append(names, n)
			}
		}
		if !more || len(got) == 0 || got[len(got)-1] <= last || len(names) > maxNames {
			return names, nil
		}
		last = got[len(got)-1]
	}
}

func catalogHint(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.Trouble == Missing || e.Trouble == Forbidden || e.Trouble == NoLogin || e.Trouble == Unsupported) {
		out := *e
		out.Hint = "not every registry lists its repositories: name them without wildcards"
		return &out
	}
	return err
}

// Tags lists the tags of a repository.
func (r *Registry) Tags(ctx context.Context, repository string) ([]string, error) {
	return r.tags(ctx, repository, nil)
}

func (r *Registry) tags(ctx context.Context, repository string, stats *Stats) (tags []string, err error) {
	err = r.do(ctx, "list the tags of "+repository, reading(stats), func(ctx context.Context, rc *regclient.RegClient) error {
		list, err := rc.TagList(ctx, r.ref(repository, ""))
		if err != nil {
			return err
		}
		got, err := list.GetTags()
		for _, t := range got {
			if tagName.MatchString(t) {
				tags = append(tags, t)
			}
		}
		return err
	})
	return tags, err
}

// Digest returns what a tag points to, by one HEAD with the full list of types
// that may be there: with a shorter one a registry says 404 of what it has.
func (r *Registry) Digest(ctx context.Context, repository, tag string) (string, error) {
	return r.digest(ctx, repository, tag, reading(nil))
}

func (r *Registry) digest(ctx context.Context, repository, reference string, c *call) (digest string, err error) {
	op := "look at " + name(repository, reference)
	err = r.do(ctx, op, c, func(ctx context.Context, rc *regclient.RegClient) error {
		m, err := rc.ManifestHead(ctx, r.ref(repository, reference), regclient.WithManifestRequireDigest())
		if err == nil {
			digest = string(m.GetDescriptor().Digest)
		}
		return err
	})
	if err == nil && !IsDigest(digest) {
		err = r.fail(op, c, &reason{Rejected, "it answered without a digest", ""})
	}
	return digest, err
}

// name writes a reference for people: "team/web:1.9.2" or "team/web@sha256:…".
func name(repository, reference string) string {
	if IsDigest(reference) {
		return repository + "@" + Short(reference)
	}
	return repository + ":" + reference
}

// Short is the beginning of a digest, enough to tell images apart: "sha256:1f0c…".
func Short(digest string) string {
	if i := strings.IndexByte(digest, ':'); i >= 0 && len(digest) > i+13 {
		return digest[:i+13]
	}
	return digest
}

// manifestOf reads a manifest by tag or digest.
func (r *Registry) manifestOf(ctx context.Context, repository, reference string, c *call) (m manifest.Manifest, err error) {
	err = r.do(ctx, "read "+name(repository, reference), c, func(ctx context.Context, rc *regclient.RegClient) error {
		m, err = rc.ManifestGet(ctx, r.ref(repository, reference))
		return err
	})
	return m, err
}

func isDigestMismatch(err error) bool { return errors.Is(err, errs.ErrDigestMismatch) }
