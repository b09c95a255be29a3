package swift

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/swauth"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"ringside/backends/fleet"
)

// session is a login at the API. The token is kept until the cluster refuses it.
type session struct {
	cluster *Cluster

	mu         sync.Mutex
	client     *http.Client
	service    *gophercloud.ServiceClient // nil: not logged in
	unverified string                     // why a cloud's certificate is not checked
}

// do runs a call with a login. A token that is refused is replaced once: tokens end
// after a day, and at once when the proxy's cache is emptied.
func (s *session) do(ctx context.Context, op string, call func(context.Context, *gophercloud.ServiceClient) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*apiLimit)
	defer cancel()
	sc, fresh, err := s.loggedIn(ctx, nil)
	if err != nil {
		return s.cluster.fail("api", "log in", code(err))
	}
	err = call(ctx, sc)
	if gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) && !fresh {
		if sc, _, err = s.loggedIn(ctx, sc); err != nil {
			return s.cluster.fail("api", "log in", code(err))
		}
		err = call(ctx, sc)
	}
	return s.cluster.fail("api", op, code(err))
}

// loggedIn returns the login, a new one when there is none but the refused one.
func (s *session) loggedIn(ctx context.Context, refused *gophercloud.ServiceClient) (sc *gophercloud.ServiceClient, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.service != nil && s.service != refused {
		return s.service, false, nil
	}
	s.service = nil
	if s.cluster.spec.Auth.Cloud != "" {
		s.service, err = s.keystone(ctx)
	} else {
		s.service, err = s.tempauth(ctx)
	}
	return s.service, true, err
}

// tempauth logs in as tempauth (v1) wants it.
func (s *session) tempauth(ctx context.Context) (*gophercloud.ServiceClient, error) {
	cred := s.cluster.login
	if cred == nil {
		return nil, &reason{NoSecret, "there is no credential " + s.cluster.spec.Auth.TempAuth, ""}
	}
	key, err := cred.Secret(ctx)
	if err != nil {
		return nil, &reason{NoSecret, err.Error(), ""}
	}
	cl, err := s.httpLocked()
	if err != nil {
		return nil, err
	}
	pc := &gophercloud.ProviderClient{IdentityBase: s.cluster.spec.Proxies[0] + "/auth/", HTTPClient: *cl}
	pc.IdentityEndpoint = pc.IdentityBase
	pc.UserAgent.Prepend("ringside")
	return swauth.NewObjectStorageV1(ctx, pc, swauth.AuthOpts{User: cred.Username, Key: key})
}

// keystone logs in as clouds.yaml says.
func (s *session) keystone(ctx context.Context) (*gophercloud.ServiceClient, error) {
	auth, endpoint, tls, err := clouds.Parse(clouds.WithCloudName(s.cluster.spec.Auth.Cloud))
	if err != nil {
		return nil, &reason{NoSecret, "clouds.yaml: " + fleet.Clean(err.Error()), "see https://docs.openstack.org/python-openstackclient for its format"}
	}
	s.client = &http.Client{Transport: bounded{newClient(tls).Transport}, CheckRedirect: newClient(nil).CheckRedirect}
	s.unverified = ""
	if tls != nil && tls.InsecureSkipVerify {
		s.unverified = "the certificate is not checked (clouds.yaml: verify)"
	}
	pc, err := openstack.NewClient(auth.IdentityEndpoint)
	if err != nil {
		return nil, err
	}
	pc.HTTPClient = *s.client
	pc.UserAgent.Prepend("ringside")
	if err := openstack.Authenticate(ctx, pc, auth); err != nil {
		return nil, err
	}
	sc, err := openstack.NewObjectStorageV1(pc, endpoint)
	if err != nil {
		return nil, &reason{Rejected, "the catalogue has no object store: " + fleet.Clean(err.Error()), "check region and interface in clouds.yaml"}
	}
	return sc, nil
}

// login names the login for people.
func (s *session) login() string {
	if a := s.cluster.spec.Auth; a.Cloud != "" {
		return "cloud " + a.Cloud
	}
	return s.cluster.login.Username
}

// http returns the client that talks to the API.
func (s *session) http() (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.httpLocked()
}

func (s *session) httpLocked() (*http.Client, error) {
	if s.client == nil {
		t, err := tlsConfig(s.cluster.spec.TLS)
		if err != nil {
			return nil, err
		}
		s.client = newClient(t)
		s.client.Transport = bounded{s.client.Transport}
	}
	return s.client, nil
}

func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
}

// maxBody bounds an answer of the API: a list of 10,000 containers has 2 MB.
const maxBody = 32 << 20

// bounded cuts answers that would fill the memory, and ends a request after
// apiLimit whatever its caller allows.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), apiLimit)
	res, err := b.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &boundedBody{io.LimitReader(res.Body, maxBody), res.Body, cancel}
	return res, nil
}

// CloseIdleConnections lets http.Client reach the transport.
func (b bounded) CloseIdleConnections() {
	b.RoundTripper.(*http.Transport).CloseIdleConnections()
}

type boundedBody struct {
	io.Reader
	body   io.Closer
	cancel context.CancelFunc
}

func (b *boundedBody) Close() error { defer b.cancel(); return b.body.Close() }

// firstPage returns one page of a list.
func firstPage(ctx context.Context, p pagination.Pager) (out []containers.Container, err error) {
	err = p.EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
		out, err = containers.ExtractInfo(page)
		return false, err
	})
	return out, err
}
