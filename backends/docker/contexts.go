package docker

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	dockerctx "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"

	"ringside/backends/fleet"
)

// contextMeta is what the docker command stores with a context.
type contextMeta struct {
	Description      string
	AdditionalFields map[string]any
}

// dockerDir is where the docker command keeps its files: $DOCKER_CONFIG, else
// ~/.docker.
func dockerDir(getenv func(string) string) string {
	if d := getenv("DOCKER_CONFIG"); d != "" {
		return d
	}
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	return filepath.Join(home, ".docker")
}

func dockerConfig(getenv func(string) string) (*configfile.ConfigFile, error) {
	return config.Load(dockerDir(getenv))
}

func contextStore(getenv func(string) string) *store.ContextStore {
	return store.New(filepath.Join(dockerDir(getenv), "contexts"), store.NewConfig(
		func() any { return &contextMeta{} },
		store.EndpointTypeGetter(dockerctx.DockerEndpoint, func() any { return &dockerctx.EndpointMeta{} })))
}

// contextEndpoint returns the address of a Docker context and its TLS set-up,
// nil when it has none.
func contextEndpoint(getenv func(string) string, name string) (string, *tls.Config, error) {
	if name == "default" { // built in, never stored
		return localSockets(getenv)[0], nil, nil
	}
	s := contextStore(getenv)
	meta, err := s.GetMetadata(name)
	if errdefs.IsNotFound(err) {
		return "", nil, &reason{why: "there is no Docker context " + fleet.Clean(name), hint: "see docker context ls"}
	}
	if err != nil {
		return "", nil, &reason{why: "Docker context " + fleet.Clean(name) + " cannot be read: " + fleet.Clean(err.Error()), hint: "see docker context ls"}
	}
	ep, err := dockerctx.EndpointFromContext(meta)
	if err == nil && ep.Host == "" {
		err = errors.New("it names no host")
	}
	if err != nil {
		return "", nil, &reason{why: "Docker context " + fleet.Clean(name) + " has no endpoint: " + fleet.Clean(err.Error()), hint: "see docker context inspect " + fleet.Clean(name)}
	}
	full, err := dockerctx.WithTLSData(s, name, ep)
	if err != nil {
		return "", nil, &reason{why: "TLS files of Docker context " + fleet.Clean(name) + " cannot be read: " + fleet.Clean(err.Error())}
	}
	if full.TLSData == nil && !full.SkipTLSVerify {
		return ep.Host, nil, nil
	}
	var ca, cert, key []byte
	if full.TLSData != nil {
		ca, cert, key = full.TLSData.CA, full.TLSData.Cert, full.TLSData.Key
	}
	conf, err := tlsFromPEM(ca, cert, key, "", full.SkipTLSVerify)
	return ep.Host, conf, err
}
