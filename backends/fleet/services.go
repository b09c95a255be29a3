package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What a service has unless its entry says otherwise.
const (
	defaultWithin = time.Minute
	defaultVerify = 30 * time.Second
	defaultDrain  = 30 * time.Second
	defaultHold   = 30 * time.Minute
	defaultTimes  = 3
	defaultErrors = 1 // percent

	// PreviewHeader picks a colour through a proxy whatever is live.
	PreviewHeader = "X-Ops-Preview"
	nginxPID      = "/run/nginx.pid"
)

// maxSpan bounds every time of a service: no step of a plan waits for weeks.
const maxSpan = 30 * 24 * time.Hour

// taken are the places of services that were decoded before.
type taken struct {
	names    map[string]Position
	ports    map[string]string // "engine ip:port" to the service that has it
	switches map[string]string // what a proxy's switch is, to its service
}

// service adds one service of the list.
func (d *decoder) service(v *value, t *taken) {
	s := Service{Name: v.str("name"), Image: v.str("image"), Engines: v.get("engines").texts(), Where: v.at,
		Verify: d.span(v, "verify", defaultVerify), Drain: d.span(v, "drain", defaultDrain), Hold: d.span(v, "hold", defaultHold)}
	if first, twice := t.names[s.Name]; twice && s.Name != "" {
		d.add(v.get("name").at, "", "service %q is already named in line %d", s.Name, first.Line)
	} else {
		t.names[s.Name] = v.at
	}
	engines := d.serviceEngines(v, &s)
	d.images(v.get("images"), &s, engines)
	if c := v.get("compose"); c != nil {
		s.Compose.Service = cmp.Or(c.str("service"), s.Name)
		if file := c.str("file"); file != "" {
			s.Compose.File = d.path(file)
		}
	}
	d.ports(v.get("ports"), &s, t)
	d.gate(v.get("gate"), &s)
	for _, p := range v.get("traffic").list() {
		if p != nil {
			d.traffic(p, &s, t)
		}
	}
	d.fleet.Services = append(d.fleet.Services, s)
}

// serviceEngines checks the engines of a service and takes its environment from
// them.
func (d *decoder) serviceEngines(v *value, s *Service) (found []Engine) {
	names := map[string]bool{}
	environments := map[string]bool{}
	for _, item := range v.get("engines").list() {
		if item == nil {
			continue
		}
		e, ok := d.fleet.Engine(item.text)
		switch {
		case names[item.text]:
			d.add(item.at, "", "engine %q is named twice", item.text)
		case !ok:
			d.add(item.at, `engines are named under "engines:"`, "there is no engine %q%s", item.text, didYouMean(item.text, engineNames(d.fleet)))
		default:
			found = append(found, e)
			environments[e.Environment] = true
		}
		names[item.text] = true
	}
	s.Environment = d.environment(v)
	switch {
	case s.Environment != "":
	case len(environments) > 1:
		d.add(v.get("engines").at, "say which it is with environment:", "the engines of this service are in several environments: %s",
			strings.Join(slices.Sorted(maps.Keys(environments)), ", "))
	case len(found) > 0:
		s.Environment = found[0].Environment
	}
	return found
}

func engineNames(f *Fleet) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range f.Engines {
			if !yield(e.Name) {
				return
			}
		}
	}
}

func (d *decoder) images(v *value, s *Service, engines []Engine) {
	if v == nil || len(v.keys) == 0 {
		return
	}
	s.Images = map[string]string{}
	for i, k := range v.keys {
		if !slices.ContainsFunc(engines, func(e Engine) bool { return e.Name == k.name || e.Site == k.name }) {
			d.add(k.at, "", "%q is neither an engine of this service nor the site of one", k.name)
		}
		if v.items[i] != nil {
			s.Images[k.name] = v.items[i].text
		}
	}
}

func (d *decoder) ports(v *value, s *Service, t *taken) {
	if v == nil {
		return
	}
	s.Ports = Ports{Container: v.number("container"), Publish: d.publish(v)}
	if own := v.get("engines"); own != nil && len(own.keys) > 0 {
		s.Ports.Engines = map[string]Publish{}
		for i, k := range own.keys {
			if !slices.Contains(s.Engines, k.name) {
				d.add(k.at, "", "%q is no engine of this service", k.name)
			} else if own.items[i] != nil {
				s.Ports.Engines[k.name] = d.publish(own.items[i])
			}
		}
	}
	for _, e := range s.Engines {
		p := s.Ports.On(e)
		for _, c := range Colours {
			at := e + " " + p.Address(c)
			if other, twice := t.ports[at]; twice && p.Port(c) > 0 {
				d.add(v.at, "every colour needs ports of its own on its host", "%s on %s is the port of %s already", p.Address(c), e, other)
				return
			}
			t.ports[at] = s.Name + " " + string(c)
		}
	}
}

func (d *decoder) publish(v *value) Publish {
	p := Publish{IP: cmp.Or(v.str("ip"), "127.0.0.1"), Blue: v.number("blue"), Green: v.number("green")}
	if _, err := netip.ParseAddr(p.IP); err != nil {
		d.add(v.get("ip").at, "", "ip must be an IP address, not %q", p.IP)
	}
	return p
}

func (d *decoder) gate(v *value, s *Service) {
	s.Gate = Gate{Path: cmp.Or(v.str("path"), "/"), Status: cmp.Or(v.number("status"), 200), Times: cmp.Or(v.number("times"), defaultTimes),
		Within: d.span(v, "within", defaultWithin), Latency: d.span(v, "latency", 0), Errors: defaultErrors, Command: command(v.get("command"))}
	if v.get("errors") != nil {
		s.Gate.Errors = v.number("errors")
	}
}

// command is a list of arguments, or one text for the shell.
func command(v *value) []string {
	if v != nil && v.text != "" {
		return []string{"sh", "-c", v.text}
	}
	return v.texts()
}

// span reads a time; without one it is the default.
func (d *decoder) span(v *value, name string, otherwise time.Duration) time.Duration {
	w := v.get(name)
	if w == nil {
		return otherwise
	}
	t, err := time.ParseDuration(w.text)
	if err != nil || t > maxSpan {
		d.add(w.at, "", "%s must be at most %d days, not %q", name, int(maxSpan.Hours()/24), w.text)
	}
	return t
}

// traffic adds one proxy of a service.
func (d *decoder) traffic(v *value, s *Service, t *taken) {
	p := Traffic{URL: v.str("url"), Host: v.str("host"), Preview: cmp.Or(v.str("preview"), PreviewHeader), Where: v.at}
	if ca := v.str("ca"); ca != "" {
		p.CA = d.path(ca)
	}
	var key string // what is switched: no two services may share it
	var kind *value
	switch {
	case v.get("haproxy") != nil:
		kind = v.get("haproxy")
		p.HAProxy, key = d.haproxy(kind)
		p.Host = cmp.Or(p.Host, p.HAProxy.Key)
	case v.get("caddy") != nil:
		kind = v.get("caddy")
		p.Caddy = &Caddy{Admin: kind.str("admin"), ID: kind.str("id"), Blue: kind.get("blue").texts(), Green: kind.get("green").texts()}
		key = p.Caddy.Admin + " " + p.Caddy.ID
		if !strings.HasPrefix(p.Caddy.Admin, "/") {
			d.httpURL(kind.get("admin"))
		}
	case v.get("nginx") != nil:
		kind = v.get("nginx")
		p.Nginx, key = d.nginx(kind)
	case v.get("traefik") != nil:
		kind = v.get("traefik")
		p.Traefik, key = d.traefik(kind)
	default:
		return // told already
	}
	d.httpURL(v.get("url"))
	p.Name = cmp.Or(v.str("name"), p.Kind())
	if slices.ContainsFunc(s.Traffic, func(o Traffic) bool { return o.Name == p.Name }) {
		d.add(v.at, "give each proxy a name:", "two proxies of this service are called %q", p.Name)
	}
	if other, twice := t.switches[key]; twice {
		d.add(v.at, "", "this switch is the one of service %q already: a swap of one would move the other", other)
	}
	t.switches[key] = s.Name
	d.apart(kind)
	s.Traffic = append(s.Traffic, p)
}

// apart refuses two colours that are the same place.
func (d *decoder) apart(v *value) {
	blue, green := v.get("blue"), v.get("green")
	if blue == nil || green == nil {
		return
	}
	list := func(v *value) []string {
		if v.text != "" {
			return []string{v.text}
		}
		return v.texts()
	}
	for _, b := range list(blue) {
		if slices.Contains(list(green), b) {
			d.add(green.at, "", "blue and green are both %q: a swap would change nothing", b)
			return
		}
	}
}

func (d *decoder) haproxy(v *value) (*HAProxy, string) {
	h := &HAProxy{Socket: v.str("socket"), Map: v.str("map"), Key: v.str("key"), Blue: v.str("blue"), Green: v.str("green")}
	switch file := v.str("file"); {
	case file != "":
		h.File = d.path(file)
	case filepath.IsAbs(h.Map):
		h.File = h.Map
	}
	if strings.Contains(h.Socket, "/") {
		h.Socket = d.path(h.Socket)
	} else if u, err := url.Parse("tcp://" + h.Socket); v.get("socket") != nil && (err != nil || u.Port() == "" || checkHostPort(u) != nil) {
		d.add(v.get("socket").at, "", "socket must be a path or host:port, not %q", h.Socket)
	}
	return h, h.Socket + " " + h.Map + " " + h.Key
}

func (d *decoder) nginx(v *value) (*Nginx, string) {
	n := &Nginx{Upstream: v.str("upstream"), Tells: v.str("tells"), Reload: command(v.get("reload")), PID: nginxPID,
		Blue: v.get("blue").texts(), Green: v.get("green").texts()}
	for name, to := range map[string]*string{"include": &n.Include, "config": &n.Config, "pid": &n.PID} {
		if p := v.str(name); p != "" {
			*to = d.path(p)
		}
	}
	return n, n.Include + " " + n.Upstream
}

func (d *decoder) traefik(v *value) (*Traefik, string) {
	t := &Traefik{API: v.str("api"), Service: v.str("service"), Router: v.str("router"),
		Blue: v.get("blue").texts(), Green: v.get("green").texts()}
	if file := v.str("file"); file != "" {
		t.File = d.path(file)
	}
	d.httpURL(v.get("api"))
	if t.Router != "" && (len(t.Blue) > 1 || len(t.Green) > 1) {
		d.add(v.get("router").at, "", "a router has one service for each colour")
	}
	return t, t.File + " " + t.Service + t.Router
}

// httpURL checks the URL of an API or a service.
func (d *decoder) httpURL(v *value) {
	if v == nil {
		return
	}
	u, err := url.Parse(v.text)
	var why string
	switch {
	case hasPassword(v.text):
		d.hide(v.at, 0)
		why = "a secret does not belong in this file"
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		why = "it must be http://host:port or https://host:port"
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		why = "it has a user, a query or a fragment"
	default:
		if err := checkHostAddress(u.Hostname()); err != nil {
			why = fmt.Sprint(err)
		}
	}
	if why != "" {
		d.add(v.at, "", "bad URL: %s", why)
	}
}
