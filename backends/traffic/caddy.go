package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

const (
	apiLimit = 5 * time.Second // of one request to an admin API
	maxJSON  = 16 << 20
)

// caddy is switched by the upstreams of one handler. Its admin API compares the
// ETag of what was read with what is there: a switch that somebody else overtook is
// refused by Caddy itself (412).
type caddy struct {
	fleet.Caddy
	base string
	http *http.Client
}

func newCaddy(spec fleet.Caddy) *caddy {
	c := &caddy{Caddy: spec, base: strings.TrimSuffix(spec.Admin, "/")}
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	if strings.HasPrefix(spec.Admin, "/") {
		c.base = "http://127.0.0.1" // a host that Caddy accepts on a socket
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", spec.Admin)
		}
	}
	c.http = &http.Client{Transport: t}
	return c
}

// node is what has the @id: a reverse_proxy handler, or its only upstream.
type node struct {
	body map[string]any
	etag string
}

func (n node) upstreams() ([]map[string]any, error) {
	if _, ok := n.body["dial"]; ok {
		return []map[string]any{n.body}, nil
	}
	list, ok := n.body["upstreams"].([]any)
	if !ok {
		return nil, &reason{why: "what has this @id is neither a reverse_proxy handler nor an upstream", hint: "put @id on the reverse_proxy handler"}
	}
	var out []map[string]any
	for _, item := range list {
		u, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("an upstream is no object")
		}
		out = append(out, u)
	}
	return out, nil
}

func dials(upstreams []map[string]any) (out []string) {
	for _, u := range upstreams {
		dial, _ := u["dial"].(string)
		out = append(out, dial)
	}
	return out
}

func (c *caddy) look(ctx context.Context) (*View, error) {
	v := &View{Blue: nothing(joined(c.Blue)), Green: nothing(joined(c.Green))}
	if u, err := url.Parse(c.base); err == nil && u.Scheme == "http" && c.http.Transport.(*http.Transport).DialContext == nil && !loopback(u.Hostname()) {
		v.Insecure = "the admin API is plain HTTP: neither encrypted nor authenticated"
	}
	n, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	ups, err := n.upstreams()
	if err != nil {
		return nil, err
	}
	v.LiveName, v.Live = joined(dials(ups)), colourOf(dials(ups), c.Upstreams)
	if v.Live == "" {
		v.Why = "the upstreams are " + v.LiveName + ", which are neither colour"
	}
	if delay, err := c.closeDelay(ctx, n); err == nil && !delay {
		v.Notes = append(v.Notes, "the handler has no stream_close_delay: a switch cuts every open stream (websocket)")
	}
	v.Notes = append(v.Notes, "every switch reloads Caddy: idle keep-alive connections of all its sites are closed; a reload of a Caddyfile takes the switch back")
	return v, c.counts(ctx, v)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// counts reads how many requests each upstream has now. Caddy lists only upstreams
// that are in use: one that is not in the list has none.
func (c *caddy) counts(ctx context.Context, v *View) error {
	var list []struct {
		Address  string `json:"address"`
		Requests int    `json:"num_requests"`
		Fails    int    `json:"fails"`
	}
	if _, err := c.do(ctx, http.MethodGet, "/reverse_proxy/upstreams", nil, "", &list); err != nil {
		return err
	}
	for colour, side := range map[fleet.Colour]*Side{fleet.Blue: &v.Blue, fleet.Green: &v.Green} {
		side.Sessions = 0
		for _, address := range c.Upstreams(colour) {
			s := Server{Name: address, Address: address, State: Unchecked}
			for _, u := range list {
				if u.Address == address {
					side.Sessions += u.Requests
					if u.Fails > 0 {
						s.State, s.Why = Down, fmt.Sprintf("%d failures", u.Fails)
					}
				}
			}
			side.Servers = append(side.Servers, s)
		}
	}
	return nil
}

// read gets what has the @id, and its ETag: a header, or a trailer in Caddy 2.6.
func (c *caddy) read(ctx context.Context) (node, error) {
	var n node
	etag, err := c.do(ctx, http.MethodGet, "/id/"+c.ID, nil, "", &n.body)
	if n.etag = etag; err == nil && n.body == nil {
		err = &reason{why: "Caddy's configuration has no @id " + c.ID, hint: "put it on the reverse_proxy handler"}
	}
	return n, err
}

// closeDelay says whether the handler lets streams live on after a switch. An @id on
// an upstream does not show its handler, which is looked for then.
func (c *caddy) closeDelay(ctx context.Context, n node) (bool, error) {
	if _, upstream := n.body["dial"]; !upstream {
		return n.body["stream_close_delay"] != nil, nil
	}
	var apps any
	if _, err := c.do(ctx, http.MethodGet, "/config/apps/http", nil, "", &apps); err != nil {
		return false, err
	}
	found := false
	walk(apps, func(o map[string]any) {
		ups, _ := o["upstreams"].([]any)
		for _, u := range ups {
			if u, ok := u.(map[string]any); ok && u["@id"] == c.ID {
				found = found || o["stream_close_delay"] != nil
			}
		}
	})
	return found, nil
}

// walk calls f for every object in a tree.
func walk(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(v)
		for _, x := range v {
			walk(x, f)
		}
	case []any:
		for _, x := range v {
			walk(x, f)
		}
	}
}

func (c *caddy) swap(ctx context.Context, was *View, to fleet.Colour) error {
	n, err := c.read(ctx)
	if err != nil {
		return err
	}
	ups, err := n.upstreams()
	if err != nil {
		return err
	}
	if have := colourOf(dials(ups), c.Upstreams); have != was.Live {
		return &MovedError{c.ID, was.Live, have, joined(dials(ups))}
	}
	path, body := "/id/"+c.ID, any(nil)
	want := c.Upstreams(to)
	if _, upstream := n.body["dial"]; upstream {
		if len(want) != 1 {
			return &reason{why: "this @id is one upstream, and the colour has several", hint: "put @id on the reverse_proxy handler"}
		}
		one := maps.Clone(n.body)
		one["dial"] = want[0]
		body = one // with its @id, or the handle would be gone
	} else {
		path += "/upstreams"
		var list []map[string]any
		for i, address := range want {
			u := map[string]any{}
			if i < len(ups) {
				u = maps.Clone(ups[i])
			}
			u["dial"] = address
			list = append(list, u)
		}
		body = list
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err = c.do(ctx, http.MethodPatch, path, raw, n.etag, nil)
		if err != nil && !broken(err) {
			return err
		}
		now, look := c.read(ctx)
		if look == nil {
			ups, look = now.upstreams()
		}
		switch {
		case look != nil:
			return errors.Join(err, look)
		case sameSet(dials(ups), want):
			return nil // although the answer may have been lost
		case err == nil:
			return &reason{why: "Caddy accepted the switch and did not act: the upstreams are still " + joined(dials(ups)), hint: "nothing was switched; look at Caddy's log"}
		case try == 2:
			return err
		}
	}
}

// settle has nothing to do: Caddy keeps what it was told itself.
func (c *caddy) settle(context.Context, *View) error { return nil }

// readTries is how often a read is tried whose connection breaks. A Caddy that has
// just got a new configuration gives its admin API a new listener too, and drops who
// waits at the old one.
const readTries = 4

// broken says that a connection ended without an answer.
func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// do makes a request; into is filled from the answer's JSON. It returns the ETag.
func (c *caddy) do(ctx context.Context, method, path string, body []byte, match string, into any) (etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, apiLimit)
	defer cancel()
	back := retry.Backoff{Min: 50 * time.Millisecond}
	for i := 1; ; i++ {
		etag, err = c.ask(ctx, method, path, body, match, into)
		if err == nil || method != http.MethodGet || !broken(err) || i == readTries || !back.Wait(ctx) {
			return etag, err
		}
	}
}

func (c *caddy) ask(ctx context.Context, method, path string, body []byte, match string, into any) (etag string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return "", bare(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxJSON))
	if err != nil {
		return "", bare(err)
	}
	switch {
	case res.StatusCode == http.StatusPreconditionFailed:
		return "", &reason{why: "somebody changed Caddy's configuration at the same moment: the switch was refused and nothing was changed", hint: "look again, then try again"}
	case res.StatusCode/100 != 2:
		return "", &reason{why: fmt.Sprintf("Caddy refused (%s): %s", res.Status, caddySays(b))}
	}
	if etag = res.Header.Get("Etag"); etag == "" {
		etag = res.Trailer.Get("Etag")
	}
	if into != nil && len(bytes.TrimSpace(b)) > 0 {
		if err := json.Unmarshal(b, into); err != nil {
			return "", &reason{why: "Caddy's answer cannot be read: " + fleet.Clean(err.Error())}
		}
	}
	return etag, nil
}

// bare takes the URL off an error of the HTTP client: it is in the message already.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func caddySays(body []byte) string {
	var e struct{ Error string }
	if json.Unmarshal(body, &e) == nil && e.Error != "" {
		return fleet.Clean(e.Error)
	}
	return fleet.Clean(strings.TrimSpace(string(body[:min(len(body), 200)])))
}
