package fleet

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

const servicesExample = `services:
  - name: web
    engines: [tokyo-1]
    image: registry.example:5000/team/web
    compose: {file: web/compose.yaml, service: web}
    ports: {container: 8080, blue: 19001, green: 19002}
    gate: {path: /healthz, status: 200, times: 10, within: 60s}
    traffic:
      url: "http://127.0.0.1:8000"
      haproxy: {socket: /run/haproxy/admin.sock, map: /etc/haproxy/colour.map, key: web.example, blue: be_web_blue, green: be_web_green}
    drain: 30s
    hold: 30m`

// service writes one service; what it has by default is written out, so that a
// later default changes nothing.
func (w *writer) service(s Service) {
	w.line("  - name: " + quote(s.Name))
	var images []kv
	for _, by := range slices.Sorted(maps.Keys(s.Images)) {
		images = append(images, kv{by, s.Images[by]})
	}
	w.fields(kv{"environment", s.Environment}, kv{"engines", s.Engines}, kv{"image", s.Image})
	if len(images) > 0 {
		w.fields(kv{"images", raw(flow(images...))})
	}
	w.fields(kv{"compose", raw(flow(kv{"file", s.Compose.File}, kv{"service", s.Compose.Service}))}, kv{"ports", raw(flow(portFields(s.Ports)...))})
	g := s.Gate
	w.fields(kv{"gate", raw(flow(kv{"path", g.Path}, kv{"status", g.Status}, kv{"times", g.Times}, kv{"within", span0(g.Within)},
		kv{"latency", span0(g.Latency)}, kv{"errors", raw(strconv.Itoa(g.Errors))}, kv{"command", g.Command}))})
	w.fields(kv{"verify", span1(s.Verify)}, kv{"drain", span1(s.Drain)}, kv{"hold", span1(s.Hold)})
	w.line("    traffic:")
	for _, t := range s.Traffic {
		w.line("      - name: " + quote(t.Name))
		for _, f := range trafficFields(t) {
			if text := f.text(); text != "" {
				w.line("        " + f.key + ": " + text)
			}
		}
	}
}

func publishFields(p Publish) []kv { return []kv{{"ip", p.IP}, {"blue", p.Blue}, {"green", p.Green}} }

func portFields(p Ports) []kv {
	out := append([]kv{{"container", p.Container}}, publishFields(p.Publish)...)
	var own []kv
	for _, e := range slices.Sorted(maps.Keys(p.Engines)) {
		own = append(own, kv{e, raw(flow(publishFields(p.Engines[e])...))})
	}
	if len(own) > 0 {
		out = append(out, kv{"engines", raw(flow(own...))})
	}
	return out
}

func trafficFields(t Traffic) []kv {
	out := []kv{{"url", t.URL}, {"host", t.Host}, {"preview", t.Preview}, {"ca", t.CA}}
	switch {
	case t.HAProxy != nil:
		h := t.HAProxy
		return append(out, kv{"haproxy", raw(flow(kv{"socket", h.Socket}, kv{"map", h.Map}, kv{"file", h.File}, kv{"key", h.Key}, kv{"blue", h.Blue}, kv{"green", h.Green}))})
	case t.Caddy != nil:
		c := t.Caddy
		return append(out, kv{"caddy", raw(flow(kv{"admin", c.Admin}, kv{"id", c.ID}, kv{"blue", c.Blue}, kv{"green", c.Green}))})
	case t.Nginx != nil:
		n := t.Nginx
		return append(out, kv{"nginx", raw(flow(kv{"include", n.Include}, kv{"upstream", n.Upstream}, kv{"config", n.Config}, kv{"pid", n.PID},
			kv{"reload", n.Reload}, kv{"tells", n.Tells}, kv{"blue", n.Blue}, kv{"green", n.Green}))})
	}
	f := t.Traefik
	return append(out, kv{"traefik", raw(flow(kv{"file", f.File}, kv{"api", f.API}, kv{"service", f.Service}, kv{"router", f.Router}, kv{"blue", f.Blue}, kv{"green", f.Green}))})
}

// span0 writes a time that is absent when it is zero, span1 one that is not.
func span0(d time.Duration) raw {
	if d == 0 {
		return ""
	}
	return span1(d)
}

func span1(d time.Duration) raw {
	if d%time.Second != 0 {
		return raw(strconv.Itoa(int(d.Milliseconds())) + "ms")
	}
	return raw(strconv.Itoa(int(d.Seconds())) + "s")
}
