package docker

import (
	"context"
	"os"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
)

// Pull has the engine fetch an image, with the credentials that the docker
// command keeps for its registry, and returns the repository digest.
func (e *Engine) Pull(ctx context.Context, ref string, progress func(PullProgress)) (digest string, err error) {
	cl, err := e.open()
	if err != nil {
		return "", err
	}
	op := "pull " + fleet.Clean(ref)
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", e.fail("pull", badImage(ref))
	}
	auth, err := registryAuth(named)
	if err != nil {
		return "", e.fail(op, err)
	}
	stream, err := cl.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return "", e.fail(op, err)
	}
	defer stream.Close()
	for m, err := range stream.JSONMessages(ctx) {
		switch {
		case err != nil:
			return "", e.fail(op, err)
		case m.Error != nil:
			return "", e.fail(op, m.Error)
		}
		if d, ok := strings.CutPrefix(m.Status, "Digest: "); ok {
			digest = fleet.Clean(d)
		}
		p := PullProgress{Layer: fleet.Clean(m.ID), Status: fleet.Clean(m.Status)}
		if m.Progress != nil {
			p.Current, p.Total = m.Progress.Current, m.Progress.Total
		}
		if progress != nil {
			progress(p)
		}
	}
	if digest == "" {
		_, digests, err := e.Image(ctx, ref)
		if err != nil {
			return "", err
		}
		digest = digestOf(named.Name(), digests)
	}
	return digest, nil
}

// registryAuth is what the docker command would send: config.json, or the
// credential helper that it names. "" when there are no credentials.
func registryAuth(named reference.Named) (string, error) {
	conf, err := dockerConfig(os.Getenv)
	if err != nil {
		return "", &reason{why: "the docker command's config.json cannot be read: " + fleet.Clean(err.Error())}
	}
	host := reference.Domain(named)
	if host == "docker.io" {
		host = "https://index.docker.io/v1/" // under this name credentials are kept
	}
	a, err := conf.GetAuthConfig(host)
	if err != nil {
		return "", &reason{why: "no credentials for " + fleet.Clean(host) + ": the credential helper failed", hint: "try: docker login " + fleet.Clean(host)}
	}
	out := registry.AuthConfig{Username: a.Username, Password: a.Password, Auth: a.Auth, ServerAddress: a.ServerAddress, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
	if out == (registry.AuthConfig{ServerAddress: out.ServerAddress}) {
		return "", nil
	}
	return authconfig.Encode(out)
}

// imageName checks a name, tag, digest or ID before it becomes part of a path.
func imageName(ref string) (string, error) {
	if _, err := reference.ParseAnyReference(ref); err != nil {
		return "", badImage(ref)
	}
	return ref, nil
}

func badImage(ref string) error {
	return &reason{why: "\"" + fleet.Clean(ref) + "\" is not the name of an image", hint: "registry/repository:tag"}
}
