package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// applyLimit is the time Traefik gets to see a changed file: it waits two seconds
// for further changes by default (providers.providersThrottleDuration).
const applyLimit = 20 * time.Second

// traefik is switched by a file of its file provider, which Traefik watches. What is
// in force is asked of its API; without one only the file is known.
type traefik struct {
	fleet.Traefik
	http *http.Client
}

func newTraefik(spec fleet.Traefik) *traefik {
	return &traefik{spec, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (t *traefik) look(ctx context.Context) (*View, error) {
	text, err := readFile(t.File)
	if err != nil {
		return nil, err
	}
	kept, err := t.inFile(string(text))
	if err != nil {
		return nil, &reason{why: t.File + ": " + err.Error()}
	}
	v := &View{Keeps: true, Kept: kept, KeptName: joined(t.Values(kept)), Blue: nothing(joined(t.Blue)), Green: nothing(joined(t.Green))}
	if t.API == "" {
		v.Live, v.LiveName = v.Kept, v.KeptName
		v.Notes = append(v.Notes, "Traefik's API is not given: that it follows its file is taken for granted")
		return v, nil
	}
	have, servers, err := t.inForce(ctx)
	if err != nil {
		return nil, err
	}
	v.Live, v.LiveName = colourOf(have, t.Values), joined(have)
	if v.Live == "" {
		v.Why = "Traefik uses " + v.LiveName + ", which is neither colour"
	}
	if v.Live == fleet.Blue {
		v.Blue.Servers = servers
	} else if v.Live == fleet.Green {
		v.Green.Servers = servers
	}
	return v, nil
}

// inFile finds which colour the file names.
func (t *traefik) inFile(text string) (fleet.Colour, error) {
	var found fleet.Colour
	for _, c := range fleet.Colours {
		all, none := true, true
		for _, v := range t.Values(c) {
			n := len(named(text, v))
			all, none = all && n == 1, none && n == 0
		}
		switch {
		case all && found == "":
			found = c
		case !none:
			return "", fmt.Errorf("it names both colours, or one of them in part or twice: it must name the addresses of one colour, each once")
		}
	}
	if found == "" {
		return "", fmt.Errorf("it names neither colour")
	}
	return found, nil
}

// inForce asks the API what Traefik uses: the server URLs, or the router's service.
func (t *traefik) inForce(ctx context.Context) ([]string, []Server, error) {
	if t.Router != "" {
		var r struct {
			Service string `json:"service"`
		}
		if err := t.get(ctx, "/api/http/routers/"+qualified(t.Router), &r); err != nil {
			return nil, nil, err
		}
		return []string{strings.TrimSuffix(r.Service, "@file")}, nil, nil
	}
	var s struct {
		LoadBalancer struct {
			Servers []struct{ URL string }
		} `json:"loadBalancer"`
		Status map[string]string `json:"serverStatus"`
	}
	if err := t.get(ctx, "/api/http/services/"+qualified(t.Service), &s); err != nil {
		return nil, nil, err
	}
	var urls []string
	var servers []Server
	for _, srv := range s.LoadBalancer.Servers {
		state := map[string]State{"UP": Up, "DOWN": Down}[s.Status[srv.URL]]
		if state == "" {
			state = Unchecked
		}
		servers = append(servers, Server{Name: fleet.Clean(srv.URL), Address: hostOf(srv.URL), State: state})
		urls = append(urls, srv.URL)
	}
	return urls, servers, nil
}

// qualified names something of the file provider.
func qualified(name string) string {
	if strings.Contains(name, "@") {
		return url.PathEscape(name)
	}
	return url.PathEscape(name + "@file")
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return fleet.Clean(u.Host)
}

func (t *traefik) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, apiLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(t.API, "/")+path, nil)
	if err != nil {
		return err
	}
	res, err := t.http.Do(req)
	if err != nil {
		return bare(err)
	}
	defer res.Body.Close()
	switch b, err := io.ReadAll(io.LimitReader(res.Body, maxJSON)); {
	case err != nil:
		return err
	case res.StatusCode == http.StatusNotFound:
		return &reason{why: "Traefik has no " + path[len("/api/http/"):], hint: "is the file in the directory that Traefik watches, and valid?"}
	case res.StatusCode != http.StatusOK:
		return &reason{why: "Traefik's API answers " + res.Status}
	default:
		if err := json.Unmarshal(b, into); err != nil {
			return &reason{why: "Traefik's answer cannot be read: " + fleet.Clean(err.Error())}
		}
	}
	return nil
}

func (t *traefik) swap(ctx context.Context, was *View, to fleet.Colour) error {
	before, err := readFile(t.File)
	if err != nil {
		return err
	}
	if err := t.write(string(before), to); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, applyLimit)
	defer cancel()
	pause := retry.Backoff{Min: 20 * time.Millisecond, Max: 500 * time.Millisecond}
	for {
		now, err := t.look(limited)
		if err == nil && now.Live == to {
			return nil
		}
		if !pause.Wait(limited) {
			break
		}
	}
	err = ctx.Err()
	if err == nil {
		err = &reason{why: fmt.Sprintf("the file was written, and Traefik does not follow it within %v", applyLimit), hint: "does Traefik watch the directory, and not the file itself? look at its log"}
	}
	if was.Live == to.Other() {
		if e := replaceFile(t.File, before); e != nil {
			return &reason{why: fmt.Sprintf("%v; and the file could not be put back: %v", err, e), err: err, hint: "put it back by hand, or Traefik switches later"}
		}
	}
	return err
}

func (t *traefik) write(text string, to fleet.Colour) error {
	have, err := t.inFile(text)
	if err != nil {
		return &reason{why: t.File + ": " + err.Error()}
	}
	if have == to {
		return nil
	}
	text, err = exchange(text, t.Values(have), t.Values(to))
	if err != nil {
		return &reason{why: t.File + ": " + err.Error()}
	}
	return replaceFile(t.File, []byte(text))
}

func (t *traefik) settle(_ context.Context, was *View) error {
	text, err := readFile(t.File)
	if err != nil {
		return err
	}
	return t.write(string(text), was.Live)
}
