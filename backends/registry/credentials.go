package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"

	"ringside/backends/fleet"
)

// login is what to show a registry. The zero value is nobody.
type login struct{ username, password, token string }

// hubServer is how Docker's configuration calls Docker Hub.
const hubServer = "https://index.docker.io/v1/"

// loginFor reads the credential of a registry: the fleet's own when it names one,
// otherwise what "docker login" left.
func loginFor(ctx context.Context, spec fleet.Registry, credentials map[string]fleet.Credential) (login, error) {
	if spec.Credential != "" {
		c, ok := credentials[spec.Credential]
		if !ok {
			return login{}, &reason{NoSecret, fmt.Sprintf("there is no credential %q", spec.Credential), ""}
		}
		secret, err := c.Secret(ctx)
		if err != nil {
			return login{}, &reason{NoSecret, err.Error(), ""}
		}
		return login{username: c.Username, password: secret}, nil
	}
	file, err := config.Load(os.Getenv("DOCKER_CONFIG")) // "" for ~/.docker
	if err != nil {
		return login{}, &reason{NoSecret, "Docker's config.json cannot be read: " + fleet.Clean(err.Error()), ""}
	}
	return dockerLogin(ctx, file, spec.Address)
}

// serverNames are the keys under which a registry may be in Docker's file.
func serverNames(address string) []string {
	if address == hub {
		return []string{hubServer, "index.docker.io", hub, hubHost}
	}
	return []string{address, "https://" + address, "http://" + address, "https://" + address + "/v1/", "https://" + address + "/v2/"}
}

func dockerLogin(ctx context.Context, file *configfile.ConfigFile, address string) (login, error) {
	for _, name := range serverNames(address) {
		helper := file.CredentialHelpers[name]
		if helper == "" {
			helper = file.CredentialsStore
		}
		if helper != "" {
			l, err := askHelper(ctx, helper, name)
			if err != nil {
				return login{}, err
			}
			if l != (login{}) {
				return l, nil
			}
		}
		if a, ok := file.AuthConfigs[name]; ok && (a.Username != "" || a.IdentityToken != "") {
			return login{a.Username, a.Password, a.IdentityToken}, nil
		}
	}
	return login{}, nil
}

// helperLimit bounds a credential helper; some ask a cloud.
const helperLimit = 10 * time.Second

// helperName is what a helper may be called: the file could name anything.
var helperName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// askHelper runs docker-credential-HELPER get, which reads the server's name and
// writes JSON (github.com/docker/docker-credential-helpers). Docker's own library
// for it lets helpers write to the terminal and takes no context.
func askHelper(ctx context.Context, helper, server string) (login, error) {
	broken := func(why string) error {
		return &reason{NoSecret, "the credential helper " + fleet.Clean(helper) + " " + why, "try: docker-credential-" + fleet.Clean(helper) + " get"}
	}
	if !helperName.MatchString(helper) {
		return login{}, broken("has an impossible name")
	}
	ctx, cancel := context.WithTimeout(ctx, helperLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker-credential-"+helper, "get")
	cmd.Stdin = strings.NewReader(server)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second // a grandchild may keep the pipes open
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return login{}, broken("is not installed")
	case ctx.Err() == context.DeadlineExceeded:
		return login{}, broken(fmt.Sprintf("gave no answer within %v", helperLimit))
	case ctx.Err() != nil:
		return login{}, ctx.Err()
	case err != nil:
		// The protocol has no code for "none stored", only words on standard output.
		if said := out.String(); strings.Contains(said, "credentials not found") || strings.Contains(said, "no credentials") {
			return login{}, nil
		}
		return login{}, broken("failed: " + fleet.Clean(firstLine(complaint.String()+" "+err.Error())))
	}
	var got struct{ Username, Secret string }
	if json.Unmarshal(out.Bytes(), &got) != nil {
		return login{}, broken("did not answer in JSON")
	}
	if got.Username == "<token>" {
		return login{token: got.Secret}, nil
	}
	return login{username: got.Username, password: got.Secret}, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}
