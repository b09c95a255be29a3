package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// ServiceOptions describes a service of two colours behind proxies of the lab. Its
// containers, those that an engine starts with and those made later, really answer on
// loopback ports while they run.
type ServiceOptions struct {
	Name    string
	Engines []string
	Image   string            // repository
	Images  map[string]string // the same by site, where it differs
	Live    fleet.Colour      // at the start; default blue
	Proxies int               // default 1
	Rate    float64           // requests a second of steady traffic; 0: none
	Gate    fleet.Gate        // zero fields: of a default gate at /healthz
	Health  time.Duration     // interval of the health check in the Compose file, default 1 s
	Compose string            // more lines of the service in the Compose file, indented by four
	Verify  time.Duration     // default 10 s
	Drain   time.Duration     // default 10 s
	Hold    time.Duration     // default 30 min
}

// labService is one service of a running lab.
type labService struct {
	ServiceOptions
	host    string
	ports   map[string]fleet.Publish // by engine
	proxies []*Proxy
	compose string
	stop    context.CancelFunc
	done    chan struct{}
}

// nobody reads what net/http has to say about connections that broke.
var nobody = log.New(io.Discard, "", 0)

// prepareServices chooses ports; the engines are started after that.
func (l *Lab) prepareServices() error {
	for _, o := range l.opts.Services {
		o.Live = cmp.Or(o.Live, fleet.Blue)
		o.Proxies = cmp.Or(o.Proxies, 1)
		o.Health = cmp.Or(o.Health, time.Second)
		s := &labService{ServiceOptions: o, host: o.Name + ".example", ports: map[string]fleet.Publish{}}
		l.stock(o.Image)
		for _, image := range o.Images {
			l.stock(image)
		}
		free, err := l.freePorts(2 * len(o.Engines))
		if err != nil {
			return err
		}
		for i, e := range o.Engines {
			s.ports[e] = fleet.Publish{IP: "127.0.0.1", Blue: free[2*i], Green: free[2*i+1]}
		}
		l.services = append(l.services, s)
	}
	return nil
}

// Ports of services are above those of BMCs and below those that the system gives to
// outgoing connections: a port that is free now must still be free when a container is
// started. They are dealt in blocks, and who listens on the first port of one has the
// others: so labs of several processes keep out of each other's way.
const (
	firstPort = 30_000
	portCount = 2_700
	portBlock = 16
)

// freePorts returns ports of the loopback address that are this lab's until it is
// closed.
func (l *Lab) freePorts(n int) (out []int, err error) {
	for tries := 0; len(out) < n && tries < 500; tries++ {
		first := firstPort + portBlock*rand.IntN(portCount/portBlock)
		ln, e := listen(first)
		if err = e; e != nil {
			continue
		}
		l.blocks = append(l.blocks, ln)
		for port := first + 1; port < first+portBlock && len(out) < n; port++ {
			if ln, e := listen(port); e == nil {
				ln.Close()
				out = append(out, port)
			}
		}
	}
	if len(out) < n {
		return nil, err
	}
	return out, nil
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// startServices starts the proxies and the traffic.
func (l *Lab) startServices() error {
	for _, s := range l.services {
		backends := map[string][]string{}
		for _, c := range fleet.Colours {
			for _, e := range s.Engines {
				backends[s.backend(c)] = append(backends[s.backend(c)], s.ports[e].Address(c))
			}
		}
		for i := range s.Proxies {
			name := s.Name
			if i > 0 {
				name = fmt.Sprintf("%s-%d", s.Name, i+1)
			}
			p, err := newProxy(l, name, backends, map[string]string{s.host: s.backend(s.Live)})
			if err != nil {
				return err
			}
			s.proxies = append(s.proxies, p)
		}
		if err := s.writeCompose(l.opts.Dir); err != nil {
			return err
		}
		if s.Rate > 0 {
			s.steady()
		}
	}
	return nil
}

func (s *labService) backend(c fleet.Colour) string { return "be_" + s.Name + "_" + string(c) }

func (s *labService) writeCompose(dir string) error {
	s.compose = filepath.Join(dir, s.Name+".compose.yaml")
	return os.WriteFile(s.compose, fmt.Appendf(nil, `name: %s
services:
  %[1]s:
    image: %s
    environment: {COLOUR: "${RINGSIDE_COLOUR}"}
    ports: ["8080"]
    network_mode: bridge
    restart: unless-stopped
    healthcheck: {test: [CMD, /app/server, -probe], interval: %v}
%s`, s.Name, s.Image, s.Health, s.Compose), 0o644)
}

// steady asks the service, through each of its proxies in turn, for as long as the lab
// lives.
func (s *labService) steady() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	t := &http.Transport{}
	hc := &http.Client{Transport: t, Timeout: 5 * time.Second}
	safe.Go("lab traffic "+s.Name, func() {
		defer close(s.done)
		defer t.CloseIdleConnections()
		tick := time.NewTicker(time.Duration(float64(time.Second) / s.Rate))
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.proxies[n%len(s.proxies)].URL()+"/", nil)
			if err != nil {
				return
			}
			req.Host = s.host
			if res, err := hc.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		}
	})
}

func (l *Lab) stopServices() {
	for _, s := range l.services {
		if s.stop != nil {
			s.stop()
			<-s.done
		}
		for _, p := range s.proxies {
			p.Stop()
			os.Remove(p.mapFile)
			if p.network == "unix" {
				os.Remove(p.socket)
			}
		}
		os.Remove(s.compose)
	}
	for _, e := range l.engines {
		e.mu.Lock()
		for _, c := range e.order {
			e.unbind(c)
		}
		e.mu.Unlock()
	}
	l.apps.Wait()
	for _, ln := range l.blocks {
		ln.Close()
	}
}

// Proxies are the proxies of a service, in the order in which they are switched.
func (l *Lab) Proxies(service string) []*Proxy {
	for _, s := range l.services {
		if s.Name == service {
			return s.proxies
		}
	}
	return nil
}

// servesAt is where a container that an engine starts with answers: the address of
// its colour when it is one of a service.
func (l *Lab) servesAt(engine string, labels map[string]string) string {
	for _, s := range l.services {
		if s.Name != labels["ringside.service"] {
			continue
		}
		for _, c := range fleet.Colours {
			if p, ok := s.ports[engine]; ok && string(c) == labels["ringside.colour"] {
				return p.Address(c)
			}
		}
	}
	return ""
}

// fleetServices describes the services as a configuration file would.
func (l *Lab) fleetServices(engines []fleet.Engine) (out []fleet.Service) {
	for _, s := range l.services {
		f := fleet.Service{Name: s.Name, Engines: s.Engines, Image: s.Image, Images: s.Images, Compose: fleet.Compose{File: s.compose, Service: s.Name},
			Ports: fleet.Ports{Container: 8080, Publish: s.ports[s.Engines[0]], Engines: s.ports}, Gate: s.gate(),
			Verify: cmp.Or(s.Verify, 10*time.Second), Drain: cmp.Or(s.Drain, 10*time.Second), Hold: cmp.Or(s.Hold, 30*time.Minute)}
		for _, e := range engines {
			if e.Name == s.Engines[0] {
				f.Environment = e.Environment
			}
		}
		for _, p := range s.proxies {
			f.Traffic = append(f.Traffic, fleet.Traffic{Name: strings.Replace(p.name, s.Name, "haproxy", 1), URL: p.URL(), Host: s.host, Preview: previewHeader,
				HAProxy: &fleet.HAProxy{Socket: p.socket, Map: p.mapFile, File: p.mapFile, Key: s.host, Blue: s.backend(fleet.Blue), Green: s.backend(fleet.Green)}})
		}
		out = append(out, f)
	}
	return out
}

func (s *labService) gate() fleet.Gate {
	g := s.Gate
	g.Path, g.Status, g.Times = cmp.Or(g.Path, "/healthz"), cmp.Or(g.Status, 200), cmp.Or(g.Times, 10)
	g.Within, g.Errors = cmp.Or(g.Within, 30*time.Second), cmp.Or(g.Errors, 1)
	return g
}
