package swift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// API is what the cluster says through its proxy: what anybody may read, and with a
// login the totals of that login's account. It is immutable once reported.
type API struct {
	Cluster  string
	URL      string // "http://proxy:8080"; with Keystone from the catalogue
	Login    string // "admin:admin", "cloud archive"; "" without a login
	Account  string // "AUTH_admin"; "" without a login
	Insecure string // why the connection is not verified or the key not encrypted, "" when both are

	Version  string // of Swift at the proxy
	Policies []PolicyInfo
	Features []string // sorted names of the proxy's middlewares: "bulk_delete", "slo"
	MaxFile  int64    // largest object without segments, in bytes

	Totals Seen[Totals] // of the account
}

// PolicyInfo is a storage policy as the proxy offers it, with the account's part in it.
type PolicyInfo struct {
	Name    string
	Default bool
	Totals  Totals // of the account; zero without a login
}

// Totals are the figures of an account or of its part in a policy. Swift updates
// them behind the writes.
type Totals struct{ Containers, Objects, Bytes int64 }

const (
	apiEvery = time.Minute
	apiLimit = 10 * time.Second // of one request; an account may have millions of containers
)

// api watches the API and does what an operator asks of it.
type api struct {
	cluster *Cluster
	refresh chan struct{}
	session session
}

func newAPI(c *Cluster) *api {
	return &api{cluster: c, refresh: make(chan struct{}, 1), session: session{cluster: c}}
}

func (a *api) watch(ctx context.Context, report func(fleet.Reading)) {
	back := retry.Backoff{Min: 5 * time.Second, Max: time.Minute}
	lasting := retry.Backoff{Min: time.Minute, Max: 10 * time.Minute} // failed logins are counted
	for {
		wait := pace(apiEvery)
		switch t := TroubleOf(a.read(ctx, 3*apiLimit, report)); t {
		case "":
			back.Reset()
			lasting.Reset()
		case BadLogin, NoSecret:
			wait = lasting.Next()
		default:
			wait = back.Next()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-a.refresh:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// read asks once, within a limit, and reports. A proxy waits long for an account
// server that hangs.
func (a *api) read(ctx context.Context, limit time.Duration, report func(fleet.Reading)) error {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	facts, err := a.ask(limited)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r := fleet.Reading{Source: APISource(a.cluster.spec.Name), At: time.Now(), Took: time.Since(began), Err: err}
	if err == nil {
		r.Facts = facts
	}
	report(r)
	return err
}

func (a *api) ask(ctx context.Context) (*API, error) {
	spec := a.cluster.spec
	out := &API{Cluster: spec.Name}
	var header http.Header
	if spec.Auth != nil {
		err := a.session.do(ctx, "read the account", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
			out.URL, out.Account = storageURL(sc.Endpoint)
			// GET and not HEAD: Swift 2.30 sends a stray chunk after the answer to a
			// HEAD, which costs the connection.
			res, err := sc.Get(ctx, sc.Endpoint+"?limit=1&format=json", nil, &gophercloud.RequestOpts{OkCodes: []int{200, 204}, KeepResponseBody: true})
			if err != nil {
				return err
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			header = res.Header
			out.Totals = Seen[Totals]{Value: totals(header, "X-Account-"), At: time.Now()}
			return nil
		})
		if err != nil {
			return nil, err
		}
		out.Login = a.session.login()
	}
	if out.URL == "" && len(spec.Proxies) > 0 {
		out.URL = spec.Proxies[0]
	}
	out.Insecure = a.session.insecure(out.URL)
	if err := a.info(ctx, out); err != nil && spec.Auth == nil {
		return nil, err
	}
	for i := range out.Policies {
		out.Policies[i].Totals = policyTotals(header, out.Policies[i].Name)
	}
	return out, nil
}

// info reads what the proxy says of itself. With a login it is an extra: some
// sites switch it off.
func (a *api) info(ctx context.Context, out *API) error {
	cl, err := a.session.http()
	if err != nil {
		return a.cluster.fail("api", "connect", err)
	}
	got, err := get(ctx, cl, out.URL+"/info", a.cluster.limit())
	if err != nil {
		return a.cluster.fail("api", "GET "+out.URL+"/info", err)
	}
	i, err := parseInfo(got.body)
	if err != nil {
		return a.cluster.fail("api", "GET "+out.URL+"/info", &reason{Garbled, "the answer is no Swift capabilities", "is that the proxy of a Swift cluster?"})
	}
	out.Version, out.Policies, out.Features, out.MaxFile = i.Version, i.Policies, i.Features, i.MaxFile
	slices.Sort(out.Features)
	return nil
}

// policyTotals reads the account's part in a policy from headers such as
// X-Account-Storage-Policy-Gold-Bytes-Used.
func policyTotals(h http.Header, policy string) Totals {
	return totals(h, "X-Account-Storage-Policy-"+policy+"-")
}

func totals(h http.Header, prefix string) Totals {
	n := func(what string) int64 {
		v, _ := strconv.ParseInt(h.Get(prefix+what), 10, 64)
		return v
	}
	return Totals{Containers: n("Container-Count"), Objects: n("Object-Count"), Bytes: n("Bytes-Used")}
}

// storageURL cuts "http://host:8080/v1/AUTH_x/" into the proxy and the account.
func storageURL(endpoint string) (proxy, account string) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	return u.Scheme + "://" + u.Host, fleet.Clean(parts[len(parts)-1])
}

// ContainerTotals is one container of the account.
type ContainerTotals struct {
	Name           string
	Objects, Bytes int64
}

// Containers lists containers of the account behind a name, in Swift's order, at
// most limit (up to 10,000). The last name continues the list.
func (c *Cluster) Containers(ctx context.Context, after string, limit int) ([]ContainerTotals, error) {
	var out []ContainerTotals
	err := c.ask(ctx, "list containers", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		pager := containers.List(sc, containers.ListOpts{Marker: after, Limit: min(limit, 10_000)})
		page, err := firstPage(ctx, pager)
		if err != nil {
			return err
		}
		out = nil
		for _, c := range page {
			out = append(out, ContainerTotals{fleet.Clean(c.Name), c.Count, c.Bytes})
		}
		return nil
	})
	return out, err
}

func (c *Cluster) hasLogin() error {
	if c.api == nil || c.spec.Auth == nil {
		return c.fail("api", "log in", &reason{BadLogin, "the cluster has no auth", `add auth: {tempauth: CREDENTIAL} or auth: {cloud: NAME} to it`})
	}
	return nil
}

// Ping says what the API is, for "ringside check".
func (c *Cluster) Ping(ctx context.Context) (*API, error) {
	if c.api == nil {
		return nil, c.fail("api", "connect", &reason{Other, "the cluster has no proxy", ""})
	}
	return c.api.ask(ctx)
}

// insecure says why what is sent could be read or changed on the way.
func (s *session) insecure(at string) string {
	if at == "" {
		return ""
	}
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "http" && s.cluster.spec.Auth != nil && !local {
		return "plain HTTP: key, token and data can be read on the way"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(insecure(s.cluster.spec, at), s.unverified)
}

// code puts an answer of the API that was not expected into words.
func code(err error) error {
	for _, row := range []struct {
		status    int
		trouble   Trouble
		why, hint string
	}{
		{401, BadLogin, "the login was refused (401)", "check the credential's username and secret"},
		{403, BadLogin, "not allowed (403)", "the user needs the admin role of its account"},
		{404, Rejected, "not found (404)", ""},
		{412, Rejected, "refused (412)", "is that the proxy of a Swift cluster?"},
		{503, Rejected, "the cluster cannot do that now (503)", "too few storage nodes answer for what was asked"},
		{507, Rejected, "no space (507)", ""},
	} {
		if gophercloud.ResponseCodeIs(err, row.status) {
			return &reason{row.trouble, row.why, row.hint}
		}
	}
	var unexpected gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, &unexpected) {
		return &reason{Rejected, fmt.Sprintf("answer %d", unexpected.Actual), ""}
	}
	return err
}
