package bmc

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	ipmibmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet/safe"
)

// line is a BMC's UDP port. What answers there, a life, is made at the first
// datagram and made anew after the BMC restarted.
type line struct {
	bmc  *BMC
	conn *net.UDPConn
	done chan struct{} // closed with the port

	mu   sync.Mutex
	life *life
}

// maxDatagram is more than any IPMI message needs.
const maxDatagram = 1024

func listenIPMI(b *BMC, port int) (*line, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	l := &line{bmc: b, conn: conn, done: make(chan struct{})}
	b.bmcs.wg.Add(1)
	safe.Go("lab BMC", func() {
		defer b.bmcs.wg.Done()
		l.serve()
	})
	return l, nil
}

func (l *line) serve() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := l.read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue
		}
		l.mu.Lock() // or a password that changes just now would be missed
		v := newLife(l, append([]byte(nil), buf[:n]...), from)
		l.life = v
		l.mu.Unlock()
		v.serve()
	}
}

// read returns the next datagram that reaches the BMC.
func (l *line) read(buf []byte) (int, *net.UDPAddr, error) {
	for {
		n, from, err := l.conn.ReadFromUDP(buf)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) { // somebody ended the life
				_ = l.conn.SetReadDeadline(time.Time{})
			}
			return 0, nil, err
		}
		l.bmc.count.datagrams.Add(1)
		if l.bmc.wrong.has(Silent) || l.bmc.wrong.away() {
			continue
		}
		return n, from, nil
	}
}

func (l *line) close() {
	close(l.done)
	l.conn.Close()
	l.end()
}

// end ends the present life: all sessions are lost.
func (l *line) end() {
	l.mu.Lock()
	v := l.life
	l.life = nil
	l.mu.Unlock()
	if v != nil {
		v.ended.Store(true)
		_ = l.conn.SetReadDeadline(time.Unix(1, 0)) // wakes it
	}
}

// forgetIdle ends the sessions that were idle for too long, which a BMC does only
// when the next one is opened.
func (l *line) forgetIdle() {
	l.mu.Lock()
	v := l.life
	l.mu.Unlock()
	if v != nil {
		v.bmc.Sessions.EvictExpired()
	}
}

// life is a BMC's firmware between two restarts. It is the transport of its own
// server: every datagram passes it.
type life struct {
	line   *line
	bmc    *ipmibmc.BMC
	server *server.Server
	ended  atomic.Bool

	first     []byte // the datagram that woke it
	firstFrom *net.UDPAddr

	sessions sessions
	others   []uint32 // sessions of somebody who takes all slots; ReadFrom's own
}

func newLife(l *line, first []byte, from *net.UDPAddr) *life {
	b := l.bmc
	v := &life{line: l, first: first, firstFrom: from, sessions: sessions{count: &b.count}}
	v.bmc = ipmibmc.New(deviceInfo, b.guid, &hardware{b, v}, ipmibmc.WithClock(sleepy{clock.Real}), ipmibmc.WithV15Disabled())
	v.bmc.Sessions = ipmibmc.NewSessionStoreWithOptions(v.bmc.Clock(), ipmibmc.WithMaxSessions(b.spec.Sessions))
	v.bmc.Sessions.SetOnRemove(v.removed)
	v.setUser()
	if len(b.spec.Suites) > 0 {
		ids := make([]types.CipherSuiteID, len(b.spec.Suites))
		for i, s := range b.spec.Suites {
			ids[i] = types.CipherSuiteID(s)
		}
		v.bmc.SetCipherSuites(ids)
	}
	v.server = server.NewServer(v.bmc, v, server.WithHandlerRegistry(commands()), server.WithServerBufferSize(maxDatagram))
	return v
}

// setUser makes the account; user 1 is IPMI's anonymous one.
func (v *life) setUser() {
	b := v.line.bmc
	u, err := v.bmc.Users.Add(2, Username)
	if err != nil {
		panic("lab: BMC user: " + err.Error()) // the name is ours and the store is empty
	}
	u.SetPassword([]byte(b.password()))
	u.Enabled = true
	privilege := ipmibmc.PrivilegeLevelAdministrator
	if b.spec.Operator {
		privilege = ipmibmc.PrivilegeLevelOperator
	}
	u.ChannelAccess[1] = ipmibmc.UserChannelAccess{MaxPrivilege: privilege, Enabled: true}
}

func (v *life) serve() {
	_ = v.server.Serve(v.line.bmc.bmcs.ctx) // returns when ReadFrom says that the port is closed
	_ = v.server.Close()
	v.sessions.lose()
}

// removed is told by the session store that a session is gone.
func (v *life) removed(id uint32) {
	v.bmc.SOL.DeactivateBySession(id)
	v.sessions.remove(id)
}

// ReadFrom gives the server the next datagram.
func (v *life) ReadFrom(buf []byte) (int, net.Addr, error) {
	if v.first != nil {
		n := copy(buf, v.first)
		v.first = nil
		v.in(buf[:n], v.firstFrom)
		return n, v.firstFrom, nil
	}
	for !v.ended.Load() {
		n, from, err := v.line.read(buf)
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err == nil {
			v.in(buf[:n], from)
			return n, from, nil
		}
	}
	return 0, nil, net.ErrClosed
}

// in looks at a datagram before the server does.
func (v *life) in(p []byte, from *net.UDPAddr) {
	if v.line.bmc.wrong.has(SessionsFull) {
		v.occupy()
	}
	v.sessions.in(p, from)
}

// occupy takes every session slot that is free and keeps those it has.
func (v *life) occupy() {
	for _, id := range v.others {
		v.bmc.Sessions.Touch(id)
	}
	for {
		s, err := v.bmc.Sessions.Allocate(0, types.AuthAlg_HMAC_SHA1, types.IntegrityAlg_HMAC_SHA1_96, types.CryptAlg_AES_CBC_128, ipmibmc.PrivilegeLevelUser, 1)
		if err != nil || v.bmc.Sessions.Activate(s.BMCID) != nil {
			return
		}
		v.others = append(v.others, s.BMCID)
	}
}

// WriteTo sends an answer, late when the BMC is slow.
func (v *life) WriteTo(p []byte, to net.Addr) (int, error) {
	wrong := &v.line.bmc.wrong
	if d := wrong.delay(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-v.line.done:
			return 0, net.ErrClosed
		}
	}
	if wrong.has(Silent) || wrong.away() {
		return len(p), nil
	}
	v.sessions.out(p, to)
	n, err := v.line.conn.WriteToUDP(p, to.(*net.UDPAddr))
	if v.line.bmc.dying.CompareAndSwap(true, false) {
		v.line.bmc.Restart(0)
	}
	return n, err
}

// Close leaves the port open: it outlives the server.
func (v *life) Close() error { return nil }

// sleepy is a clock whose tickers never tick: the session table is looked
// through when a session is opened, and need not be every 3 seconds.
type sleepy struct{ clock.Clock }

func (sleepy) NewTicker(time.Duration) clock.Ticker { return never{} }

type never struct{}

func (never) C() <-chan time.Time { return nil }
func (never) Stop()               {}
