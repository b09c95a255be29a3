package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestServices(t *testing.T) {
	f, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Services) != 3 {
		t.Fatalf("%d services", len(f.Services))
	}
	web := f.Services[0]
	equal(t, "gate", web.Gate, Gate{Path: "/healthz", Status: 204, Times: 10, Within: 2 * time.Minute, Latency: 500 * time.Millisecond, Command: []string{"sh", "-c", "curl -f x | grep y"}})
	equal(t, "times", []time.Duration{web.Verify, web.Drain, web.Hold}, []time.Duration{90 * time.Second, 0, time.Hour})
	equal(t, "blue in tokyo", web.Ports.On("tokyo-1").Address(Blue), "127.0.0.1:19001")
	equal(t, "green in shanghai", web.Ports.On("shanghai-1").Address(Green), "10.0.0.9:9002")
	shanghai, _ := f.Engine("shanghai-1")
	tokyo, _ := f.Engine("tokyo-1")
	equal(t, "image in shanghai", web.Repository(shanghai), "registry.sha.example:5000/team/web")
	equal(t, "image in tokyo", web.Repository(tokyo), "registry.tyo.example:5000/team/web")
	equal(t, "edge-1", *web.Traffic[0].HAProxy, HAProxy{"/run/haproxy/admin.sock", "/etc/haproxy/colour.map", "/etc/haproxy/colour.map", "web.example", "be_web_blue", "be_web_green"})
	equal(t, "edge-2", *web.Traffic[1].HAProxy, HAProxy{"10.0.0.2:9999", "./colour.map", "/mnt/colour.map", "web.example", "b", "g"})
	equal(t, "third", web.Traffic[2], Traffic{Name: "caddy", URL: "https://web.example", Host: "web.example", Preview: PreviewHeader, CA: "/c/ca.pem",
		Caddy: &Caddy{"http://127.0.0.1:2019", "web_up", []string{"127.0.0.1:19001"}, []string{"127.0.0.1:19002"}}, Where: web.Traffic[2].Where})
	equal(t, "key is host", web.Traffic[0].Host, "web.example")
	api := f.Services[1]
	equal(t, "defaults", api.Gate, Gate{Path: "/", Status: 200, Times: 3, Within: time.Minute, Errors: 1})
	equal(t, "environment of its engine", api.Environment, "development")
	equal(t, "nginx", *api.Traffic[0].Nginx, Nginx{Include: "/etc/nginx/up/api.conf", Upstream: "api", Config: "/etc/nginx/nginx.conf", PID: nginxPID, Tells: "X-Upstream", Blue: []string{"a:1", "b:1"}, Green: []string{"a:2", "b:2"}})
	equal(t, "compose service", api.Compose, Compose{"/srv/api/compose.yaml", "api"})
}

func TestServiceProblems(t *testing.T) {
	const (
		begin = "services:\n- {name: web, engines: ok, image: a/b, compose: {file: c}, ports: {blue: 1, green: 2}, "
		hap   = "{socket: /s, map: /m, key: k, blue: b, green: g}"
	)
	one := func(more string) string { return with(begin + more + "}") }
	proxy := func(p string) string { return one("traffic: " + p) }
	for name, c := range map[string]struct{ src, want string }{
		"no such engine":      {with("services:\n- {name: web, engines: [ko], image: a, compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: " + hap + "}}"), `f:3:25: there is no engine "ko" (did you mean "ok"?)`},
		"engine twice":        {with("services:\n- {name: web, engines: [ok, ok], image: a, compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: " + hap + "}}"), `engine "ok" is named twice`},
		"two environments":    {"engines: [{name: a, context: x, environment: production}, {name: b, context: y, environment: development}]\nservices:\n- {name: web, engines: [a, b], image: a, compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: " + hap + "}}", `f:3:24: the engines of this service are in several environments: development, production`},
		"same name":           {with(begin + "traffic: {haproxy: " + hap + "}}\n- {name: web, engines: ok, image: a, compose: {file: c}, ports: {blue: 3, green: 4}, traffic: {caddy: {admin: 'http://a:1', id: x, blue: b, green: g}}}"), `f:4:10: service "web" is already named in line 3`},
		"same port":           {with(begin + "traffic: {haproxy: " + hap + "}}\n- {name: api, engines: ok, image: a, compose: {file: c}, ports: {blue: 2, green: 4}, traffic: {caddy: {admin: 'http://a:1', id: x, blue: b, green: g}}}"), `127.0.0.1:2 on ok is the port of web green already`},
		"one port":            {with("services:\n- {name: web, engines: ok, image: a, compose: {file: c}, ports: {blue: 1, green: 1}, traffic: {haproxy: " + hap + "}}"), `127.0.0.1:1 on ok is the port of web blue already`},
		"same switch":         {with(begin + "traffic: {haproxy: " + hap + "}}\n- {name: api, engines: ok, image: a, compose: {file: c}, ports: {blue: 3, green: 4}, traffic: {haproxy: " + hap + "}}"), `this switch is the one of service "web" already`},
		"same colours":        {proxy("{haproxy: {socket: /s, map: /m, key: k, blue: b, green: b}}"), `blue and green are both "b": a swap would change nothing`},
		"two kinds":           {proxy("{haproxy: " + hap + ", nginx: {include: i, upstream: u, blue: b, green: g}}"), `has both "haproxy" and "nginx"`},
		"no proxy":            {proxy("[]"), `traffic must not be empty`},
		"proxy names":         {proxy("[{haproxy: " + hap + "}, {haproxy: {socket: /t, map: /m, key: k, blue: b, green: g}}]"), `two proxies of this service are called "haproxy"`},
		"unknown proxy":       {proxy("{haprox: " + hap + "}"), `unknown key "haprox" (did you mean "haproxy"?)`},
		"socket":              {proxy("{haproxy: {socket: admin, map: /m, key: k, blue: b, green: g}}"), `socket must be a path or host:port, not "admin"`},
		"secret in URL":       {proxy("{url: 'http://u:hunter2@h', haproxy: " + hap + "}"), `a secret does not belong in this file`},
		"URL":                 {proxy("{url: 'h:80', haproxy: " + hap + "}"), `bad URL: it must be http://host:port`},
		"traefik both":        {proxy("{traefik: {file: f, service: a, router: b, blue: c, green: d}}"), `has both "service" and "router"`},
		"traefik router":      {proxy("{traefik: {file: f, router: b, blue: [c, e], green: d}}"), `a router has one service for each colour`},
		"time":                {one("drain: 30, traffic: {haproxy: " + hap + "}"), `drain must be text, not a number`},
		"time syntax":         {one("drain: 30 seconds, traffic: {haproxy: " + hap + "}"), `drain must be a time such as 500ms, 30s or 1h30m, not "30 seconds"`},
		"long time":           {one("hold: 9000h, traffic: {haproxy: " + hap + "}"), `hold must be at most 30 days`},
		"gate path":           {one("gate: {path: healthz}, traffic: {haproxy: " + hap + "}"), `path must be a path such as /healthz`},
		"image with tag":      {with("services:\n- {name: web, engines: ok, image: 'a/b:1.9', compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: " + hap + "}}"), `image must be a repository without tag and digest`},
		"image of nobody":     {one("images: {osaka: a}, traffic: {haproxy: " + hap + "}"), `"osaka" is neither an engine of this service nor the site of one`},
		"port of nobody":      {with("services:\n- {name: web, engines: ok, image: a, compose: {file: c}, ports: {blue: 1, green: 2, engines: {ko: {blue: 3, green: 4}}}, traffic: {haproxy: " + hap + "}}"), `"ko" is no engine of this service`},
		"ip":                  {with("services:\n- {name: web, engines: ok, image: a, compose: {file: c}, ports: {ip: localhost, blue: 1, green: 2}, traffic: {haproxy: " + hap + "}}"), `ip must be an IP address, not "localhost"`},
		"no ports":            {with("services:\n- {name: web, engines: ok, image: a, compose: {file: c}, traffic: {haproxy: " + hap + "}}"), `service needs a value for "ports"`},
		"nothing but a name":  {with("services:\n- {name: web}"), `service needs a value for "engines"`},
		"broken within":       {proxy("[{haproxy: 7}]"), `haproxy must be keys and values, not a number`},
		"traffic is text":     {proxy("haproxy"), `traffic must be keys and values, not text`},
		"broken beyond names": {with("services: [{name: {}, engines: {}, ports: 7, traffic: [7]}]"), `name must be text`},
	} {
		_, err := Parse("f", []byte(c.src))
		var e *ConfigError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestColour(t *testing.T) {
	if got := fmt.Sprint(Blue.Other(), Green.Other(), Colour("").Other()); got != "greenblue" {
		t.Error(got)
	}
}
