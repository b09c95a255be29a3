package fleet

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// Colour is one of the two places of a service, of which exactly one is live. ""
// is neither of them, or not known.
type Colour string

// The two colours.
const (
	Blue  Colour = "blue"
	Green Colour = "green"
)

// Colours lists both.
var Colours = [...]Colour{Blue, Green}

// Other is the other colour, "" for none.
func (c Colour) Other() Colour {
	switch c {
	case Blue:
		return Green
	case Green:
		return Blue
	}
	return ""
}

// Service is a thing that users call. It has two colours; proxies say which one
// users get.
type Service struct {
	Name        string
	Environment string
	Engines     []string          // names of the engines it runs on
	Image       string            // repository without tag: "registry.tyo.example:5000/team/web"
	Images      map[string]string // the same by site or engine, where it differs
	Compose     Compose
	Ports       Ports
	Gate        Gate
	Verify      time.Duration // how long a swap is watched before it counts, with automatic return
	Drain       time.Duration // how long the old colour gets to finish what it began
	Hold        time.Duration // how long the old colour is kept running for a rollback
	Traffic     []Traffic     // the proxies, in the order in which they are switched
	Where       Position
}

// Compose says where a service's container is described.
type Compose struct {
	File    string
	Service string // name in the file
}

// Ports says where the colours are reached on their hosts. The addresses are fixed,
// because a proxy that reloads knows only what its configuration says.
type Ports struct {
	Container int // port inside; 0: the one that the Compose file names
	Publish
	Engines map[string]Publish // where an engine differs
}

// Publish is the published address of both colours on one host.
type Publish struct {
	IP          string
	Blue, Green int
}

// Port is the published port of a colour.
func (p Publish) Port(c Colour) int {
	if c == Green {
		return p.Green
	}
	return p.Blue
}

// Address is the published address of a colour: "127.0.0.1:19001".
func (p Publish) Address(c Colour) string { return net.JoinHostPort(p.IP, strconv.Itoa(p.Port(c))) }

// On returns where the colours are published on one engine.
func (p Ports) On(engine string) Publish {
	if own, ok := p.Engines[engine]; ok {
		return own
	}
	return p.Publish
}

// Gate is what a colour must do before it may get users.
type Gate struct {
	Path    string
	Status  int           // that the answer must have
	Times   int           // how often in a row
	Within  time.Duration // the time for all of it, health included
	Latency time.Duration // slowest answer that counts; 0: any
	Errors  int           // percent of errors above the old colour's that a swap may bring
	Command []string      // further check, which must end with 0; nil: none
}

// Traffic is one proxy in front of a service. Exactly one of the kinds is set.
type Traffic struct {
	Name    string // unique in the service: "haproxy"
	URL     string // where the service is reached through the proxy, for previews and probes; "" when nowhere
	Host    string // Host header of these requests; "" for the URL's own
	Preview string // header that picks a colour whatever is live
	CA      string // file with the authority of an https URL
	HAProxy *HAProxy
	Caddy   *Caddy
	Nginx   *Nginx
	Traefik *Traefik
	Where   Position
}

// HAProxy is switched by one key of a map, in the running process and in the file
// that it reads when it starts.
type HAProxy struct {
	Socket      string // runtime socket: a path, or host:port
	Map         string // the map as HAProxy's configuration names it
	File        string // the map's file on this machine; "" when it cannot be reached
	Key         string
	Blue, Green string // backends
}

// Backend is the backend of a colour.
func (h HAProxy) Backend(c Colour) string { return pick(c, h.Blue, h.Green) }

// Caddy is switched by the upstreams of one handler.
type Caddy struct {
	Admin       string // URL of the admin API, or the path of its socket
	ID          string // @id of the reverse_proxy handler, or of its only upstream
	Blue, Green []string
}

// Upstreams are the addresses of a colour.
func (c Caddy) Upstreams(colour Colour) []string { return pick(colour, c.Blue, c.Green) }

// Nginx is switched by the server lines of an include file, and a reload.
type Nginx struct {
	Include     string   // file that holds the upstream block
	Upstream    string   // its name
	Config      string   // main configuration, for nginx -t; "" for the built-in place
	PID         string   // file with the master's process number
	Reload      []string // command instead of the signal; nil: HUP to PID
	Tells       string   // response header that tells the upstream's address; "" for none
	Blue, Green []string
}

// Servers are the addresses of a colour.
func (n Nginx) Servers(c Colour) []string { return pick(c, n.Blue, n.Green) }

// Traefik is switched by a file of its file provider.
type Traefik struct {
	File        string // in the provider's directory, which must be watched as a directory
	API         string // URL of the API, to see what is in force; "" when it is off
	Service     string // name of the Traefik service whose servers are exchanged, or
	Router      string // of the router whose service is
	Blue, Green []string
}

// Values are the server URLs of a colour, or the one service of a router.
func (t Traefik) Values(c Colour) []string { return pick(c, t.Blue, t.Green) }

func pick[T any](c Colour, blue, green T) T {
	if c == Green {
		return green
	}
	return blue
}

// Kind names the kind of proxy.
func (t Traffic) Kind() string {
	switch {
	case t.HAProxy != nil:
		return "haproxy"
	case t.Caddy != nil:
		return "caddy"
	case t.Nginx != nil:
		return "nginx"
	}
	return "traefik"
}

// Service finds a service by name.
func (f *Fleet) Service(name string) (Service, bool) {
	for _, s := range f.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

// Repository is the repository from which an engine of a service gets its images.
func (s Service) Repository(e Engine) string {
	for _, by := range []string{e.Name, e.Site} {
		if image, ok := s.Images[by]; ok {
			return image
		}
	}
	return s.Image
}

// Target names a service as actions and screens do.
func (s Service) Target() Target {
	return Target{Kind: KindService, Name: s.Name, Environment: s.Environment}
}

// String names a proxy for people: "haproxy (/run/haproxy/admin.sock)".
func (t Traffic) String() string {
	at := ""
	switch {
	case t.HAProxy != nil:
		at = t.HAProxy.Socket
	case t.Caddy != nil:
		at = t.Caddy.Admin
	case t.Nginx != nil:
		at = t.Nginx.Include
	case t.Traefik != nil:
		at = t.Traefik.File
	}
	return fmt.Sprintf("%s (%s)", t.Name, at)
}
