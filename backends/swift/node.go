package swift

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// place is a storage node as the rings describe it.
type place struct {
	node    string // its name in readings: the address
	address string // IP or name
	// replication is the address under which others replicate to it, "" when its
	// devices have several.
	replication string
	ports       []port // the one to ask recon at first
	ec          bool   // some policy is erasure-coded
	relinking   bool   // a partition power is being changed
}

// port is one port of a node and what the rings expect there.
type port struct {
	number int
	kinds  []Kind
}

func (p *place) has(k Kind) bool {
	return k == "" || slices.ContainsFunc(p.ports, func(o port) bool { return slices.Contains(o.kinds, k) })
}

// node watches one storage node: one question at a time, each with a hard limit. A
// node that misses one is silent and is then asked a single question at growing
// intervals, so that two dozen hanging nodes cost nothing and hold up nobody.
type node struct {
	cluster *Cluster
	place   atomic.Pointer[place]
	refresh chan struct{} // a token: ask everything now
	wake    chan struct{} // a token: look what is due
	looked  atomic.Bool

	// Of watch's goroutine.
	facts   Node // reported as copies; what its fields point to is never changed
	port    int  // the port that answers
	due     []time.Time
	servers map[int]time.Time // when a port's server is to be asked again
	slow    []int             // for each check: how often in a row it timed out on a living node
	past    past
}

func (c *Cluster) newNode(p *place) *node {
	n := &node{cluster: c, refresh: make(chan struct{}, 1), wake: make(chan struct{}, 1), due: make([]time.Time, len(checks)),
		servers: map[int]time.Time{}, slow: make([]int, len(checks))}
	n.place.Store(p)
	n.facts = Node{Cluster: c.spec.Name, Node: p.node}
	return n
}

// watch reports the node until ctx is done.
func (n *node) watch(ctx context.Context, report func(fleet.Reading)) {
	back := retry.Backoff{Min: 2 * time.Second, Max: 30 * time.Second}
	for {
		wait, err := n.read(ctx, report)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			back.Reset()
		} else {
			wait = back.Next()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-n.refresh:
			timer.Stop()
			clear(n.due)
			clear(n.servers)
		case <-n.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// read is one sweep and its report.
func (n *node) read(ctx context.Context, report func(fleet.Reading)) (next time.Duration, err error) {
	began := time.Now()
	next, err = n.sweep(ctx)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	r := fleet.Reading{Source: n.cluster.nodeSource(n.facts.Node), At: time.Now(), Took: time.Since(began), Err: err}
	if err == nil {
		facts := n.facts
		r.Facts = &facts
	}
	report(r)
	return next, err
}

// sweep asks what is due and says when something is due again. An error means that
// the node gave no sign of life.
func (n *node) sweep(ctx context.Context) (time.Duration, error) {
	p := n.place.Load()
	leave := enter(ctx, n.cluster.probes)
	if leave == nil {
		return 0, ctx.Err()
	}
	err := n.alive(ctx, p)
	leave()
	if err != nil {
		return 0, err
	}
	if leave = enter(ctx, n.cluster.sweeps); leave == nil {
		return 0, ctx.Err()
	}
	defer leave()
	stalled := false // one time-out in a sweep is enough: the rest waits for the next
	for i, c := range checks {
		if !p.has(c.kind) || c.ec && !p.ec || c.looked && !n.looked.Load() {
			continue
		}
		if time.Now().Before(n.due[i]) || stalled && c.disks {
			continue
		}
		switch err := n.check(ctx, p, i); {
		case err == nil:
		case !timedOut(err):
			return 0, err
		default:
			if stalled = true; n.probe(ctx, p) != nil {
				return 0, err
			}
		}
	}
	if !stalled {
		n.askServers(ctx, p)
	}
	n.facts.Servers = n.serversOf(p)
	return n.nextDue(p), nil
}

// alive finds a port of the node that answers, and reads the node's clock there.
// Ports that refuse cost nothing, so the next one is asked at once; after one that
// does not answer at all the node is silent, and another port has its turn then.
func (n *node) alive(ctx context.Context, p *place) error {
	first := max(0, slices.IndexFunc(p.ports, func(o port) bool { return o.number == n.port }))
	var failed error
	for i := range p.ports {
		at := p.ports[(first+i)%len(p.ports)].number
		n.port = at
		err := n.probe(ctx, p)
		if err == nil {
			return nil
		}
		if failed == nil || TroubleOf(err) == Silent {
			failed = err
		}
		if timedOut(err) || ctx.Err() != nil {
			n.port = p.ports[(first+i+1)%len(p.ports)].number
			break
		}
	}
	return failed
}

// probe asks for the time, on the port that answered last.
func (n *node) probe(ctx context.Context, p *place) error {
	a, err := get(ctx, n.cluster.storage, n.url(p, "recon/time"), n.cluster.limit())
	if err == nil {
		var c Clock
		if c, err = clock(a); err == nil {
			n.facts.Clock = Seen[Clock]{Value: c, At: a.read}
			n.answered(n.port, a)
			return nil
		}
	}
	bad := !silent(err)
	err = n.fail("time", err)
	if !bad { // what gave a wrong answer is up, whatever it is
		n.missed(n.port, err)
	}
	return err
}

// check asks one question. Its error is a sign of trouble with the node itself; an
// answer that makes no sense is only noted.
func (n *node) check(ctx context.Context, p *place, i int) error {
	c := checks[i]
	every := c.every
	if c.path == "relinker" && p.relinking {
		every = relinkEvery
	}
	a, err := get(ctx, n.cluster.storage, n.url(p, "recon/"+c.path), n.cluster.limit())
	n.due[i] = time.Now().Add(pace(every << min(n.slow[i], 4)))
	if err == nil {
		r := &reader{node: &n.facts, at: a.read, skew: n.facts.Clock.Value.Skew, past: &n.past, hear: n.cluster.rings.hear}
		if err = c.read(r, a.body); err != nil {
			err = &reason{Garbled, "the answer cannot be read: " + fleet.Clean(err.Error()), "which version of Swift is that?"}
		}
	}
	if err == nil {
		n.slow[i] = 0
		return nil
	}
	err = n.fail(c.path, err)
	c.fail(&n.facts, err)
	if timedOut(err) {
		n.slow[i]++
	} else if !silent(errors.Unwrap(err)) {
		return nil
	}
	return err
}

// askServers looks whether the node's other ports answer, and what they say they
// are. The port that answers recon is up; what it is, recon does not say.
func (n *node) askServers(ctx context.Context, p *place) {
	for _, o := range p.ports {
		asked := time.Now().Before(n.servers[o.number])
		if o.number == n.port {
			asked = n.server(o.number).Up.Value != ""
		}
		if asked {
			continue
		}
		a, err := request(ctx, n.cluster.storage, http.MethodOptions, p.url(o.number, ""), n.cluster.limit())
		if err != nil {
			err = n.fail("", err)
			n.missed(o.number, err)
			if timedOut(err) {
				return
			}
			continue
		}
		back := n.server(o.number).Up.Err != nil
		n.answered(o.number, a)
		if back && o.number == p.ports[0].number {
			n.port = o.number // where recon is asked when all is well
		}
	}
}

// answered and missed keep what is known of one port.
func (n *node) answered(number int, a answer) {
	s := n.server(number)
	says, _, _ := strings.Cut(fleet.Clean(a.header.Get("Server")), "/")
	if says == "" {
		says = s.Up.Value // recon answers without that header
	}
	s.Up = Seen[string]{Value: says, At: a.read}
	n.setServer(s)
	n.servers[number] = time.Now().Add(pace(serversEvery))
}

func (n *node) missed(number int, err error) {
	s := n.server(number)
	s.Up.Err = err
	n.setServer(s)
	n.servers[number] = time.Now().Add(pace(serversEvery))
}

func (n *node) server(number int) Server {
	if i := slices.IndexFunc(n.facts.Servers, func(s Server) bool { return s.Port == number }); i >= 0 {
		return n.facts.Servers[i]
	}
	return Server{Port: number}
}

func (n *node) setServer(s Server) {
	list := slices.Clone(n.facts.Servers)
	if i := slices.IndexFunc(list, func(o Server) bool { return o.Port == s.Port }); i >= 0 {
		list[i] = s
	} else {
		list = append(list, s)
	}
	n.facts.Servers = list
}

// serversOf is what is known of the ports that the rings name now.
func (n *node) serversOf(p *place) []Server {
	out := make([]Server, len(p.ports))
	for i, o := range p.ports {
		out[i] = n.server(o.number)
		out[i].Kinds = o.kinds
	}
	return out
}

// nextDue is the time until something is due.
func (n *node) nextDue(p *place) time.Duration {
	next := time.Now().Add(pace(livenessEvery))
	for i, c := range checks {
		if p.has(c.kind) && (!c.ec || p.ec) && (!c.looked || n.looked.Load()) && n.due[i].Before(next) {
			next = n.due[i]
		}
	}
	return max(time.Second, time.Until(next)) // what is due within a second is asked together
}

func (n *node) url(p *place, path string) string { return p.url(n.port, path) }

func (p *place) url(number int, path string) string {
	return "http://" + net.JoinHostPort(p.address, strconv.Itoa(number)) + "/" + path
}

func (n *node) fail(check string, err error) error {
	op := "GET recon/" + check
	if check == "" {
		op = "OPTIONS"
	}
	return n.cluster.fail("node "+n.facts.Node, op, err)
}
