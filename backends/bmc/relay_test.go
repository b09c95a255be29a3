package bmc

import (
	"net"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// relay passes datagrams between clients and one BMC, later or not at all.
type relay struct {
	to    *net.UDPAddr
	front *net.UDPConn
	delay time.Duration // each way

	mu      sync.Mutex
	clients map[string]*net.UDPConn // towards the BMC, by the client's address
	request func(p []byte) bool     // whether to pass it on; nil passes all
	answer  func(p []byte) [][]byte // what to pass on instead; nil passes all
	passed  int                     // requests
	wg      sync.WaitGroup
}

// newRelay puts a relay before the BMC of a host, and returns the host as it is
// reached through it.
func newRelay(h fleet.Host, delay time.Duration) (*relay, fleet.Host, error) {
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, h, err
	}
	to, err := net.ResolveUDPAddr("udp", net.JoinHostPort(h.BMC.Address, itoa(h.BMC.Port)))
	if err != nil {
		return nil, h, err
	}
	r := &relay{to: to, front: front, delay: delay, clients: map[string]*net.UDPConn{}}
	r.wg.Add(1)
	go r.forward()
	b := *h.BMC
	b.Address, b.Port = "127.0.0.1", front.LocalAddr().(*net.UDPAddr).Port
	h.BMC = &b
	return r, h, nil
}

func (r *relay) close() {
	r.front.Close()
	r.mu.Lock()
	for _, c := range r.clients {
		c.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// relayed is newRelay for the time of a test.
func relayed(t testing.TB, h fleet.Host) (*relay, fleet.Host) {
	t.Helper()
	r, h, err := newRelay(h, 0)
	must(t, err)
	t.Cleanup(r.close)
	return r, h
}

func (r *relay) forward() {
	defer r.wg.Done()
	buf := make([]byte, 2048)
	for {
		n, from, err := r.front.ReadFromUDP(buf)
		if err != nil {
			return
		}
		p := append([]byte(nil), buf[:n]...)
		r.mu.Lock()
		back := r.clients[from.String()]
		if back == nil {
			if back, err = net.DialUDP("udp", nil, r.to); err != nil {
				r.mu.Unlock()
				return
			}
			r.clients[from.String()] = back
			r.wg.Add(1)
			go r.reply(back, from)
		}
		pass := r.request == nil || r.request(p)
		r.passed++
		r.mu.Unlock()
		if pass {
			r.later(func() { _, _ = back.Write(p) })
		}
	}
}

func (r *relay) reply(back *net.UDPConn, client *net.UDPAddr) {
	defer r.wg.Done()
	buf := make([]byte, 2048)
	for {
		n, err := back.Read(buf)
		if err != nil {
			return
		}
		out := [][]byte{append([]byte(nil), buf[:n]...)}
		r.mu.Lock()
		if r.answer != nil {
			out = r.answer(out[0])
		}
		r.mu.Unlock()
		for _, p := range out {
			r.later(func() { _, _ = r.front.WriteToUDP(p, client) })
		}
	}
}

func (r *relay) later(f func()) {
	if r.delay == 0 {
		f()
		return
	}
	time.AfterFunc(r.delay, f)
}

// set changes what passes.
func (r *relay) set(request func([]byte) bool, answer func([]byte) [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.request, r.answer = request, answer
}

func (r *relay) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passed
}
