package bmc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// maxBody is more than the largest answer that is of use here.
const maxBody = 4 << 20

// request is one request to the BMC.
type request struct {
	method, path string
	body         any    // nil: none
	etag         string // If-Match, "" for none
}

// answer is what came back besides the body.
type answer struct {
	status   int
	location string // path
	token    string
	etag     string
}

// loginState is how requests prove who we are; at most one field is set.
type loginState struct {
	token   string
	session string // path, for the end of it
	basic   string // the password, where the service has no sessions
}

func (l loginState) none() bool { return l.token == "" && l.basic == "" }

// get reads a resource.
func (d *redfish) get(ctx context.Context, path string, out any) (answer, error) {
	return d.ask(ctx, request{method: http.MethodGet, path: path}, out)
}

// ask logs in when that is necessary, sends one request and reads the answer into
// out, alone. A session that has expired is opened anew: the request was then
// refused, not carried out.
func (d *redfish) ask(ctx context.Context, r request, out any) (answer, error) {
	if err := d.turn.take(ctx); err != nil {
		return answer{}, err
	}
	defer d.turn.give()
	fresh := d.login.none()
	for {
		if d.login.none() {
			if err := d.enter(ctx); err != nil {
				return answer{}, err
			}
		}
		a, err := d.send(ctx, r, out)
		var refused *httpError
		if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
			basic := d.login.basic != ""
			d.login = loginState{}
			if !fresh {
				fresh = true
				continue
			}
			if basic {
				err = d.left(&reason{trouble: WrongPassword, why: "the BMC refuses the user name or the password", hint: "check the credential", err: err})
				return a, err
			}
		}
		return a, d.words(ctx, err, r.method)
	}
}

// enter logs in. The service must have presented itself as one before it gets the
// password.
func (d *redfish) enter(ctx context.Context) error {
	if err := d.door.enter(time.Now()); err != nil {
		return err
	}
	root, err := d.service(ctx)
	if err != nil {
		return err
	}
	password, err := d.secrets.get(ctx, d.cred)
	if err != nil {
		return err
	}
	sessions := cmp.Or(root.Links.Sessions.ID, "/redfish/v1/SessionService/Sessions")
	a, err := d.send(ctx, request{method: http.MethodPost, path: sessions,
		body: map[string]string{"UserName": d.cred.Username, "Password": password}}, nil)
	var refused *httpError
	switch {
	case errors.As(err, &refused) && noSessions[refused.status]:
		d.login = loginState{basic: password}
		return nil
	case err != nil:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return d.left(d.refusal(ctx, err))
	case a.token == "":
		return &reason{trouble: Rejected, why: "the BMC opened a session and gave no token"}
	}
	d.login = loginState{token: a.token, session: a.location}
	return d.left(nil)
}

// noSessions are the answers of services that have no sessions to open.
var noSessions = map[int]bool{http.StatusNotFound: true, http.StatusMethodNotAllowed: true, http.StatusNotImplemented: true}

// left notes how a login ended, and returns that.
func (d *redfish) left(err error) error {
	d.door.left(err, time.Now())
	if err != nil && troubleOf(err) == WrongPassword {
		d.secrets.refused(d.cred)
	}
	return err
}

// logout ends the session; one that is gone already is no error.
func (d *redfish) logout(ctx context.Context) error {
	l := d.login
	if l.token == "" || l.session == "" {
		d.login = loginState{}
		return nil
	}
	_, err := d.send(ctx, request{method: http.MethodDelete, path: l.session}, nil)
	d.login = loginState{}
	var refused *httpError
	if errors.As(err, &refused) && (refused.status == http.StatusUnauthorized || refused.status == http.StatusNotFound) {
		return nil
	}
	return d.words(ctx, err, http.MethodGet)
}

// send sends one request as it is. The turn is taken.
func (d *redfish) send(ctx context.Context, r request, out any) (answer, error) {
	if d.setup != nil {
		return answer{}, d.setup
	}
	to, err := local(r.path)
	if err != nil {
		return answer{}, err
	}
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, d.base+to, body)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("OData-Version", "4.0")
	req.Header.Set("User-Agent", "ringside")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.etag != "" {
		req.Header.Set("If-Match", r.etag)
	}
	switch {
	case d.login.token != "":
		req.Header.Set("X-Auth-Token", d.login.token)
	case d.login.basic != "":
		req.SetBasicAuth(d.cred.Username, d.login.basic)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, token: resp.Header.Get("X-Auth-Token"), etag: resp.Header.Get("ETag")}
	if a.location, err = local(resp.Header.Get("Location")); err != nil {
		a.location = ""
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return a, &httpError{status: resp.StatusCode, messages: messagesIn(text)}
	}
	if out == nil || len(text) == 0 {
		return a, nil
	}
	if len(text) > maxBody {
		return a, &reason{trouble: Rejected, why: "the BMC's answer is longer than it has any right to be"}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return a, &reason{trouble: Rejected, why: "the BMC's answer to " + fleet.Clean(to) + " is not what Redfish says", err: err}
	}
	return a, nil
}

// local returns the path and query of a link, and refuses one that leads away: the
// request would carry the token there. "" stays "".
func local(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", &reason{trouble: Rejected, why: "the BMC gives a link that is none"}
	}
	u.Scheme, u.Host, u.User, u.Fragment = "", "", nil, ""
	if link == "" {
		return "", nil
	}
	if !strings.HasPrefix(u.Path, "/") || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/" {
		return "", &reason{trouble: Rejected, why: "the BMC gives a link that leads nowhere: " + fleet.Clean(link)}
	}
	return u.RequestURI(), nil
}
